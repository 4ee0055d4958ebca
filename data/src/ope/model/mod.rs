//! Reward models and the weights of a classifier, fitted to other users than those they are asked about.
//!
//! A doubly robust estimator keeps its promises if the model q̂ that corrects a row knew nothing of it. Users are therefore
//! cut into folds by a fixed hash, and the model for one fold is fitted to the rows of all the others. What a model is
//! fitted to are sums over rows, kept for each fold: they merge by +, so a log may be read in chunks, and memory does not
//! grow with its rows. Start reading at [`Modeller`], which leads through the passes; sources describe a decision by an
//! [`Offer`].
//!
//! | model | q̂(x, a) | passes over the log | sums |
//! |---|---|---|---|
//! | [`MeanTable`] | mean by action and position, drawn to that of the position | 1 | actions × positions |
//! | [`Linear`] | β₀ + β_k + βᵀx_a | 1 | (17 + d)²/2 |
//! | [`Logistic`] | σ(β₀ + β_k + βᵀx_a) | 3 to 8 | (17 + d)²/2 |
//! | classifier | odds of π_target against π_log | 1 + 3 to 8 | (17 + d + indicators)²/2 |
//!
//! d = [`Offer::width`] ≤ 1,024. Sums over rewards that lie in [0, 1] leave it, so [`Predicted::ToGo`] is linear where
//! the others are logistic.
//!
//! # The classifier
//! Where propensities are unknown, `π_target(a|x)/π_log(a|x) = p/(1 − p)`, with p the probability that action a in
//! situation x came from the target and not from the log, if each gave one row of the two. It is a logistic regression on
//! the features and an indicator of every action at its position: up to 512 of those have a coefficient of their own,
//! more share 512 by a hash. A logged action is a row of label 0; every action is a row of label 1 and weight
//! π_target(a|x): the mean over what could be drawn from the target, without the noise of drawing. Its cost is that of all
//! actions of every row.
//!
//! # Assumptions
//! Rows of different users are independent. The classifier's weights are those of the policies only as far as log-odds are
//! linear in features and indicators; balance is what it is fitted for, and no diagnostic of the log can tell.
//!
//! # Errors
//! [`OpeError::Model`](super::OpeError::Model) for fewer users than folds or all in one of them, for values that are no number, for a reward that
//! a logistic model cannot have.
//!
//! # Sources
//! Chernozhukov, Chetverikov, Demirer, Duflo, Hansen, Newey, Robins (2018), "Double/debiased machine learning for
//! treatment and structural parameters" (cross-fitting); Farajtabar, Chow, Ghavamzadeh (2018), "More robust doubly robust
//! off-policy evaluation" (the weights of [`Predicted::MoreRobust`], of their matrix the diagonal); Sondhi, Arbour,
//! Dimmery (2020), "Balanced off-policy evaluation in general action spaces" (the classifier, who draw where we sum).
//!
//! ```
//! use recloop_data::ope::model::{Asked, Desk, ModelKind, Modeller, Offer, Predicted, Sparse};
//!
//! let asked = Asked { kind: ModelKind::Linear, outcome: true, ..Asked::default() };
//! let mut modeller = Modeller::new(&asked)?;
//! // Action 1 brings 2, action 0 nothing; the feature says which it is.
//! let features = |action: usize, x: &mut Sparse| x.push(0, action as f64);
//! let offer = |user: u64, chosen: usize| Offer {
//!     user,
//!     position: 0,
//!     chosen,
//!     reward: 2.0 * chosen as f64,
//!     to_go: 2.0 * chosen as f64,
//!     propensity: 0.5,
//!     target: &[0.25, 0.75],
//!     name: &|action| action as u64,
//!     features: &features,
//!     width: 1,
//! };
//! loop {
//!     (0..1_000).try_for_each(|user| modeller.learn(&offer(user, user as usize % 2)))?;
//!     if !modeller.end_pass()? {
//!         break;
//!     }
//! }
//! let (logged, expected) = modeller.predict(Predicted::Outcome, &offer(7, 1), &mut Desk::default());
//! assert!((logged - 2.0).abs() < 0.01 && (expected - 1.5).abs() < 0.01);
//! # Ok::<(), recloop_data::ope::OpeError>(())
//! ```

mod classifier;
mod fold;
mod learner;
mod linear;
mod logistic;
mod modeller;
mod moments;
mod row;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

