//! Items and their features: durable ones in an append-only [`Catalogue`], ephemeral ones rebuilt every tick.

mod catalogue;
mod table;
mod wording;

pub use catalogue::{Catalogue, NewItem};
pub use table::{ItemRowsMut, ItemTable};

use serde::{Deserialize, Serialize};

use crate::{BlockAt, BlockKind, ItemId, Layout};

/// The features of the items on offer, as far as its holder may see them.
///
/// An item is looked up by *(row, id)*: a durable id means the same item in every row; an ephemeral id is a place
/// in that row's own candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ItemView {
    /// Items that stay: global ids, append-only.
    Durable(Catalogue),
    /// Items of this tick only: `per_row` of them for every row of the observation.
    Ephemeral {
        /// Items per row.
        per_row: usize,
        /// Row 0's items, then row 1's, …
        table: ItemTable,
    },
}

impl ItemView {
    /// No item yet, to be rebuilt each tick.
    #[must_use]
    pub fn ephemeral(layout: Layout, per_row: usize) -> Self {
        Self::Ephemeral { per_row, table: ItemTable::new(layout) }
    }

    /// Which features an item has.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        match self {
            Self::Durable(catalogue) => catalogue.layout(),
            Self::Ephemeral { table, .. } => table.layout(),
        }
    }

    /// Whether items outlive the tick.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(self, Self::Durable(_))
    }

    /// The catalogue, if items are durable.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        match self {
            Self::Durable(catalogue) => Some(catalogue),
            Self::Ephemeral { .. } => None,
        }
    }

    /// The table that holds an item, and where.
    #[must_use]
    #[inline]
    pub fn locate(&self, row: usize, item: ItemId) -> (&ItemTable, usize) {
        match self {
            Self::Durable(catalogue) => catalogue.locate(item),
            Self::Ephemeral { per_row, table } => (table, row * per_row + item.index()),
        }
    }

    /// The numbers of a dense block. Panics on a block that is a category.
    #[must_use]
    #[inline]
    pub fn dense(&self, block: BlockAt, row: usize, item: ItemId) -> &[f32] {
        let (table, at) = self.locate(row, item);
        table.dense(block, at)
    }

    /// The code of a category block. Panics on a block that is dense.
    #[must_use]
    #[inline]
    pub fn code(&self, block: BlockAt, row: usize, item: ItemId) -> u16 {
        let (table, at) = self.locate(row, item);
        table.code(block, at)
    }

    /// `weights · features` of one block, where a category stands for its one-hot vector.
    #[must_use]
    #[inline]
    pub fn dot(&self, block: BlockAt, row: usize, item: ItemId, weights: &[f32]) -> f32 {
        match block.kind {
            BlockKind::Category { .. } => weights[usize::from(self.code(block, row, item))],
            BlockKind::Dense { .. } => {
                self.dense(block, row, item).iter().zip(weights).map(|(x, w)| x * w).sum()
            }
        }
    }
}
