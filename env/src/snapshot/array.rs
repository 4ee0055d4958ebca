//! Arrays with names: what a snapshot is made of.

use serde::{Deserialize, Serialize};

use super::SnapshotError;

/// The values of one array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Real numbers.
    F32(Vec<f32>),
    /// Accumulators.
    F64(Vec<f64>),
    /// Counts, ids.
    U32(Vec<u32>),
    /// Flags, and anything else in a form its owner reads.
    Bytes(Vec<u8>),
}

impl Values {
    fn describe(&self) -> String {
        let (n, kind) = match self {
            Self::F32(values) => (values.len(), f32::KIND),
            Self::F64(values) => (values.len(), f64::KIND),
            Self::U32(values) => (values.len(), u32::KIND),
            Self::Bytes(values) => (values.len(), u8::KIND),
        };
        format!("{n} {kind} values")
    }
}

/// A number that [`Values`] can hold.
pub trait Element: Copy + sealed::Sealed {
    /// What it is called in errors.
    const KIND: &'static str;

    /// These numbers as values.
    fn wrap(numbers: Vec<Self>) -> Values;

    /// The numbers, if they are of this kind.
    fn slice(values: &Values) -> Option<&[Self]>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! element {
    ($type:ty, $variant:ident, $kind:literal) => {
        impl sealed::Sealed for $type {}

        impl Element for $type {
            const KIND: &'static str = $kind;

            fn wrap(numbers: Vec<Self>) -> Values {
                Values::$variant(numbers)
            }

            fn slice(values: &Values) -> Option<&[Self]> {
                match values {
                    Values::$variant(numbers) => Some(numbers),
                    _ => None,
                }
            }
        }
    };
}

element!(f32, F32, "f32");
element!(f64, F64, "f64");
element!(u32, U32, "u32");
element!(u8, Bytes, "bytes");

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

impl Array {
    /// Rows of `width` values.
    #[must_use]
    pub fn new<T: Element>(name: impl Into<String>, width: usize, values: impl Into<Vec<T>>) -> Self {
        Self { name: name.into(), width, values: T::wrap(values.into()) }
    }

    /// The values, if they are of this kind.
    pub fn as_slice<T: Element>(&self) -> Result<&[T], SnapshotError> {
        T::slice(&self.values).ok_or_else(|| {
            let reason = format!("expected {} values, found {}", T::KIND, self.values.describe());
            SnapshotError::Corrupt { name: self.name.clone(), reason }
        })
    }

    /// The values in memory of their own.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, SnapshotError> {
        self.as_slice().map(<[T]>::to_vec)
    }

    /// Copies the values back to where they came from; kind and number must be the same.
    pub fn copy_to<T: Element>(&self, into: &mut [T]) -> Result<(), SnapshotError> {
        match T::slice(&self.values) {
            Some(values) if values.len() == into.len() => {
                into.copy_from_slice(values);
                Ok(())
            }
            _ => Err(SnapshotError::Shape {
                name: self.name.clone(),
                kind: T::KIND,
                expected: into.len(),
                found: self.values.describe(),
            }),
        }
    }
}
