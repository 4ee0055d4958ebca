//! All estimators over trajectories, from what they share.

use std::cell::OnceCell;

use recloop_env::Grid;

use super::chain::{About, Chain, Clock, Frame};
use super::folds::Folds;
use super::marginal::Marginal;
use super::quality::{Quality, Residuals};
use super::values::{SequenceValues, sums};
use super::walk::{Walk, Walks};
use super::{SequenceForm, SequenceOptions, Trajectory, magic};
use crate::ope::OpeError;

/// Estimates what the target would have earned per trajectory, by each of `forms`.
///
/// With `w_{0:t} = Π_{s ≤ t} π_target(a_s|s_s) / π_log(a_s|s_s)`, `W = w_{0:T−1}`, `G = Σ_t γᵗ r_t`, `mean` over
/// trajectories, and `δ_t = r_t + γ V_{t+1}(s_{t+1}) − Q_t(s_t, a_t)` where `V_t(s) = Σ_a π_target(a|s) Q_t(s, a)` and V = 0
/// after the last step:
///
/// | form | value |
/// |---|---|
/// | `Direct` | `mean V_0(s_0)` |
/// | `Trajectory` | `mean(W G)` |
/// | `PerDecision` | `mean Σ_t γᵗ w_{0:t} r_t` |
/// | `NormalisedTrajectory` | `mean(W G) / mean W` |
/// | `NormalisedPerDecision` | `Σ_t γᵗ mean(w_{0:t} r_t) / mean w_{0:t}` |
/// | `Robust` | `mean [V_0(s_0) + Σ_t γᵗ w_{0:t} δ_t]`, which is `mean Σ_t γᵗ [w_{0:t} (r_t − Q_t) + w_{0:t−1} V_t]` |
/// | `NormalisedRobust` | `mean V_0(s_0) + Σ_t γᵗ mean(w_{0:t} δ_t) / mean w_{0:t}` |
/// | `Magic` | `mean V_0(s_0) + Σ_t c_t γᵗ mean(w_{0:t} δ_t) / mean w_{0:t}`, c falling from at most 1 to at least 0 |
/// | `StateMarginal` | `mean Σ_t γᵗ ω_t(s_t) w_t r_t`, ω learned |
/// | `StateActionMarginal` | `mean Σ_t γᵗ ω_t(s_t, a_t) r_t`, ω learned |
/// | `Double` | `mean [V_0(s_0) + Σ_t γᵗ ω_t(s_t, a_t) δ_t]` |
///
/// In a mean of `w_{0:t}`, a trajectory that ended keeps its last weight. `Q_t = φᵀ θ_t` with
/// `θ_t = A_t⁻¹ (b_t + γ C_t θ_{t+1})`, `ω_t = φᵀ α_t` with `α_t = A_t⁻¹ C_{t−1}ᵀ α_{t−1}` and `α_0 = A_0⁻¹ mean φ̄(s_0)`,
/// where `A_t = mean φ_t φ_tᵀ` (plus the ridge), `C_t = mean φ_t φ̄_{t+1}ᵀ`, `b_t = mean φ_t r_t` and
/// `φ̄(s) = Σ_a π_target(a|s) φ(s, a)`; weights of the situation alone take ψ(s) for φ and `w_t ψ(s_{t+1})` for `φ̄_{t+1}`.
/// All of it is learned from the users of other folds.
///
/// If after leaving out any fold ten trajectories per feature still reach the last step, each step is fitted to its own rows.
/// Otherwise all steps share one A, C and b, from all rows whose next step is known: the process is taken for stationary,
/// θ_t is the value of H − t steps to go (H the longest trajectory's, unless given), and ω sums the target's discounted
/// visits over all steps. Direct, marginal and double estimates are then of H steps for everybody not terminated.
///
/// # Assumptions
/// Weights are right and the target's actions all could have been logged (all but `Direct`); the process is Markov in the
/// features and the linear class holds Q (`Direct`), the weights (marginal forms), or either (`Double`). `Robust` is unbiased
/// for any Q. Self-normalised forms and `Magic` are consistent, not unbiased.
///
/// # Shapes and units
/// One [`SequenceValues`] for each of `forms`, in their order; value in units of the reward, per trajectory.
///
/// # Numerics
/// Weights multiply as they are; a product beyond the largest number is an error. Systems are solved by Cholesky.
///
/// # Deviations
/// Fitted-Q is iterated exactly as often as there are steps, not to a fixed point: it needs no γ < 1 and cannot
/// diverge. `Magic` takes the covariance of influence values, which counts the spread of the normalisers, and a normal
/// 50 % interval in place of a bootstrap's; it mixes at most 16 lengths, and keeps the mix that it found on the whole log in
/// every sum it is given.
///
/// # Errors
/// [`OpeError::Empty`] without trajectories; [`OpeError::Trajectory`] for one without steps, with a reward, weight or feature
/// that is not finite, or features of another width; [`OpeError::Request`] for options out of their range or features that
/// determine each other at a ridge of 0; [`OpeError::Lacks`] without the features that a form needs, or where no logged
/// trajectory could be the target's.
///
/// # Source
/// Precup, Sutton & Singh (2000), "Eligibility traces for off-policy policy evaluation" (per-decision and its normalised
/// form); Le, Voloshin & Yue (2019), "Batch policy learning under constraints" (fitted-Q evaluation); Jiang & Li (2016),
/// "Doubly robust off-policy value evaluation for reinforcement learning"; Thomas & Brunskill (2016), "Data-efficient
/// off-policy policy evaluation for reinforcement learning" (weighted doubly robust, magic); Liu, Li, Tang & Zhou (2018),
/// "Breaking the curse of horizon" (state-marginal weights); Uehara, Huang & Jiang (2020), "Minimax weight and Q-function
/// learning for off-policy evaluation"; Kallus & Uehara (2020), "Double reinforcement learning for efficient off-policy
/// evaluation in Markov decision processes".
///
/// ```
/// use recloop_data::ope::SequenceForm;
/// use recloop_data::ope::sequence::{SequenceOptions, StepTaken, Trajectory, evaluate};
///
/// let step = |weight, reward| StepTaken { weight, reward, ..Default::default() };
/// let lived = |user, steps| Trajectory { user, steps, ..Default::default() };
/// let log = [lived(0, vec![step(2.0, 1.0), step(0.5, 4.0)]), lived(1, vec![step(0.5, 2.0)])];
/// let options = SequenceOptions { discount: 0.5, ..Default::default() };
/// let values = evaluate(&log, &[SequenceForm::PerDecision, SequenceForm::NormalisedPerDecision], &options)?;
/// // (2·1 + ½·1·4 + ½·2) / 2, and (2·1 + ½·2) / 2.5 + ½ (1·4) / 1.5.
/// assert_eq!(values[0].estimate(), 2.5);
/// assert!((values[1].estimate() - (1.2 + 2.0 / 1.5)).abs() < 1e-12);
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
pub fn evaluate(
    trajectories: &[Trajectory],
    forms: &[SequenceForm],
    options: &SequenceOptions,
) -> Result<Vec<SequenceValues>, OpeError> {
    let walks = Walks::read(trajectories, options)?;
    forms.iter().try_for_each(|form| needs_features(*form, &walks))?;
    let shared = Shared::prepare(&walks, forms, options)?;
    forms.iter().map(|form| shared.values(*form)).collect()
}

