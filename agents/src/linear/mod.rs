//! One linear model of reward for all users and items, that bandits explore with.
//!
//! `E[r | u, i, position p] = γ_p · θ·φ(u, i)`: [`Features`] says what φ is, [`Posterior`] what is believed of θ, and
//! [`Memory`] keeps what φ needs of the past. γ_p, how likely position p is looked at, is what the world publishes; an
//! item that nobody looked at says nothing about θ.
//!
//! # Source
//! Lagrée, Vernade, Cappé (2016), "Multiple-play bandits in the position-based model", for γ.

mod features;
mod memory;
mod posterior;

pub(crate) use features::{Columns, Features, N_OWN, within};
pub use memory::Reward;
pub(crate) use memory::{Impression, Memory};
pub(crate) use posterior::{Evidence, Posterior};

use rayon::prelude::*;
use recloop_env::{Catalogue, EnvSpec, ItemId, Observation, Slates, Snapshot, SnapshotError, Step, Tick};

use crate::AgentError;
use crate::error::check_positive;
use crate::side_by_side::in_order;

/// Rows whose evidence is summed by one task; the sums are added in order (chosen by us).
const BLOCK_ROWS: usize = 256;

/// What a linear bandit regresses on what: settings of [`LinUcb`](crate::LinUcb) and
/// [`ThompsonSampling`](crate::ThompsonSampling).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearReward {
    /// What is predicted.
    pub reward: Reward,
    /// Penalty λ on the weights: `θ ~ N(0, I / λ)` before anything was seen.
    pub ridge: f32,
}

impl Default for LinearReward {
    /// Clicks, with λ = 1 (Li et al. 2010).
    fn default() -> Self {
        Self { reward: Reward::Click, ridge: 1.0 }
    }
}

impl LinearReward {
    pub(crate) fn check(self) -> Result<(), AgentError> {
        check_positive("ridge", self.ridge)
    }
}

/// Features, belief and memory of one world.
#[derive(Debug, Clone)]
pub(crate) struct LinearModel {
    pub(crate) features: Features,
    pub(crate) posterior: Posterior,
    memory: Memory,
    /// How often the estimate was renewed since the beginning, or since it was loaded.
    pub(crate) version: u32,
}

impl LinearModel {
    /// Nothing learned; the reason if the world shows too little.
    pub(crate) fn begin(settings: LinearReward, spec: &EnvSpec) -> Result<Self, String> {
        let features = Features::of(spec)?;
        let memory = Memory::new(settings.reward, &spec.examination, spec.n_users, features.taste.len);
        Ok(Self { posterior: Posterior::new(features.width(), settings.ridge), memory, features, version: 1 })
    }

    /// How fresh an item is at a tick, and how it does.
    pub(crate) fn own(&self, catalogue: &Catalogue, item: ItemId, now: Tick) -> [f64; N_OWN] {
        let age = now.0.saturating_sub(catalogue.published(item).0);
        [self.features.freshness(age), self.memory.rate(item)]
    }

    /// The numbers of row `row`'s user whose products with columns of `x` are the similarities.
    pub(crate) fn sides<'a>(
        &self,
        seen: &'a Observation,
        row: usize,
        taste: &'a mut Vec<f32>,
    ) -> [Option<(Columns, &'a [f32])>; 2] {
        taste.resize(self.features.taste.len, 0.0);
        self.memory.taste(seen.users[row], taste);
        let interest = self
            .features
            .interest
            .map(|(at, columns)| (columns, &seen.user_features.row(row)[at.offset..at.offset + at.length()]));
        [Some((self.features.taste, taste.as_slice())), interest]
    }

    /// Learns from a tick; `phi` is computed as it was when the slates were shown.
    pub(crate) fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        let Some(catalogue) = seen.items.catalogue() else { return };
        let n_blocks = seen.len().div_ceil(BLOCK_ROWS);
        let block = |block| {
            let rows = block * BLOCK_ROWS..seen.len().min((block + 1) * BLOCK_ROWS);
            self.evidence(seen, catalogue, shown, step, rows)
        };
        let evidence: Vec<Evidence> = (0..n_blocks).into_par_iter().map(block).collect();
        self.version += u32::from(self.posterior.absorb(&evidence));
        let (features, mut x) = (&self.features, vec![0.0; self.features.n_fixed]);
        self.memory.learn(seen, shown, step, |item, taste| {
            x.fill(0.0);
            features.write_fixed(catalogue, item, &mut x);
            taste.copy_from_slice(features.taste.of(&x));
        });
    }

    fn evidence(
        &self,
        seen: &Observation,
        catalogue: &Catalogue,
        shown: &Slates,
        step: &Step,
        rows: std::ops::Range<usize>,
    ) -> Evidence {
        let n_fixed = self.features.n_fixed;
        let (mut x, mut phi) = (vec![0.0; n_fixed], vec![0.0; self.features.width()]);
        let (mut evidence, mut taste) = (Evidence::new(phi.len()), Vec::new());
        for row in rows {
            let sides = self.sides(seen, row, &mut taste);
            for Impression { item, look, reward } in self.memory.impressions(shown, step, row) {
                x.fill(0.0);
                self.features.write_fixed(catalogue, item, &mut x);
                let numbers = x.iter().copied().map(f64::from);
                let own = self.own(catalogue, item, seen.tick);
                let similarities =
                    sides.iter().flatten().map(|(columns, side)| f64::from(in_order(side, columns.of(&x))));
                let all = numbers.chain(own).chain(similarities);
                phi.iter_mut().zip(all).for_each(|(phi, number)| *phi = f64::from(look) * number);
                evidence.observe(&phi, f64::from(reward));
            }
        }
        evidence
    }

    pub(crate) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.posterior.save(&mut snapshot);
        self.memory.save(&mut snapshot);
        snapshot
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.posterior.load(from)?;
        self.memory.load(from)
    }
}
