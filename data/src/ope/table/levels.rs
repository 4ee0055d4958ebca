//! The levels of the column that results are broken down by.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;

use super::columns::{is_text, whole};

/// More groups than this are no breakdown (chosen by us).
pub(super) const MOST: usize = 256;

/// The levels of a column, in order: numbers by size, words by their bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Levels {
    pub(super) column: String,
    pub(super) names: Vec<String>,
    keys: Keys,
}

#[derive(Debug, Clone, PartialEq)]
enum Keys {
    Whole(Vec<i64>),
    Words(Vec<String>),
}

/// The levels found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    whole: BTreeSet<i64>,
    words: BTreeSet<String>,
    kind: Option<DataType>,
}

impl Found {
    /// Takes a batch in; false if there are too many by now.
    pub(super) fn take(&mut self, array: &dyn Array) -> Result<bool, ArrowError> {
        self.kind.get_or_insert_with(|| array.data_type().clone());
        if is_text(array.data_type()) {
            let words = cast(array, &DataType::Utf8)?;
            for word in words.as_string::<i32>().iter().flatten() {
                if !self.words.contains(word) {
                    self.words.insert(word.to_owned());
                }
                if self.words.len() > MOST {
                    return Ok(false);
                }
            }
        } else {
            let mut last = None;
            for value in whole(array)?.as_primitive::<Int64Type>().iter().flatten() {
                if last != Some(value) {
                    self.whole.insert(value);
                }
                last = Some(value);
                if self.whole.len() > MOST {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    pub(super) fn len(&self) -> usize {
        self.words.len() + self.whole.len()
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.whole.extend(other.whole);
        self.words.extend(other.words);
        self.kind = self.kind.or(other.kind);
        self
    }

    /// What was found, numbers named as they are counted from `first`.
    pub(super) fn levels(self, column: &str, first: u16) -> Levels {
        let column = column.to_owned();
        if !self.words.is_empty() {
            let names: Vec<String> = self.words.into_iter().collect();
            return Levels { column, keys: Keys::Words(names.clone()), names };
        }
        let name = |value: &i64| match (&self.kind, value) {
            (Some(DataType::Boolean), 0) => "false".to_owned(),
            (Some(DataType::Boolean), _) => "true".to_owned(),
            (Some(DataType::UInt64), value) => (*value as u64).to_string(),
            (_, value) => (value - i64::from(first)).to_string(),
        };
        let keys: Vec<i64> = self.whole.into_iter().collect();
        Levels { column, names: keys.iter().map(name).collect(), keys: Keys::Whole(keys) }
    }
}

impl Levels {
    /// Adds the code of every row; 0 for a null, which is told elsewhere.
    pub(super) fn code(&self, array: &dyn Array, out: &mut Vec<u16>) -> Result<(), ArrowError> {
        match &self.keys {
            Keys::Words(keys) => {
                let words = cast(array, &DataType::Utf8)?;
                let words = words.as_string::<i32>();
                let code = |row| keys.binary_search_by(|key| key.as_str().cmp(words.value(row))).unwrap_or(0);
                out.extend((0..words.len()).map(|row| code(row) as u16));
            }
            Keys::Whole(keys) => {
                let values = whole(array)?;
                let code = |value: &i64| keys.binary_search(value).unwrap_or(0) as u16;
                out.extend(values.as_primitive::<Int64Type>().values().iter().map(code));
            }
        }
        Ok(())
    }
}
