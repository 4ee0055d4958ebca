//! State as named arrays: what a snapshot holds, an intervention edits, a truth log writes.

use serde::{Deserialize, Serialize};

use crate::Grid;

/// Why a snapshot could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The snapshot lacks an array.
    #[error("restore `{name}`: the snapshot has no such array")]
    Missing {
        /// The array's name.
        name: String,
    },
    /// An array has the wrong type or size.
    #[error("restore `{name}`: expected {expected} {kind} values, found {found}")]
    Shape {
        /// The array's name.
        name: String,
        /// The type wanted.
        kind: &'static str,
        /// The number of values wanted.
        expected: usize,
        /// What is there.
        found: String,
    },
    /// A part has no snapshot of its own.
    #[error("take a snapshot: {part} cannot be saved")]
    Unsupported {
        /// Which part.
        part: String,
    },
    /// Bytes that do not decode.
    #[error("restore `{name}`: {reason}")]
    Corrupt {
        /// The array's name.
        name: String,
        /// What was wrong.
        reason: String,
    },
}

/// The values of one array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Real numbers.
    F32(Vec<f32>),
    /// Accumulators.
    F64(Vec<f64>),
    /// Counts, ids, flags.
    U32(Vec<u32>),
    /// Anything else, in a form its owner reads.
    Bytes(Vec<u8>),
}

impl Values {
    fn describe(&self) -> String {
        let (n, kind) = match self {
            Self::F32(values) => (values.len(), "f32"),
            Self::F64(values) => (values.len(), "f64"),
            Self::U32(values) => (values.len(), "u32"),
            Self::Bytes(values) => (values.len(), "bytes"),
        };
        format!("{n} {kind} values")
    }
}

/// One array of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// Its name, unique in its snapshot.
    pub name: String,
    /// Values per row.
    pub width: usize,
    /// Row-major.
    pub values: Values,
}

/// Everything that is needed to go on as if nothing had happened: arrays with names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The arrays, in the order they were put.
    pub arrays: Vec<Array>,
}

macro_rules! numbers {
    ($put:ident, $get:ident, $kind:ident, $type:ty, $word:literal) => {
        /// Adds an array of these numbers.
        pub fn $put(&mut self, name: &str, width: usize, values: &[$type]) {
            self.arrays.push(Array { name: name.into(), width, values: Values::$kind(values.to_vec()) });
        }

        /// Copies an array back; its length must be the same.
        pub fn $get(&self, name: &str, into: &mut [$type]) -> Result<(), SnapshotError> {
            match self.get(name)? {
                Values::$kind(values) if values.len() == into.len() => {
                    into.copy_from_slice(values);
                    Ok(())
                }
                other => Err(shape(name, $word, into.len(), other)),
            }
        }
    };
}

fn shape(name: &str, kind: &'static str, expected: usize, found: &Values) -> SnapshotError {
    SnapshotError::Shape { name: name.into(), kind, expected, found: found.describe() }
}

impl Snapshot {
    numbers!(put_f32, get_f32, F32, f32, "f32");
    numbers!(put_f64, get_f64, F64, f64, "f64");
    numbers!(put_u32, get_u32, U32, u32, "u32");

    /// The values called `name`.
    pub fn get(&self, name: &str) -> Result<&Values, SnapshotError> {
        let found = self.arrays.iter().find(|array| array.name == name);
        found.map(|array| &array.values).ok_or_else(|| SnapshotError::Missing { name: name.into() })
    }

    /// Adds bytes in a form their owner reads.
    pub fn put_bytes(&mut self, name: &str, values: Vec<u8>) {
        self.arrays.push(Array { name: name.into(), width: 1, values: Values::Bytes(values) });
    }

    /// Bytes put by [`Snapshot::put_bytes`].
    pub fn get_bytes(&self, name: &str) -> Result<&[u8], SnapshotError> {
        match self.get(name)? {
            Values::Bytes(values) => Ok(values),
            other => Err(shape(name, "bytes", 0, other)),
        }
    }