/// What more than one estimator is made from.
struct Shared<'a> {
    walks: &'a Walks<'a>,
    folds: Folds,
    ridge: f64,
    rewards: Residuals,
    pairs: OnceCell<Pairs>,
}

/// What is learned about situations and actions.
struct Pairs {
    quality: Quality,
    residuals: Residuals,
    marginal: Marginal,
}

impl<'a> Shared<'a> {
    fn prepare(
        walks: &'a Walks<'a>,
        forms: &[SequenceForm],
        options: &SequenceOptions,
    ) -> Result<Self, OpeError> {
        let learns = forms.iter().any(|form| learns_about(*form).is_some());
        let folds = Folds::cut(walks, if learns { options.folds } else { 1 })?;
        let rewards = Residuals::rewards(walks);
        Ok(Self { walks, folds, ridge: options.ridge, rewards, pairs: OnceCell::new() })
    }

    fn frame(&self, about: About) -> Frame {
        Frame::choose(self.walks, about, &self.folds, self.ridge)
    }

    fn chains(&self, about: About) -> Result<Vec<Chain>, OpeError> {
        Chain::fit(self.walks, &self.frame(about), &self.folds)
    }

    fn marginal(&self, about: About, chains: &[Chain]) -> Marginal {
        Marginal::of(self.frame(about), self.walks, chains.iter().map(Chain::weights).collect())
    }

    /// Learned when first asked for.
    fn pairs(&self) -> Result<&Pairs, OpeError> {
        if let Some(pairs) = self.pairs.get() {
            return Ok(pairs);
        }
        let chains = self.chains(About::Pairs)?;
        let quality: Quality = chains.iter().map(Chain::values).collect();
        let residuals = Residuals::of(self.walks, &self.folds, &quality);
        let marginal = self.marginal(About::Pairs, &chains);
        Ok(self.pairs.get_or_init(|| Pairs { quality, residuals, marginal }))
    }

    fn values(&self, form: SequenceForm) -> Result<SequenceValues, OpeError> {
        let terms = self.terms(form)?;
        let sums = sums(&terms);
        if sums[sums.len() / 2..].contains(&0.0) {
            let reason = "no logged trajectory could be the target's: all weights of some step are zero";
            return Err(lacks(form, reason));
        }
        if !sums.iter().all(|sum| sum.is_finite()) {
            let reason = "weights times rewards add up beyond the largest number; set a shorter horizon";
            return Err(lacks(form, reason));
        }
        let stationary = |about| self.frame(about).clock == Clock::Stationary;
        Ok(SequenceValues::new(form, terms, learns_about(form).is_some_and(stationary)))
    }

