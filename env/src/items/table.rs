//! Packed features of a run of items.

use serde::{Deserialize, Serialize};

use crate::{BlockAt, BlockKind, Grid, Layout};

/// Features of `len` items, laid out as a [`Layout`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemTable {
    layout: Layout,
    dense: Grid<f32>,
    codes: Grid<u16>,
}

/// A contiguous run of an [`ItemTable`], to write: `dense` and `codes` are packed row-major.
#[derive(Debug)]
pub struct ItemRowsMut<'a> {
    /// `[n, dense_width]`.
    pub dense: &'a mut [f32],
    /// `[n, code_width]`.
    pub codes: &'a mut [u16],
}

impl ItemRowsMut<'_> {
    /// The first `n` of `parts` equal parts, and the rest.
    pub(crate) fn split(self, n: usize, parts: usize) -> (Self, Self) {
        let (dense_at, codes_at) = (self.dense.len() / parts * n, self.codes.len() / parts * n);
        let (dense, dense_rest) = self.dense.split_at_mut(dense_at);
        let (codes, codes_rest) = self.codes.split_at_mut(codes_at);
        (Self { dense, codes }, Self { dense: dense_rest, codes: codes_rest })
    }

    /// The `i`-th of `parts` equal parts, lent.
    pub(crate) fn nth(&mut self, i: usize, parts: usize) -> ItemRowsMut<'_> {
        let (dense, codes) = (self.dense.len() / parts, self.codes.len() / parts);
        ItemRowsMut {
            dense: &mut self.dense[i * dense..(i + 1) * dense],
            codes: &mut self.codes[i * codes..(i + 1) * codes],
        }
    }
}

impl ItemTable {
    /// An empty table.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        let (dense, codes) = (Grid::new(layout.dense_width()), Grid::new(layout.code_width()));
        Self { layout, dense, codes }
    }

    /// Which features an item has.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dense.rows()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Becomes `len` items with whatever features were there: for a writer that fills every place.
    pub fn resize(&mut self, len: usize) {
        self.dense.resize(len, self.dense.width());
        self.codes.resize(len, self.codes.width());
    }

    /// Adds one item. The slices must be as wide as the layout says.
    pub fn push(&mut self, dense: &[f32], codes: &[u16]) {
        self.dense.push_row(dense);
        self.codes.push_row(codes);
    }

    /// The numbers of a dense block of item `at`. Panics on a category.
    #[must_use]
    #[inline]
    pub fn dense(&self, block: BlockAt, at: usize) -> &[f32] {
        let BlockKind::Dense { width } = block.kind else { panic!("a category has a code, not numbers") };
        &self.dense.row(at)[block.offset..block.offset + width]
    }

    /// The code of a category block of item `at`.
    #[must_use]
    #[inline]
    pub fn code(&self, block: BlockAt, at: usize) -> u16 {
        assert!(matches!(block.kind, BlockKind::Category { .. }), "a dense block has numbers, not a code");
        self.codes.row(at)[block.offset]
    }

    /// All real numbers `[len, dense_width]`.
    #[must_use]
    pub fn all_dense(&self) -> &Grid<f32> {
        &self.dense
    }

    /// All codes `[len, code_width]`.
    #[must_use]
    pub fn all_codes(&self) -> &Grid<u16> {
        &self.codes
    }

    /// Everything, to write.
    pub fn rows_mut(&mut self) -> ItemRowsMut<'_> {
        ItemRowsMut { dense: self.dense.as_mut_slice(), codes: self.codes.as_mut_slice() }
    }

    /// Becomes a copy of `other` without giving up its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        if self.layout != other.layout {
            self.layout = other.layout.clone();
        }
        self.dense.copy_from(&other.dense);
        self.codes.copy_from(&other.codes);
    }
}
