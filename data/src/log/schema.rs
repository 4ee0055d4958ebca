//! What tables and columns are made of; [`tables`](super::tables) says which there are.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

/// What one value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Category code.
    U16,
    /// Id or count.
    U32,
    /// Session id.
    U64,
    /// Measurement.
    F32,
    /// Probability or time.
    F64,
    /// Yes or no.
    Bool,
    /// One of a few words of the log's own.
    Word(&'static [&'static str]),
    /// One of the levels of a group, in the world's words.
    Level(Arc<[String]>),
    /// Free text.
    Text,
}

/// How many values a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One.
    One,
    /// A list of this length.
    Fixed(usize),
    /// A list of any length.
    List,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What one value is.
    pub kind: Kind,
    /// How many values a row has.
    pub shape: Shape,
    /// Whether a row may have none.
    pub nullable: bool,
    /// Unit of a value.
    pub unit: &'static str,
    /// What it says.
    pub meaning: String,
}

/// One table of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Which.
    pub name: TableName,
    /// What one row is.
    pub row: &'static str,
    /// Its columns, in file order.
    pub columns: Vec<Column>,
}

macro_rules! table_names {
    ($(#[$list_doc:meta] $list:ident: $($(#[$doc:meta])* $name:ident = $text:literal),+;)+) => {
        /// The tables of a run, each a folder of parts under `log/` or `truth/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum TableName {
            $($($(#[$doc])* $name),+),+
        }

        impl TableName {
            $(
                #[$list_doc]
                pub const $list: [Self; [$($text),+].len()] = [$(Self::$name),+];
            )+

            /// The folder's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name => $text),+),+
                }
            }
        }
    };
}

table_names! {
    /// What anybody may read, in the order of [`tables()`](super::tables()).
    ALL:
    /// What was shown and what came of it.
    Slates = "slates",
    /// One row per observation of the whole population.
    Observations = "observations",
    /// Who was waiting for a slate when the log ended.
    Waiting = "waiting",
    /// Observable user features.
    Users = "users",
    /// Observable item features.
    Items = "items",
    /// Shared candidate lists.
    CandidateSets = "candidate_sets",
    /// Finished visits.
    Sessions = "sessions",
    /// What happened besides.
    Events = "events",
    /// What was said.
    Messages = "messages",
    /// Group attributes, for measuring.
    Groups = "groups",
    /// Who makes the items.
    Creators = "creators";

    /// What only the world knew, in the order of [`truth_tables()`](super::truth_tables()).
    TRUTH:
    /// What slates were really worth.
    Accounts = "accounts",
    /// Latent item features.
    Latent = "items";
}

impl TableName {
    /// The folder that holds the table's folder: `log` or `truth`.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Accounts | Self::Latent => "truth",
            _ => "log",
        }
    }

    /// The minor of the schema that brought the table.
    pub(crate) const fn since(self) -> u32 {
        match self {
            Self::Groups | Self::Creators | Self::Accounts | Self::Latent => 1,
            _ => 0,
        }
    }

    /// Its place in its list.
    pub(crate) const fn place(self) -> usize {
        match self {
            Self::Accounts | Self::Latent => self as usize - Self::ALL.len(),
            _ => self as usize,
        }
    }
}

pub(crate) const KNOWN: &[&str] = &["exact", "estimated", "unavailable"];
pub(crate) const FATES: &[&str] = &["stays", "returns", "gone"];
pub(crate) const ENDS: &[&str] = &["terminated", "truncated"];
pub(crate) const EVENTS: &[&str] = &["publish", "enter", "exit", "renew"];
pub(crate) const SAID: &[&str] = &["instruction", "question", "answer", "explanation", "trace"];
pub(crate) const CHANNELS: &[&str] = &["observation", "slates", "responses"];

impl Column {
    /// The column's type, as in `list<f32>`.
    #[must_use]
    pub fn type_name(&self) -> String {
        let value = match &self.kind {
            Kind::U16 => "u16",
            Kind::U32 => "u32",
            Kind::U64 => "u64",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
            Kind::Bool => "bool",
            Kind::Word(_) | Kind::Level(_) => "word",
            Kind::Text => "text",
        };
        match self.shape {
            Shape::One => value.into(),
            Shape::Fixed(n) => format!("list<{value}; {n}>"),
            Shape::List => format!("list<{value}>"),
        }
    }

    pub(crate) fn element(&self) -> Arc<Field> {
        let value = match &self.kind {
            Kind::U16 => DataType::UInt16,
            Kind::U32 => DataType::UInt32,
            Kind::U64 => DataType::UInt64,
            Kind::F32 => DataType::Float32,
            Kind::F64 => DataType::Float64,
            Kind::Bool => DataType::Boolean,
            Kind::Word(_) => DataType::Dictionary(DataType::UInt8.into(), DataType::Utf8.into()),
            Kind::Level(_) => DataType::Dictionary(DataType::UInt16.into(), DataType::Utf8.into()),
            Kind::Text => DataType::Utf8,
        };
        Arc::new(Field::new("element", value, false))
    }

    pub(crate) fn field(&self) -> Field {
        let element = self.element();
        let whole = match self.shape {
            Shape::One => element.data_type().clone(),
            Shape::Fixed(_) | Shape::List => DataType::List(element),
        };
        let about = [("unit".into(), self.unit.into()), ("meaning".into(), self.meaning.clone())];
        Field::new(&self.name, whole, self.nullable).with_metadata(HashMap::from(about))
    }
}

impl Table {
    pub(crate) fn arrow(&self) -> Arc<Schema> {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }
}