pub use linear::Linear;
pub use logistic::Logistic;
pub use modeller::{Desk, Modeller};
pub use table::MeanTable;

/// Numbers that describe an action in its situation, zeros left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sparse {
    /// Which of the features.
    pub at: Vec<u32>,
    /// Their values.
    pub values: Vec<f64>,
}

impl Sparse {
    /// Becomes all zeros.
    pub fn clear(&mut self) {
        self.at.clear();
        self.values.clear();
    }

    /// Adds a feature. One that is named twice counts with the sum of its values.
    pub fn push(&mut self, at: u32, value: f64) {
        self.at.push(at);
        self.values.push(value);
    }

    /// The features with their values.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.at.iter().copied().zip(self.values.iter().copied())
    }
}

/// One decision with all that was on offer.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// Whose.
    pub user: u64,
    /// At which position.
    pub position: u16,
    /// Which of the actions was taken.
    pub chosen: usize,
    /// What it brought.
    pub reward: f64,
    /// What it and the positions below brought; the reward itself where there are no slates.
    pub to_go: f64,
    /// π_log of the action taken.
    pub propensity: f64,
    /// `[A]` π_target.
    pub target: &'a [f64],
    /// What each action is called: models with a number per action go by it.
    pub name: &'a dyn Fn(usize) -> u64,
    /// The features of an action, in a space of [`width`](Offer::width) dimensions, pushed to what is empty; an
    /// intercept and the position need not be among them.
    pub features: &'a dyn Fn(usize, &mut Sparse),
    /// Dimensions of the features.
    pub width: usize,
}

/// What a reward is expected to be.
pub trait RewardModel: Send + Sync + Debug {
    /// q̂(x, a) of the action called `action`, shown at `position`, described by `x`.
    fn predict(&self, action: u64, position: u16, x: &Sparse) -> f64;
}

/// Which family a reward model is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ModelKind {
    /// A mean for every action at every position.
    MeanTable,
    /// Linear in the features.
    #[default]
    Linear,
    /// Log-odds linear in the features, for rewards in [0, 1].
    Logistic,
}

/// What a reward model predicts, and under which weights it was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Predicted {
    /// The reward.
    Outcome,
    /// The reward and that of the positions below.
    ToGo,
    /// The reward, fitted under `π_target² (1 − π_log) / π_log²`.
    MoreRobust,
    /// The reward, fitted under `π_target (1 − π_log) / π_log²`.
    MoreRobustDeterministic,
}

impl Predicted {
    const ALL: [Self; 4] = [Self::Outcome, Self::ToGo, Self::MoreRobust, Self::MoreRobustDeterministic];

    /// What a decision weighs in the fit, and what it is fitted to.
    fn weight_and_reward(self, offer: &Offer<'_>) -> Result<(f64, f64), String> {
        let Offer { chosen, reward, to_go, propensity, target, .. } = *offer;
        let probability = target[chosen];
        let ratio = probability / propensity;
        let (weight, reward) = match self {
            Self::Outcome => (1.0, reward),
            Self::ToGo => (1.0, to_go),
            Self::MoreRobust => (ratio * ratio * (1.0 - propensity), reward),
            Self::MoreRobustDeterministic => (ratio * (1.0 - propensity) / propensity, reward),
        };
        if !reward.is_finite() {
            return Err(format!("its reward is {reward}"));
        }
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(format!(
                "a propensity of {propensity} and a target's {probability} give it no weight"
            ));
        }
        Ok((weight, reward))
    }
}

/// What is to be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Of which family reward models are.
    pub kind: ModelKind,
    /// Whether [`Predicted::Outcome`] is wanted.
    pub outcome: bool,
    /// Whether [`Predicted::ToGo`] is wanted.
    pub to_go: bool,
    /// Whether [`Predicted::MoreRobust`] is wanted.
    pub more_robust: bool,
    /// Whether [`Predicted::MoreRobustDeterministic`] is wanted.
    pub more_robust_deterministic: bool,
    /// Whether the odds of a classifier are wanted.
    pub classifier: bool,
    /// Into how many groups users are cut.
    pub folds: usize,
}

impl Default for Asked {
    /// Nothing; linear; three folds.
    fn default() -> Self {
        Self {
            kind: ModelKind::Linear,
            outcome: false,
            to_go: false,
            more_robust: false,
            more_robust_deterministic: false,
            classifier: false,
            folds: 3,
        }
    }
}
