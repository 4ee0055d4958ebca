//! What a slate may draw from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ItemId, SetId};

/// The items each row may be shown this tick. Every list is ascending, so membership is a binary search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Candidates {
    /// One list for everybody. For ephemeral items it is the places `0..per_row`.
    Shared {
        /// Changes whenever the list does.
        set: SetId,
        /// `[C]`, ascending.
        items: Arc<Vec<ItemId>>,
    },
    /// A list for every row, in Arrow's list layout.
    PerRow {
        /// `[B + 1]`: row *r* has `items[starts[r]..starts[r + 1]]`.
        starts: Vec<u32>,
        /// All lists, one after another; each ascending.
        items: Vec<ItemId>,
    },
}

impl Default for Candidates {
    fn default() -> Self {
        Self::Shared { set: SetId(0), items: Arc::default() }
    }
}

impl Candidates {
    /// Everybody may be shown `items`, which this sorts and rids of duplicates.
    #[must_use]
    pub fn shared(set: SetId, mut items: Vec<ItemId>) -> Self {
        items.sort_unstable();
        items.dedup();
        Self::Shared { set, items: Arc::new(items) }
    }

    /// Row `r`'s candidates, ascending.
    #[must_use]
    #[inline]
    pub fn row(&self, r: usize) -> &[ItemId] {
        match self {
            Self::Shared { items, .. } => items,
            Self::PerRow { starts, items } => &items[starts[r] as usize..starts[r + 1] as usize],
        }
    }

    /// Where `item` stands among row `r`'s candidates.
    #[must_use]
    #[inline]
    pub fn place(&self, r: usize, item: ItemId) -> Option<usize> {
        let list = self.row(r);
        let (first, last) = (list.first()?.0, list.last()?.0);
        if (last - first) as usize + 1 == list.len() {
            return (first..=last).contains(&item.0).then(|| (item.0 - first) as usize);
        }
        list.binary_search(&item).ok()
    }

    /// The shared set's id, if there is one.
    #[must_use]
    pub fn set(&self) -> Option<SetId> {
        match self {
            Self::Shared { set, .. } => Some(*set),
            Self::PerRow { .. } => None,
        }
    }

    /// Becomes a copy of `other` without giving up its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::PerRow { starts, items }, Self::PerRow { starts: from_starts, items: from_items }) => {
                starts.clone_from(from_starts);
                items.clone_from(from_items);
            }
            (this, _) => this.clone_from(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_with_and_without_gaps() {
        let gaps = Candidates::shared(SetId(1), [9, 2, 4, 2].map(ItemId).to_vec());
        assert_eq!(gaps.row(7), [2, 4, 9].map(ItemId));
        assert_eq!((gaps.place(0, ItemId(9)), gaps.place(0, ItemId(3))), (Some(2), None));
        let rows =
            Candidates::PerRow { starts: vec![0, 2, 2, 5], items: [5, 6, 0, 1, 2].map(ItemId).to_vec() };
        assert_eq!((rows.place(0, ItemId(6)), rows.place(0, ItemId(7))), (Some(1), None));
        assert_eq!((rows.place(1, ItemId(5)), rows.place(2, ItemId(2))), (None, Some(2)));
    }
}
