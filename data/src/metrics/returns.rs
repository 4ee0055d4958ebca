//! How long people stay away, honestly: one gap per user, and those who have not returned yet are still counted.

use recloop_env::Clock;
use serde::{Deserialize, Serialize};

use super::people::{PeopleTable, Row};
use super::survival::{Survival, hazard};
use super::{Estimate, Named};

/// Away for so many days, a user has churned (as in the worlds that let users leave for good).
pub const CHURN_DAYS: f64 = 14.0;
/// How long a user's early activity lasts, by which fairness tells the busy from the rest (chosen by us).
pub const EARLY_DAYS: f64 = 3.0;
const HOUR_SECS: f64 = 3_600.0;

/// When one user came and went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Visits {
    /// Sessions seen.
    pub sessions: u32,
    /// Sessions that began within [`EARLY_DAYS`] of the first slate.
    pub early_sessions: u32,
    /// Number of the user's first session in this log; not 0 if the log began later than the user.
    pub first: u32,
    /// Number of the latest one.
    pub latest: u32,
    /// When the first slate was shown.
    pub since_secs: f64,
    /// When the latest session ended, as far as seen: its last slate plus the time spent on it.
    pub end_secs: f64,
    /// Time from the end of the first session that ends at or after the anchor to the start of the next.
    pub gap_secs: Option<f64>,
}

impl Visits {
    pub(super) fn add(&mut self, row: &Row, anchor_secs: f64) {
        let visit = row.session.visit();
        if self.sessions == 0 {
            (self.first, self.since_secs) = (visit, row.time_secs);
        }
        if self.sessions == 0 || visit != self.latest {
            if self.sessions > 0 && self.gap_secs.is_none() && self.end_secs >= anchor_secs {
                self.gap_secs = Some((row.time_secs - self.end_secs).max(0.0));
            }
            self.sessions += 1;
            self.early_sessions += u32::from(row.time_secs < self.since_secs + EARLY_DAYS * Clock::DAY_SECS);
            self.latest = visit;
        }
        self.end_secs = row.time_secs + row.dwell_secs;
    }
}

/// Each user's one return gap, in seconds, and whether it ended before the log did.
///
/// Return gaps are pooled by nobody: whoever returns soon returns often, so that pooled gaps are mostly those of frequent
/// users, and their median says how long *a gap* lasts instead of how long *a person* stays away. One gap per user, the
/// one after the first session that ends after an anchor, has every user once. The default anchor, the start of the log,
/// makes it the first gap; a later anchor looks only at users who were still there by then.
///
/// Who has not come back by the end of the log is censored there. Whether somebody left for good is known to the world,
/// not to the platform: it is censored too.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnGaps(Vec<(f64, bool)>);

impl ReturnGaps {
    /// The gaps of everybody whose session ended after the anchor.
    #[must_use]
    pub fn of(people: &PeopleTable, anchor_secs: f64) -> Self {
        let gap = |visits: &Visits| match visits.gap_secs {
            Some(gap) => Some((gap, true)),
            None if visits.end_secs >= anchor_secs => {
                Some(((people.end_secs - visits.end_secs).max(0.0), false))
            }
            None => None,
        };
        Self(people.seen().filter_map(|(_, user)| gap(&user.visits)).collect())
    }

    /// The share still away, over seconds away.
    #[must_use]
    pub fn survival(&self) -> Survival {
        Survival::new(self.0.clone())
    }

    /// The share of those away at the start of day `day` of a gap (0 the first) who return on it.
    #[must_use]
    pub fn hazard(&self, day: u32) -> Estimate {
        let from = f64::from(day) * Clock::DAY_SECS;
        hazard(&self.0, from, from + Clock::DAY_SECS)
    }
}

/// The gap's median and restricted mean, survival and hazard by day, and the share who churned.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `return_gap_median_hours` | Kaplan–Meier median; may be `"not reached"` | users |
/// | `return_gap_mean_hours` | restricted mean, counting at most 14 days, or the longest watched | users |
/// | `away_after_1d`, `_7d`, `_14d` | share not back so many days after | users |
/// | `return_hazard_day0` … `day6` | of those away at the start of that day of the gap, the share who return on it | users |
/// | `churn_share` | users whose last session ended ≥ 14 days before the log does / users first seen as long before | users |
pub(super) fn metrics(people: &PeopleTable, anchor_secs: f64) -> Vec<Named> {
    let gaps = ReturnGaps::of(people, anchor_secs);
    let away = gaps.survival();
    let limit = (CHURN_DAYS * Clock::DAY_SECS).min(away.longest());
    let after =
        |days: u32| Named::new(format!("away_after_{days}d"), away.at(f64::from(days) * Clock::DAY_SECS));
    let mut metrics = vec![
        Named::new("return_gap_median_hours", in_hours(away.median())),
        Named::new("return_gap_mean_hours", in_hours(away.restricted_mean(limit))),
    ];
    metrics.extend([1, 7, 14].map(after));
    metrics.extend((0..7).map(|day| Named::new(format!("return_hazard_day{day}"), gaps.hazard(day))));
    metrics.push(Named::new("churn_share", churn_share(people)));
    metrics
}

fn in_hours(secs: Estimate) -> Estimate {
    Estimate { mean: secs.mean / HOUR_SECS, se: secs.se / HOUR_SECS, n: secs.n }
}

fn churn_share(people: &PeopleTable) -> Estimate {
    let latest = people.end_secs - CHURN_DAYS * Clock::DAY_SECS;
    let watched = people.seen().filter(|(_, user)| user.visits.since_secs <= latest);
    let churned = watched.clone().filter(|(_, user)| user.visits.end_secs <= latest);
    Estimate::share(churned.count() as u64, watched.count() as u64)
}
