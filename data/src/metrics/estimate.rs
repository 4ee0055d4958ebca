//! Means, ratios, shares and totals with their standard errors.

use serde::{Deserialize, Serialize};

/// Half the width of a 95 % interval, in standard errors.
pub const Z95: f64 = 1.959_964;

/// A number with its uncertainty.
///
/// What cannot be had is NaN, which JSON shows as `null`: the mean of nothing, the standard error of one user. A time
/// that most people did not reach while we watched is infinite, which JSON shows as `"not reached"`.
///
/// Within one run users share a catalogue, creators and a recommender, so a standard error says how much the number
/// would vary over other users (or creators) *of this world*: it is conditional on the world. How worlds vary is seen by
/// running other seeds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    #[serde(with = "number")]
    pub mean: f64,
    /// Its standard error, users (or creators) being independent.
    #[serde(with = "number")]
    pub se: f64,
    /// How many things were averaged: users, slates, impressions, clicks, creators, items.
    pub n: u64,
}

/// What cannot be had equals what cannot be had, so that two tables of the same numbers are equal.
impl PartialEq for Estimate {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        same(self.mean, other.mean) && same(self.se, other.se) && self.n == other.n
    }
}

/// An estimate with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The metric's name.
    pub name: String,
    /// What it came to.
    pub estimate: Estimate,
}

impl Named {
    /// This estimate under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, estimate: Estimate) -> Self {
        Self { name: name.into(), estimate }
    }
}

/// Metrics that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// What they are about.
    pub title: String,
    /// In the order a table shows them.
    pub metrics: Vec<Named>,
}

impl Section {
    /// These metrics under this title.
    #[must_use]
    pub fn new(title: &str, metrics: Vec<Named>) -> Self {
        Self { title: title.into(), metrics }
    }
}

/// NaN is `null` and infinity is "not reached" for people to read; elsewhere both are numbers.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const NOT_REACHED: &str = "not reached";

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Number(f64),
        NotReached(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if !to.is_human_readable() => value.serialize(to),
            f64::INFINITY => NOT_REACHED.serialize(to),
            value => (!value.is_nan()).then_some(value).serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        if !from.is_human_readable() {
            return f64::deserialize(from);
        }
        match Option::deserialize(from)? {
            None => Ok(f64::NAN),
            Some(Said::Number(value)) => Ok(value),
            Some(Said::NotReached(word)) if word == NOT_REACHED => Ok(f64::INFINITY),
            Some(Said::NotReached(word)) => Err(serde::de::Error::custom(format_args!(
                "`{word}` is neither a number nor `{NOT_REACHED}`"
            ))),
        }
    }
}

impl Estimate {
    /// A number known to be of `n` things, without a standard error.
    #[must_use]
    pub const fn bare(mean: f64, n: u64) -> Self {
        Self { mean, se: f64::NAN, n }
    }

    /// The 95 % interval, `mean ± 1.96 se`; NaN where the standard error is.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        (self.mean - Z95 * self.se, self.mean + Z95 * self.se)
    }

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
        let n = users.clone().map(|(_, x)| x).sum();
        Self::weighted(users.map(|(y, x)| (y, x as f64)), n)
    }

    /// As [`ratio`](Self::ratio) with any weights `x_u ≥ 0`, of `n` things.
    #[must_use]
    pub fn weighted(users: impl Iterator<Item = (f64, f64)> + Clone, n: u64) -> Self {
        let users = users.filter(|(_, x)| *x > 0.0);
        let (y, x, n_users) =
            users.clone().fold((0.0, 0.0, 0.0), |(y, x, n), user| (y + user.0, x + user.1, n + 1.0));
        let mean = if n_users > 0.0 { y / x } else { f64::NAN };
        Self { mean, se: clustered(users.map(|(y, of)| (y - mean * of) / x)), n }
    }

    /// The share of `n` independent things that are so: `se = √(p (1 − p) / n)`.
    #[must_use]
    pub fn share(so: u64, n: u64) -> Self {
        let p = so as f64 / n as f64;
        Self { mean: p, se: (p * (1.0 - p) / n as f64).sqrt(), n }
    }

    /// The sum of one value per user, users being draws from a larger crowd: `se = √(n / (n − 1) Σ (x_u − x̄)²)`.
    #[must_use]
    pub fn total(values: impl Iterator<Item = f64> + Clone) -> Self {
        let mean = Self::mean(values);
        let n = mean.n as f64;
        // An empty crowd has a mean of NaN and a sum of nothing.
        Self { mean: if mean.n == 0 { 0.0 } else { mean.mean * n }, se: mean.se * n, n: mean.n }
    }
}

/// Standard error of a statistic from its linearised contributions, one per cluster: `√(n / (n − 1) Σ d²)`.
///
/// The contributions sum to 0 up to rounding; fewer than two say nothing about their spread.
pub(super) fn clustered(contributions: impl Iterator<Item = f64>) -> f64 {
    let (n, squares) = contributions.fold((0.0, 0.0), |(n, squares), d| (n + 1.0, squares + d * d));
    if n > 1.0 { (n / (n - 1.0) * squares).sqrt() } else { f64::NAN }
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
        let total = Estimate::total([1.0, 2.0, 6.0].into_iter());
        assert!((total.mean - 9.0).abs() < 1e-12 && (total.se - 21.0_f64.sqrt()).abs() < 1e-12);
        let (low, high) = estimate.interval();
        assert!((high - low - 2.0 * Z95 * estimate.se).abs() < 1e-12);
    }

    #[test]
    fn a_share_is_binomial() {
        // p = ¼, se = √(¼ · ¾ / 12) = ⅛.
        let share = Estimate::share(3, 12);
        assert_eq!((share.mean, share.se, share.n), (0.25, 0.125, 12));
    }

    #[test]
    fn what_cannot_be_had_is_nan_and_null() {
        let none = Estimate::mean([].into_iter());
        assert!(none.mean.is_nan() && none.se.is_nan() && none.n == 0);
        assert_eq!(Estimate::total([].into_iter()).mean, 0.0);
        let one = Estimate::ratio([(1.0, 3), (0.0, 0)].into_iter());
        assert!((one.mean - 1.0 / 3.0).abs() < 1e-15 && one.se.is_nan());
        let json = serde_json::to_string(&one).unwrap();
        assert!(json.contains(r#""se":null"#), "{json}");
        assert!(serde_json::from_str::<Estimate>(&json).unwrap().se.is_nan());
    }

    #[test]
    fn what_was_not_reached_says_so() {
        let late = Estimate::bare(f64::INFINITY, 7);
        let json = serde_json::to_string(&late).unwrap();
        assert_eq!(json, r#"{"mean":"not reached","se":null,"n":7}"#);
        let read: Estimate = serde_json::from_str(&json).unwrap();
        assert!(read.mean == f64::INFINITY && read.se.is_nan());
        assert!(serde_json::from_str::<Estimate>(&json.replace("not reached", "never")).is_err());
        let bytes = postcard::to_allocvec(&late).unwrap();
        assert_eq!(postcard::from_bytes::<Estimate>(&bytes).unwrap().mean, f64::INFINITY);
    }
}
