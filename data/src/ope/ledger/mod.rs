//! The fold: rows in, sums by user bucket out. Ledgers of shards merge by +.

mod buckets;
mod cells;
mod plan;
mod terms;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use buckets::N_BUCKETS;
pub(crate) use buckets::{Buckets, scatter};
use buckets::{Move, UserCount};
use cells::Cells;
pub(crate) use plan::{Formula, Ground, Plan, Planned, place};

use super::{Decisions, Signals, SlateRows, WeightSketch};

/// Rows whose terms are worked out at once: they stay in the cache until they are summed (chosen by us).
const BLOCK: usize = 1024;

/// What has been summed of a log, or of a shard of it.
///
/// Memory does not grow with the rows: a number per term, bucket and level, a sketch of the weights per level and
/// position, and a bit per user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    buckets: Buckets,
    /// By level.
    users: Vec<UserCount>,
    /// By level, `[buckets, terms]`.
    levels: Vec<Vec<f64>>,
    /// By position, `[buckets, 2]`: rows, and the weights of the policy.
    positions: Vec<Vec<f64>>,
    /// By position.
    users_at: Vec<UserCount>,
    /// How weights are distributed, by what is weighed, level and position.
    cells: Vec<Cells>,
    #[serde(skip)]
    desk: Desk,
}

/// Working memory.
#[derive(Debug, Clone, Default)]
struct Desk {
    places: Vec<u32>,
    /// Users' ids, scattered.
    words: Vec<u64>,
    terms: Vec<f64>,
}

impl Ledger {
    /// Nothing summed yet.
    pub(crate) fn new(plan: &Plan, n_levels: usize) -> Self {
        let cells = plan.grounds().iter().map(|_| Cells::default()).collect();
        let n_levels = n_levels.max(1);
        let (levels, users) = (vec![Vec::new(); n_levels], vec![UserCount::default(); n_levels]);
        Self { levels, users, cells, ..Self::default() }
    }

    /// Takes a batch in.
    pub(crate) fn add(&mut self, plan: &Plan, batch: Signals<'_>) {
        match batch {
            Signals::Decisions(batch) => self.add_decisions(plan, batch),
            Signals::Slates(batch) => self.add_slates(plan, batch),
        }
    }

    fn add_decisions(&mut self, plan: &Plan, batch: &Decisions) {
        self.place(plan.terms.len(), &batch.users, &batch.levels);
        let (width, n) = (plan.terms.len(), batch.len());
        let mut block = std::mem::take(&mut self.desk.terms);
        block.resize(BLOCK * width, 0.0);
        for first in (0..n).step_by(BLOCK) {
            let rows = first..n.min(first + BLOCK);
            for (at, term) in plan.terms.iter().enumerate() {
                let end = (rows.len() - 1) * width + at + 1;
                terms::of_decisions(*term, batch, rows.clone(), &mut block[at..end], width);
            }
            self.sum(width, rows, &block, &batch.levels);
        }
        self.desk.terms = block;
        for ((ground, _), cells) in plan.grounds().iter().zip(&mut self.cells) {
            if let Ground::Weight(source) = ground {
                cells.add(&batch.weights[*source], &batch.levels, &batch.positions);
            }
        }
        if let Some(policy) = plan.policy_weights() {
            self.by_position(&batch.users, &batch.positions, &batch.weights[policy]);
        }
    }

    fn add_slates(&mut self, plan: &Plan, batch: &SlateRows) {
        self.place(plan.terms.len(), &batch.users, &batch.levels);
        let (width, n) = (plan.terms.len(), batch.len());
        let mut block = std::mem::take(&mut self.desk.terms);
        block.resize(BLOCK * width, 0.0);
        let mut columns = vec![Vec::with_capacity(n); self.cells.len()];
        let grounds = plan.grounds();
        for first in (0..n).step_by(BLOCK) {
            let rows = first..n.min(first + BLOCK);
            for (row, terms) in rows.clone().zip(block.chunks_exact_mut(width)) {
                let values = plan.terms.iter().map(|term| terms::of_slate(*term, batch, row));
                terms.iter_mut().zip(values).for_each(|(place, value)| *place = value);
                columns.iter_mut().zip(&grounds).for_each(|(column, (_, at))| column.push(terms[*at]));
            }
            self.sum(width, rows, &block, &batch.levels);
        }
        self.desk.terms = block;
        for (cells, column) in self.cells.iter_mut().zip(&columns) {
            cells.add(column, &batch.levels, &[]);
        }
    }

    /// Finds everybody's bucket, and room for it.
    fn place(&mut self, width: usize, users: &[u64], levels: &[u16]) {
        let Desk { places, words, .. } = &mut self.desk;
        words.clear();
        words.extend(users.iter().map(|user| scatter(*user)));
        let moved = self.buckets.place(users, words, places);
        match levels {
            [] => users.iter().zip(&*words).for_each(|(user, word)| self.users[0].add(*user, *word)),
            levels => {
                let rows = users.iter().zip(&*words).zip(levels);
                rows.for_each(|((user, word), level)| self.users[usize::from(*level)].add(*user, *word));
            }
        }
        self.shift(&moved, width);
    }

    fn shift(&mut self, moved: &Move, width: usize) {
        self.levels.iter_mut().for_each(|sums| moved.apply(sums, width));
        self.positions.iter_mut().for_each(|sums| moved.apply(sums, 2));
    }

