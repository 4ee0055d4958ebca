//! What came of the slates so far: a record of every user's taste, and how each item does.

use recloop_env::{Event, Grid, ItemId, Observation, Slates, Snapshot, SnapshotError, Step, UserId};
use serde::{Deserialize, Serialize};

/// Weight a user's record keeps from slate to slate: a memory of about a hundred (chosen by us).
const KEEP_PER_SLATE: f32 = 0.99;
/// Looks that count for a record that is still empty, and the reward of each look before anything is known; both chosen
/// by us.
const PRIOR_LOOKS: f64 = 10.0;
const PRIOR_REWARD: f64 = 0.1;

/// What a linear model predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reward {
    /// 1 for a click, else 0.
    #[default]
    Click,
    /// Minutes spent on the item.
    DwellMinutes,
}

impl Reward {
    #[inline]
    fn of(self, step: &Step, row: usize, position: usize) -> f32 {
        match self {
            Self::Click => f32::from(u8::from(step.responses.click.row(row)[position])),
            Self::DwellMinutes => step.responses.dwell_secs.row(row)[position] / 60.0,
        }
    }
}

/// One impression: `look` is how likely its position is looked at, so `reward ≈ look · θ·φ`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Impression {
    pub(crate) item: ItemId,
    pub(crate) look: f32,
    pub(crate) reward: f32,
}

/// Rewards by user and by item.
///
/// A user's record is `(Σ (r − look · r̄) z_i, Σ look)` over impressions, older slates counting less; their taste is the
/// first over the second. An item's rate is `Σ r / Σ look`, smoothed towards `r̄`, everybody's.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Memory {
    reward: Reward,
    /// `[K]` how likely each position is looked at; 1 where the world does not say.
    look: Vec<f32>,
    /// `[n_users, D]`, `[n_users]`.
    records: Grid<f32>,
    looks: Vec<f32>,
    /// `[I, 2]` rewards and looks of every item.
    items: Vec<[f64; 2]>,
    total: [f64; 2],
}

impl Memory {
    pub(crate) fn new(reward: Reward, look: &[f32], n_users: usize, taste_width: usize) -> Self {
        let records = Grid::zeros(n_users, taste_width);
        Self { reward, look: look.to_vec(), records, looks: vec![0.0; n_users], ..Self::default() }
    }

    /// What a look brings on average.
    fn average(&self) -> f64 {
        (self.total[0] + PRIOR_REWARD * PRIOR_LOOKS) / (self.total[1] + PRIOR_LOOKS)
    }

    /// What a look at this item brings.
    pub(crate) fn rate(&self, item: ItemId) -> f64 {
        let [rewards, looks] = self.items.get(item.index()).copied().unwrap_or_default();
        (rewards + self.average() * PRIOR_LOOKS) / (looks + PRIOR_LOOKS)
    }

    /// `[D]` the taste of a user; zero of somebody new.
    pub(crate) fn taste(&self, user: UserId, out: &mut [f32]) {
        let per_look = (self.looks[user.index()] + PRIOR_LOOKS as f32).recip();
        for (out, sum) in out.iter_mut().zip(self.records.row(user.index())) {
            *out = sum * per_look;
        }
    }

    /// What row `row` was shown and what came of it.
    pub(crate) fn impressions<'a>(
        &'a self,
        shown: &'a Slates,
        step: &'a Step,
        row: usize,
    ) -> impl Iterator<Item = Impression> + 'a {
        shown.items.row(row).iter().enumerate().map(move |(position, &item)| {
            let look = self.look.get(position).copied().unwrap_or(1.0);
            Impression { item, look, reward: self.reward.of(step, row, position) }
        })
    }

    /// Remembers a tick; `taste_of` writes what an item is, in the terms of a taste.
    pub(crate) fn learn(
        &mut self,
        seen: &Observation,
        shown: &Slates,
        step: &Step,
        mut taste_of: impl FnMut(ItemId, &mut [f32]),
    ) {
        let n_items = seen.items.catalogue().map_or(0, recloop_env::Catalogue::len);
        self.items.resize(n_items.max(self.items.len()), [0.0; 2]);
        let average = self.average() as f32;
        let (mut z, mut impressions) = (vec![0.0; self.records.width()], Vec::new());
        for (row, user) in seen.users.iter().enumerate() {
            impressions.clear();
            impressions.extend(self.impressions(shown, step, row));
            let record = self.records.row_mut(user.index());
            let looks = &mut self.looks[user.index()];
            record.iter_mut().chain([&mut *looks]).for_each(|number| *number *= KEEP_PER_SLATE);
            for &Impression { item, look, reward } in &impressions {
                z.fill(0.0);
                taste_of(item, &mut z);
                let surprise = reward - look * average;
                record.iter_mut().zip(&z).for_each(|(sum, z)| *sum += surprise * z);
                *looks += look;
                for sums in [&mut self.items[item.index()], &mut self.total] {
                    sums[0] += f64::from(reward);
                    sums[1] += f64::from(look);
                }
            }
        }
        self.forget(step);
    }

    /// Drops what is known of people whose place somebody new has taken.
    fn forget(&mut self, step: &Step) {
        for event in &step.events {
            if let Event::Renew { user } = event {
                self.records.row_mut(user.index()).fill(0.0);
                self.looks[user.index()] = 0.0;
            }
        }
    }

    pub(crate) fn save(&self, into: &mut Snapshot) {
        into.put_f32("records", self.records.width(), self.records.as_slice());
        into.put_f32("looks", 1, &self.looks);
        into.put_f64("items", 2, self.items.as_flattened());
        into.put_f64("total", 2, &self.total);
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        from.get_f32("records", self.records.as_mut_slice())?;
        from.get_f32("looks", &mut self.looks)?;
        self.items = from.get_f64_vec("items")?.as_chunks().0.to_vec();
        from.get_f64("total", &mut self.total)
    }
}
