//! How far an estimate may be off.
//!
//! Rows of one user are not independent, so nothing here ever sees a row. [`Replicates`] and [`Spread`] work on sums by
//! *bucket* of users and give intervals that cover asymptotically; [`UserSums`] works on sums by user and gives intervals
//! that hold at any size, if somebody vouches for the range of what is averaged.
//!
//! Start at [`Replicates::draw`].

mod bounds;
mod declared;
mod replicates;
mod spread;

#[cfg(test)]
mod tests;

pub use bounds::UserSums;
pub use declared::{Declared, NoBound};
pub use replicates::{BucketSums, N_REPLICATES, Replicates};
pub use spread::Spread;

/// The interval to quote where only one is quoted.
///
/// All four cover alike over logs whose weights have a finite variance; this one varied least among kinds of rewards and
/// tails (`simulated/coverage.rs` prints the table).
pub const HEADLINE: &str = "percentile";

/// Between which two numbers the truth is said to lie; `[low, high]` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "(f64, Option<f64>)", into = "(f64, Option<f64>)")]
pub struct Interval {
    /// From here.
    pub low: f64,
    /// To here; `None` where nothing can be said about how high it may be.
    pub high: Option<f64>,
}

impl Interval {
    /// From `low` to `high`.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high: Some(high) }
    }

    /// Whether `value` lies in it.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && self.high.is_none_or(|high| value <= high)
    }
}

impl From<(f64, Option<f64>)> for Interval {
    fn from((low, high): (f64, Option<f64>)) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for (f64, Option<f64>) {
    fn from(interval: Interval) -> Self {
        (interval.low, interval.high)
    }
}
