//! Means with Student's t intervals, for as few as two values.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use serde::{Deserialize, Serialize};

/// The share of intervals that are to hold the truth.
pub(crate) const LEVEL: f64 = 0.95;

/// The 0.975 quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// From here on the expansion around the normal quantile is exact to 1e-10.
const MANY: usize = 200;

/// A mean and its 95 % interval, `x̄ ± t(n − 1) · √(Σ (x − x̄)² / (n − 1) / n)`.
///
/// It holds the truth in 95 % of cases if the values are independent and nearly normal, or many.
///
/// # Source
/// Student (1908), "The probable error of a mean".
///
/// ```
/// use recloop_experiments::Interval;
/// // Mean 2, standard error 1 / √3, and t with two degrees of freedom is 4.303.
/// let interval = Interval::of(&[1.0, 2.0, 3.0]).unwrap();
/// assert!((interval.high - (2.0 + 4.3026527 / 3.0_f64.sqrt())).abs() < 1e-6);
/// assert!(Interval::of(&[1.0]).is_none(), "one value says nothing of its spread");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How many values it is over.
    pub n: usize,
}

impl Interval {
    /// Over independent values; `None` for fewer than two.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let half = student_t(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt();
        Some(Self { mean, low: mean - half, high: mean + half, n })
    }

    /// Half its width.
    #[must_use]
    pub fn half(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether it leaves out zero.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The t with `P(|T| ≤ t) = 95 %` at `freedom ≥ 1` degrees of freedom.
///
/// # Numerics
/// Exact to 1e-9: the finite series in `θ = atan(t / √ν)` is inverted by bisection; from ν = 200 on, the expansion
/// around the normal quantile takes over.
///
/// # Source
/// Abramowitz & Stegun (1964), "Handbook of Mathematical Functions", 26.7.3–26.7.5.
pub(crate) fn student_t(freedom: usize) -> f64 {
    let nu = freedom as f64;
    if freedom >= MANY {
        let (z, z2) = (Z, Z * Z);
        let terms = [
            (z2 + 1.0) / 4.0,
            ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
            (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
            ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0,
        ];
        return z * (1.0 + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / nu));
    }
    let (mut below, mut above) = (0.0, FRAC_PI_2);
    // Halved until no float lies between: 64 times at most.
    for _ in 0..64 {
        let theta = f64::midpoint(below, above);
        *if within(theta, freedom) < LEVEL { &mut below } else { &mut above } = theta;
    }
    above.tan() * nu.sqrt()
}

/// `P(|T| ≤ √ν tan θ)`.
fn within(theta: f64, freedom: usize) -> f64 {
    let (sin, cos) = theta.sin_cos();
    let is_odd = freedom % 2 == 1;
    let (mut term, mut sum) = (if is_odd { cos } else { 1.0 }, 0.0);
    let mut k = if is_odd { 1 } else { 0 };
    // Powers of the cosine up to ν − 2, each with its ratio of double factorials.
    while k + 2 <= freedom {
        sum += term;
        term *= cos * cos * (k + 1) as f64 / (k + 2) as f64;
        k += 2;
    }
    if is_odd { FRAC_2_PI * (theta + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let printed = [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (3, 3.182_446_305),
            (4, 2.776_445_105),
            (7, 2.364_624_252),
            (9, 2.262_157_163),
            (30, 2.042_272_456),
            (100, 1.983_971_519),
            (1_000, 1.962_339_081),
        ];
        for (freedom, t) in printed {
            assert!((student_t(freedom) - t).abs() < 2e-9, "{freedom}: {}", student_t(freedom));
        }
    }

    #[test]
    fn series_and_expansion_meet() {
        // Neighbours differ by about 2.4 / ν²; a jump where one method takes over would show.
        let step = |freedom| student_t(freedom) - student_t(freedom + 1);
        let (before, across, after) = (step(MANY - 2), step(MANY - 1), step(MANY));
        assert!(before > across && across > after && before - after < 2e-6, "{before} {across} {after}");
        assert!((student_t(10_000_000) - Z).abs() < 1e-6);
    }

    #[test]
    fn equal_values_have_no_width() {
        let interval = Interval::of(&[0.0; 5]).unwrap();
        assert_eq!(interval, Interval { mean: 0.0, low: 0.0, high: 0.0, n: 5 });
        assert!(!interval.excludes_zero());
    }

    #[test]
    fn two_values_by_hand() {
        // Mean 2, variance 2, standard error 1, t(1) = tan(0.95 · π/2).
        let interval = Interval::of(&[1.0, 3.0]).unwrap();
        assert!((interval.half() - (0.95 * FRAC_PI_2).tan()).abs() < 1e-9);
        assert!(!interval.excludes_zero());
        assert!(Interval::of(&[100.0, 102.0]).unwrap().excludes_zero());
    }
}
