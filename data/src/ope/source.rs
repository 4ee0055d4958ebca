//! Where decisions come from: the log of a run, or any table of decisions.

use super::model::{Modeller, Offer};
use super::sequence::Trajectory;
use super::{Estimator, OpeError, Signals, Wanted};

/// What was left out of an evaluation because the user asked for it, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Excluded {
    /// How many rows, by reason; reasons in alphabetical order.
    pub rows: std::collections::BTreeMap<String, u64>,
}

impl Excluded {
    /// One more.
    pub fn count(&mut self, reason: &str) {
        *self.rows.entry(reason.to_owned()).or_default() += 1;
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    /// Both together.
    pub fn merge(&mut self, other: Self) {
        for (reason, n) in other.rows {
            *self.rows.entry(reason).or_default() += n;
        }
    }
}

/// How much of the target a log can speak of, found while reading.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Support {
    /// By *(position, action)*: how often it was logged, and the target's probability of it summed over rows. Empty where
    /// the target is known for logged actions only.
    pub actions: std::collections::BTreeMap<(u16, u64), (u64, f64)>,
    /// The target's mass, summed over rows, where the log says itself that its policy could not have gone.
    pub outside: f64,
    /// Rows whose propensity is zero.
    pub zero_propensity: u64,
    /// Rows whose propensity is exactly one.
    pub certain: u64,
    /// Rows in which the target takes the logged action by chance: with a probability that is neither 0 nor 1.
    pub stochastic: u64,
    /// Rows.
    pub rows: u64,
}

impl Support {
    /// Both together.
    pub fn merge(&mut self, other: Self) {
        for (key, (n, mass)) in other.actions {
            let here = self.actions.entry(key).or_default();
            *here = (here.0 + n, here.1 + mass);
        }
        self.outside += other.outside;
        self.zero_propensity += other.zero_propensity;
        self.certain += other.certain;
        self.stochastic += other.stochastic;
        self.rows += other.rows;
    }

    /// The share of the target's mass on actions that were never logged at that position, or could not have been.
    #[must_use]
    pub fn share_outside(&self) -> f64 {
        let never = self.actions.values().filter(|(n, _)| *n == 0).map(|(_, mass)| mass).sum::<f64>();
        if self.rows == 0 { 0.0 } else { (never + self.outside) / self.rows as f64 }
    }
}

/// What a chunk told besides its rows.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// How much of the target it can speak of.
    pub support: Support,
    /// What was left out.
    pub excluded: Excluded,
}

impl Told {
    /// Both together.
    pub fn merge(&mut self, other: Self) {
        self.support.merge(other.support);
        self.excluded.merge(other.excluded);
    }
}

/// A log under the eyes of one target.
///
/// It is cut into chunks by its layout alone, so that results do not depend on threads; chunks are read in parallel and
/// what they come to is merged in order. Memory must not grow with a chunk's rows.
pub trait Source: Sync {
    /// Into how many chunks it is cut.
    fn n_chunks(&self) -> usize;

    /// Rows of a chunk as far as that is known before reading: for progress.
    fn rows_of(&self, chunk: usize) -> Option<u64>;

    /// The levels of the column that results are broken down by; empty if there is none.
    fn levels(&self) -> &[String];

    /// Positions of a slate, where rows are slates; else 0.
    fn slate_size(&self) -> usize {
        0
    }

    /// How many loggers there were, where the log tells them apart; else 0.
    fn n_loggers(&self) -> u16 {
        0
    }

    /// Whether rows tell whose they are; otherwise every row is a user of its own.
    fn knows_users(&self) -> bool {
        true
    }

    /// Whether decisions have weights of the policy.
    fn weighed(&self) -> bool;

    /// Why this log cannot be evaluated by `estimator`; `None` if it can.
    fn lacks(&self, estimator: &Estimator) -> Option<String>;

    /// Hands over each decision of a chunk with all that was on offer: what models are fitted to.
    fn offers(
        &self,
        chunk: usize,
        visit: &mut dyn FnMut(&Offer<'_>) -> Result<(), OpeError>,
    ) -> Result<(), OpeError>;

    /// Hands over what estimators fold, batch by batch. `models` is fitted, if anything of it was wanted.
    fn signals(
        &self,
        chunk: usize,
        wanted: &Wanted,
        models: Option<&Modeller>,
        visit: &mut dyn FnMut(Signals<'_>) -> Result<(), OpeError>,
    ) -> Result<Told, OpeError>;

    /// The trajectories of all users, by user, each in order of time; kept in memory whole.
    fn trajectories(&self) -> Result<Vec<Trajectory>, OpeError>;

    /// Whether predictions of the reward come with the log, so that nothing need be fitted for them.
    fn predicts(&self) -> bool;
}
