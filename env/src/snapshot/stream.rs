//! Snapshots on the move: array by array, so that a world of any size is saved and restored in little more than its
//! own memory.

use super::{Array, Snapshot, SnapshotError};

/// Where a snapshot goes.
///
/// ```
/// use recloop_env::{Array, SnapshotError, SnapshotSink};
///
/// /// Only wants to know how much there is.
/// struct Scales(usize);
///
/// impl SnapshotSink for Scales {
///     fn put(&mut self, array: Array) -> Result<(), SnapshotError> {
///         self.0 += array.as_slice::<f32>()?.len();
///         Ok(())
///     }
/// }
///
/// let mut scales = Scales(0);
/// scales.put(Array::new("interest", 3, [0.5_f32; 6]))?;
/// assert_eq!(scales.0, 6);
/// # Ok::<(), SnapshotError>(())
/// ```
pub trait SnapshotSink {
    /// Takes the next array.
    fn put(&mut self, array: Array) -> Result<(), SnapshotError>;

    /// Takes a whole snapshot as one part of this one; [`SnapshotSource::take_part`] gives it back.
    fn put_part(&mut self, name: &str, part: Snapshot) -> Result<(), SnapshotError> {
        self.put(Array::new(name, 1, [part.arrays.len() as u32]))?;
        part.arrays.into_iter().try_for_each(|array| self.put(prefixed(name, array)))
    }
}

/// Where a snapshot comes from: its arrays, in the order they were put.
///
/// A snapshot in memory is read through an iterator over its arrays:
///
/// ```
/// use recloop_env::{Snapshot, SnapshotError, SnapshotSource};
///
/// let mut saved = Snapshot::default();
/// saved.put_u32("visits", 1, &[4, 2]);
/// let source: &mut dyn SnapshotSource = &mut saved.arrays.iter();
/// let mut visits = [0_u32; 2];
/// source.take("visits")?.copy_to(&mut visits)?;
/// assert_eq!(visits, [4, 2]);
/// assert!(source.take("due").is_err());
/// # Ok::<(), SnapshotError>(())
/// ```
pub trait SnapshotSource {
    /// The next array; `None` after the last.
    fn next_array(&mut self) -> Result<Option<Array>, SnapshotError>;

    /// The next array, which must have this name.
    fn take(&mut self, name: &str) -> Result<Array, SnapshotError> {
        let next = self.next_array()?.filter(|array| array.name == name);
        next.ok_or_else(|| SnapshotError::Missing { name: name.into() })
    }

    /// What [`SnapshotSink::put_part`] put.
    fn take_part(&mut self, name: &str) -> Result<Snapshot, SnapshotError> {
        let mut n_arrays = [0_u32];
        self.take(name)?.copy_to(&mut n_arrays)?;
        let mut part = Snapshot::default();
        for _ in 0..n_arrays[0] {
            let array = self.next_array()?.and_then(|array| stripped(name, array));
            part.arrays.push(array.ok_or_else(|| SnapshotError::Missing { name: format!("{name}.…") })?);
        }
        Ok(part)
    }
}

impl SnapshotSink for Snapshot {
    fn put(&mut self, array: Array) -> Result<(), SnapshotError> {
        self.arrays.push(array);
        Ok(())
    }
}

impl SnapshotSource for std::slice::Iter<'_, Array> {
    fn next_array(&mut self) -> Result<Option<Array>, SnapshotError> {
        Ok(self.next().cloned())
    }
}

/// Lets a part name its arrays as if it were alone: outside they are called `prefix.name`.
pub(crate) struct Under<'a, S: ?Sized> {
    pub(crate) prefix: String,
    pub(crate) stream: &'a mut S,
}

impl SnapshotSink for Under<'_, dyn SnapshotSink + '_> {
    fn put(&mut self, array: Array) -> Result<(), SnapshotError> {
        self.stream.put(prefixed(&self.prefix, array))
    }
}

impl SnapshotSource for Under<'_, dyn SnapshotSource + '_> {
    fn next_array(&mut self) -> Result<Option<Array>, SnapshotError> {
        Ok(self.stream.next_array()?.and_then(|array| stripped(&self.prefix, array)))
    }
}

pub(super) fn prefixed(prefix: &str, array: Array) -> Array {
    Array { name: format!("{prefix}.{}", array.name), ..array }
}

/// The name an array was given, if it lies under `prefix`.
pub(super) fn own_name<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(prefix)?.strip_prefix('.')
}

fn stripped(prefix: &str, array: Array) -> Option<Array> {
    let name = own_name(prefix, &array.name)?.to_owned();
    Some(Array { name, ..array })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_without_what_lies_around_it() {
        let mut part = Snapshot::default();
        part.put_f32("weights", 2, &[1.0, 2.0]);
        part.put_bytes("words", b"hm".to_vec());
        let mut whole = Snapshot::default();
        whole.put_part("first", part.clone()).unwrap();
        whole.put_part("none", Snapshot::default()).unwrap();
        let stream: &mut dyn SnapshotSink = &mut whole;
        Under { prefix: "second".into(), stream }.put(Array::new("x", 1, [7_u32])).unwrap();
        let names: Vec<_> = whole.arrays.iter().map(|array| array.name.as_str()).collect();
        assert_eq!(names, ["first", "first.weights", "first.words", "none", "second.x"]);

        let source: &mut dyn SnapshotSource = &mut whole.arrays.iter();
        assert_eq!(source.take_part("first").unwrap(), part);
        assert_eq!(source.take_part("none").unwrap(), Snapshot::default());
        let x = Under { prefix: "second".into(), stream: source }.take("x").unwrap();
        assert_eq!(x.to_vec::<u32>().unwrap(), [7]);
        let refused = x.to_vec::<f32>().unwrap_err().to_string();
        assert_eq!(refused, "restore `x`: expected f32 values, found 1 u32 values");
    }

    #[test]
    fn a_part_cut_short_is_refused() {
        let mut whole = Snapshot::default();
        whole.put_u32("shelf", 1, &[2]);
        whole.put_u32("shelf.a", 1, &[]);
        whole.put_u32("candidates", 1, &[]);
        let source: &mut dyn SnapshotSource = &mut whole.arrays.iter();
        let refused = source.take_part("shelf").unwrap_err();
        assert_eq!(refused.to_string(), "restore `shelf.…`: the snapshot has no such array");
    }
}
