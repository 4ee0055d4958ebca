//! Whether what is said to happen with probability p happens with probability p.

use std::f64::consts::{PI, SQRT_2};

use recloop_env::unit;
use statrs::function::erf::erfc;

use super::FidelityError;
use super::halves::{OUTCOMES, luck};

/// Bins of about equal mass, as many as there may be without leaving fewer than 50 in one (both chosen by us).
const MOST_BINS: usize = 15;
const LEAST_IN_BIN: usize = 50;

/// How far probabilities are from frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Expected calibration error as it was found: too large on average.
    pub plug_in: f64,
    /// Less the most of what chance adds.
    pub debiased: f64,
    /// The debiased error that probabilities which are exactly right have on average, at these very probabilities.
    pub floor: f64,
}

/// Expected calibration error of `told`: pairs of a probability and whether it happened.
///
/// Sorted by probability and cut into B bins of equal mass: `ECE = Σ_b w_b |g_b|`, `g_b = ȳ_b − p̄_b`. With `s_b² = ȳ_b(1 − ȳ_b)/(n_b − 1)`, drawing the bins
/// again would find `E|N(g_b, s_b²)| = s_b √(2/π) exp(−g_b²/2s_b²) + g_b erf(g_b/(s_b √2))`; what that exceeds |g_b| by is taken off:
/// `debiased = Σ_b w_b (2|g_b| − E|N(g_b, s_b²)|)`. Of exactly right probabilities about 0.47 s remains of the 0.80 s that chance adds; the `floor` says how
/// much, by outcomes drawn from the probabilities themselves, `draws` times.
///
/// # Errors
/// Fewer than 50 pairs; probabilities outside [0, 1].
///
/// # Source
/// Naeini, Cooper, Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian binning", for ECE; Kumar, Liang, Ma (2019), "Verified
/// uncertainty calibration", for equal mass and the correction.
///
/// ```
/// use recloop_data::fidelity::calibration;
/// // Said to be sure, and happens three times in four.
/// let told: Vec<(f64, bool)> = (0..400).map(|i| (1.0, i % 4 > 0)).collect();
/// let found = calibration(&told, 20)?;
/// assert!((found.plug_in - 0.25).abs() < 0.03 && found.floor == 0.0);
/// # Ok::<(), recloop_data::fidelity::FidelityError>(())
/// ```
pub fn calibration(told: &[(f64, bool)], draws: u32) -> Result<Calibration, FidelityError> {
    if let Some((row, (value, _))) = told.iter().enumerate().find(|(_, (p, _))| !(0.0..=1.0).contains(p)) {
        let (what, allowed) = ("probability", "[0, 1]");
        return Err(FidelityError::Number { what, row, value: *value, allowed });
    }
    if told.len() < LEAST_IN_BIN {
        let (what, of) = ("probabilities with what happened", "decisions");
        return Err(FidelityError::TooFew { what, of, found: told.len(), needed: LEAST_IN_BIN });
    }
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [plug_in, debiased] = errors(&sorted);
    let mut floor = 0.0;
    for replicate in 0..draws {
        let mut words = luck(replicate, OUTCOMES);
        sorted.iter_mut().for_each(|(p, happened)| *happened = unit(words.word()) < *p);
        floor += errors(&sorted)[1] / f64::from(draws);
    }
    Ok(Calibration { plug_in, debiased, floor })
}

/// Plug-in and debiased error of pairs sorted by probability.
fn errors(sorted: &[(f64, bool)]) -> [f64; 2] {
    let (n, bins) = (sorted.len(), (sorted.len() / LEAST_IN_BIN).clamp(1, MOST_BINS));
    let mut found = [0.0; 2];
    for bin in 0..bins {
        let pairs = &sorted[bin * n / bins..(bin + 1) * n / bins];
        let size = pairs.len() as f64;
        let said = pairs.iter().map(|(p, _)| p).sum::<f64>() / size;
        let happened = pairs.iter().filter(|(_, happened)| *happened).count() as f64 / size;
        let (gap, s) = ((happened - said).abs(), (happened * (1.0 - happened) / (size - 1.0)).sqrt());
        let weight = size / n as f64;
        found[0] += weight * gap;
        found[1] += weight * (2.0 * gap - folded_mean(gap, s));
    }
    found
}

/// `E|N(g, s²)|` for g ≥ 0.
fn folded_mean(g: f64, s: f64) -> f64 {
    if s == 0.0 {
        return g;
    }
    let z = g / s;
    s * (2.0 / PI).sqrt() * (-0.5 * z * z).exp() + g * (1.0 - erfc(z / SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_a_folded_normal() {
        assert!((folded_mean(0.0, 1.0) - 0.797_884_6).abs() < 1e-7);
        // √(2/π) e^−½ + erf(1/√2) = .483 941 + .682 689.
        assert!((folded_mean(1.0, 1.0) - 1.166_631).abs() < 1e-6);
        assert!((folded_mean(8.0, 1.0) - 8.0).abs() < 1e-9);
        assert_eq!(folded_mean(0.3, 0.0), 0.3);
    }
}
