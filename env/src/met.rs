//! What everybody was already shown: in a world without repeats it is no candidate again.

use std::sync::Arc;

use crate::snapshot::{Array, SnapshotError, SnapshotSink, SnapshotSource};
use crate::{BLOCK, Candidates, ItemId, MAX_SLATE, Slates, UserId};

/// What each user was shown of the items still on offer.
///
/// Live worlds and replayed logs keep the same store, so a log need not repeat thousands of lists.
#[derive(Debug, Clone, Default)]
pub struct Met {
    users: Vec<Ids>,
    /// Where a list is rewritten.
    desk: Ids,
}

impl PartialEq for Met {
    fn eq(&self, other: &Self) -> bool {
        self.users == other.users
    }
}

/// Ascending ids as the gaps between them, seven bits to a byte: of a million users and the few thousand items on
/// offer, most of what was shown takes a byte each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Ids {
    gaps: Vec<u8>,
    last: u32,
}

impl Ids {
    fn iter(&self) -> impl Iterator<Item = ItemId> {
        let (mut bytes, mut id) = (self.gaps.iter(), 0_u32);
        std::iter::from_fn(move || {
            let (mut gap, mut shift) = (0_u32, 0);
            loop {
                let byte = *bytes.next()?;
                gap |= u32::from(byte & 0x7f).wrapping_shl(shift);
                shift += 7;
                if byte < 0x80 {
                    id = id.wrapping_add(gap);
                    return Some(ItemId(id));
                }
            }
        })
    }

    fn clear(&mut self) {
        self.gaps.clear();
        self.last = 0;
    }

    /// Adds an id that is not below the last one.
    fn push(&mut self, item: ItemId) {
        let mut gap = item.0 - self.last;
        self.last = item.0;
        while gap >= 0x80 {
            self.gaps.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        self.gaps.push(gap as u8);
    }

    /// Becomes a copy of what lies on a desk, in memory of its own.
    fn copy_from(&mut self, desk: &Self) {
        self.gaps.clear();
        self.gaps.extend_from_slice(&desk.gaps);
        self.last = desk.last;
    }
}

impl Met {
    /// Nobody was shown anything yet.
    #[must_use]
    pub fn new(n_users: usize) -> Self {
        Self { users: vec![Ids::default(); n_users], desk: Ids::default() }
    }

    /// Remembers what was shown to whom.
    pub fn remember(&mut self, users: &[UserId], slates: &Slates) {
        for (r, user) in users.iter().enumerate() {
            let mut shown = [ItemId(0); MAX_SLATE];
            let shown = &mut shown[..slates.items.width()];
            shown.copy_from_slice(slates.items.row(r));
            shown.sort_unstable();
            let (met, mut shown) = (&mut self.users[user.index()], shown.iter().copied().peekable());
            self.desk.clear();
            for known in met.iter() {
                while let Some(item) = shown.next_if(|item| *item < known) {
                    self.desk.push(item);
                }
                shown.next_if_eq(&known);
                self.desk.push(known);
            }
            shown.for_each(|item| self.desk.push(item));
            met.copy_from(&self.desk);
        }
    }

    /// Somebody new took `user`'s place.
    pub fn forget(&mut self, user: UserId) {
        self.users[user.index()] = Ids::default();
    }

    /// Turns the list everybody shares into [`Candidates::Unseen`]: each of `users` without what it has met. Who has
    /// fewer than `least` left starts over: everything is new again.
    pub fn bar(&mut self, users: &[UserId], least: usize, out: &mut Candidates) {
        if let Candidates::Shared { set, items } = out {
            let (set, items) = (*set, Arc::clone(items));
            *out = Candidates::Unseen { set, items, starts: Vec::new(), barred: Vec::new() };
        }
        let Candidates::Unseen { items, starts, barred, .. } = out else { return };
        starts.clear();
        barred.clear();
        starts.push(0);
        let first = items.first().copied().unwrap_or_default();
        for user in users {
            let met = &mut self.users[user.index()];
            if met.iter().next().is_some_and(|item| item < first) {
                // Ids below the list's first are off the shelf for good.
                self.desk.clear();
                met.iter().filter(|item| *item >= first).for_each(|item| self.desk.push(item));
                met.copy_from(&self.desk);
            }
            let before = barred.len();
            barred.extend(met.iter().filter(|item| items.place(*item).is_some()));
            if items.len() - (barred.len() - before) < least {
                met.clear();
                barred.truncate(before);
            }
            starts.push(barred.len() as u32);
        }
    }

    pub(crate) fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        for (block, users) in self.users.chunks(BLOCK).enumerate() {
            let lengths: Vec<u32> = users.iter().map(|met| met.gaps.len() as u32).collect();
            let gaps: Vec<u8> = users.iter().flat_map(|met| &met.gaps).copied().collect();
            out.put(Array::new(format!("met.lengths.{block}"), 1, lengths))?;
            out.put(Array::new(format!("met.gaps.{block}"), 1, gaps))?;
        }
        Ok(())
    }

    pub(crate) fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        for (block, users) in self.users.chunks_mut(BLOCK).enumerate() {
            let mut lengths = vec![0_u32; users.len()];
            from.take(&format!("met.lengths.{block}"))?.copy_to(&mut lengths)?;
            let gaps = from.take(&format!("met.gaps.{block}"))?;
            let corrupt =
                || SnapshotError::Corrupt { name: gaps.name.clone(), reason: "it is cut short".into() };
            let mut rest = gaps.as_slice::<u8>()?;
            for (met, n) in users.iter_mut().zip(lengths) {
                let (mine, others) = rest.split_at_checked(n as usize).ok_or_else(corrupt)?;
                met.gaps = mine.to_vec();
                met.last = met.iter().last().unwrap_or_default().0;
                rest = others;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SetId, Snapshot};

    fn show(met: &mut Met, user: u32, items: [u32; 2]) {
        let mut slates = Slates::default();
        slates.reset(1, 2);
        slates.items.row_mut(0).copy_from_slice(&items.map(ItemId));
        met.remember(&[UserId(user)], &slates);
    }

    #[test]
    fn what_was_met_is_barred_until_too_little_is_left() {
        let mut met = Met::new(2);
        let mut out = Candidates::shared(SetId(4), (2..8).map(ItemId).collect());
        show(&mut met, 1, [5, 3]);
        show(&mut met, 1, [1, 7]);
        met.bar(&[UserId(0), UserId(1)], 2, &mut out);
        assert_eq!((out.barred(0), out.barred(1)), (&[][..], &[3, 5, 7].map(ItemId)[..]));
        let mut snapshot = Snapshot::default();
        met.save(&mut snapshot).unwrap();
        let mut loaded = Met::new(2);
        loaded.load(&mut snapshot.arrays.iter()).unwrap();
        assert_eq!(loaded, met);
        show(&mut met, 1, [2, 4]);
        met.bar(&[UserId(1)], 2, &mut out);
        assert_eq!(out.row(0).len(), 6, "one candidate would have been left for a slate of two");
        met.forget(UserId(1));
        assert_eq!(met, Met::new(2));
    }

    #[test]
    fn ids_far_apart_and_close_together_come_back() {
        let ids = [0, 1, 128, 129, 16_512, 3_000_000, u32::MAX].map(ItemId);
        let mut packed = Ids::default();
        ids.into_iter().for_each(|item| packed.push(item));
        assert_eq!(packed.iter().collect::<Vec<_>>(), ids);
        // 0, 1, 127 and 1 take a byte; 16,383 two; the rest four and five.
        assert_eq!(packed.gaps.len(), 4 + 2 + 4 + 5);
    }
}
