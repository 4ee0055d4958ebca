//! How values are learned from what was played.

use serde::{Deserialize, Serialize};

use crate::learned::advantage::Discount;
use crate::learned::rounds::{done, falling};
use crate::learned::rule::Rule;

/// How [`slate_q()`](super::super::slate_q()) and [`dqn()`](super::super::dqn()) learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// λ: how far targets are carried by rewards that came, and not by the value of where they led. At 0 what was shown
    /// later does not matter.
    pub lambda: f64,
    /// What follows is worth what the slate to come is worth.
    pub backup: Backup,
    /// η of Adam at the beginning; it falls linearly to a tenth over `rounds`.
    pub learning_rate: f64,
    /// How much chance has a say at the beginning, in units of the spread of a row's scores.
    pub temperature: f64,
    /// The same after `rounds`; it falls by equal factors.
    pub last_temperature: f64,
    /// Latest rounds that are learned from.
    pub replay: usize,
    /// Rounds after which the values that targets are made of become those learned by then.
    pub refresh: u32,
    /// Passes over the experience of the replay in every round.
    pub epochs: usize,
    /// Rows per update.
    pub batch: usize,
    /// Largest norm of a gradient.
    pub max_norm: f32,
    /// Rounds over which the learning rate and the temperature fall.
    pub rounds: u32,
}

/// Which slate comes next, as far as targets are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backup {
    /// The best, as the network has it: what is learned is the best policy, whichever was played.
    #[default]
    Best,
    /// The one that was shown: what is learned is the policy that was played.
    Shown,
}

impl Default for ReplayConfig {
    /// Chosen by us, in `interest-evolution-v0`.
    fn default() -> Self {
        Self {
            gamma: 1.0,
            lambda: 0.6,
            backup: Backup::Best,
            learning_rate: 1e-3,
            temperature: 1.0,
            last_temperature: 0.1,
            replay: 4,
            refresh: 1,
            epochs: 1,
            batch: 1024,
            max_norm: 1.0,
            rounds: 100,
        }
    }
}

impl ReplayConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::share("gamma", self.gamma),
            Rule::share("lambda", self.lambda),
            Rule::positive("learning_rate", self.learning_rate),
            Rule::positive("temperature", self.temperature),
            Rule::positive("last_temperature", self.last_temperature),
            Rule::positive("max_norm", self.max_norm.into()),
            Rule::some("replay", self.replay),
            Rule::some("refresh", self.refresh as usize),
            Rule::some("epochs", self.epochs),
            Rule::some("batch", self.batch),
        ]
    }

    pub(super) fn discount(&self) -> Discount {
        Discount { gamma: self.gamma, lambda: self.lambda }
    }

    /// η in a round.
    pub(super) fn rate(&self, round: u32) -> f64 {
        falling(self.learning_rate, round, self.rounds)
    }

    /// τ in a round.
    pub(super) fn temperature(&self, round: u32) -> f64 {
        self.temperature * (self.last_temperature / self.temperature).powf(done(round, self.rounds))
    }
}
