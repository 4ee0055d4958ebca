//! Forms of answers: flat, closed, and checked here whoever promised to keep to them.
//!
//! A [`Shape`] is written once and serves four times: as a JSON schema ([`Shape::schema`]), as a grammar in llama.cpp's
//! notation ([`Shape::grammar`]), as words in a prompt ([`Shape::words`]) and as the check of what came back
//! ([`Shape::read`]). Decisions are enums and integers; free text comes last, is short, and is drawn from few characters:
//! a model of bytes can otherwise write what is no text at all.

mod grammar;
mod read;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::LlmError;

/// Most characters of a text, most elements of a list: what is longer is no decision (chosen by us).
const MOST: usize = 4_096;

/// An object with these fields, all of them there, in this order, and no others.
///
/// ```
/// use recloop_llm::{Charset, Kind, Shape};
///
/// let shape = Shape::new("reaction", [
///     ("does", Kind::among(["watch", "skip"])),
///     ("secs", Kind::Integer { min: 0, max: 300 }),
///     ("why", Kind::Text { max_chars: 40, charset: Charset::Words }),
/// ])?;
/// let read = shape.read(r#"{"does": "watch", "secs": 12, "why": "new to me"}"#).unwrap();
/// assert_eq!(read["secs"], 12);
/// assert!(shape.read(r#"{"does": "buy", "secs": 12, "why": ""}"#).unwrap_err().contains("does"));
/// # Ok::<(), recloop_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shape {
    name: String,
    fields: Vec<(String, Kind)>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One of these words.
    Enum(Vec<String>),
    /// A whole number between these, both included.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A number between these, both included. Schemas do not bind all servers to its bounds: prefer integers.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// Yes or no.
    Bool,
    /// Text, possibly none.
    Text {
        /// Its longest.
        max_chars: usize,
        /// What it is written in.
        charset: Charset,
    },
    /// A list.
    List {
        /// What its elements are.
        of: Box<Self>,
        /// Fewest elements.
        min: usize,
        /// Most elements.
        max: usize,
    },
    /// An object of its own.
    Object(Shape),
}

/// Characters a text may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// Names: small letters, digits, `_` and `-`.
    Name,
    /// Sentences: ASCII letters, digits, spaces and plain punctuation. No quotes, no markup, no line breaks.
    Words,
}

impl Charset {
    /// The inside of a character class, in regular expressions and grammars alike.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Name => "a-z0-9_-",
            Self::Words => "a-zA-Z0-9 .,;:!?'()-",
        }
    }

    /// Whether it has this character.
    #[must_use]
    pub fn has(self, c: char) -> bool {
        match self {
            Self::Name => c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c),
            Self::Words => c.is_ascii_alphanumeric() || " .,;:!?'()-".contains(c),
        }
    }
}

