//! The distribution of returns: not only how much the target would earn on average, but how badly it could go.

use nalgebra::{DMatrix, DVector};

use super::chain::{add_product, dot, factor, view};
use super::folds::Folds;
use super::walk::{Walk, Walks};
use super::{SequenceOptions, Trajectory};
use crate::ope::OpeError;

/// What a probability may miss a level by and still count as reaching it: rounding of sums (chosen by us).
const ROUNDING: f64 = 1e-12;

/// How the distribution is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnsForm {
    /// `mean W 1(G ≤ m)`.
    Plain,
    /// The former over mean W.
    Normalised,
    /// `mean [W 1(G ≤ m) + F̄_m(s_0) − w_0 F_m(s_0, a_0)]`.
    Robust,
}

/// How likely the target's return `G = Σ_t γᵗ r_t` is to stay below anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Returns {
    /// Returns that were logged, ascending, each once.
    at: Vec<f64>,
    /// F at each of them, ascending to 1.
    below: Vec<f64>,
    mass: f64,
}

/// The distribution of the target's returns.
///
/// `F(m) = E_log[W 1(G ≤ m)]`, W the weight of the whole trajectory. The robust form takes off what is expected from the first
/// situation and action alone: `F_m(s, a) = φ(s, a)ᵀ η_m`, η_m fitted to `1(G ≤ m)` under the weights of all later steps by
/// ridge regression on the users of other folds, and `F̄_m(s) = Σ_a π_target(a|s) F_m(s, a)`. It is linear in the indicator, so
/// each logged return gets one mass and all m are answered at once.
///
/// # Assumptions
/// Weights are right, the target's actions all could have been logged; no Markov property, and any η leaves the robust form
/// unbiased.
///
/// # Numerics
/// What an unbiased sum gives may fall, leave [0, 1] or end below 1. It is made a distribution by its running maximum, cut
/// to [0, 1], and what is missing in the end is put on the largest logged return: neither can take it farther from the truth,
/// but for returns above any logged. [`Returns::mass`] is what the sum came to; far from 1, distrust the upper tail.
///
/// # Deviation
/// Huang et al. (2022) model the distribution of what is to come at every step; here it is modelled at the first, where a
/// linear model is still one regression.
///
/// # Errors
/// Those of [`evaluate`](super::evaluate); [`OpeError::Lacks`] for the robust form without features.
///
/// # Source
/// Chandak, Niekum, da Silva, Learned-Miller, Brunskill & Thomas (2021), "Universal off-policy evaluation"; Huang, Leqi,
/// Lipton & Azizzadenesheli (2021), "Off-policy risk assessment in contextual bandits", and (2022), "Off-policy risk
/// assessment for Markov decision processes".
///
/// ```
/// use recloop_data::ope::sequence::{ReturnsForm, SequenceOptions, StepTaken, Trajectory, returns};
///
/// let lived = |user, weight, reward| Trajectory {
///     user,
///     steps: vec![StepTaken { weight, reward, ..Default::default() }],
///     ..Default::default()
/// };
/// let log = [lived(0, 0.5, 1.0), lived(1, 1.5, 3.0)];
/// let target = returns(&log, ReturnsForm::Normalised, &SequenceOptions::default())?;
/// assert_eq!((target.at(1.0), target.at(3.0), target.mean()), (0.25, 1.0, 2.5));
/// // The worst half: a quarter at 1, a quarter at 3.
/// assert_eq!(target.lower_tail(0.5), Some(2.0));
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
pub fn returns(
    trajectories: &[Trajectory],
    form: ReturnsForm,
    options: &SequenceOptions,
) -> Result<Returns, OpeError> {
    resampled_returns(trajectories, &vec![1.0; trajectories.len()], form, options)
}

/// The same, where trajectory i counts `times[i]` times: for resamples and jackknives, and with them intervals of whatever is
/// read off the distribution. All that is fitted is fitted to the resample.
///
/// # Errors
/// Those of [`returns`], and [`OpeError::Request`] for times that are not one number of at least 0 for each trajectory.
pub fn resampled_returns(
    trajectories: &[Trajectory],
    times: &[f64],
    form: ReturnsForm,
    options: &SequenceOptions,
) -> Result<Returns, OpeError> {
    let walks = Walks::read(trajectories, options)?;
    let n: f64 = times.iter().sum();
    let counts = times.len() == trajectories.len() && times.iter().all(|times| *times >= 0.0);
    if !(counts && n > 0.0 && n.is_finite()) {
        let reason = "give one number of at least 0 for each trajectory, and not only zeros".into();
        return Err(OpeError::Request { what: "a resample of trajectories".into(), reason });
    }
    let weights = walks.all.iter().zip(times);
    let mut masses: Vec<_> = weights.map(|(walk, times)| times * walk.whole() / n).collect();
    match form {
        ReturnsForm::Plain => {}
        ReturnsForm::Normalised => {
            let all: f64 = masses.iter().sum();
            if all == 0.0 {
                return Err(lacks("no logged trajectory could be the target's: all weights are zero"));
            }
            masses.iter_mut().for_each(|mass| *mass /= all);
        }
        ReturnsForm::Robust => {
            let controls = controls(&walks, times, options)?;
            masses.iter_mut().zip(controls).for_each(|(mass, control)| *mass += control / n);
        }
    }
    let gains = walks.all.iter().map(|walk| walks.gain(walk));
    Ok(Returns::of(gains.zip(masses).collect()))
}

