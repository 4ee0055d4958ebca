//! How likely each item is to stand at each position.

use super::{Mass, Scratch, log_weights};
use crate::AgentError;

/// Largest step of the trapezoid rule, and the step's largest multiple of `1/√k`. The rule's error falls like
/// `exp(−c / step)` for a smooth race and like `exp(−c / (k · step²))` once the arrival at position `k` is
/// sharply timed. Chosen by us, the largest that keep both below 1e-13; half as much again costs three to
/// five digits.
const STEP: f64 = 0.22;
const STEP_PER_SQRT_POSITION: f64 = 0.6;
/// Where the rule starts: the chance of an arrival before is `exp(−3.6 − e^3.6) ≈ 3e-18`.
const START: f64 = -3.6;
/// It stops when the chance that any position is still open is below this.
const OPEN: f64 = 1e-17;
/// Neighbours in weight further apart than `e^50 ≈ 5e21` never swap places in any visible digit; a larger gap
/// is narrowed to this one, or the rule would walk through empty time.
const WIDEST_GAP: f64 = 50.0;
/// `exp` of anything larger would be infinite, and the density `∞ · 0`.
const LARGEST_EXPONENT: f64 = 700.0;

/// Probability of each candidate at each of the top `k` positions.
///
/// Let candidate `j` arrive at an exponential time of rate `w_j = exp(s_j / τ)`; the order of arrival is
/// Plackett–Luce. Position `p` is `j`'s when exactly `p` others have come before it:
///
/// `P(j at p) = ∫₀^∞ w_j e^{−w_j t} P(exactly p of the others before t) dt`
///
/// # Shapes and units
/// - `scores`: `[C]`, any unit; `temperature` in the same unit
/// - `out`: `[C, k]`, row-major; every column sums to 1, every row to at most 1
///
/// # Numerics
/// Trapezoid rule over `t = exp(s − e^{−s}) / Σw`, which tames both ends of the race; within 1e-12
/// of enumeration. The number of nodes follows the spread of the weights: about 40 for equal weights, 105 for
/// weights between `e^−8` and `e^8`. The number of arrivals is Poisson-binomial; leaving `j` out joins the
/// counts before and after it instead of dividing its own out, so that every term is positive and nothing
/// cancels. Time: nodes · C · k².
///
/// # Errors
/// A score of +∞ or NaN, a temperature that is not finite and above zero, or more positions than candidates.
///
/// # Panics
/// If `out` does not hold `C · k` numbers.
///
/// # Source
/// Takahasi, Mori (1974), "Double exponential formulas for numerical integration", for the change of
/// variable.
///
/// ```
/// use recloop_agents::plackett_luce::{Scratch, marginals};
///
/// let scores = [3_f32.ln(), 0.0];
/// let mut at = [0.0; 4];
/// marginals(&scores, 1.0, 2, &mut Scratch::default(), &mut at)?;
/// for (found, expected) in at.iter().zip([0.75, 0.25, 0.25, 0.75]) {
///     assert!((found - expected).abs() < 1e-7); // the score is a rounded logarithm
/// }
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
pub fn marginals(
    scores: &[f32],
    temperature: f32,
    k: usize,
    scratch: &mut Scratch,
    out: &mut [f64],
) -> Result<(), AgentError> {
    assert_eq!(out.len(), scores.len() * k, "one probability per candidate and position");
    let Scratch { log_weight, race, .. } = scratch;
    log_weight.resize(scores.len(), 0.0);
    let n_candidates = log_weights(scores, temperature, log_weight)?;
    if k > n_candidates {
        return Err(AgentError::TooFewCandidates { n_candidates, n_positions: k });
    }
    out.fill(0.0);
    if k == 0 {
        return Ok(());
    }
    race.narrow_gaps(log_weight);
    let all = Mass::of(log_weight);
    let log_total = all.peak + all.total.ln();
    let step = STEP.min(STEP_PER_SQRT_POSITION / (k as f64).sqrt());
    for node in 0.. {
        let s = START + f64::from(node) * step;
        let log_time = s - (-s).exp() - log_total;
        race.run_to(log_time, log_weight, k);
        race.deposit(step * (1.0 + (-s).exp()), k, out);
        if race.still_open(k) < OPEN {
            break;
        }
    }
    Ok(())
}

/// The race at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Race {
    order: Vec<usize>,
    runners: Vec<Runner>,
    /// `[C + 1, k]`: row `j` holds P(exactly p of the candidates before `j` have arrived).
    before: Vec<f64>,
    /// `[k]`: the same for the candidates after the one in hand.
    after: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Runner {
    /// P(not here yet).
    waiting: f64,
    /// P(here). Kept beside `waiting`, as `1 − waiting` would lose an early arrival's digits.
    arrived: f64,
    /// Arrivals per unit of log time.
    density: f64,
}

impl Runner {
    fn at(log_rate_time: f64) -> Self {
        let rate_time = log_rate_time.min(LARGEST_EXPONENT).exp();
        let waiting = (-rate_time).exp();
        Runner { waiting, arrived: -(-rate_time).exp_m1(), density: rate_time * waiting }
    }

    /// Adds this runner to a distribution of the number of arrivals, cut off at its length.
    fn join(self, counts: &mut [f64]) {
        for p in (1..counts.len()).rev() {
            counts[p] = counts[p] * self.waiting + counts[p - 1] * self.arrived;
        }
        counts[0] *= self.waiting;
    }
}

impl Race {
    fn narrow_gaps(&mut self, log_weight: &mut [f64]) {
        self.order.clear();
        self.order.extend(0..log_weight.len());
        self.order.sort_unstable_by(|&a, &b| log_weight[b].total_cmp(&log_weight[a]));
        let mut lifted = 0.0;
        let mut previous = 0.0; // the largest log weight
        for &candidate in &self.order {
            if log_weight[candidate] == f64::NEG_INFINITY {
                break; // kept out, as is whoever comes after
            }
            let gap: f64 = previous - log_weight[candidate];
            previous = log_weight[candidate];
            lifted -= gap.min(WIDEST_GAP);
            log_weight[candidate] = lifted;
        }
    }

    fn run_to(&mut self, log_time: f64, log_weight: &[f64], k: usize) {
        self.runners.clear();
        self.runners.extend(log_weight.iter().map(|&log_rate| Runner::at(log_rate + log_time)));
        self.before.resize((log_weight.len() + 1) * k, 0.0);
        self.before[..k].fill(0.0);
        self.before[0] = 1.0;
        for (j, runner) in self.runners.iter().enumerate() {
            self.before.copy_within(j * k..(j + 1) * k, (j + 1) * k);
            runner.join(&mut self.before[(j + 1) * k..(j + 2) * k]);
        }
    }

    /// Adds `weight · P(j arrives now, exactly p others before)` to every cell of `out`.
    fn deposit(&mut self, weight: f64, k: usize, out: &mut [f64]) {
        self.after.clear();
        self.after.resize(k, 0.0);
        self.after[0] = 1.0;
        let rows = self.runners.iter().zip(self.before.chunks_exact(k)).zip(out.chunks_exact_mut(k));
        for ((runner, before), out) in rows.rev() {
            for (p, cell) in out.iter_mut().enumerate() {
                let pairs = before[..=p].iter().zip(self.after[..=p].iter().rev());
                *cell += weight * runner.density * pairs.map(|(before, after)| before * after).sum::<f64>();
            }
            runner.join(&mut self.after);
        }
    }

    /// P(fewer than k have arrived).
    fn still_open(&self, k: usize) -> f64 {
        self.before[self.runners.len() * k..][..k].iter().sum()
    }
}
