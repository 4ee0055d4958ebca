//! What a slate may draw from.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ItemId, SetId};

/// Distinct items, ascending; where an item stands is found in constant time if the ids lie close together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<ItemId>", into = "Vec<ItemId>")]
pub struct ItemSet {
    items: Vec<ItemId>,
    /// The place of item `items[0] + i`, or [`NOWHERE`]; empty where ids lie too far apart to be worth it.
    places: Vec<u32>,
}

/// The place of an item that is not in the set.
const NOWHERE: u32 = u32::MAX;
/// Ids per item beyond which a set is searched instead (chosen by us: four words an item).
const SPARSE: usize = 4;

impl From<Vec<ItemId>> for ItemSet {
    /// Sorts the items and drops duplicates.
    fn from(mut items: Vec<ItemId>) -> Self {
        items.sort_unstable();
        items.dedup();
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Self::default() };
        let span = (last.0 - first.0) as usize + 1;
        let mut places = Vec::new();
        if span <= items.len() * SPARSE {
            places.resize(span, NOWHERE);
            for (place, item) in items.iter().enumerate() {
                places[(item.0 - first.0) as usize] = place as u32;
            }
        }
        Self { items, places }
    }
}

impl From<ItemSet> for Vec<ItemId> {
    fn from(set: ItemSet) -> Self {
        set.items
    }
}

impl Deref for ItemSet {
    type Target = [ItemId];

    #[inline]
    fn deref(&self) -> &[ItemId] {
        &self.items
    }
}

impl ItemSet {
    /// Where `item` stands, if it is in the set.
    #[must_use]
    #[inline]
    pub fn place(&self, item: ItemId) -> Option<usize> {
        if self.places.is_empty() {
            return self.items.binary_search(&item).ok();
        }
        let offset = item.0.checked_sub(self.items[0].0)? as usize;
        self.places.get(offset).filter(|place| **place != NOWHERE).map(|place| *place as usize)
    }
}

/// The items each row may be shown this tick. Every list is ascending.
///
/// A row's candidates are its listed items without those barred to it. Keeping the two apart lets thousands of rows
/// share one list although each has met other items before: what scores items scores the listed ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Candidates {
    /// One list for everybody. For ephemeral items it is the places `0..per_row`.
    Shared {
        /// Changes whenever the list does.
        set: SetId,
        /// `[C]`.
        items: Arc<ItemSet>,
    },
    /// A list for every row, in Arrow's list layout.
    PerRow {
        /// `[B + 1]`: row *r* has `items[starts[r]..starts[r + 1]]`.
        starts: Vec<u32>,
        /// All lists, one after another; each ascending.
        items: Vec<ItemId>,
    },
    /// One list for everybody, without what each row's user was shown before.
    Unseen {
        /// Changes whenever the list does.
        set: SetId,
        /// `[C]`.
        items: Arc<ItemSet>,
        /// `[B + 1]`: row *r* may not be shown `barred[starts[r]..starts[r + 1]]`.
        starts: Vec<u32>,
        /// What each row was shown before, as far as it is listed; each run ascending.
        barred: Vec<ItemId>,
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
    pub fn shared(set: SetId, items: Vec<ItemId>) -> Self {
        Self::Shared { set, items: Arc::new(items.into()) }
    }

    /// Row `r`'s candidates.
    #[must_use]
    #[inline]
    pub fn row(&self, r: usize) -> CandidateRow<'_> {
        CandidateRow { listed: self.listed(r), barred: self.barred(r) }
    }

    /// Row `r`'s list, those barred to it included; ascending.
    #[must_use]
    #[inline]
    pub fn listed(&self, r: usize) -> &[ItemId] {
        match self {
            Self::Shared { items, .. } | Self::Unseen { items, .. } => items,
            Self::PerRow { starts, items } => &items[starts[r] as usize..starts[r + 1] as usize],
        }
    }

    /// The listed items that may not be shown to row `r`; ascending.
    #[must_use]
    #[inline]
    pub fn barred(&self, r: usize) -> &[ItemId] {
        match self {
            Self::Unseen { starts, barred, .. } => &barred[starts[r] as usize..starts[r + 1] as usize],
            Self::Shared { .. } | Self::PerRow { .. } => &[],
        }
    }

    /// Where the items barred to row `r` stand in its list.
    pub fn barred_places(&self, r: usize) -> impl Iterator<Item = usize> {
        let place = move |item: &ItemId| self.listed_place(r, *item).expect("what is barred is listed");
        self.barred(r).iter().map(place)
    }

    /// Where `item` stands in row `r`'s list, if the row may be shown it.
    #[must_use]
    #[inline]
    pub fn place(&self, r: usize, item: ItemId) -> Option<usize> {
        let place = self.listed_place(r, item)?;
        self.barred(r).binary_search(&item).is_err().then_some(place)
    }

    #[inline]
    fn listed_place(&self, r: usize, item: ItemId) -> Option<usize> {
        match self {
            Self::Shared { items, .. } | Self::Unseen { items, .. } => items.place(item),
            Self::PerRow { .. } => self.listed(r).binary_search(&item).ok(),
        }
    }

    /// The list that everybody shares, if there is one.
    #[must_use]
    pub fn common(&self) -> Option<&Arc<ItemSet>> {
        match self {
            Self::Shared { items, .. } | Self::Unseen { items, .. } => Some(items),
            Self::PerRow { .. } => None,
        }
    }

    /// The shared list's id, if there is one.
    #[must_use]
    pub fn set(&self) -> Option<SetId> {
        match self {
            Self::Shared { set, .. } | Self::Unseen { set, .. } => Some(*set),
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
            (
                Self::Unseen { set, items, starts, barred },
                Self::Unseen { set: from_set, items: from, starts: from_starts, barred: from_barred },
            ) => {
                (*set, *items) = (*from_set, Arc::clone(from));
                starts.clone_from(from_starts);
                barred.clone_from(from_barred);
            }
            (this, _) => this.clone_from(other),
        }
    }
}

