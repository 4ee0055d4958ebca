//! A row-major table that resizes without allocating once it has seen its largest size.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// `[rows, width]` values in one vector: the shape of everything batched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grid<T> {
    data: Vec<T>,
    rows: usize,
    width: usize,
}

impl<T: Copy + Default> Grid<T> {
    /// An empty grid of this width.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { data: Vec::new(), rows: 0, width }
    }

    /// `rows × width` default values.
    #[must_use]
    pub fn zeros(rows: usize, width: usize) -> Self {
        Self { data: vec![T::default(); rows * width], rows, width }
    }

    /// Wraps row-major `data`; `None` if its length is not `rows × width`.
    #[must_use]
    pub fn from_vec(data: Vec<T>, rows: usize, width: usize) -> Option<Self> {
        (data.len() == rows * width).then_some(Self { data, rows, width })
    }

    /// Becomes `[rows, width]`, every value the default. Allocates only past its high-water mark.
    pub fn reset(&mut self, rows: usize, width: usize) {
        self.data.clear();
        self.resize(rows, width);
    }

    /// Becomes `[rows, width]`, keeping whatever values are there: for writers that fill every place.
    pub fn resize(&mut self, rows: usize, width: usize) {
        self.data.resize(rows * width, T::default());
        (self.rows, self.width) = (rows, width);
    }

    /// Becomes a copy of `other` without giving up its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.data.clear();
        self.data.extend_from_slice(&other.data);
        (self.rows, self.width) = (other.rows, other.width);
    }

    /// Adds one row, which must have the grid's width.
    pub fn push_row(&mut self, row: &[T]) {
        assert_eq!(row.len(), self.width, "a pushed row has the grid's width");
        self.data.extend_from_slice(row);
        self.rows += 1;
    }
}

impl<T> Grid<T> {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values per row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Row `r`.
    #[must_use]
    #[inline]
    pub fn row(&self, r: usize) -> &[T] {
        &self.data[r * self.width..(r + 1) * self.width]
    }

    /// Row `r`, to write.
    #[inline]
    pub fn row_mut(&mut self, r: usize) -> &mut [T] {
        &mut self.data[r * self.width..(r + 1) * self.width]
    }

    /// All values, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All values, to write.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The same values for ndarray.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, T> {
        ArrayView2::from_shape((self.rows, self.width), &self.data).expect("a grid is always rows × width")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_without_columns_still_has_rows() {
        let grid = Grid::<f32>::zeros(3, 0);
        assert_eq!((grid.rows(), grid.row(2).len()), (3, 0));
    }

    #[test]
    fn reset_forgets_and_resize_keeps() {
        let mut grid = Grid::from_vec(vec![1, 2, 3, 4], 2, 2).unwrap();
        grid.resize(1, 2);
        assert_eq!(grid.as_slice(), [1, 2]);
        grid.reset(2, 1);
        assert_eq!(grid.as_slice(), [0, 0]);
        assert!(Grid::from_vec(vec![1, 2, 3], 2, 2).is_none());
    }
}
