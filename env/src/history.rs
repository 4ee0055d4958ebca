//! What each user recently met: a window the recommender may see.

use serde::{Deserialize, Serialize};

use crate::snapshot::{Array, Element, SnapshotError, SnapshotSink, SnapshotSource};
use crate::{BLOCK, Grid, ItemId, Layout, UserId};

/// Which impressions a history keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Only clicked items: the usual input of a sequential recommender.
    #[default]
    Clicks,
    /// Everything shown, skipped items too.
    Impressions,
}

/// How long a history is and what it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HistorySpec {
    /// Entries per user; 0 for no history.
    pub length: usize,
    /// Which impressions enter.
    pub keep: Keep,
}

/// The recent past of each row, oldest first: entries `0..len[r]` of row `r` are filled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// `[B]` how many entries each row has.
    pub len: Vec<u32>,
    /// `[B, H]` what was shown.
    pub items: Grid<ItemId>,
    /// `[B, H]` whether it was clicked.
    pub clicked: Grid<bool>,
    /// `[B, H]` seconds spent on it.
    pub dwell_secs: Grid<f32>,
    /// `[B, H·W]` observed real features of ephemeral items (durable ones are looked up by id); else width 0.
    pub dense: Grid<f32>,
    /// `[B, H·Q]` observed codes of ephemeral items; else width 0.
    pub codes: Grid<u16>,
}

/// One entry about to be remembered.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'a> {
    /// What was shown.
    pub item: ItemId,
    /// Whether it was clicked.
    pub clicked: bool,
    /// Seconds spent on it.
    pub dwell_secs: f32,
    /// Its observed features, if it will not be there to be looked up.
    pub dense: &'a [f32],
    /// Its observed codes.
    pub codes: &'a [u16],
}

/// Every user's history as rings; feeds [`History`] for whoever is due.
///
/// Live worlds and replayed logs fill the same store, so both see the same past.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryStore {
    spec: HistorySpec,
    /// Entries ever written, per user; the ring's head is this modulo the length.
    written: Vec<u32>,
    /// Ids as bare words: zeroes of a kind the allocator knows cost nothing until a page of them is written to, and
    /// most of a million users are not here yet.
    items: Rings<u32>,
    clicked: Rings<bool>,
    dwell_secs: Rings<f32>,
    dense: Rings<f32>,
    codes: Rings<u16>,
}

impl HistoryStore {
    /// An empty store for users `0..n_users`; `ephemeral` names the features to keep, if items do not last.
    #[must_use]
    pub fn new(spec: HistorySpec, n_users: usize, ephemeral: Option<&Layout>) -> Self {
        let h = spec.length;
        let widths = ephemeral.map_or((0, 0), |layout| (layout.dense_width(), layout.code_width()));
        Self {
            spec,
            written: vec![0; n_users],
            items: Rings::new(n_users, h, 1),
            clicked: Rings::new(n_users, h, 1),
            dwell_secs: Rings::new(n_users, h, 1),
            dense: Rings::new(n_users, h, widths.0),
            codes: Rings::new(n_users, h, widths.1),
        }
    }

    /// What this store keeps.
    #[must_use]
    pub fn spec(&self) -> HistorySpec {
        self.spec
    }

    /// Writes one entry, over the oldest if the ring is full; entries the spec does not keep are passed over.
    pub fn remember(&mut self, user: UserId, memory: Memory<'_>) {
        if self.spec.length == 0 || (self.spec.keep == Keep::Clicks && !memory.clicked) {
            return;
        }
        let (u, slot) = (user.index(), self.written[user.index()] as usize % self.spec.length);
        self.items.write(u, slot, &[memory.item.0]);
        self.clicked.write(u, slot, &[memory.clicked]);
        self.dwell_secs.write(u, slot, &[memory.dwell_secs]);
        self.dense.write(u, slot, memory.dense);
        self.codes.write(u, slot, memory.codes);
        self.written[u] += 1;
    }

    /// Forgets one user's past: somebody new took the place.
    pub fn forget(&mut self, user: UserId) {
        self.written[user.index()] = 0;
    }

