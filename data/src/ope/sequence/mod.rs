//! Estimators over trajectories: what another policy would have earned where one decision changes what the next one meets.
//!
//! The value is the mean over trajectories of `Σ_t γᵗ r_t`, over the first H steps if a horizon is given. Every end counts as
//! an end: of a trajectory that somebody stopped watching, what was watched is the value. Where that matters, give a horizon
//! that everybody was watched for.
//!
//! **This is no fold in constant memory.** Q-functions and marginal weights are fitted step after step to everybody's
//! steps, with the next step's fit in hand, and a Q is asked about trajectories that were not learned from; so trajectories
//! are kept whole. What does merge is what comes out: [`SequenceValues`] makes every estimate a function of sums over
//! trajectories, so that user buckets, resamples and segments need sums only. Sums of separately fitted logs may be added
//! too; each part's models then know its own users only.
//!
//! Start at [`evaluate`]; [`returns`] has the distribution behind the mean, [`weights`] what diagnostics need.

mod chain;
mod evaluate;
mod folds;
mod magic;
mod marginal;
mod quality;
mod returns;
mod values;
mod walk;

#[cfg(test)]
mod tests;

pub use evaluate::evaluate;
pub use returns::{Returns, ReturnsForm, resampled_returns, returns};
pub use values::{MOST_RATIOS, SequenceValues};
pub use walk::{SequenceWeights, weights};

use super::{OpeError, SequenceForm};

/// One decision of a trajectory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepTaken {
    /// What it brought.
    pub reward: f64,
    /// π_target(a|s) / π_log(a|s) of this decision alone.
    pub weight: f64,
    /// `[M]` ψ(s): what the situation looked like, an intercept first.
    pub state: Vec<f64>,
    /// `[D]` φ(s, a) of the logged action.
    pub taken: Vec<f64>,
    /// `[D]` Σ_a π_target(a|s) φ(s, a).
    pub expected: Vec<f64>,
}

/// What one user lived through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trajectory {
    /// Who.
    pub user: u64,
    /// The level of the column that results are broken down by.
    pub level: u16,
    /// Decisions, in order of time.
    pub steps: Vec<StepTaken>,
    /// Whether the process ended with the last one; otherwise somebody stopped watching.
    pub terminated: bool,
}

/// What is estimated, and how models are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SequenceOptions {
    /// γ, from 0 to 1.
    pub discount: f64,
    /// H, at least 1: steps beyond it are cut. `None` takes all.
    pub horizon: Option<usize>,
    /// Models are fitted this many times, each to the users of all folds but one; with 1, to everybody.
    pub folds: usize,
    /// What is added to the square of every feature, in rows: at least 0.
    pub ridge: f64,
}

impl Default for SequenceOptions {
    /// No discount, all steps, five folds and a ridge of one row (chosen by us).
    fn default() -> Self {
        Self { discount: 1.0, horizon: None, folds: 5, ridge: 1.0 }
    }
}

impl SequenceOptions {
    fn check(&self) -> Result<(), OpeError> {
        let refused = |what: String, reason: &str| Err(OpeError::Request { what, reason: reason.into() });
        if !(0.0..=1.0).contains(&self.discount) {
            return refused(format!("a discount of {}", self.discount), "it must lie in [0, 1]");
        }
        if self.horizon == Some(0) {
            return refused("a horizon of 0".into(), "nothing is earned in no steps; give at least 1");
        }
        if self.folds == 0 {
            return refused(
                "0 folds".into(),
                "give at least 2, or 1 to learn from those who are asked about",
            );
        }
        if !(self.ridge >= 0.0 && self.ridge.is_finite()) {
            return refused(format!("a ridge of {}", self.ridge), "it must be a finite number of at least 0");
        }
        Ok(())
    }
}

impl SequenceForm {
    /// The name it goes by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "seq-dm",
            Self::Trajectory => "seq-tis",
            Self::PerDecision => "seq-pdis",
            Self::NormalisedTrajectory => "seq-sntis",
            Self::NormalisedPerDecision => "seq-snpdis",
            Self::Robust => "seq-dr",
            Self::NormalisedRobust => "seq-wdr",
            Self::Magic => "seq-magic",
            Self::StateMarginal => "seq-state-is",
            Self::StateActionMarginal => "seq-state-action-is",
            Self::Double => "seq-drl",
        }
    }
}
