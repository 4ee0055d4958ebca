//! What is vouched for before a log is read. A bound rests on it, never on the largest value that happened to be seen.

use serde::{Deserialize, Serialize};

use crate::ope::{Form, Shrink, WeightSource};

/// What is known of a log before it is read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Declared {
    /// Between which two numbers every reward lies.
    pub reward_range: Option<(f64, f64)>,
    /// No action was ever taken with a smaller propensity.
    pub min_propensity: Option<f64>,
    /// No user has more rows.
    pub max_rows_per_user: Option<u32>,
}

/// Why there is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBound {
    /// Nobody said between what rewards lie.
    #[error("declare the range of the reward")]
    RewardRange,
    /// Nobody said how large a weight can be.
    #[error("declare the smallest propensity, or use clipped-ips(L)")]
    Weight,
    /// Nobody said how many rows a user can have.
    #[error("declare how many rows a user has at most")]
    RowsPerUser,
    /// A declaration that cannot be true.
    #[error("a declaration is no range of numbers, no propensity in (0, 1], or no count above 0")]
    Impossible,
    /// Not a mean.
    #[error("a ratio of two sums is no mean of bounded terms; use ips or clipped-ips(L)")]
    SelfNormalised,
    /// The bias of clipping has an unknown sign.
    #[error(
        "clipping biases a reward below zero upwards and one above downwards; shift rewards to be at least 0"
    )]
    ClippedBelowZero,
    /// Terms without a declared range.
    #[error("nothing declared bounds its terms or its bias; use ips or clipped-ips(L)")]
    Unbounded,
    /// More users than are kept apart.
    #[error(
        "more than 1,048,576 users, whose sums are no longer kept one by one; evaluate a sample of users"
    )]
    Users,
    /// Fewer than two users.
    #[error("one user says nothing about another")]
    TooFew,
}

/// What bounds the terms `w r` of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// No term is smaller.
    pub(super) low: f64,
    /// No term is larger.
    pub(super) high: f64,
    /// Rows of a user, at most.
    pub(super) rows: f64,
    /// Whether clipping made terms smaller than they should be.
    pub(super) clipped: bool,
}

impl Declared {
    /// What is wrong with a row, if it breaks a declaration.
    #[must_use]
    pub fn breach(&self, reward: f64, propensity: f64) -> Option<String> {
        if let Some((low, high)) =
            self.reward_range.filter(|(low, high)| !(*low <= reward && reward <= *high))
        {
            return Some(format!("the reward {reward} is outside the declared range of {low} to {high}"));
        }
        let least = self.min_propensity.filter(|least| propensity < *least)?;
        Some(format!("the propensity {propensity} is below the declared minimum of {least}"))
    }

    /// At what the weights of an estimator are clipped (∞: they are not), if its estimate can be bounded.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn bounds(&self, form: &Form) -> Result<f64, NoBound> {
        let (source, shrink) = match form {
            Form::Weighted { normalised: false, source, shrink } => (source, shrink),
            Form::Replay
            | Form::LoggerMix
            | Form::Weighted { normalised: true, .. }
            | Form::Robust { normalised: true, .. }
            | Form::Slate { normalised: true, .. } => return Err(NoBound::SelfNormalised),
            _ => return Err(NoBound::Unbounded),
        };
        let cap = match (source, shrink) {
            // A mean of ratios π_target / π_log is no larger than the largest of them.
            (WeightSource::Policy | WeightSource::Embedding(_), Shrink::Not) => f64::INFINITY,
            (WeightSource::Policy | WeightSource::Embedding(_), Shrink::Clip(cap)) => *cap,
            _ => return Err(NoBound::Unbounded),
        };
        self.range(cap).map(|_| cap)
    }

    /// The range of `min(w, cap) r`.
    pub(super) fn range(&self, cap: f64) -> Result<Range, NoBound> {
        let (least, most) = self.reward_range.ok_or(NoBound::RewardRange)?;
        let rows = self.max_rows_per_user.ok_or(NoBound::RowsPerUser)?;
        let largest = self.min_propensity.map_or(f64::INFINITY, f64::recip);
        let possible = least.is_finite() && most.is_finite() && least <= most;
        if !possible || rows == 0 || self.min_propensity.is_some_and(|least| !(least > 0.0 && least <= 1.0)) {
            return Err(NoBound::Impossible);
        }
        let clipped = cap < largest;
        let weight = cap.min(largest);
        match (weight.is_finite(), clipped && least < 0.0) {
            (false, _) => Err(NoBound::Weight),
            (true, true) => Err(NoBound::ClippedBelowZero),
            (true, false) => Ok(Range {
                low: (weight * least).min(0.0),
                high: (weight * most).max(0.0),
                rows: f64::from(rows),
                clipped,
            }),
        }
    }
}