/// What one row may be shown: its listed items without the barred ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandidateRow<'a> {
    listed: &'a [ItemId],
    barred: &'a [ItemId],
}

impl<'a> CandidateRow<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.len() - self.barred.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `item` is one of them.
    #[must_use]
    pub fn contains(&self, item: ItemId) -> bool {
        self.listed.binary_search(&item).is_ok() && self.barred.binary_search(&item).is_err()
    }

    /// The candidates, ascending.
    #[must_use]
    pub fn iter(&self) -> CandidateIter<'a> {
        CandidateIter { listed: self.listed.iter(), barred: self.barred }
    }
}

impl<'a> IntoIterator for CandidateRow<'a> {
    type Item = ItemId;
    type IntoIter = CandidateIter<'a>;

    fn into_iter(self) -> CandidateIter<'a> {
        self.iter()
    }
}

/// One row's candidates, one after another.
#[derive(Debug, Clone)]
pub struct CandidateIter<'a> {
    listed: std::slice::Iter<'a, ItemId>,
    /// What is barred of the rest; its first is the next to be passed over.
    barred: &'a [ItemId],
}

impl Iterator for CandidateIter<'_> {
    type Item = ItemId;

    #[inline]
    fn next(&mut self) -> Option<ItemId> {
        loop {
            let item = *self.listed.next()?;
            match self.barred.split_first() {
                Some((barred, rest)) if *barred == item => self.barred = rest,
                _ => return Some(item),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_with_and_without_gaps() {
        let gaps = Candidates::shared(SetId(1), [9, 2, 4, 2].map(ItemId).to_vec());
        assert_eq!(gaps.listed(7), [2, 4, 9].map(ItemId));
        assert_eq!((gaps.place(0, ItemId(9)), gaps.place(0, ItemId(3))), (Some(2), None));
        assert_eq!((gaps.place(0, ItemId(1)), gaps.place(0, ItemId(10))), (None, None));
        let far = Candidates::shared(SetId(1), [9, 2_000_000].map(ItemId).to_vec());
        assert_eq!((far.place(0, ItemId(2_000_000)), far.place(0, ItemId(10))), (Some(1), None));
        let rows =
            Candidates::PerRow { starts: vec![0, 2, 2, 5], items: [5, 6, 0, 1, 2].map(ItemId).to_vec() };
        assert_eq!((rows.place(0, ItemId(6)), rows.place(0, ItemId(7))), (Some(1), None));
        assert_eq!((rows.place(1, ItemId(5)), rows.place(2, ItemId(2))), (None, Some(2)));
    }

    #[test]
    fn what_a_row_was_shown_before_is_listed_but_no_candidate() {
        let items = Arc::new(ItemSet::from([3, 4, 6, 9].map(ItemId).to_vec()));
        let barred = [4, 9, 3].map(ItemId).to_vec();
        let unseen = Candidates::Unseen { set: SetId(2), items, starts: vec![0, 2, 2, 3], barred };
        let rows: Vec<Vec<u32>> = (0..3).map(|r| unseen.row(r).iter().map(|item| item.0).collect()).collect();
        assert_eq!(rows, [vec![3, 6], vec![3, 4, 6, 9], vec![4, 6, 9]]);
        assert_eq!((unseen.row(0).len(), unseen.row(1).len()), (2, 4));
        assert_eq!((unseen.place(0, ItemId(6)), unseen.place(0, ItemId(4))), (Some(2), None));
        assert_eq!(unseen.barred_places(0).collect::<Vec<_>>(), [1, 3]);
        assert!(unseen.row(2).contains(ItemId(9)) && !unseen.row(0).contains(ItemId(9)));
        let mut copy = unseen.clone();
        copy.copy_from(&unseen);
        assert_eq!(copy, unseen);
    }
}
