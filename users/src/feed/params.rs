//! What can be set about feed users: one table of names, defaults and allowed ranges.

use serde::{Deserialize, Serialize};

use crate::UserError;

/// Declares the numbers of [`FeedParams`], so that a default, its range and what the docs say of them are written once.
macro_rules! params {
    ($($(#[$doc:meta])+ $name:ident: $default:literal in $low:literal ..= $high:literal,)+) => {
        /// Parameters of [`Feed`](super::Feed). Every default is chosen by us, from a small prototype of 400 users and
        /// 5 seeds, unless its field says otherwise.
        ///
        /// Numbers without a unit are log-odds (thresholds, biases), log-odds per unit of what they weigh (weights,
        /// slopes) or shares in [0, 1].
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct FeedParams {
            $(
                $(#[$doc])+
                #[doc = concat!(
                    "\n\nDefault ", stringify!($default),
                    ", allowed [", stringify!($low), ", ", stringify!($high), "].",
                )]
                pub $name: f32,
            )+
            /// Whether recommenders see `interest`, the taste itself. Default false.
            pub observe_interest: bool,
            /// Whether recommenders see the group attributes, one-hot. Default false.
            pub observe_groups: bool,
        }

        impl Default for FeedParams {
            fn default() -> Self {
                Self { $($name: $default,)+ observe_interest: false, observe_groups: false }
            }
        }

        impl FeedParams {
            /// Refuses the first number that is not in its range; NaN is in none.
            pub(super) fn check(&self) -> Result<(), UserError> {
                $(
                    if !($low..=$high).contains(&self.$name) {
                        return Err(UserError::Parameter {
                            name: stringify!($name),
                            value: self.$name,
                            allowed: concat!("[", stringify!($low), ", ", stringify!($high), "]"),
                        });
                    }
                )+
                Ok(())
            }
        }

        /// Every number's name with a way to set it, for tests that try the ends of all ranges.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, f32, f32, fn(&mut FeedParams) -> &mut f32)] =
            &[$((stringify!($name), $low, $high, |params| &mut params.$name)),+];
    };
}

params! {
    /// a: how much an item of one's own taste promises.
    taste_weight: 4.0 in 0.0..=100.0,
    /// a_q: how much quality promises, and delivers.
    quality_weight: 3.0 in 0.0..=100.0,
    /// a_c: how much a conformist minds what others click, per standard deviation of popularity.
    popularity_weight: 0.15 in 0.0..=100.0,
    /// a_f: how much one more item of a topic just seen repels; half of it in the experience.
    fatigue_weight: 0.12 in 0.0..=100.0,
    /// a_b: how much a wrapping that promised more than there was spoils the experience.
    bait_weight: 9.0 in 0.0..=100.0,
    /// v₀: the promise at which a click is a coin toss.
    click_threshold: 4.0 in -100.0..=100.0,
    /// e₀: what an item has to deliver to leave one indifferent.
    experience_threshold: 2.9 in -100.0..=100.0,
    /// γ: the chance of looking one position further.
    examination: 0.93 in 0.01..=1.0,

    /// e^μ₀: median seconds spent on an item of promise and experience 0.
    dwell_median_secs: 8.0 in 0.1..=3600.0,
    /// μ₁: log seconds per unit of promise and experience.
    dwell_slope: 0.45 in 0.0..=10.0,
    /// ω: how far attention is captured by the wrapping rather than by what is in it.
    dwell_wrapping: 0.8 in 0.0..=1.0,
    /// Standard deviation of log seconds.
    dwell_log_sd: 0.9 in 0.01..=5.0,
    /// Most seconds spent on one item.
    dwell_cap_secs: 60.0 in 0.1..=86400.0,
    /// Seconds an examined item costs, clicked or not.
    glance_secs: 1.0 in 0.1..=3600.0,

    /// l₀: log-odds of a like at experience 0.
    like_bias: -3.4 in -100.0..=100.0,
    /// l₁: what a better experience adds.
    like_slope: 0.9 in 0.0..=100.0,
    /// h₀: log-odds of hiding a clicked item at experience 0. Chosen by us, without a prototype.
    hide_bias: -6.0 in -100.0..=100.0,
    /// h₁: what a worse experience adds. Chosen by us, without a prototype.
    hide_slope: 1.2 in 0.0..=100.0,

    /// Satisfaction y of somebody new.
    initial_satisfaction: 0.5 in 0.0..=1.0,
    /// Habit of somebody new.
    initial_habit: 0.4 in 0.0..=1.0,
    /// Trust of somebody new.
    initial_trust: 0.8 in 0.0..=1.0,
    /// ρ: how far a slate moves satisfaction towards its value.
    satisfaction_rate: 0.15 in 0.0..=1.0,
    /// s_skip: what a slate without a click is worth.
    skip_value: 0.3 in 0.0..=1.0,
    /// ρ_t: how far a slate with clicks moves trust.
    trust_rate: 0.02 in 0.0..=1.0,
    /// How far a day, visited or not, moves habit.
    habit_rate: 0.1 in 0.0..=1.0,
    /// η: how far a click that was worth it pulls interest.
    interest_rate: 0.02 in 0.0..=1.0,
    /// κ: how far a slate's time pulls interest back to where it began.
    interest_return: 0.01 in 0.0..=1.0,
    /// Slates after which half of the fatigue is left.
    fatigue_half_life_slates: 8.0 in 0.1..=1000.0,
    /// Share of fatigue left after a window of six hours.
    fatigue_window_keep: 0.71 in 0.0..=1.0,

    /// Patience everybody brings to a session; a slate costs 1.
    patience_least: 1.0 in 0.0..=1000.0,
    /// Mean patience beyond that.
    patience_mean: 8.0 in 0.1..=1000.0,
    /// Shape of the Gamma law of that: its coefficient of variation is 1/√shape.
    patience_shape: 4.0 in 0.1..=100.0,
    /// Patience a slate without a click costs besides.
    no_click_cost: 1.0 in 0.0..=100.0,
    /// Slate value s below which a slate costs more patience.
    low_value: 0.42 in 0.0..=1.0,
    /// Patience such a slate costs besides.
    low_value_cost: 1.0 in 0.0..=100.0,
    /// Log-odds of wanting another slate, at satisfaction ½ and without fatigue.
    stay_bias: 2.2 in -100.0..=100.0,
    /// What satisfaction adds to that, per unit beyond ½.
    stay_satisfaction: 3.0 in 0.0..=100.0,
    /// What the topic seen most takes away, per unit of its fatigue.
    stay_fatigue: 0.03 in 0.0..=100.0,

    /// r₀: log-odds of coming back within a window, at satisfaction ½, habit 0.4 and activity 0, at once.
    return_bias: -2.0 in -100.0..=100.0,
    /// r₁: what satisfaction adds, per unit beyond ½. At 0 nobody comes back because of what they were shown.
    return_satisfaction: 9.0 in 0.0..=100.0,
    /// r₂: what habit adds, per unit beyond 0.4.
    return_habit: 1.5 in 0.0..=100.0,
    /// r₃: what an active person adds, per standard deviation.
    return_activity: 0.8 in 0.0..=100.0,
    /// r₄: what absence takes away, per log(1 + days).
    return_absence: 0.5 in 0.0..=100.0,
    /// Days away after which somebody is gone for good.
    churn_days: 14.0 in 0.25..=365.0,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_refused_just_outside_its_range() {
        assert_eq!(FeedParams::default().check(), Ok(()));
        for &(name, low, high, field) in ALL {
            for bad in [low.next_down(), high.next_up(), f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut params = FeedParams::default();
                *field(&mut params) = bad;
                let refused = params.check().unwrap_err().to_string();
                assert!(refused.contains(name) && refused.contains("allowed is ["), "{refused}");
            }
            for fine in [low, high] {
                let mut params = FeedParams::default();
                *field(&mut params) = fine;
                assert_eq!(params.check(), Ok(()), "{name} = {fine}");
            }
        }
    }
}
