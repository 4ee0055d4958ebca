//! One number per user: what paired comparisons subtract.

use recloop_env::UserId;

use super::people::PeopleTable;

/// A measure that every user has.
///
/// Two runs of one seed meet the same users with the same luck, so their difference user by user is a paired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// Minutes spent.
    Minutes,
    /// Sessions.
    Sessions,
    /// Slates seen.
    Slates,
    /// Items clicked.
    Clicks,
    /// Sum of rewards.
    Reward,
    /// 1 if back on the seventh day after the first, else 0; NaN if the log ends before.
    RetentionD7,
    /// 1 if back on any of the days 1 to 7 after the first, else 0; NaN if the log ends before.
    BackInAWeek,
    /// What was consumed, by the interests of that moment; NaN without hindsight.
    WelfareNow,
    /// The same, by the interests the user came with.
    WelfareInitial,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Minutes,
        Self::Sessions,
        Self::Slates,
        Self::Clicks,
        Self::Reward,
        Self::RetentionD7,
        Self::BackInAWeek,
        Self::WelfareNow,
        Self::WelfareInitial,
    ];

    /// The metric that is this measure's mean over users.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minutes => "dwell_minutes_per_user",
            Self::Sessions => "sessions_per_user",
            Self::Slates => "steps_per_user",
            Self::Clicks => "clicks_per_user",
            Self::Reward => "reward_per_user",
            Self::RetentionD7 => "retention_d7",
            Self::BackInAWeek => "back_in_a_week",
            Self::WelfareNow => "welfare_now",
            Self::WelfareInitial => "welfare_initial",
        }
    }

    /// In one word, where the context says the rest.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::BackInAWeek => "return",
            Self::Reward => "reward",
            other => other.name(),
        }
    }
}

impl PeopleTable {
    /// One user's number. Somebody who never came spent no time; what cannot be known of them is NaN.
    ///
    /// ```
    /// use recloop_data::metrics::{Measure, PeopleTable};
    /// use recloop_env::UserId;
    /// let nobody = PeopleTable::default();
    /// assert_eq!(nobody.measure(UserId(3), Measure::Minutes), 0.0);
    /// assert!(nobody.measure(UserId(3), Measure::RetentionD7).is_nan());
    /// ```
    #[must_use]
    pub fn measure(&self, user: UserId, measure: Measure) -> f64 {
        let known = self.user(user);
        let account = self.accounts.get(user.index());
        let if_watched = |there: bool| {
            let watched = known.did.slates > 0 && self.has_calendar && known.observable(7, self.whole_days());
            if watched { f64::from(there) } else { f64::NAN }
        };
        match measure {
            Measure::Minutes => known.did.dwell_secs / 60.0,
            Measure::Sessions => f64::from(known.visits.sessions),
            Measure::Slates => f64::from(known.did.slates),
            Measure::Clicks => f64::from(known.did.clicks),
            Measure::Reward => known.did.reward,
            Measure::RetentionD7 => if_watched(known.days.on(7)),
            Measure::BackInAWeek => if_watched((1..=7).any(|k| known.days.on(k))),
            Measure::WelfareNow => account.map_or(f64::NAN, |account| account.utility_now),
            Measure::WelfareInitial => account.map_or(f64::NAN, |account| account.utility_initial),
        }
    }
}