/// `[n]` what the control variate adds to the mass of each trajectory's return, times n.
///
/// Over fold f, `Σ_{k in f} (φ̄_k − w_k φ_k)ᵀ η_m` with `η_m = A⁻¹ Σ_i w_{1:i} φ_i 1(G_i ≤ m)` over the others: the mass of i is
/// `w_{1:i} φ_iᵀ A⁻¹ Σ_k (φ̄_k − w_k φ_k)`.
fn controls(walks: &Walks<'_>, times: &[f64], options: &SequenceOptions) -> Result<Vec<f64>, OpeError> {
    let width = walks.all[0].steps[0].taken.len();
    if width == 0 {
        return Err(lacks("its trajectories carry no features of situation and action"));
    }
    let folds = Folds::cut(walks, options.folds)?;
    let later = |walk: &Walk<'_>| walk.steps[1..].iter().map(|step| step.weight).product::<f64>();
    let mut controls = vec![0.0; walks.all.len()];
    for fold in 0..folds.n {
        let (mut gram, mut excess) = (DMatrix::zeros(width, width), DVector::zeros(width));
        for ((walk, of), times) in walks.all.iter().zip(&folds.of).zip(times) {
            let first = &walk.steps[0];
            if folds.learns(fold, *of) {
                add_product(&mut gram, &first.taken, &first.taken, times * later(walk));
            }
            if fold == *of {
                excess.axpy(*times, &view(&first.expected), 1.0);
                excess.axpy(-times * first.weight, &view(&first.taken), 1.0);
            }
        }
        let slope = factor(gram, options.ridge, "the first step")?.solve(&excess);
        let rows = walks.all.iter().zip(times).zip(folds.of.iter().zip(&mut controls));
        for ((walk, times), (_, control)) in rows.filter(|(_, (of, _))| folds.learns(fold, **of)) {
            *control += times * later(walk) * dot(&walk.steps[0].taken, &slope);
        }
    }
    Ok(controls)
}

fn lacks(reason: &str) -> OpeError {
    OpeError::Lacks { estimator: "the distribution of returns".into(), reason: reason.into() }
}

impl Returns {
    /// From returns and their masses, in any order.
    pub(super) fn of(mut atoms: Vec<(f64, f64)>) -> Self {
        atoms.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut at, mut below): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut mass = 0.0;
        for same in atoms.chunk_by(|a, b| a.0 == b.0) {
            mass += same.iter().map(|(_, mass)| mass).sum::<f64>();
            at.push(same[0].0);
            below.push(below.last().copied().unwrap_or(0.0).max(mass.min(1.0)));
        }
        below.last_mut().into_iter().for_each(|last| *last = 1.0);
        Self { at, below, mass }
    }

    /// F(m), the probability of a return of at most `m`.
    #[must_use]
    pub fn at(&self, m: f64) -> f64 {
        let n = self.at.partition_point(|at| *at <= m);
        n.checked_sub(1).map_or(0.0, |last| self.below[last])
    }

    /// What all masses came to before they were made a distribution: 1 in expectation.
    #[must_use]
    pub fn mass(&self) -> f64 {
        self.mass
    }

    /// The least logged return m with F(m) ≥ `level`; `None` for a level outside (0, 1].
    #[must_use]
    pub fn quantile(&self, level: f64) -> Option<f64> {
        let reached = self.below.partition_point(|below| below + ROUNDING < level);
        (level > 0.0 && level <= 1.0).then(|| self.at.get(reached).copied()).flatten()
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.atoms().map(|(at, mass)| at * mass).sum()
    }

    /// The variance, `Σ_m ΔF(m) (m − mean)²`.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        self.atoms().map(|(at, mass)| mass * (at - mean).powi(2)).sum()
    }

    /// CVaR: the mean of the worst share `level` of returns, `∫_0^level F⁻¹(u) du / level`, splitting the return that the level
    /// falls on; `None` for a level outside (0, 1].
    #[must_use]
    pub fn lower_tail(&self, level: f64) -> Option<f64> {
        if !(level > 0.0 && level <= 1.0) {
            return None;
        }
        let mut left = level;
        let worst = self.atoms().map(|(at, mass)| {
            let taken = mass.min(left);
            left -= taken;
            at * taken
        });
        Some(worst.sum::<f64>() / level)
    }

    /// Each return and its mass.
    fn atoms(&self) -> impl Iterator<Item = (f64, f64)> {
        let before = std::iter::once(0.0).chain(self.below.iter().copied());
        self.at.iter().zip(self.below.iter().zip(before)).map(|(at, (here, before))| (*at, here - before))
    }
}
