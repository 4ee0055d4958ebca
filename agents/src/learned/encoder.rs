//! What a network sees of a user and of a candidate: a row of numbers each.

use recloop_env::{Block, BlockAt, BlockKind, CreatorId, EnvSpec, ItemId, ItemTable, Layout, Observation};

use super::Width;
use super::records::Records;

/// Categories of more levels than this are left out (chosen by us: what a one-hot vector is good for).
const MOST_LEVELS: usize = 64;
/// How much less each older entry of a history counts in its recent mean (chosen by us: a memory of about three).
const FADE: f32 = 0.7;

/// Turns observations into rows of numbers, in the same way for every world:
///
/// - a user: the observed features, each scalar within its bounds to [−1, 1]; then, in worlds with a history, the mean of
///   the history's items, their mean with weights .7^age, the mean of their dwell in minutes, and how full the history is;
///   then what [`Records`] tell of them;
/// - an item: its *looks*, which are its observed features, scalars likewise, categories of up to 64 levels as one-hot
///   vectors; where items last, what [`Records`] tell; and where there is a history as well, its *kinship* with it: for
///   each feature the product with either mean, and the share of the history that its creator made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Encoder {
    user: Vec<Source>,
    item: Vec<Source>,
    width: Width,
    /// How many of an item's numbers are its looks.
    looks: usize,
    /// How many are its kinship.
    kinship: usize,
    history: usize,
    /// How many of a user's numbers, the last, are from their record.
    habits: usize,
}

/// A user in front of their candidates.
#[derive(Debug)]
pub(crate) struct Met<'a> {
    /// Their numbers.
    pub(crate) user: Vec<f32>,
    /// Who made what they remember.
    creators: Vec<CreatorId>,
    records: &'a Records,
}

#[derive(Debug, Clone, PartialEq)]
struct Source {
    at: BlockAt,
    /// First column of the row.
    column: usize,
    /// What scalars are shifted and scaled by.
    shift: f32,
    scale: f32,
}

impl Encoder {
    /// The encoder of a world; the reason if it shows too little of its items to tell them apart.
    pub(crate) fn of(spec: &EnvSpec) -> Result<Self, String> {
        let (user, mut n_user) = sources(&spec.user_features);
        let (item, n_item) = sources(&spec.item_features);
        if n_item == 0 {
            return Err("its items show no features a network could tell them apart by".into());
        }
        let (history, looks) = (spec.history.length, n_item);
        if history > 0 {
            n_user += 2 * looks + 2; // as `n_past` has it
        }
        let habits = Records::of(spec).told_of_users();
        let kinship = if history > 0 && spec.durable_items { 2 * item.len() + 1 } else { 0 };
        let width = Width { user: n_user + habits, item: looks + Records::of(spec).told() + kinship };
        Ok(Self { user, item, width, looks, kinship, history, habits })
    }

    pub(crate) fn width(&self) -> Width {
        self.width
    }

    /// How many of an item's numbers, the first, never change.
    pub(crate) fn looks(&self) -> usize {
        self.looks
    }