impl Kind {
    /// One of these words.
    #[must_use]
    pub fn among<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self::Enum(words.into_iter().map(Into::into).collect())
    }

    /// A list of exactly `n` of them, such as one reaction per item of a slate.
    #[must_use]
    pub fn exactly(n: usize, of: Self) -> Self {
        Self::List { of: Box::new(of), min: n, max: n }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Enum(words) => {
                let distinct: BTreeSet<_> = words.iter().collect();
                let plain = |word: &String| !word.is_empty() && !word.chars().any(char::is_control);
                if words.is_empty() || distinct.len() < words.len() || !words.iter().all(plain) {
                    return Err(format!("{words:?} are not one or more different words"));
                }
            }
            Self::Integer { min, max } if min > max => return Err(format!("no integer is in {min}..={max}")),
            // Grammars count digits: beyond 15 a double does not count along.
            Self::Number { min, max } if !(min <= max && min.abs() < 1e15 && max.abs() < 1e15) => {
                return Err(format!("no number is in {min}..={max}, or they are too large"));
            }
            Self::Text { max_chars, .. } if !(1..=MOST).contains(max_chars) => {
                return Err(format!("a text of at most {max_chars} characters is none, or too long"));
            }
            Self::List { of, min, max } => {
                if min > max || *max == 0 || *max > MOST {
                    return Err(format!("no list has {min} to {max} elements, 1 to {MOST} can be asked for"));
                }
                of.check()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn schema(&self) -> Value {
        match self {
            Self::Enum(words) => json!({"type": "string", "enum": words}),
            Self::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Self::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Text { max_chars, charset } => {
                json!({"type": "string", "pattern": format!("^[{}]{{0,{max_chars}}}$", charset.class())})
            }
            Self::List { of, min, max } => {
                json!({"type": "array", "items": of.schema(), "minItems": min, "maxItems": max})
            }
            Self::Object(shape) => shape.schema(),
        }
    }

    /// In words: what a person, or a model without schemas, is told.
    fn words(&self) -> String {
        match self {
            Self::Enum(words) => words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" | "),
            Self::Integer { min, max } => format!("whole number from {min} to {max}"),
            Self::Number { min, max } => format!("number from {min} to {max}"),
            Self::Bool => "true | false".into(),
            Self::Text { max_chars, charset: Charset::Name } => {
                format!("\"name of at most {max_chars} characters a-z 0-9 _ -\"")
            }
            Self::Text { max_chars, charset: Charset::Words } => {
                format!("\"plain text of at most {max_chars} characters, no quotes\"")
            }
            Self::List { of, min, max } if min == max => format!("[exactly {max} of: {}]", of.words()),
            Self::List { of, min, max } => format!("[{min} to {max} of: {}]", of.words()),
            Self::Object(shape) => shape.words(),
        }
    }
}

impl Shape {
    /// An object with these fields, named `name` where servers want a name.
    ///
    /// # Errors
    /// [`LlmError::Shape`] if a name is no [`Charset::Name`], comes twice, or a field can hold nothing.
    pub fn new<S: Into<String>>(
        name: &str,
        fields: impl IntoIterator<Item = (S, Kind)>,
    ) -> Result<Self, LlmError> {
        let fields: Vec<(String, Kind)> =
            fields.into_iter().map(|(name, kind)| (name.into(), kind)).collect();
        let shape = Self { name: name.into(), fields };
        shape.check().map_err(|reason| LlmError::Shape { name: name.into(), reason })?;
        Ok(shape)
    }

    fn check(&self) -> Result<(), String> {
        let named = |name: &str| !name.is_empty() && name.chars().all(|c| Charset::Name.has(c));
        if !named(&self.name) || self.fields.is_empty() {
            return Err("it has no name in a-z, 0-9, _ and -, or no fields".into());
        }
        let mut seen = BTreeSet::new();
        for (name, kind) in &self.fields {
            if !named(name) || !seen.insert(name) {
                return Err(format!("`{name}` is no name in a-z, 0-9, _ and -, or comes twice"));
            }
            kind.check().map_err(|reason| format!("`{name}`: {reason}"))?;
        }
        Ok(())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As a JSON schema: closed, every field required.
    #[must_use]
    pub fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|(name, kind)| (name.clone(), kind.schema())).collect();
        let required: Vec<&String> = self.fields.iter().map(|(name, _)| name).collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    /// As a grammar in llama.cpp's notation (GBNF), without white space: fewer tokens, and nothing to loop on.
    #[must_use]
    pub fn grammar(&self) -> String {
        format!("root ::= {}", grammar::of_object(self))
    }

    /// In words, for models that are only told.
    #[must_use]
    pub fn words(&self) -> String {
        let fields: Vec<String> =
            self.fields.iter().map(|(name, kind)| format!("\"{name}\": {}", kind.words())).collect();
        format!("{{{}}}", fields.join(", "))
    }

    /// The object in what a model said, if there is one of this form: after what it thought aloud, within a fence, before
    /// closing words. Whole numbers come back as integers however they were written.
    ///
    /// # Errors
    /// In words, down to the field: fit to be sent back to the model.
    pub fn read(&self, said: &str) -> Result<Value, String> {
        let value = read::object_in(said)?;
        read::of_shape(self, &value, "")
    }
}

#[cfg(test)]
mod tests;
