//! What everybody did with an item and with what else its creator made, and what a user did of late.

use recloop_env::{
    Catalogue, Clock, CreatorId, EnvSpec, ItemId, Observation, Slates, Snapshot, SnapshotError, Step, UserId,
};

/// Counts of an item or a creator: impressions, clicks, seconds, then each signal's sum.
const COUNTS: usize = 3;
/// Impressions that a rate of clicks is taken to rest on before any, and clicks likewise for what follows a click (chosen
/// by us: about two slates' worth, and what a creator gathers in a day).
const PRIOR: [f64; 2] = [20.0, 5.0];
/// What is left of a user's slate after the next (chosen by us: a memory of about five slates).
const KEEP: f32 = 0.8;
/// What days and logarithms are counted in, so that their numbers are about 1 (chosen by us).
const WEEK: f32 = 7.0;
const LOG_SCALE: f32 = 8.0;

/// Counts of items that last, of their creators and of users, as numbers a network can read.
///
/// Rates are relative to those of the world so far, and held back towards them while there is little to go by: a creator's
/// rate is `(x + m r̄) / (n + m)`, where r̄ is everybody's; an item's the same around its creator's; what is told is
/// `rate / r̄ − 1`, at most 3.
///
/// # Shapes
/// - counts `[n, 3 + S]`: impressions, clicks, seconds, S signals
/// - [`tell`](Records::tell) writes `1 + 2(3 + S)` numbers: age in weeks; then for the item and for its creator
///   `ln(1 + impressions) / 8`, clicks per impression, seconds and signals per click
/// - [`tell_user`](Records::tell_user) writes `3 + S` numbers: `ln(1 + days)` since their last slate; then means over their
///   slates, each counting .8 of the next, of clicks, minutes and signals
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Records {
    /// 3 + S; 0 in worlds where nothing is kept.
    width: usize,
    tick_weeks: f32,
    items: Vec<f64>,
    creators: Vec<f64>,
    all: Vec<f64>,
    /// `[n_users, 2 + S]` the means, and `[n_users]` the second of the last slate; −∞ before any.
    habits: Vec<f32>,
    last_secs: Vec<f64>,
}

impl Records {
    /// Nothing met yet, in a world whose items last; nothing ever in another.
    pub(crate) fn of(spec: &EnvSpec) -> Self {
        let width = if spec.durable_items { COUNTS + spec.signals.len() } else { 0 };
        let tick_weeks = (spec.clock.tick_secs / Clock::DAY_SECS) as f32 / WEEK;
        let n = if width == 0 { 0 } else { spec.n_users };
        let (habits, last_secs) = (vec![0.0; n * width.saturating_sub(1)], vec![f64::NEG_INFINITY; n]);
        Self { width, tick_weeks, all: vec![0.0; width], habits, last_secs, ..Self::default() }
    }

    /// How many numbers are told of an item.
    pub(crate) fn told(&self) -> usize {
        if self.width == 0 { 0 } else { 1 + 2 * self.width }
    }

    /// How many numbers are told of a user.
    pub(crate) fn told_of_users(&self) -> usize {
        self.width
    }

