//! What can be set about readers.

use serde::{Deserialize, Serialize};

use crate::UserError;

/// Parameters of [`Readers`](super::Readers); all chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadersParams {
    /// ζ: how unequal topics are in demand, in \[0, 10\]; 0 makes all equal, 1 is Zipf's law.
    pub demand_skew: f32,
    /// τ: how far groups differ in what they like, in \[0, 10\]; 0 makes all alike.
    pub group_tilt: f32,
    /// a: what liking adds to the log-odds of a click, in \[0, 100\].
    pub taste_weight: f32,
    /// a_b: what bait adds to them, in \[0, 100\].
    pub bait_pull: f32,
    /// v₀: the appeal at which a click is a coin toss, in \[-100, 100\].
    pub click_threshold: f32,
    /// γ: the chance of looking one position further, in (0, 1\].
    pub examination: f32,
    /// w₀: log-odds of the share of an item that is taken in, for one of liking and quality ½ without bait, in \[-100, 100\].
    pub stay_bias: f32,
    /// w_q: what quality adds to them, in \[0, 100\].
    pub stay_quality: f32,
    /// w_b: what bait takes from them, in \[0, 100\].
    pub stay_bait: f32,
    /// Standard deviation of the logarithm of dwell, in \[0.01, 5\].
    pub dwell_log_sd: f32,
    /// l₀: log-odds of liking what was taken in to one half, in \[-100, 100\].
    pub like_bias: f32,
    /// l₁: what taking in all of it instead of half adds twice, in \[0, 100\].
    pub like_slope: f32,
    /// Whether recommenders see `interest`, the taste itself.
    pub observe_interest: bool,
}

impl Default for ReadersParams {
    fn default() -> Self {
        Self {
            demand_skew: 1.0,
            group_tilt: 0.0,
            taste_weight: 5.0,
            bait_pull: 1.0,
            click_threshold: 3.5,
            examination: 0.9,
            stay_bias: 0.0,
            stay_quality: 4.0,
            stay_bait: 2.0,
            dwell_log_sd: 0.5,
            like_bias: -2.0,
            like_slope: 5.0,
            observe_interest: false,
        }
    }
}

impl ReadersParams {
    /// Refuses the first number outside its range.
    pub(crate) fn check(&self) -> Result<(), UserError> {
        let numbers = [
            ("demand_skew", self.demand_skew, 0.0, 10.0, "[0, 10]"),
            ("group_tilt", self.group_tilt, 0.0, 10.0, "[0, 10]"),
            ("taste_weight", self.taste_weight, 0.0, 100.0, "[0, 100]"),
            ("bait_pull", self.bait_pull, 0.0, 100.0, "[0, 100]"),
            ("click_threshold", self.click_threshold, -100.0, 100.0, "[-100, 100]"),
            ("examination", self.examination, f32::MIN_POSITIVE, 1.0, "(0, 1]"),
            ("stay_bias", self.stay_bias, -100.0, 100.0, "[-100, 100]"),
            ("stay_quality", self.stay_quality, 0.0, 100.0, "[0, 100]"),
            ("stay_bait", self.stay_bait, 0.0, 100.0, "[0, 100]"),
            ("dwell_log_sd", self.dwell_log_sd, 0.01, 5.0, "[0.01, 5]"),
            ("like_bias", self.like_bias, -100.0, 100.0, "[-100, 100]"),
            ("like_slope", self.like_slope, 0.0, 100.0, "[0, 100]"),
        ];
        for (name, value, low, high, allowed) in numbers {
            if !(low..=high).contains(&value) {
                return Err(UserError::Parameter { name, value, allowed });
            }
        }
        Ok(())
    }
}