    /// Copies the past of `users` into `out`, oldest first.
    pub fn observe(&self, users: &[UserId], out: &mut History) {
        let h = self.spec.length as u32;
        out.len.clear();
        out.len.extend(users.iter().map(|user| self.written[user.index()].min(h)));
        self.items.unroll(users, &self.written, &mut out.items, ItemId);
        self.clicked.unroll(users, &self.written, &mut out.clicked, |clicked| clicked);
        self.dwell_secs.unroll(users, &self.written, &mut out.dwell_secs, |secs| secs);
        self.dense.unroll(users, &self.written, &mut out.dense, |value| value);
        self.codes.unroll(users, &self.written, &mut out.codes, |code| code);
    }

    /// Puts what is filled, a block of users at a time.
    pub(crate) fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        for (block, written) in self.written.chunks(BLOCK).enumerate() {
            let name = |what: &str| format!("history.{what}.{block}");
            out.put(Array::new(name("written"), 1, written))?;
            out.put(Array::new(name("items"), 1, self.items.filled(block, written, |item| item)))?;
            out.put(Array::new(name("clicked"), 1, self.clicked.filled(block, written, u8::from)))?;
            out.put(Array::new(name("dwell_secs"), 1, self.dwell_secs.filled(block, written, |secs| secs)))?;
            out.put(Array::new(name("dense"), 1, self.dense.filled(block, written, |value| value)))?;
            out.put(Array::new(name("codes"), 1, self.codes.filled(block, written, u32::from)))?;
        }
        Ok(())
    }

    pub(crate) fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        for (block, written) in self.written.chunks_mut(BLOCK).enumerate() {
            let mut take = |what: &str| from.take(&format!("history.{what}.{block}"));
            take("written")?.copy_to(written)?;
            self.items.fill(block, written, &take("items")?, |item| item)?;
            self.clicked.fill(block, written, &take("clicked")?, |byte: u8| byte != 0)?;
            self.dwell_secs.fill(block, written, &take("dwell_secs")?, |secs| secs)?;
            self.dense.fill(block, written, &take("dense")?, |value| value)?;
            self.codes.fill(block, written, &take("codes")?, |word: u32| word as u16)?;
        }
        Ok(())
    }
}

/// A ring for every user, of `h` slots of `width` values each.
#[derive(Debug, Clone, PartialEq)]
struct Rings<T> {
    h: usize,
    width: usize,
    /// `[n_users, h·width]`.
    slots: Grid<T>,
}

impl<T: Copy + Default> Rings<T> {
    fn new(n_users: usize, h: usize, width: usize) -> Self {
        Self { h, width, slots: Grid::zeros(n_users, h * width) }
    }

    fn write(&mut self, user: usize, slot: usize, values: &[T]) {
        self.slots.row_mut(user)[slot * self.width..][..self.width].copy_from_slice(values);
    }

    /// How many values of a row are in use.
    fn used(&self, written: u32) -> usize {
        (written as usize).min(self.h) * self.width
    }

    /// `[B, h·width]` the rings of `users`, oldest first.
    fn unroll<U: Copy + Default>(
        &self,
        users: &[UserId],
        written: &[u32],
        out: &mut Grid<U>,
        read: impl Fn(T) -> U,
    ) {
        out.reset(users.len(), self.slots.width());
        if self.slots.width() == 0 {
            return;
        }
        for (r, user) in users.iter().enumerate() {
            let written = written[user.index()];
            let head = if written as usize > self.h { written as usize % self.h } else { 0 };
            let (newer, older) =
                self.slots.row(user.index())[..self.used(written)].split_at(head * self.width);
            out.row_mut(r).iter_mut().zip(older.iter().chain(newer)).for_each(|(to, from)| *to = read(*from));
        }
    }

    /// What the rings of a block hold, user after user, slot after slot.
    fn filled<E>(&self, block: usize, written: &[u32], word: impl Fn(T) -> E) -> Vec<E> {
        let rings = written.iter().zip(block * BLOCK..);
        let used = rings.flat_map(|(&written, user)| &self.slots.row(user)[..self.used(written)]);
        used.map(|value| word(*value)).collect()
    }