    /// Takes in what came of some slates.
    pub(crate) fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        let Some(catalogue) = seen.items.catalogue().filter(|_| self.width > 0) else { return };
        self.items.resize(self.width * catalogue.len(), 0.0);
        let (did, mut counts) = (&step.responses, vec![0.0; self.width]);
        for row in 0..seen.len() {
            for (k, item) in shown.items.row(row).iter().enumerate() {
                let click = f64::from(u8::from(did.click.row(row)[k]));
                counts[..COUNTS].copy_from_slice(&[1.0, click, f64::from(did.dwell_secs.row(row)[k])]);
                for (s, count) in counts[COUNTS..].iter_mut().enumerate() {
                    *count = f64::from(did.signal(s, row)[k]);
                }
                self.add(catalogue, *item, &counts);
            }
            self.remember(seen, step, row);
        }
    }

    fn remember(&mut self, seen: &Observation, step: &Step, row: usize) {
        let (did, UserId(user)) = (&step.responses, seen.users[row]);
        let n_habits = self.width - 1;
        let habits = &mut self.habits[user as usize * n_habits..][..n_habits];
        let clicks = did.click.row(row).iter().filter(|click| **click).count() as f32;
        let minutes = did.dwell_secs.row(row).iter().sum::<f32>() / 60.0;
        let signals = (0..n_habits - 2).map(|s| did.signal(s, row).iter().sum());
        for (habit, now) in habits.iter_mut().zip([clicks, minutes].into_iter().chain(signals)) {
            *habit = KEEP * *habit + (1.0 - KEEP) * now;
        }
        self.last_secs[user as usize] = seen.time_secs[row];
    }

    /// Writes what is known of row `row`'s user.
    pub(crate) fn tell_user(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let user = seen.users[row].index();
        let Some(last) = self.last_secs.get(user).filter(|last| last.is_finite()) else { return };
        out[0] = ((seen.time_secs[row] - last).max(0.0) / Clock::DAY_SECS).ln_1p() as f32;
        let n_habits = self.width - 1;
        out[1..].copy_from_slice(&self.habits[user * n_habits..][..n_habits]);
    }

    fn add(&mut self, catalogue: &Catalogue, item: ItemId, counts: &[f64]) {
        let (w, creator) = (self.width, catalogue.creator(item).index());
        if self.creators.len() < w * (creator + 1) {
            self.creators.resize(w * (creator + 1), 0.0);
        }
        let kept = [&mut self.items[w * item.index()..][..w], &mut self.creators[w * creator..][..w]];
        for into in kept.into_iter().chain([&mut self.all[..]]) {
            into.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// Writes what is known of an item.
    pub(crate) fn tell(&self, seen: &Observation, item: ItemId, out: &mut [f32]) {
        let Some(catalogue) = seen.items.catalogue().filter(|_| self.width > 0) else { return };
        let CreatorId(creator) = catalogue.creator(item);
        let creator = row(&self.creators, self.width, creator as usize);
        let item_counts = row(&self.items, self.width, item.index());
        let age = seen.tick.0.saturating_sub(catalogue.published(item).0);
        out[0] = age as f32 * self.tick_weeks;
        let (of_item, of_creator) = out[1..].split_at_mut(self.width);
        let volume =
            |counts: Option<&[f64]>| (counts.map_or(0.0, |counts| counts[0]).ln_1p() as f32) / LOG_SCALE;
        (of_item[0], of_creator[0]) = (volume(item_counts), volume(creator));
        for rate in 1..self.width {
            let over = usize::from(rate > 1);
            let everybody = (self.all[rate] + 1e-3) / (self.all[over] + 1.0);
            let shrunk = |counts: Option<&[f64]>, towards: f64| match counts {
                Some(counts) => (counts[rate] + PRIOR[over] * towards) / (counts[over] + PRIOR[over]),
                None => towards,
            };
            let creators = shrunk(creator, everybody);
            let relative = |rate: f64| ((rate / everybody - 1.0) as f32).min(3.0);
            of_creator[rate] = relative(creators);
            of_item[rate] = relative(shrunk(item_counts, creators));
        }
    }

    pub(crate) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        if self.width > 0 {
            snapshot.put_f64("items", self.width, &self.items);
            snapshot.put_f64("creators", self.width, &self.creators);
            snapshot.put_f64("all", self.width, &self.all);
            snapshot.put_f32("habits", self.width - 1, &self.habits);
            snapshot.put_f64("last_secs", 1, &self.last_secs);
        }
        snapshot
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        if self.width > 0 {
            self.items = from.get_f64_vec("items")?.to_vec();
            self.creators = from.get_f64_vec("creators")?.to_vec();
            self.all = from.get_f64_vec("all")?.to_vec();
            from.get_f32("habits", &mut self.habits)?;
            from.get_f64("last_secs", &mut self.last_secs)?;
        }
        Ok(())
    }
}

fn row(table: &[f64], width: usize, at: usize) -> Option<&[f64]> {
    table.get(width * at..width * (at + 1))
}
