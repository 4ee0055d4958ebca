//! Means and ratios with their standard errors.

use serde::{Deserialize, Serialize};

/// A number with its uncertainty.
///
/// What cannot be had is NaN, which JSON shows as `null`: the mean of nothing, the standard error of one user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    #[serde(with = "or_null")]
    pub mean: f64,
    /// Its standard error, users being independent.
    #[serde(with = "or_null")]
    pub se: f64,
    /// How many things were averaged: users, slates, impressions or clicks.
    pub n: u64,
}

/// An estimate with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The metric's name.
    pub name: String,
    /// What it came to.
    pub estimate: Estimate,
}

/// NaN is saved as nothing, in JSON and elsewhere alike.
mod or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        (!value.is_nan()).then_some(*value).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
    }
}

impl Estimate {
    /// Mean of one value per user.
    ///
    /// `se = √(Σ (x_u − x̄)² / (n − 1) / n)`.
    #[must_use]
    pub fn mean(values: impl Iterator<Item = f64> + Clone) -> Self {
        Self::ratio(values.map(|value| (value, 1)))
    }

    /// A ratio of sums over users, such as clicks / impressions, clustered by user.
    ///
    /// `r = Σ y_u / Σ x_u`; by linearisation `se = √(n / (n − 1) · Σ (y_u − r x_u)²) / Σ x_u` over the `n` users with
    /// `x_u > 0`. With `x_u = 1` it is the mean and its usual standard error.
    ///
    /// # Source
    /// Cochran (1977), "Sampling Techniques", section 6.4.
    ///
    /// ```
    /// use recloop_data::metrics::Estimate;
    /// // Two users: 1 click of 2 impressions, 3 of 4. r = 4/6; residuals 1 − 4/3, 3 − 8/3; se = √(2 · 2/9) / 6.
    /// let ctr = Estimate::ratio([(1.0, 2), (3.0, 4)].into_iter());
    /// assert_eq!((ctr.mean, ctr.n), (4.0 / 6.0, 6));
    /// assert!((ctr.se - 1.0 / 9.0).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn ratio(users: impl Iterator<Item = (f64, u64)> + Clone) -> Self {
        let users = users.filter(|(_, x)| *x > 0);
        let (y, n, n_users) = users
            .clone()
            .fold((0.0, 0, 0.0), |(y, n, n_users), user| (y + user.0, n + user.1, n_users + 1.0));
        let mean = y / n as f64;
        let squares: f64 = users.map(|(y, x)| (y - mean * x as f64).powi(2)).sum();
        let se =
            if n_users > 1.0 { (n_users / (n_users - 1.0) * squares).sqrt() / n as f64 } else { f64::NAN };
        Self { mean, se, n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_textbook_standard_error() {
        // Mean 3, deviations −2, −1, 3: variance 14 / 2 = 7, se √(7 / 3).
        let estimate = Estimate::mean([1.0, 2.0, 6.0].into_iter());
        assert_eq!((estimate.mean, estimate.n), (3.0, 3));
        assert!((estimate.se - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_cannot_be_had_is_nan_and_null() {
        let none = Estimate::mean([].into_iter());
        assert!(none.mean.is_nan() && none.se.is_nan() && none.n == 0);
        let one = Estimate::ratio([(1.0, 3), (0.0, 0)].into_iter());
        assert!((one.mean - 1.0 / 3.0).abs() < 1e-15 && one.se.is_nan());
        let json = serde_json::to_string(&one).unwrap();
        assert!(json.contains(r#""se":null"#), "{json}");
        assert!(serde_json::from_str::<Estimate>(&json).unwrap().se.is_nan());
    }
}
