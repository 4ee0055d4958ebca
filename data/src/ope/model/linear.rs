//! Least squares.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::row::score;
use super::{RewardModel, Sparse};

/// Strength of the ridge, in rows of mean weight (chosen by us: a feature counts in full from a few rows on).
pub(super) const RIDGE: f64 = 1.0;

/// What a fit says that cannot be had.
pub(super) const OVERFLOW: &str =
    "its normal equations overflow; divide rewards and features by their largest values";

/// A reward linear in the features.
///
/// `q̂(x, a) = β₀ + β_k + βᵀ x_a`, with β the minimum of `Σ w (r − q̂)² + λ w̄ (Σ β_k² + |β|²)`: β₀ is free, λ = 1, and w̄ is the
/// mean weight, so that a common factor of all weights changes nothing. Offsets β_k are there for the first 16 positions;
/// the last one serves those below. Where all weights are 0 it says 0.
///
/// # Shapes and units
/// Coefficients in rewards per feature. The ridge is in units of the features: those are expected to be of order one.
///
/// # Source
/// Hoerl & Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Linear {
    coefficients: Vec<f64>,
}

impl Linear {
    pub(super) fn fit(sums: &Moments, ridge: f64) -> Result<Self, String> {
        if sums.weight <= 0.0 {
            return Ok(Self::default());
        }
        let coefficients = sums.solve(ridge * sums.mean_weight(), sums.slope());
        Ok(Self { coefficients: coefficients.ok_or(OVERFLOW)? })
    }

    /// The intercept, the offsets of 16 positions, the coefficients of the features; empty if there was nothing to fit to.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }
}

impl RewardModel for Linear {
    #[inline]
    fn predict(&self, _action: u64, position: u16, x: &Sparse) -> f64 {
        score(&self.coefficients, position, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ope::model::fold::Sums;
    use crate::ope::model::row::{FEATURES, Row};

    /// Rows on a grid, so that no column is a mix of others; weights vary.
    fn planted(range: std::ops::Range<u32>) -> Moments {
        let (mut sums, mut row) = (Moments::default(), Row::default());
        for n in range {
            let x = Sparse { at: vec![0, 2], values: vec![f64::from(n % 7) - 2.0, f64::from(n * n % 11)] };
            row.fill(0, &x, 3, (None, 0)).unwrap();
            let weight = 1.0 + f64::from(n % 3);
            let reward = 0.5 - 2.0 * x.values[0] + 0.25 * x.values[1];
            sums.regress(&row, (1.0, weight), reward);
        }
        sums
    }

    #[test]
    fn planted_coefficients_come_back() {
        let fit = Linear::fit(&planted(0..100), 1e-12).unwrap();
        let close = |at: usize, expected: f64| (fit.coefficients()[at] - expected).abs() < 1e-8;
        assert!(close(FEATURES, -2.0) && close(FEATURES + 2, 0.25), "{fit:?}");
        // The intercept and the offset of the only position cannot be told apart.
        assert!((fit.coefficients()[..2].iter().sum::<f64>() - 0.5).abs() < 1e-8);
        // What no row has is left alone.
        assert_eq!((fit.coefficients()[2], fit.coefficients()[FEATURES + 1]), (0.0, 0.0));
        let x = Sparse { at: vec![0], values: vec![3.0] };
        assert!((fit.predict(0, 0, &x) + 5.5).abs() < 1e-8);
    }

    #[test]
    fn one_feature_by_hand() {
        // x = 1 with r = 3 and x = 0 with r = 1, both of weight 2: w̄ = 2 drops out. With the position's offset b always
        // on, a free intercept leaves b = 0; the slope then solves (½ + λ) β = 1 with λ = 1.
        let (mut sums, mut row) = (Moments::default(), Row::default());
        for (x, reward) in [(1.0, 3.0), (0.0, 1.0)] {
            row.fill(0, &Sparse { at: vec![0], values: vec![x] }, 1, (None, 0)).unwrap();
            sums.regress(&row, (1.0, 2.0), reward);
        }
        let fit = Linear::fit(&sums, 1.0).unwrap();
        let expected = [(0, 2.0 - 1.0 / 3.0), (1, 0.0), (FEATURES, 2.0 / 3.0)];
        expected.iter().for_each(|(at, value)| {
            assert!((fit.coefficients()[*at] - value).abs() < 1e-9, "{at}: {fit:?}");
        });
    }

    #[test]
    fn chunks_add_up() {
        let mut merged = Moments::default();
        [0..30, 30..30, 30..100].into_iter().for_each(|range| merged.merge(&planted(range)));
        let (parts, whole) =
            (Linear::fit(&merged, 1.0).unwrap(), Linear::fit(&planted(0..100), 1.0).unwrap());
        let pairs = parts.coefficients().iter().zip(whole.coefficients());
        assert!(pairs.into_iter().all(|(part, whole)| (part - whole).abs() < 1e-12));
    }

    #[test]
    fn features_of_any_size_can_be_fitted() {
        let (mut sums, mut row) = (Moments::default(), Row::default());
        for n in 0..100_u32 {
            // The same column twice, far from order one.
            let x = 1e9 + 1e6 * f64::from(n);
            row.fill(0, &Sparse { at: vec![0, 1], values: vec![x, x] }, 2, (None, 0)).unwrap();
            sums.regress(&row, (1.0, 1.0), x * 1e-9);
        }
        let fit = Linear::fit(&sums, 1.0).unwrap();
        let x = Sparse { at: vec![0, 1], values: vec![1.05e9; 2] };
        assert!((fit.predict(0, 0, &x) - 1.05).abs() < 1e-4, "{}", fit.predict(0, 0, &x));
    }

    #[test]
    fn no_weight_says_nothing_and_overflow_is_refused() {
        assert_eq!(Linear::fit(&Moments::default(), 1.0).unwrap().predict(0, 3, &Sparse::default()), 0.0);
        let (mut sums, mut row) = (Moments::default(), Row::default());
        row.fill(0, &Sparse { at: vec![0], values: vec![1e200] }, 1, (None, 0)).unwrap();
        sums.regress(&row, (1.0, 1.0), 1.0);
        assert!(Linear::fit(&sums, 1.0).unwrap_err().contains("overflow"));
    }
}