    /// Numbers of a length only the snapshot knows.
    pub fn get_u32_vec(&self, name: &str) -> Result<&[u32], SnapshotError> {
        match self.get(name)? {
            Values::U32(values) => Ok(values),
            other => Err(shape(name, "u32", 0, other)),
        }
    }

    /// Accumulators of a length only the snapshot knows.
    pub fn get_f64_vec(&self, name: &str) -> Result<&[f64], SnapshotError> {
        match self.get(name)? {
            Values::F64(values) => Ok(values),
            other => Err(shape(name, "f64", 0, other)),
        }
    }

    /// Adds another snapshot's arrays under `prefix.`.
    pub fn put_all(&mut self, prefix: &str, part: Self) {
        let renamed =
            part.arrays.into_iter().map(|array| Array { name: format!("{prefix}.{}", array.name), ..array });
        self.arrays.extend(renamed);
    }

    /// The arrays that [`Snapshot::put_all`] put under `prefix`.
    #[must_use]
    pub fn part(&self, prefix: &str) -> Self {
        let strip = |array: &Array| {
            let name = array.name.strip_prefix(prefix)?.strip_prefix('.')?;
            Some(Array { name: name.into(), ..array.clone() })
        };
        Self { arrays: self.arrays.iter().filter_map(strip).collect() }
    }

    pub(crate) fn put_ids<T: Copy + Default>(&mut self, name: &str, grid: &Grid<T>, word: impl Fn(T) -> u32) {
        let words: Vec<u32> = grid.as_slice().iter().map(|value| word(*value)).collect();
        self.arrays.push(Array { name: name.into(), width: grid.width(), values: Values::U32(words) });
    }

    pub(crate) fn get_ids<T>(
        &self,
        name: &str,
        into: &mut [T],
        read: impl Fn(u32) -> T,
    ) -> Result<(), SnapshotError> {
        let mut words = vec![0; into.len()];
        self.get_u32(name, &mut words)?;
        into.iter_mut().zip(words).for_each(|(value, word)| *value = read(word));
        Ok(())
    }
}

/// A user model's state: a struct of arrays that can name its arrays; write it with [`state!`](crate::state).
///
/// Naming them once buys snapshots, forks, interventions and truth logs. Everything that evolves must be named:
/// the contract kit steps a restored copy beside the original and compares.
pub trait State: Clone + Send + Sync + 'static {
    /// Every array `[n, width]`, a row for every user, always in the same order.
    fn fields(&self) -> Vec<(&'static str, &Grid<f32>)>;

    /// The same arrays, to write.
    fn fields_mut(&mut self) -> Vec<(&'static str, &mut Grid<f32>)>;
}

/// Declares a state: a struct of `Grid<f32>` arrays that is a [`State`].
///
/// ```
/// recloop_env::state! {
///     /// What a reader carries from slate to slate.
///     pub struct Reader {
///         /// `[n, 3]` interest in each topic, in [−1, 1].
///         interest,
///         /// `[n, 1]` minutes left.
///         budget_minutes,
///     }
/// }
/// use recloop_env::{Grid, State};
/// let state = Reader { interest: Grid::zeros(2, 3), budget_minutes: Grid::zeros(2, 1) };
/// assert_eq!(state.fields()[0].0, "interest");
/// ```
#[macro_export]
macro_rules! state {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($(#[$field_doc:meta])* $field:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[$field_doc])* $vis $field: $crate::Grid<f32>),+
        }

        impl $crate::State for $name {
            fn fields(&self) -> Vec<(&'static str, &$crate::Grid<f32>)> {
                vec![$((stringify!($field), &self.$field)),+]
            }

            fn fields_mut(&mut self) -> Vec<(&'static str, &mut $crate::Grid<f32>)> {
                vec![$((stringify!($field), &mut self.$field)),+]
            }
        }
    };
}