    /// The numbers of row `row`'s user, and what their candidates are to be held against.
    pub(crate) fn meet<'a>(&self, seen: &Observation, row: usize, records: &'a Records) -> Met<'a> {
        let mut user = vec![0.0; self.width.user];
        let features = seen.user_features.row(row);
        for source in &self.user {
            source.write_dense(&features[source.at.offset..source.at.offset + source.at.length()], &mut user);
        }
        let (mine, habits) = user.split_at_mut(self.width.user - self.habits);
        if self.history > 0 {
            let first = mine.len() - self.n_past();
            self.past(seen, row, &mut mine[first..]);
        }
        records.tell_user(seen, row, habits);
        Met { user, creators: self.creators(seen, row), records }
    }

    /// How many of a user's numbers are about their history.
    fn n_past(&self) -> usize {
        2 * self.looks + 2
    }

    fn creators(&self, seen: &Observation, row: usize) -> Vec<CreatorId> {
        let Some(catalogue) = seen.items.catalogue().filter(|_| self.kinship > 0) else { return Vec::new() };
        let remembered = &seen.history.items.row(row)[..seen.history.len[row] as usize];
        remembered.iter().map(|item| catalogue.creator(*item)).collect()
    }

    /// `[L | L | 2]`: the two means of the history, then dwell and fullness.
    fn past(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let (history, width) = (&seen.history, self.looks);
        let n = history.len[row] as usize;
        if n == 0 {
            return;
        }
        let (mean, rest) = out.split_at_mut(width);
        let (recent, facts) = rest.split_at_mut(width);
        let (mut x, mut weight, mut total) = (vec![0.0; width], 1.0, 0.0);
        for i in (0..n).rev() {
            x.fill(0.0);
            self.remembered(seen, row, i, &mut x);
            for ((mean, recent), x) in mean.iter_mut().zip(&mut *recent).zip(&x) {
                *mean += x / n as f32;
                *recent += weight * x;
            }
            total += weight;
            weight *= FADE;
        }
        recent.iter_mut().for_each(|x| *x /= total);
        facts[0] = history.dwell_secs.row(row)[..n].iter().sum::<f32>() / (60.0 * n as f32);
        facts[1] = n as f32 / self.history as f32;
    }

    /// One entry of a history, over zeros.
    fn remembered(&self, seen: &Observation, row: usize, i: usize, out: &mut [f32]) {
        let history = &seen.history;
        if let Some(catalogue) = seen.items.catalogue() {
            let (table, at) = catalogue.locate(history.items.row(row)[i]);
            return self.look(table, at, out);
        }
        let layout = seen.items.layout();
        let (n_dense, n_codes) = (layout.dense_width(), layout.code_width());
        let dense = &history.dense.row(row)[i * n_dense..][..n_dense];
        let codes = &history.codes.row(row)[i * n_codes..][..n_codes];
        for source in &self.item {
            match source.at.kind {
                BlockKind::Category { .. } => source.write_code(codes[source.at.offset], out),
                BlockKind::Dense { width } => {
                    source.write_dense(&dense[source.at.offset..source.at.offset + width], out);
                }
            }
        }
    }

    /// Writes the numbers of one of row `row`'s candidates.
    pub(crate) fn item(&self, seen: &Observation, row: usize, item: ItemId, met: &Met<'_>, out: &mut [f32]) {
        out.fill(0.0);
        let (table, at) = seen.items.locate(row, item);
        self.look(table, at, out);
        let (looks, rest) = out.split_at_mut(self.looks);
        let (told, kinship) = rest.split_at_mut(rest.len() - self.kinship);
        met.records.tell(seen, item, told);
        if self.kinship > 0 {
            self.relate(seen, item, met, looks, kinship);
        }
    }

    /// Writes what an item looks like, over zeros.
    pub(crate) fn look(&self, table: &ItemTable, at: usize, out: &mut [f32]) {
        for source in &self.item {
            match source.at.kind {
                BlockKind::Category { .. } => source.write_code(table.code(source.at, at), out),
                BlockKind::Dense { .. } => source.write_dense(table.dense(source.at, at), out),
            }
        }
    }

    /// What an item is to somebody with this past.
    fn relate(&self, seen: &Observation, item: ItemId, met: &Met<'_>, looks: &[f32], out: &mut [f32]) {
        let past = &met.user[met.user.len() - self.habits - self.n_past()..];
        let (mean, recent) = past.split_at(self.looks);
        for (source, out) in self.item.iter().zip(out.chunks_exact_mut(2)) {
            let columns = source.column..source.column + source.at.length();
            let product = |past: &[f32]| -> f32 {
                past[columns.clone()].iter().zip(&looks[columns.clone()]).map(|(a, b)| a * b).sum()
            };
            out.copy_from_slice(&[product(mean), product(recent)]);
        }
        if let Some(catalogue) = seen.items.catalogue() {
            let creator = catalogue.creator(item);
            let theirs = met.creators.iter().filter(|other| **other == creator).count();
            out[self.kinship - 1] = theirs as f32 / met.creators.len().max(1) as f32;
        }
    }
}

/// Where each usable block goes, and how many columns they take.
fn sources(layout: &Layout) -> (Vec<Source>, usize) {
    let mut width = 0;
    let usable = |at: &BlockAt| matches!(at.kind, BlockKind::Dense { .. }) || at.length() <= MOST_LEVELS;
    let sources = layout.places().filter(|(_, at)| usable(at)).map(|(block, at)| {
        let column = width;
        width += at.length();
        let (shift, scale) = within(block);
        Source { at, column, shift, scale }
    });
    (sources.collect(), width)
}

/// What takes a block's bounds to −1 and 1.
fn within(block: &Block) -> (f32, f32) {
    let (middle, half) = ((block.low + block.high) / 2.0, (block.high - block.low) / 2.0);
    if middle.is_finite() && half > 0.0 { (middle, half.recip()) } else { (0.0, 1.0) }
}

impl Source {
    fn write_dense(&self, from: &[f32], out: &mut [f32]) {
        for (out, x) in out[self.column..].iter_mut().zip(from) {
            *out = (x - self.shift) * self.scale;
        }
    }

    fn write_code(&self, code: u16, out: &mut [f32]) {
        out[self.column + usize::from(code)] = 1.0;
    }
}
