//! State as named arrays: what a snapshot holds, an intervention edits, a truth log writes.
//!
//! Small parts save themselves into a [`Snapshot`]. What grows with the population goes through a [`SnapshotSink`] and
//! comes back from a [`SnapshotSource`], one array at a time.

mod array;
mod state;
mod stream;

pub use array::{Array, Element, Values};
pub use state::State;
pub use stream::{SnapshotSink, SnapshotSource};

pub(crate) use stream::Under;

use serde::{Deserialize, Serialize};

use stream::{own_name, prefixed};

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
    /// An array that did not get where it was to be kept.
    #[error("save `{name}`: {reason}")]
    Unwritten {
        /// The array's name.
        name: String,
        /// What was in the way.
        reason: String,
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

/// Everything that is needed to go on as if nothing had happened: arrays with names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The arrays, in the order they were put.
    pub arrays: Vec<Array>,
}

macro_rules! numbers {
    ($put:ident, $get:ident, $type:ty) => {
        /// Adds an array of these numbers.
        pub fn $put(&mut self, name: &str, width: usize, values: &[$type]) {
            self.arrays.push(Array::new(name, width, values));
        }

        /// Copies an array back; its length must be the same.
        pub fn $get(&self, name: &str, into: &mut [$type]) -> Result<(), SnapshotError> {
            self.array(name)?.copy_to(into)
        }
    };
}

impl Snapshot {
    numbers!(put_f32, get_f32, f32);
    numbers!(put_f64, get_f64, f64);
    numbers!(put_u32, get_u32, u32);

    fn array(&self, name: &str) -> Result<&Array, SnapshotError> {
        let found = self.arrays.iter().find(|array| array.name == name);
        found.ok_or_else(|| SnapshotError::Missing { name: name.into() })
    }

    /// The values called `name`.
    pub fn get(&self, name: &str) -> Result<&Values, SnapshotError> {
        self.array(name).map(|array| &array.values)
    }

    /// Adds bytes in a form their owner reads.
    pub fn put_bytes(&mut self, name: &str, values: Vec<u8>) {
        self.arrays.push(Array::new(name, 1, values));
    }

    /// Bytes put by [`Snapshot::put_bytes`].
    pub fn get_bytes(&self, name: &str) -> Result<&[u8], SnapshotError> {
        self.array(name)?.as_slice()
    }

    /// Numbers of a length only the snapshot knows.
    pub fn get_u32_vec(&self, name: &str) -> Result<&[u32], SnapshotError> {
        self.array(name)?.as_slice()
    }

    /// Accumulators of a length only the snapshot knows.
    pub fn get_f64_vec(&self, name: &str) -> Result<&[f64], SnapshotError> {
        self.array(name)?.as_slice()
    }

    /// Adds another snapshot's arrays under `prefix.`.
    pub fn put_all(&mut self, prefix: &str, part: Self) {
        self.arrays.extend(part.arrays.into_iter().map(|array| prefixed(prefix, array)));
    }

    /// The arrays that [`Snapshot::put_all`] put under `prefix`.
    #[must_use]
    pub fn part(&self, prefix: &str) -> Self {
        let mine = |array: &Array| {
            let name = own_name(prefix, &array.name)?.to_owned();
            Some(Array { name, ..array.clone() })
        };
        Self { arrays: self.arrays.iter().filter_map(mine).collect() }
    }
}
