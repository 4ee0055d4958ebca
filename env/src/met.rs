//! What everybody was already shown: in a world without repeats it is no candidate again.

use std::sync::Arc;

use crate::snapshot::{Array, SnapshotError, SnapshotSink, SnapshotSource};
use crate::{BLOCK, Candidates, ItemId, Slates, UserId};

/// What each user was shown of the items still on offer.
///
/// Live worlds and replayed logs keep the same store, so a log need not repeat thousands of lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Met {
    /// Per user, ascending.
    items: Vec<Vec<ItemId>>,
}

impl Met {
    /// Nobody was shown anything yet.
    #[must_use]
    pub fn new(n_users: usize) -> Self {
        Self { items: vec![Vec::new(); n_users] }
    }

    /// Remembers what was shown to whom.
    pub fn remember(&mut self, users: &[UserId], slates: &Slates) {
        for (r, user) in users.iter().enumerate() {
            let met = &mut self.items[user.index()];
            for item in slates.items.row(r) {
                if let Err(at) = met.binary_search(item) {
                    met.insert(at, *item);
                }
            }
        }
    }

    /// Somebody new took `user`'s place.
    pub fn forget(&mut self, user: UserId) {
        self.items[user.index()] = Vec::new();
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
            let met = &mut self.items[user.index()];
            // Ids below the list's first are off the shelf for good.
            let gone = met.partition_point(|item| *item < first);
            met.drain(..gone);
            let before = barred.len();
            barred.extend(met.iter().filter(|item| items.place(**item).is_some()));
            if items.len() - (barred.len() - before) < least {
                met.clear();
                barred.truncate(before);
            }
            starts.push(barred.len() as u32);
        }
    }

    pub(crate) fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        for (block, users) in self.items.chunks(BLOCK).enumerate() {
            let lengths: Vec<u32> = users.iter().map(|met| met.len() as u32).collect();
            let items: Vec<u32> = users.iter().flatten().map(|item| item.0).collect();
            out.put(Array::new(format!("met.lengths.{block}"), 1, lengths))?;
            out.put(Array::new(format!("met.items.{block}"), 1, items))?;
        }
        Ok(())
    }

    pub(crate) fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        for (block, users) in self.items.chunks_mut(BLOCK).enumerate() {
            let mut lengths = vec![0_u32; users.len()];
            from.take(&format!("met.lengths.{block}"))?.copy_to(&mut lengths)?;
            let items = from.take(&format!("met.items.{block}"))?;
            let corrupt =
                || SnapshotError::Corrupt { name: items.name.clone(), reason: "it is cut short".into() };
            let mut rest = items.as_slice::<u32>()?;
            for (met, n) in users.iter_mut().zip(lengths) {
                let (mine, others) = rest.split_at_checked(n as usize).ok_or_else(corrupt)?;
                *met = mine.iter().copied().map(ItemId).collect();
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
}
