//! Reward models, fitted to other users than those they are asked about.

mod classifier;
mod fold;
mod learner;
mod linear;
mod logistic;
mod modeller;
mod moments;
mod row;
mod table;

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
    /// The features of an action, in a space of [`width`](Offer::width) dimensions; an intercept is not among them. What
    /// the buffer held before is replaced.
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