    /// Adds the terms of some rows to their buckets.
    fn sum(&mut self, width: usize, rows: std::ops::Range<usize>, block: &[f64], levels: &[u16]) {
        let room = self.buckets.len() * width;
        self.levels.iter_mut().for_each(|sums| {
            if sums.len() < room {
                sums.resize(room, 0.0);
            }
        });
        let level = |row: usize| levels.get(row).map_or(0, |level| usize::from(*level));
        for (row, terms) in rows.zip(block.chunks_exact(width)) {
            let first = self.desk.places[row] as usize * width;
            let sums = &mut self.levels[level(row)][first..first + width];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
    }

    fn by_position(&mut self, users: &[u64], positions: &[u16], weights: &[f64]) {
        let Some(last) = positions.iter().max() else { return };
        let room = self.buckets.len() * 2;
        let n = self.positions.len().max(usize::from(*last) + 1);
        self.positions.resize_with(n, Vec::new);
        self.users_at.resize_with(n, UserCount::default);
        self.positions.iter_mut().for_each(|sums| {
            if sums.len() < room {
                sums.resize(room, 0.0);
            }
        });
        let ids = users.iter().zip(&self.desk.words);
        for (((position, weight), place), (user, word)) in
            positions.iter().zip(weights).zip(&self.desk.places).zip(ids)
        {
            let at = usize::from(*position);
            let sums = &mut self.positions[at][*place as usize * 2..][..2];
            sums[0] += 1.0;
            sums[1] += weight;
            self.users_at[at].add(*user, *word);
        }
    }

    /// How many users there are at a position.
    pub(crate) fn n_users_at(&self, position: usize) -> u64 {
        if self.buckets.are_own() {
            return held(&self.positions[position], 2).len() as u64 / 2;
        }
        self.users_at[position].count()
    }

    /// Level `l` becomes level `to[l]`: another shard knows them in another order.
    pub(crate) fn relabel(&mut self, to: &[usize]) {
        if to.iter().enumerate().any(|(from, to)| from != *to) {
            let mut levels = vec![Vec::new(); to.iter().max().map_or(0, |last| last + 1)];
            self.levels.drain(..).zip(to).for_each(|(sums, to)| levels[*to] = sums);
            self.levels = levels;
            let mut users = vec![UserCount::default(); self.levels.len()];
            self.users.drain(..).zip(to).for_each(|(count, to)| users[*to] = count);
            self.users = users;
            self.cells.iter_mut().for_each(|cells| cells.relabel(to));
        }
    }

    /// Takes in what another shard came to; `self` comes first.
    pub(crate) fn merge(&mut self, other: Self, width: usize) {
        let (mine, theirs) = self.buckets.merge(other.buckets);
        self.shift(&mine, width);
        let n = self.buckets.len();
        self.levels.resize_with(self.levels.len().max(other.levels.len()), Vec::new);
        for (sums, from) in self.levels.iter_mut().zip(&other.levels) {
            theirs.add(from, n, width, sums);
        }
        self.positions.resize_with(self.positions.len().max(other.positions.len()), Vec::new);
        for (sums, from) in self.positions.iter_mut().zip(&other.positions) {
            theirs.add(from, n, 2, sums);
        }
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| mine.merge(theirs));
        for (mine, theirs) in [(&mut self.users, &other.users), (&mut self.users_at, &other.users_at)] {
            mine.resize_with(mine.len().max(theirs.len()), UserCount::default);
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
        }
    }

    /// After reading it from a file.
    pub(crate) fn index(&mut self) {
        self.buckets.index();
    }

    /// How many users there are, of a level or of all.
    pub(crate) fn n_users(&self, level: Option<usize>, width: usize) -> u64 {
        if self.buckets.are_own() {
            return self.table(level, width).len() as u64 / width as u64;
        }
        let mut total = UserCount::default();
        let some = self.users.iter().enumerate().filter(|(at, _)| level.is_none_or(|level| level == *at));
        some.for_each(|(_, users)| total.merge(users));
        total.count()
    }

    /// `[buckets, terms]` of a level, or of all; buckets without rows are left out.
    pub(crate) fn table(&self, level: Option<usize>, width: usize) -> Vec<f64> {
        let mut total = vec![0.0; self.buckets.len() * width];
        let some = self.levels.iter().enumerate().filter(|(at, _)| level.is_none_or(|level| level == *at));
        for (_, sums) in some {
            total.iter_mut().zip(sums).for_each(|(to, from)| *to += from);
        }
        held(&total, width)
    }

    /// `[buckets, 2]` rows and weights at each position.
    pub(crate) fn position_tables(&self) -> Vec<Vec<f64>> {
        self.positions.iter().map(|sums| held(sums, 2)).collect()
    }

    /// How the weights of a ground are distributed.
    pub(crate) fn sketch(
        &self,
        ground: usize,
        level: Option<usize>,
        position: Option<usize>,
    ) -> WeightSketch {
        self.cells[ground].sketch(level, position)
    }
}

/// Buckets in which something is.
fn held(sums: &[f64], width: usize) -> Vec<f64> {
    sums.chunks_exact(width).filter(|bucket| bucket[0] > 0.0).flatten().copied().collect()
}
