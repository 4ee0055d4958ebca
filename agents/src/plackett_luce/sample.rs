//! One ordered slate, and how likely it was.

use std::cmp::Ordering;
use std::f32::consts::LN_2;

use super::{Mass, Scratch, log_weights};
use crate::AgentError;

/// Candidates compared with the bar together (chosen by us).
const GROUP: usize = 16;
/// More than the two conversions of a [`gumbel_bound`] can round away: 2⁻²³ of 2³¹, and of 158.
const ROUNDED_AWAY: f32 = 1e-4;

/// Draws a slate of `out_order.len()` candidates, top first, with the conditional propensity of each.
///
/// The slate is the top K of `s_j / τ + G_j` with standard Gumbel noise `G_j = −ln(−ln u_j)`, which has
/// exactly the Plackett–Luce law. `noise(j)` is the uniform 32-bit word of candidate `j`, read as
/// `u_j = (word + ½) / 2³²`; naming it by candidate and not by position keeps luck in place when the scores
/// change. Equal perturbed scores fall to the larger noise, then to the lower index.
///
/// # Shapes and units
/// - `scores`: `[C]`, any unit; `temperature` in the same unit
/// - `out_order`: `[K]` indices into `scores`
/// - `out_propensity`: `[K]`, `P(item k | items above it)`
///
/// # Numerics
/// Propensities are those of [`conditional`](super::conditional) to a few ulps. The noise has 2³²
/// values, so a candidate with a propensity below about 1e-9 is drawn less often than stated, or never.
///
/// # Errors
/// A score of +∞ or NaN, a temperature that is not finite and above zero, or more positions than candidates.
///
/// # Panics
/// If `out_order` and `out_propensity` differ in length.
///
/// # Source
/// Kool, van Hoof, Welling (2019), "Stochastic beams and where to find them: the Gumbel-top-k trick
/// for sampling sequences without replacement".
///
/// ```
/// use recloop_agents::plackett_luce::{Scratch, sample};
///
/// let words = [1 << 31, 3 << 30, 1 << 30];
/// let (mut order, mut propensity) = ([0; 2], [0.0; 2]);
/// sample(&[0.5; 3], 1.0, |j| words[j], &mut Scratch::default(), &mut order, &mut propensity)?;
/// assert_eq!((order, propensity), ([1, 0], [1.0 / 3.0, 0.5]));
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
pub fn sample(
    scores: &[f32],
    temperature: f32,
    noise: impl Fn(usize) -> u32,
    scratch: &mut Scratch,
    out_order: &mut [usize],
    out_propensity: &mut [f64],
) -> Result<(), AgentError> {
    let n_positions = out_order.len();
    assert_eq!(n_positions, out_propensity.len(), "one propensity per position");
    let Scratch { log_weight, draws, .. } = scratch;
    log_weight.resize(scores.len(), 0.0);
    let n_candidates = log_weights(scores, temperature, log_weight)?;
    if n_positions > n_candidates {
        return Err(AgentError::TooFewCandidates { n_candidates, n_positions });
    }
    draw_top(log_weight, noise, n_positions, draws);

    for (position, draw) in draws.iter().enumerate() {
        out_order[position] = draw.candidate;
        out_propensity[position] = std::mem::replace(&mut log_weight[draw.candidate], f64::NEG_INFINITY);
    }
    // From the bottom up, so that what is left at each position is only ever added to.
    let mut left = Mass::of(log_weight);
    for propensity in out_propensity.iter_mut().rev() {
        left.add(*propensity);
        *propensity = left.share(*propensity);
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    perturbed: f64,
    gumbel: f64,
    candidate: usize,
}

impl Draw {
    /// Noise breaks the ties it was too small to be felt in: far below the top, adding it changes no bit.
    fn best_first(&self, other: &Self) -> Ordering {
        (other.perturbed.total_cmp(&self.perturbed))
            .then(other.gumbel.total_cmp(&self.gumbel))
            .then(self.candidate.cmp(&other.candidate))
    }
}

/// Leaves the `k` best draws in `best`, best first, without sorting the rest: every `2k` survivors are cut to
/// `k`, and the worst of those sets the bar.
fn draw_top(log_weight: &[f64], noise: impl Fn(usize) -> u32, k: usize, best: &mut Vec<Draw>) {
    best.clear();
    let mut bar = f64::NEG_INFINITY;
    for (group, log_weights) in log_weight.chunks(GROUP).enumerate() {
        let mut words = [0; GROUP];
        let first = group * GROUP;
        (0..log_weights.len()).for_each(|i| words[i] = noise(first + i));
        let mut hits = may_reach(bar, log_weights, &words);
        while hits != 0 {
            let i = hits.trailing_zeros() as usize;
            hits &= hits - 1;
            let gumbel = gumbel(words[i]);
            best.push(Draw { perturbed: log_weights[i] + gumbel, gumbel, candidate: first + i });
            if k > 0 && best.len() == 2 * k {
                bar = best.select_nth_unstable_by(k - 1, Draw::best_first).1.perturbed;
                best.truncate(k);
            }
        }
    }
    best.sort_unstable_by(Draw::best_first);
    best.truncate(k);
}

/// Which of up to [`GROUP`] candidates may come up to the bar, one bit each; none that is kept out.
#[inline]
fn may_reach(bar: f64, log_weights: &[f64], words: &[u32; GROUP]) -> u32 {
    let mut may = [false; GROUP];
    for ((may, log_weight), word) in may.iter_mut().zip(log_weights).zip(words) {
        *may = (log_weight + f64::from(gumbel_bound(*word)) >= bar) & (*log_weight > f64::NEG_INFINITY);
    }
    may.iter().enumerate().fold(0, |hits, (i, may)| hits | u32::from(*may) << i)
}

fn gumbel(word: u32) -> f64 {
    let uniform = (f64::from(word) + 0.5) / 4_294_967_296.0;
    -(-uniform.ln()).ln()
}

/// At least `gumbel(word)`, and free of logarithms, of which it spares most candidates both.
///
/// `G ≤ −ln(1 − u)`, as `−ln u ≥ 1 − u`; and the bits of a float, read as an integer, interpolate its base-2
/// logarithm from below. Signed and single, as the smallest target has no other vector conversions; what they round
/// away is made up for.
#[inline]
fn gumbel_bound(word: u32) -> f32 {
    let complement = (!word >> 1) as i32 as f32; // of 2³¹
    let log2 = complement.to_bits() as i32 as f32 * (1.0 / 8_388_608.0) - (127.0 + 31.0);
    log2 * -LN_2 + ROUNDED_AWAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_above_the_noise_and_close() {
        let edges = (0..32).flat_map(|bit| [u32::MAX << bit, u32::MAX >> bit, 1 << bit, !(1 << bit)]);
        for word in edges.chain((0..u32::MAX).step_by(65_521)) {
            let (bound, exact) = (f64::from(gumbel_bound(word)), gumbel(word));
            assert!(exact <= bound, "{word:#x}");
            // Top tenth: the chord lies within 0.0861 of log2, and −ln u within 6 % of 1 − u; of the last few words the
            // halving loses up to a whole bit.
            let near = (u32::MAX / 10 * 9..u32::MAX - 4096).contains(&word);
            assert!(!near || bound < exact + 0.12, "{word:#x}");
        }
    }
}