    /// Puts back what [`Rings::filled`] gave.
    fn fill<E: Element>(
        &mut self,
        block: usize,
        written: &[u32],
        from: &Array,
        read: impl Fn(E) -> T,
    ) -> Result<(), SnapshotError> {
        let reason = "it does not fit what was written";
        let corrupt = || SnapshotError::Corrupt { name: from.name.clone(), reason: reason.into() };
        let mut rest = from.as_slice::<E>()?;
        for (&written, user) in written.iter().zip(block * BLOCK..) {
            let (mine, others) = rest.split_at_checked(self.used(written)).ok_or_else(corrupt)?;
            self.slots.row_mut(user).iter_mut().zip(mine).for_each(|(to, word)| *to = read(*word));
            rest = others;
        }
        if rest.is_empty() { Ok(()) } else { Err(corrupt()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;

    fn memory(item: u32, clicked: bool) -> Memory<'static> {
        Memory { item: ItemId(item), clicked, dwell_secs: item as f32, dense: &[], codes: &[] }
    }

    #[test]
    fn the_ring_shows_the_newest_entries_oldest_first() {
        let spec = HistorySpec { length: 3, keep: Keep::Clicks };
        let mut store = HistoryStore::new(spec, 2, None);
        for item in 1..=4 {
            store.remember(UserId(1), memory(item, true));
        }
        store.remember(UserId(1), memory(9, false));
        store.remember(UserId(0), memory(7, true));
        let mut seen = History::default();
        store.observe(&[UserId(1), UserId(0)], &mut seen);
        assert_eq!(seen.len, [3, 1]);
        assert_eq!(seen.items.row(0), [2, 3, 4].map(ItemId));
        assert_eq!(seen.items.row(1), [7, 0, 0].map(ItemId));
        assert_eq!(seen.dwell_secs.row(0), [2.0, 3.0, 4.0]);
    }

    #[test]
    fn impressions_keep_what_was_skipped_and_ephemeral_features() {
        let layout = Layout::new(vec![crate::Block::category("topic", 9, "")]);
        let spec = HistorySpec { length: 2, keep: Keep::Impressions };
        let mut store = HistoryStore::new(spec, 1, Some(&layout));
        for topic in 5..8 {
            store.remember(UserId(0), Memory { codes: &[topic], ..memory(0, false) });
        }
        let mut seen = History::default();
        store.observe(&[UserId(0)], &mut seen);
        assert_eq!(seen.codes.row(0), [6, 7]);
        store.forget(UserId(0));
        store.observe(&[UserId(0)], &mut seen);
        assert_eq!(seen.len, [0]);
    }

    #[test]
    fn only_what_was_met_is_saved_and_all_of_it_comes_back() {
        let spec = HistorySpec { length: 3, keep: Keep::Impressions };
        // More than a block, so that there is a second one.
        let n = BLOCK + 2;
        let mut store = HistoryStore::new(spec, n, None);
        for (user, item) in [(0, 5), (0, 6), (0, 7), (0, 8), (BLOCK as u32, 9)] {
            store.remember(UserId(user), memory(item, item % 2 == 0));
        }
        let mut saved = crate::Snapshot::default();
        store.save(&mut saved).unwrap();
        let at = |name: &str| saved.get(name).unwrap();
        assert_eq!(*at("history.items.0"), Values::U32(vec![8, 6, 7]));
        assert_eq!(*at("history.clicked.0"), Values::Bytes(vec![1, 1, 0]));
        assert_eq!(*at("history.dwell_secs.1"), Values::F32(vec![9.0]));
        let mut loaded = HistoryStore::new(spec, n, None);
        loaded.load(&mut saved.arrays.iter()).unwrap();
        assert_eq!(loaded, store);

        let items = saved.arrays.iter_mut().find(|array| array.name == "history.items.1").unwrap();
        items.values = Values::U32(vec![9, 9]);
        let refused = loaded.load(&mut saved.arrays.iter()).unwrap_err().to_string();
        assert_eq!(refused, "restore `history.items.1`: it does not fit what was written");
    }
}