    fn terms(&self, form: SequenceForm) -> Result<Grid<f64>, OpeError> {
        use SequenceForm as Form;
        let whole = |walk: &Walk<'_>| walk.whole() * self.walks.gain(walk);
        let residuals = || self.pairs().map(|pairs| &pairs.residuals);
        Ok(match form {
            Form::Trajectory => self.plain(|_, walk| whole(walk)),
            Form::NormalisedTrajectory => self.grid(2, |_, walk| vec![whole(walk), walk.whole()]),
            Form::PerDecision => self.plain(|i, walk| weighted(&self.rewards, i, walk)),
            Form::NormalisedPerDecision => self.ratios(&self.rewards, None),
            Form::Direct => {
                let residuals = residuals()?;
                self.plain(|i, _| residuals.start[i])
            }
            Form::Robust => {
                let residuals = residuals()?;
                self.plain(|i, walk| weighted(residuals, i, walk))
            }
            Form::NormalisedRobust => self.ratios(residuals()?, None),
            Form::Magic => {
                let kept = magic::kept(&self.ratios(residuals()?, None));
                self.ratios(residuals()?, Some(&kept))
            }
            Form::StateMarginal => self.visits(&self.marginal(About::States, &self.chains(About::States)?)),
            Form::StateActionMarginal => self.visits(&self.pairs()?.marginal),
            Form::Double => {
                let pairs = self.pairs()?;
                self.plain(|i, walk| pairs.residuals.start[i] + self.double(pairs, i, walk))
            }
        })
    }

    fn visits(&self, marginal: &Marginal) -> Grid<f64> {
        self.plain(|i, walk| marginal.weighted(walk, self.folds.of[i]))
    }

    fn double(&self, pairs: &Pairs, i: usize, walk: &Walk<'_>) -> f64 {
        let fold = self.folds.of[i];
        pairs.marginal.corrected(self.walks, walk, fold, &pairs.quality[fold])
    }

    /// `[n, 2]`: a number and 1.
    fn plain(&self, term: impl Fn(usize, &Walk<'_>) -> f64) -> Grid<f64> {
        self.grid(2, |i, walk| vec![term(i, walk), 1.0])
    }

    /// `[n, 2 (1 + H)]`: the start over 1, then `c_t γᵗ w_{0:t} δ_t` over `w_{0:t}`.
    fn ratios(&self, residuals: &Residuals, kept: Option<&[f64]>) -> Grid<f64> {
        let length = self.walks.length;
        self.grid(2 * (1 + length), |i, walk| {
            let mut terms = vec![0.0; 2 * (1 + length)];
            let (numerators, denominators) = terms.split_at_mut(1 + length);
            (numerators[0], denominators[0]) = (residuals.start[i], 1.0);
            for (t, residual) in residuals.steps[i].iter().enumerate() {
                numerators[1 + t] = kept.map_or(1.0, |kept| kept[t]) * walk.weight(t) * residual;
            }
            (0..length).for_each(|t| denominators[1 + t] = walk.weight(t));
            terms
        })
    }

    fn grid(&self, width: usize, terms: impl Fn(usize, &Walk<'_>) -> Vec<f64>) -> Grid<f64> {
        let mut grid = Grid::new(width);
        self.walks.all.iter().enumerate().for_each(|(i, walk)| grid.push_row(&terms(i, walk)));
        grid
    }
}

/// `V_0 + Σ_t γᵗ w_{0:t} δ_t`.
pub(super) fn weighted(residuals: &Residuals, i: usize, walk: &Walk<'_>) -> f64 {
    let steps = residuals.steps[i].iter().zip(&walk.cumulative);
    residuals.start[i] + steps.map(|(residual, weight)| weight * residual).sum::<f64>()
}

/// What a form learns about, if it learns.
fn learns_about(form: SequenceForm) -> Option<About> {
    use SequenceForm as Form;
    match form {
        Form::Trajectory | Form::PerDecision | Form::NormalisedTrajectory | Form::NormalisedPerDecision => {
            None
        }
        Form::StateMarginal => Some(About::States),
        Form::Direct
        | Form::Robust
        | Form::NormalisedRobust
        | Form::Magic
        | Form::StateActionMarginal
        | Form::Double => Some(About::Pairs),
    }
}

fn needs_features(form: SequenceForm, walks: &Walks<'_>) -> Result<(), OpeError> {
    let Some(about) = learns_about(form) else { return Ok(()) };
    if walks.all.iter().all(|walk| about.start(&walk.steps[0]).is_empty()) {
        let what = if about == About::Pairs { "situation and action" } else { "the situation" };
        return Err(lacks(form, &format!("its trajectories carry no features of {what} to learn from")));
    }
    Ok(())
}

fn lacks(form: SequenceForm, reason: &str) -> OpeError {
    OpeError::Lacks { estimator: form.name().into(), reason: reason.into() }
}
