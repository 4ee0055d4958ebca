//! The estimators: what each computes, and the name it goes by.

mod names;
mod shrink;

use std::fmt;

use super::{ModelSource, WeightSource};
use names::{CAP, MIX, NAMES};
pub use shrink::Shrink;

/// The window of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelShape {
    /// exp(−u²/2) / √(2π).
    Gaussian,
    /// ¾ (1 − u²) for |u| ≤ 1.
    Epanechnikov,
    /// ½ for |u| ≤ 1.
    Uniform,
}

/// A kernel over continuous actions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kernel {
    /// Its window.
    pub shape: KernelShape,
    /// Bandwidth h, in units of the action.
    pub bandwidth: f64,
}

impl Kernel {
    /// `K(d / h) / h` at a distance d between actions: a density, which integrates to 1.
    #[must_use]
    #[inline]
    pub fn density(self, distance: f64) -> f64 {
        let u = distance / self.bandwidth;
        let inside = f64::from(u8::from(u.abs() <= 1.0));
        let window = match self.shape {
            KernelShape::Gaussian => (-0.5 * u * u).exp() / std::f64::consts::TAU.sqrt(),
            KernelShape::Epanechnikov => inside * 0.75 * (1.0 - u * u),
            KernelShape::Uniform => inside * 0.5,
        };
        window / self.bandwidth
    }
}

/// What slate estimators take for the weight of a position's reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlateForm {
    /// `Π_k w_k · Σ_k α_k r_k`.
    Standard,
    /// `Σ_k α_k w_k r_k`, position marginals.
    Independent,
    /// `Σ_k α_k w_{1:k} r_k`.
    RewardInteraction,
    /// `Σ_k [w_{1:k} (α_k r_k − q̂_k) + w_{1:k−1} E_target q̂_k]`.
    CascadeRobust,
    /// `q_targetᵀ Γ⁺ 1_slate · Σ_k α_k r_k`.
    PseudoInverse,
}

/// Estimators over trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceForm {
    /// Fitted-Q evaluation.
    Direct,
    /// `W Σ γᵗ r_t`.
    Trajectory,
    /// `Σ γᵗ w_{0:t} r_t`.
    PerDecision,
    /// The former over the mean of W.
    NormalisedTrajectory,
    /// Per-decision, over the mean of w_{0:t} at each t.
    NormalisedPerDecision,
    /// `Σ γᵗ [w_{0:t} (r_t − Q) + w_{0:t−1} V]`.
    Robust,
    /// The same over mean weights.
    NormalisedRobust,
    /// The mix of partial returns with the least estimated error.
    Magic,
    /// State-marginal weights, learned.
    StateMarginal,
    /// State-action-marginal weights, learned.
    StateActionMarginal,
    /// Double reinforcement learning.
    Double,
}

/// What an estimator computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// The mean reward where the target would have done the same.
    Replay,
    /// `mean(w r)`, or `Σ w r / Σ w` if normalised.
    Weighted {
        /// Which weight.
        source: WeightSource,
        /// What keeps it from growing.
        shrink: Shrink,
        /// Whether it is divided by the mean weight.
        normalised: bool,
    },
    /// `mean v`.
    Direct,
    /// `mean [v + w (r − q̂)]`, or `mean v + Σ w (r − q̂) / Σ w` if normalised.
    Robust {
        /// Which weight.
        source: WeightSource,
        /// What keeps it from growing.
        shrink: Shrink,
        /// Which model.
        model: ModelSource,
        /// Whether the correction is divided by the mean weight.
        normalised: bool,
    },
    /// `Σ_k c_k mean_k(w r)` over loggers, c_k inverse to the estimated variance.
    LoggerMix,
    /// Over slates.
    Slate {
        /// Which weights.
        form: SlateForm,
        /// Whether weights are divided by their mean.
        normalised: bool,
    },
    /// Over trajectories.
    Sequence(SequenceForm),
}

/// An estimator and the name it goes by, hyper-parameters included.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimator {
    name: String,
    form: Form,
}

impl fmt::Display for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Estimator {
    /// The name it was asked for by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it computes.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Those that need no choice of a column or a kernel, with the default of every hyper-parameter: what is tried where
    /// nobody says which.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let plain = |name: &&str| match name.split_once('(') {
            None => Some((*name).to_owned()),
            Some((head, "L)")) if head.starts_with("sg-") => Some(format!("{head}({MIX})")),
            Some((head, "L)")) => Some(format!("{head}({CAP})")),
            Some(_) => None,
        };
        let read = |name: String| name.parse().expect("the usual ones can be read");
        NAMES.iter().filter_map(plain).map(read).collect()
    }
}
