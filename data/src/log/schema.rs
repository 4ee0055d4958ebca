//! The one description of every table: it makes the files, their metadata, `docs/log.md` and what `inspect` prints.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use recloop_env::{BlockKind, EnvSpec, Layout};

use crate::DataError;

/// What one value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// One of a few words.
    Word(&'static [&'static str]),
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
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// The tables of a log, each a folder of parts under `log/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum TableName {
            $($(#[$doc])* $name),+
        }

        impl TableName {
            /// Every table, in the order of [`tables`].
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            /// The folder's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

table_names! {
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
}

pub(crate) const KNOWN: &[&str] = &["exact", "estimated", "unavailable"];
pub(crate) const FATES: &[&str] = &["stays", "returns", "gone"];
pub(crate) const ENDS: &[&str] = &["terminated", "truncated"];
pub(crate) const EVENTS: &[&str] = &["publish", "enter", "exit", "renew"];
pub(crate) const SAID: &[&str] = &["instruction", "question", "answer", "explanation"];
pub(crate) const CHANNELS: &[&str] = &["observation", "slates", "responses"];

fn column(name: &str, kind: Kind, shape: Shape, unit: &'static str, meaning: &str) -> Column {
    Column { name: name.into(), kind, shape, nullable: false, unit, meaning: meaning.into() }
}

fn one(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    column(name, kind, Shape::One, unit, meaning)
}

fn maybe(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    Column { nullable: true, ..one(name, kind, unit, meaning) }
}

fn maybe_list(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    Column { nullable: true, ..column(name, kind, Shape::List, unit, meaning) }
}

/// The tables of a world's log, in the order of [`TableName::ALL`]; a column's name must be its own.
pub fn tables(spec: &EnvSpec) -> Result<Vec<Table>, DataError> {
    let tables = vec![slates(spec), observations(), waiting(), users(spec), items(spec)];
    let tables = [tables, vec![candidate_sets(), sessions(), events(), messages()]].concat();
    for table in &tables {
        for (i, column) in table.columns.iter().enumerate() {
            if table.columns[..i].iter().any(|other| other.name == column.name) {
                let (table, column) = (table.name.as_str(), column.name.clone());
                return Err(DataError::DuplicateColumn { table, column });
            }
        }
    }
    Ok(tables)
}

/// Who wants a slate, and from what: the front of `slates` and all of `waiting`.
fn asking() -> Vec<Column> {
    use Kind::{U32, U64};
    vec![
        one("tick", U32, "tick", "when the user wanted a slate"),
        one("user", U32, "id", "who"),
        one(
            "session",
            U64,
            "id",
            "in which visit: user id in the high 32 bits, number of visits before in the low",
        ),
        maybe(
            "candidate_set",
            U32,
            "id",
            "the shared candidates, see candidate_sets; null if the row had its own",
        ),
        maybe_list("candidates", U32, "id", "the row's own candidates, ascending; null if they were shared"),
    ]
}

fn slates(spec: &EnvSpec) -> Table {
    use Kind::{Bool, F32, F64, U32, Word};
    let shown = |name: &str, kind, unit, meaning: &str| {
        column(name, kind, Shape::Fixed(spec.slate_size), unit, &format!("{meaning}, per position"))
    };
    let mut columns = asking();
    columns.extend([
        shown(
            "items",
            U32,
            "id",
            "what was shown: an item, or a place in the row's list where items are not durable",
        ),
        maybe_list(
            "propensity",
            F64,
            "probability",
            "P(item shown here | the items above it); null if unavailable",
        ),
        maybe_list(
            "marginal",
            F64,
            "probability",
            "P(item at this position) over all slates; null if not computed",
        ),
        one("known", Word(KNOWN), "", "how well the propensities are known: exact, estimated or unavailable"),
        maybe("draws", U32, "draws", "simulated draws behind an estimated propensity"),
        shown("click", Bool, "", "whether it was clicked"),
        shown("dwell_secs", F32, "s", "time spent on it; 0 where not clicked"),
    ]);
    columns.extend(spec.signals.iter().map(|name| {
        shown(&format!("signal_{name}"), F32, "", &format!("signal `{name}` of the user's response"))
    }));
    columns.extend([
        maybe_list(
            "choice_probs",
            F32,
            "probability",
            "click probabilities the user model believed, if it told",
        ),
        one("reward", F32, "", "weighted sum of the reward parts"),
    ]);
    columns.extend(spec.reward_parts.iter().map(|(name, weight)| {
        one(&format!("reward_{name}"), F32, "", &format!("reward part `{name}`, weight {weight}"))
    }));
    columns.extend([
        one("fate", Word(FATES), "", "stays in the session, returns later, or gone for good"),
        maybe("after_secs", F32, "s", "time until the next slate is wanted; null if gone"),
        maybe(
            "ended",
            Word(ENDS),
            "",
            "terminated (the process ended) or truncated (no longer watched); null if neither",
        ),
    ]);
    Table { name: TableName::Slates, row: "a slate shown to a user, with what came of it", columns }
}

fn observations() -> Table {
    use Kind::{F64, U32};
    let columns = vec![
        one("tick", U32, "tick", "when"),
        one("time_secs", F64, "s", "start of the tick since the start of the world"),
        one("n_rows", U32, "rows", "how many users wanted a slate"),
        maybe("candidate_set", U32, "id", "the shared candidates; null if rows had their own"),
    ];
    Table { name: TableName::Observations, row: "a tick; the last one's slates were never shown", columns }
}

fn waiting() -> Table {
    let row = "a user who wanted a slate when the log ended";
    Table { name: TableName::Waiting, row, columns: asking() }
}

fn users(spec: &EnvSpec) -> Table {
    let mut columns = vec![
        one("tick", Kind::U32, "tick", "from when on the features held"),
        one("user", Kind::U32, "id", "whose"),
    ];
    columns.extend(features(&spec.user_features, 1));
    Table { name: TableName::Users, row: "a user whose observable features are new or changed", columns }
}

fn items(spec: &EnvSpec) -> Table {
    use Kind::{Text, U32};
    let (row, mut columns) = if spec.durable_items {
        let columns = vec![
            one("tick", U32, "tick", "when it was first seen"),
            one("item", U32, "id", "the item"),
            one("creator", U32, "id", "its maker"),
            one("published", U32, "tick", "when it was published"),
            one("title", Text, "", "what people read"),
        ];
        ("an item, once", columns)
    } else {
        let tick = one("tick", U32, "tick", "when they were on offer");
        (
            "the candidates of one user at one tick, in order of place",
            vec![tick, one("user", U32, "id", "to whom")],
        )
    };
    let per_row = if spec.durable_items { 1 } else { spec.max_candidates.unwrap_or(0) };
    columns.extend(features(&spec.item_features, per_row));
    Table { name: TableName::Items, row, columns }
}

/// A column per named block; lists hold the values of `n` items, one item after another.
fn features(layout: &Layout, n: usize) -> impl Iterator<Item = Column> {
    layout.blocks().iter().map(move |block| {
        let (kind, width, unit) = match block.kind {
            BlockKind::Dense { width } => (Kind::F32, width, ""),
            BlockKind::Category { .. } => (Kind::U16, 1, "code"),
        };
        let shape = if n * width == 1 { Shape::One } else { Shape::Fixed(n * width) };
        column(&format!("feature_{}", block.name), kind, shape, unit, &block.meaning)
    })
}

fn candidate_sets() -> Table {
    let columns = vec![
        one("tick", Kind::U32, "tick", "from when on it was on offer"),
        one("set", Kind::U32, "id", "the set"),
        column("items", Kind::U32, Shape::List, "id", "what it holds, ascending"),
    ];
    Table { name: TableName::CandidateSets, row: "a candidate set taking over from the one before", columns }
}

fn sessions() -> Table {
    use Kind::{U32, U64, Word};
    let columns = vec![
        one("session", U64, "id", "the visit"),
        one("user", U32, "id", "whose"),
        one("start_tick", U32, "tick", "its first slate"),
        one("end_tick", U32, "tick", "its last slate"),
        one("n_slates", U32, "slates", "how many slates it had"),
        maybe("fate", Word(FATES), "", "what its last slate led to; null if it was open when the log ended"),
        maybe("ended", Word(ENDS), "", "whether the user's trajectory ended with it, as in slates"),
    ];
    Table { name: TableName::Sessions, row: "a visit, in order of its end", columns }
}

fn events() -> Table {
    use Kind::{U32, Word};
    let columns = vec![
        one("tick", U32, "tick", "at the end of which tick"),
        one("kind", Word(EVENTS), "", "publish, enter, exit (of a creator) or renew (of a user's place)"),
        maybe("item", U32, "id", "the item published"),
        maybe("creator", U32, "id", "who published, entered or left"),
        maybe("user", U32, "id", "whose place was taken over"),
    ];
    Table { name: TableName::Events, row: "something that happened besides slates and responses", columns }
}

fn messages() -> Table {
    use Kind::{Text, U32, Word};
    let columns = vec![
        one("tick", U32, "tick", "when"),
        one("user", U32, "id", "the user who said it or was told"),
        one(
            "channel",
            Word(CHANNELS),
            "",
            "heard with the observation, said with the slates, or replied to them",
        ),
        one("said", Word(SAID), "", "why it was said"),
        one("text", Text, "", "the words"),
    ];
    Table { name: TableName::Messages, row: "an utterance", columns }
}

impl Column {
    /// The column's type, as in `list<f32>`.
    #[must_use]
    pub fn type_name(&self) -> String {
        let value = match self.kind {
            Kind::U16 => "u16",
            Kind::U32 => "u32",
            Kind::U64 => "u64",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
            Kind::Bool => "bool",
            Kind::Word(_) => "word",
            Kind::Text => "text",
        };
        match self.shape {
            Shape::One => value.into(),
            Shape::Fixed(n) => format!("list<{value}; {n}>"),
            Shape::List => format!("list<{value}>"),
        }
    }

    pub(crate) fn element(&self) -> Arc<Field> {
        let value = match self.kind {
            Kind::U16 => DataType::UInt16,
            Kind::U32 => DataType::UInt32,
            Kind::U64 => DataType::UInt64,
            Kind::F32 => DataType::Float32,
            Kind::F64 => DataType::Float64,
            Kind::Bool => DataType::Boolean,
            Kind::Word(_) => DataType::Dictionary(DataType::UInt8.into(), DataType::Utf8.into()),
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
