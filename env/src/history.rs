//! What each user recently met: a window the recommender may see.

use serde::{Deserialize, Serialize};

use crate::{Grid, ItemId, Layout, SnapshotError, UserId, snapshot::Snapshot};

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
    rings: History,
}

impl HistoryStore {
    /// An empty store for users `0..n_users`; `ephemeral` names the features to keep, if items do not last.
    #[must_use]
    pub fn new(spec: HistorySpec, n_users: usize, ephemeral: Option<&Layout>) -> Self {
        let h = spec.length;
        let widths = ephemeral.map_or((0, 0), |layout| (layout.dense_width(), layout.code_width()));
        let rings = History {
            len: vec![],
            items: Grid::zeros(n_users, h),
            clicked: Grid::zeros(n_users, h),
            dwell_secs: Grid::zeros(n_users, h),
            dense: Grid::zeros(n_users, h * widths.0),
            codes: Grid::zeros(n_users, h * widths.1),
        };
        Self { spec, written: vec![0; n_users], rings }
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
        self.rings.items.row_mut(u)[slot] = memory.item;
        self.rings.clicked.row_mut(u)[slot] = memory.clicked;
        self.rings.dwell_secs.row_mut(u)[slot] = memory.dwell_secs;
        write_slot(&mut self.rings.dense, u, slot, memory.dense);
        write_slot(&mut self.rings.codes, u, slot, memory.codes);
        self.written[u] += 1;
    }

    /// Forgets one user's past: somebody new took the place.
    pub fn forget(&mut self, user: UserId) {
        self.written[user.index()] = 0;
    }

    /// Copies the past of `users` into `out`, oldest first.
    pub fn observe(&self, users: &[UserId], out: &mut History) {
        let (h, n) = (self.spec.length, users.len());
        out.len.clear();
        out.len.extend(users.iter().map(|user| self.written[user.index()].min(h as u32)));
        out.items.reset(n, h);
        out.clicked.reset(n, h);
        out.dwell_secs.reset(n, h);
        out.dense.reset(n, self.rings.dense.width());
        out.codes.reset(n, self.rings.codes.width());
        if h == 0 {
            return;
        }
        for (r, user) in users.iter().enumerate() {
            let (u, written) = (user.index(), self.written[user.index()] as usize);
            let oldest = if written > h { written % h } else { 0 };
            unroll(&self.rings.items, u, &mut out.items, r, oldest, written.min(h), h);
            unroll(&self.rings.clicked, u, &mut out.clicked, r, oldest, written.min(h), h);
            unroll(&self.rings.dwell_secs, u, &mut out.dwell_secs, r, oldest, written.min(h), h);
            unroll(&self.rings.dense, u, &mut out.dense, r, oldest, written.min(h), h);
            unroll(&self.rings.codes, u, &mut out.codes, r, oldest, written.min(h), h);
        }
    }

    pub(crate) fn save(&self, into: &mut Snapshot) {
        into.put_u32("history.written", 1, &self.written);
        into.put_ids("history.items", &self.rings.items, |item| item.0);
        into.put_ids("history.clicked", &self.rings.clicked, u32::from);
        into.put_f32("history.dwell_secs", self.rings.dwell_secs.width(), self.rings.dwell_secs.as_slice());
        into.put_f32("history.dense", self.rings.dense.width(), self.rings.dense.as_slice());
        into.put_ids("history.codes", &self.rings.codes, u32::from);
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        from.get_u32("history.written", &mut self.written)?;
        from.get_ids("history.items", self.rings.items.as_mut_slice(), ItemId)?;
        from.get_ids("history.clicked", self.rings.clicked.as_mut_slice(), |word| word != 0)?;
        from.get_f32("history.dwell_secs", self.rings.dwell_secs.as_mut_slice())?;
        from.get_f32("history.dense", self.rings.dense.as_mut_slice())?;
        from.get_ids("history.codes", self.rings.codes.as_mut_slice(), |word| word as u16)
    }
}

fn write_slot<T: Copy>(grid: &mut Grid<T>, row: usize, slot: usize, values: &[T]) {
    let width = values.len();
    grid.row_mut(row)[slot * width..(slot + 1) * width].copy_from_slice(values);
}

/// Copies a ring's `n` filled slots, oldest first; a slot is `width / h` values wide.
fn unroll<T: Copy>(from: &Grid<T>, u: usize, to: &mut Grid<T>, r: usize, oldest: usize, n: usize, h: usize) {
    let slot = from.width() / h;
    let (ring, row) = (from.row(u), to.row_mut(r));
    let (start, end) = (oldest * slot, n * slot);
    row[..end - start].copy_from_slice(&ring[start..end]);
    row[end - start..end].copy_from_slice(&ring[..start]);
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
