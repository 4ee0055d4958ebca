//! Plackett–Luce: turns scores into a random slate whose probability is known.
//!
//! Positions are filled from the top; each draws one of the candidates still left with probability
//!
//! `P(j | above) = exp(s_j / τ) / Σ_{i not above} exp(s_i / τ)`
//!
//! so the product of a slate's propensities is the probability of the slate, and a running product is its
//! cascade propensity. [`sample`] draws a slate, [`conditional`] questions the same policy about another one,
//! [`marginals`] gives the probability of each candidate at each position.
//!
//! A score of −∞ keeps a candidate out: its weight is zero. Refuses +∞, which would make a propensity of ∞/∞, and NaN,
//! which is a bug upstream.
//!
//! # Numerics
//! Weights are only ever compared with the largest one still in play, and what is left is summed
//! afresh, never obtained by subtraction: propensities stay exact when everything shown outweighs the rest by
//! `e^1000`.
//!
//! # Source
//! Plackett (1975), "The analysis of permutations"; Luce (1959), "Individual Choice Behavior".

mod exp;
mod marginals;
mod sample;

pub use marginals::marginals;
pub use sample::sample;

use crate::AgentError;
use exp::{largest, sum_exp};

/// Working memory for [`sample`] and [`marginals`]: allocates only when asked for more than ever before.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    log_weight: Vec<f64>,
    draws: Vec<sample::Draw>,
    race: marginals::Race,
}

/// Probability of each candidate at the next position, given the candidates placed above it.
///
/// # Shapes and units
/// - `scores`, `out`: `[C]`; `above`: candidate indices in any order
/// - `temperature`: in units of the scores
///
/// Candidates above, and those kept out by a score of −∞, get 0; the rest sums to 1.
///
/// # Errors
/// A score of +∞ or NaN, a temperature that is not finite and above zero, an index outside the candidates, or nobody
/// left to place.
///
/// # Panics
/// If `out` and `scores` differ in length.
///
/// ```
/// use recloop_agents::plackett_luce::conditional;
///
/// let mut next = [0.0; 3];
/// conditional(&[2.0, 0.0, 0.0], 1.0, &[0], &mut next)?;
/// assert_eq!(next, [0.0, 0.5, 0.5]);
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
pub fn conditional(
    scores: &[f32],
    temperature: f32,
    above: &[usize],
    out: &mut [f64],
) -> Result<(), AgentError> {
    let n_candidates = log_weights(scores, temperature, out)?;
    for &candidate in above {
        let taken = out.get_mut(candidate).ok_or(AgentError::NotACandidate { candidate, n_candidates })?;
        *taken = f64::NEG_INFINITY;
    }
    let left = Mass::of(out);
    if left.total == 0.0 {
        return Err(AgentError::TooFewCandidates { n_candidates, n_positions: above.len() + 1 });
    }
    out.iter_mut().for_each(|log_weight| *log_weight = left.share(*log_weight));
    Ok(())
}

/// `(s_j − max s) / τ`; tells how many candidates there are. As scores and temperature are `f32`, no step overflows
/// `f64`.
fn log_weights(scores: &[f32], temperature: f32, out: &mut [f64]) -> Result<usize, AgentError> {
    assert_eq!(scores.len(), out.len(), "one slot per candidate");
    check_temperature(temperature)?;
    let refused = |score: &f32| score.is_nan() || *score == f32::INFINITY;
    if let Some(candidate) = scores.iter().position(refused) {
        return Err(AgentError::ScoreNotFinite { candidate, score: scores[candidate] });
    }
    out.iter_mut().zip(scores).for_each(|(out, score)| *out = f64::from(*score));
    let (top, per_unit) = (largest(out), f64::from(temperature).recip());
    let kept_out = scores.iter().filter(|score| **score == f32::NEG_INFINITY).count();
    if kept_out < scores.len() {
        out.iter_mut().for_each(|log_weight| *log_weight = (*log_weight - top) * per_unit);
    }
    Ok(scores.len() - kept_out)
}

pub(crate) fn check_temperature(temperature: f32) -> Result<(), AgentError> {
    let fits = temperature.is_finite() && temperature > 0.0;
    fits.then_some(()).ok_or(AgentError::Temperature { temperature })
}

/// A sum of weights, `total · exp(peak)`, that neither overflows nor underflows.
#[derive(Clone, Copy)]
struct Mass {
    peak: f64,
    total: f64,
}

impl Mass {
    fn of(log_weights: &[f64]) -> Self {
        let peak = largest(log_weights);
        Mass { peak, total: if peak == f64::NEG_INFINITY { 0.0 } else { sum_exp(log_weights, peak) } }
    }

    fn add(&mut self, log_weight: f64) {
        if log_weight > self.peak {
            self.total = self.total * (self.peak - log_weight).exp() + 1.0;
            self.peak = log_weight;
        } else {
            self.total += (log_weight - self.peak).exp();
        }
    }

    fn share(self, log_weight: f64) -> f64 {
        (log_weight - self.peak).exp() / self.total
    }
}

#[cfg(test)]
mod tests;
