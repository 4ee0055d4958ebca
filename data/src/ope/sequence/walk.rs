//! Trajectories, checked and cut to the horizon, with their cumulative weights.

use super::{SequenceOptions, StepTaken, Trajectory};
use crate::ope::OpeError;

/// One trajectory up to the horizon.
pub(super) struct Walk<'a> {
    pub(super) user: u64,
    /// At least one.
    pub(super) steps: &'a [StepTaken],
    /// `w_{0:t}` for each of the steps.
    pub(super) cumulative: Vec<f64>,
    /// The step after the last of `steps`, if one was logged beyond the horizon.
    beyond: Option<&'a StepTaken>,
    terminated: bool,
}

/// All trajectories of an evaluation.
pub(super) struct Walks<'a> {
    pub(super) all: Vec<Walk<'a>>,
    /// The longest.
    pub(super) length: usize,
    /// `[length]` γᵗ.
    pub(super) discounts: Vec<f64>,
    pub(super) discount: f64,
}

impl Walk<'_> {
    /// `w_{0:t}`; one that ended keeps its last weight.
    pub(super) fn weight(&self, t: usize) -> f64 {
        self.cumulative[t.min(self.steps.len() - 1)]
    }

    /// The weight of all of it.
    pub(super) fn whole(&self) -> f64 {
        self.weight(self.steps.len() - 1)
    }

    /// The step after `t`, be it beyond the horizon.
    pub(super) fn after(&self, t: usize) -> Option<&StepTaken> {
        self.steps.get(t + 1).or(self.beyond)
    }

    /// Whether what comes after step `t` is known: another step, or that nothing does.
    pub(super) fn is_complete(&self, t: usize) -> bool {
        self.terminated || self.after(t).is_some()
    }
}

impl<'a> Walks<'a> {
    pub(super) fn read(trajectories: &'a [Trajectory], options: &SequenceOptions) -> Result<Self, OpeError> {
        options.check()?;
        let first = trajectories.iter().find_map(|trajectory| trajectory.steps.first());
        let widths = first.map(widths).unwrap_or_default();
        let walk = |trajectory| walk(trajectory, options.horizon, widths);
        let all = trajectories.iter().map(walk).collect::<Result<Vec<_>, _>>()?;
        let length = all.iter().map(|walk| walk.steps.len()).max().ok_or(OpeError::Empty { excluded: 0 })?;
        let discount = options.discount;
        let discounts = powers(discount).take(length).collect();
        Ok(Self { all, length, discounts, discount })
    }

    /// `Σ_t γᵗ r_t` of a trajectory.
    pub(super) fn gain(&self, walk: &Walk<'_>) -> f64 {
        walk.steps.iter().zip(&self.discounts).map(|(step, power)| power * step.reward).sum()
    }
}

/// 1, γ, γ², …
pub(super) fn powers(discount: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), move |power| Some(power * discount))
}

fn widths(step: &StepTaken) -> [usize; 3] {
    [step.state.len(), step.taken.len(), step.expected.len()]
}

fn walk(trajectory: &Trajectory, horizon: Option<usize>, shape: [usize; 3]) -> Result<Walk<'_>, OpeError> {
    let refused =
        |step, reason: &str| OpeError::Trajectory { user: trajectory.user, step, reason: reason.into() };
    let mut cumulative = Vec::with_capacity(trajectory.steps.len());
    let mut product = 1.0;
    let cut = horizon.unwrap_or(usize::MAX).min(trajectory.steps.len());
    let (steps, rest) = trajectory.steps.split_at(cut);
    for (t, step) in steps.iter().chain(rest.first()).enumerate() {
        fault(step, shape).map_or(Ok(()), |reason| Err(refused(t, reason)))?;
        product *= step.weight;
        if t < cut && !product.is_finite() {
            return Err(refused(t, "the product of weights up to it overflows; set a shorter horizon"));
        }
        cumulative.push(product);
    }
    if steps.is_empty() {
        return Err(refused(0, "the trajectory has no steps; leave such users out"));
    }
    cumulative.truncate(cut);
    Ok(Walk {
        user: trajectory.user,
        steps,
        cumulative,
        beyond: rest.first(),
        terminated: trajectory.terminated,
    })
}

fn fault(step: &StepTaken, shape: [usize; 3]) -> Option<&'static str> {
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    if !step.reward.is_finite() {
        Some("its reward is not a finite number")
    } else if !(step.weight.is_finite() && step.weight >= 0.0) {
        Some("its weight is not a finite number of at least 0; was the propensity 0?")
    } else if widths(step) != shape || step.taken.len() != step.expected.len() {
        Some("it has another number of features than the first step of the log, or than its own expectation")
    } else if !(finite(&step.state) && finite(&step.taken) && finite(&step.expected)) {
        Some("one of its features is not a finite number")
    } else {
        None
    }
}

/// How the weights of trajectories behave: what diagnostics need.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceWeights {
    /// `[n]` `W = w_{0:T}`, the weight of each trajectory up to the horizon, in their order.
    pub whole: Vec<f64>,
    /// `[H]` the mean of `w_{0:t}`, trajectories that ended keeping their last weight: 1 in expectation at every step.
    pub by_step: Vec<f64>,
    /// `[H]` how many trajectories have a step `t`.
    pub alive: Vec<u64>,
}

/// The weights of trajectories.
///
/// # Errors
/// Those of [`evaluate`](super::evaluate).
pub fn weights(trajectories: &[Trajectory], options: &SequenceOptions) -> Result<SequenceWeights, OpeError> {
    let walks = Walks::read(trajectories, options)?;
    let n = walks.all.len() as f64;
    let mean = |t| walks.all.iter().map(|walk| walk.weight(t)).sum::<f64>() / n;
    let alive = |t| walks.all.iter().filter(|walk| t < walk.steps.len()).count() as u64;
    Ok(SequenceWeights {
        whole: walks.all.iter().map(Walk::whole).collect(),
        by_step: (0..walks.length).map(mean).collect(),
        alive: (0..walks.length).map(alive).collect(),
    })
}
