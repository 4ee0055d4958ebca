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
    /// Who was offered everything anew at the last look, ascending.
    over: Vec<UserId>,
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
        Self { users: vec![Ids::default(); n_users], desk: Ids::default(), over: Vec::new() }
    }

    /// Remembers what was shown to whom.
    pub fn remember(&mut self, users: &[UserId], slates: &Slates) {
        for (r, user) in users.iter().enumerate() {
            let mut shown = [ItemId(0); MAX_SLATE];
            let shown = &mut shown[..slates.items.width()];
            shown.copy_from_slice(slates.items.row(r));
            shown.sort_unstable();
            let (met, mut shown) = (&mut self.users[user.index()], shown.iter().copied().peekable());
            if self.over.binary_search(user).is_ok() {
                met.clear();
            }
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

    /// Takes from the lists of `users`, ascending, what they have met; a list that everybody shares becomes
    /// [`Candidates::Unseen`]. Who would have fewer than `least` left is offered everything, and starts over with the next
    /// slate it is shown: looking again changes nothing.
    pub fn bar(&mut self, users: &[UserId], least: usize, out: &mut Candidates) {
        self.over.clear();
        if let Candidates::PerRow { starts, items } = out {
            return self.bar_lists(users, least, starts, items);
        }
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
                self.over.push(*user);
                barred.truncate(before);
            }
            starts.push(barred.len() as u32);
        }
    }

    fn bar_lists(&mut self, users: &[UserId], least: usize, starts: &mut [u32], items: &mut Vec<ItemId>) {
        let (mut from, mut kept) = (0, Vec::with_capacity(items.len()));
        for (r, user) in users.iter().enumerate() {
            let (listed, before) = (&items[from..starts[r + 1] as usize], kept.len());
            let mut met = self.users[user.index()].iter().peekable();
            kept.extend(listed.iter().copied().filter(|item| {
                while met.next_if(|known| known < item).is_some() {}
                met.peek() != Some(item)
            }));
            if kept.len() - before < least {
                self.over.push(*user);
                kept.truncate(before);
                kept.extend_from_slice(listed);
            }
            (from, starts[r + 1]) = (starts[r + 1] as usize, kept.len() as u32);
        }
        *items = kept;
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
        met.bar(&[UserId(1)], 2, &mut out);
        assert_eq!(out.row(0).len(), 6, "looking again changes nothing");
        show(&mut met, 1, [2, 3]);
        met.bar(&[UserId(1)], 2, &mut out);
        assert_eq!(out.barred(0), [2, 3].map(ItemId), "it has started over");
        met.forget(UserId(1));
        assert_eq!(met.users, Met::new(2).users);
    }

    #[test]
    fn lists_of_their_own_lose_what_was_met() {
        let mut met = Met::new(3);
        show(&mut met, 1, [3, 5]);
        show(&mut met, 2, [2, 9]);
        let lists = Candidates::PerRow {
            starts: vec![0, 2, 6, 9],
            items: [3, 5, 1, 3, 5, 8, 2, 7, 9].map(ItemId).to_vec(),
        };
        let mut out = lists.clone();
        met.bar(&[UserId(0), UserId(1), UserId(2)], 2, &mut out);
        let rows: Vec<_> = (0..3).map(|r| out.listed(r).to_vec()).collect();
        assert_eq!(
            rows,
            [&[3, 5][..], &[1, 8], &[2, 7, 9]].map(|row| row.iter().copied().map(ItemId).collect::<Vec<_>>())
        );
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
