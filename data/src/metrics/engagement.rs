//! How much people did: the engagement metrics that need no model and no group.

use recloop_env::{Clock, Facts, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::people::{People, PeopleTable, Row};
use super::{Estimate, Named};

/// Reward, steps, clicks and time, per user, slate and impression.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `reward_per_user` | mean over users of the sum of their rewards | users |
/// | `steps_per_user` | mean over users of the slates they saw | users |
/// | `click_rate` | slates with a click / slates | slates |
/// | `ctr` | clicks / impressions | impressions |
/// | `dwell_minutes_per_user` | mean over users of the minutes they spent, in worlds where time is spent | users |
/// | `minutes_per_slate` | minutes spent / slates, there too | slates |
/// | `click_rate_d1`, `minutes_per_slate_d1` | the same two over each user's first calendar day | slates |
/// | `quality_per_click` | mean of the signal `quality` over clicked impressions, in worlds that have it | clicks |
///
/// Users are those who saw a slate; a place taken over by somebody new counts as one user. Standard errors are clustered
/// by user ([`Estimate::ratio`]) and conditional on the run's world.
///
/// # Numerics
/// Sums are f64 in the order of the log. Shards that keep users whole merge to the same counts exactly and to the
/// same values within 1e-9 relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Engagement;

impl Metric for Engagement {
    const KEY: Key = Key::User;
    type Partial = PeopleTable;
    type Value = Vec<Named>;

    fn start(&self) -> PeopleTable {
        People::default().start()
    }

    fn fold(&self, into: &mut PeopleTable, facts: &Facts<'_>, t: &Transition<'_>) {
        People::default().fold(into, facts, t);
    }

    fn merge(&self, left: PeopleTable, right: PeopleTable) -> PeopleTable {
        People::default().merge(left, right)
    }

    fn value(&self, total: PeopleTable) -> Vec<Named> {
        metrics(&total)
    }
}

/// What one user did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Doings {
    /// Slates seen.
    pub slates: u32,
    /// Slates with a click.
    pub clicked_slates: u32,
    /// Items shown.
    pub impressions: u32,
    /// Items clicked.
    pub clicks: u32,
    /// Sum of rewards.
    pub reward: f64,
    /// Time spent.
    pub dwell_secs: f64,
    /// Sum of the signal `quality` over clicked items.
    pub quality: f64,
    /// Slates of the first calendar day.
    pub slates_d1: u32,
    /// Slates with a click of the first calendar day.
    pub clicked_slates_d1: u32,
    /// Time spent on the first calendar day.
    pub dwell_secs_d1: f64,
}

impl Doings {
    pub(super) fn add(&mut self, row: &Row, first_day: bool) {
        let clicked = u32::from(row.clicks > 0);
        self.slates += 1;
        self.clicked_slates += clicked;
        self.impressions += row.impressions;
        self.clicks += row.clicks;
        self.reward += row.reward;
        self.dwell_secs += row.dwell_secs;
        self.quality += row.quality;
        if first_day {
            self.slates_d1 += 1;
            self.clicked_slates_d1 += clicked;
            self.dwell_secs_d1 += row.dwell_secs;
        }
    }
}

/// The metrics of [`Engagement`].
pub(super) fn metrics(people: &PeopleTable) -> Vec<Named> {
    let users = || people.seen().map(|(_, user)| &user.did);
    let mut metrics = vec![
        Named::new("reward_per_user", Estimate::mean(users().map(|did| did.reward))),
        Named::new("steps_per_user", Estimate::mean(users().map(|did| f64::from(did.slates)))),
        Named::new("click_rate", Estimate::ratio(users().map(|did| of(did.clicked_slates, did.slates)))),
        Named::new("ctr", Estimate::ratio(users().map(|did| of(did.clicks, did.impressions)))),
    ];
    let minutes = |secs: f64| secs / 60.0;
    if people.has_dwell {
        let per_slate = users().map(|did| (minutes(did.dwell_secs), u64::from(did.slates)));
        metrics.extend([
            Named::new("dwell_minutes_per_user", Estimate::mean(users().map(|did| minutes(did.dwell_secs)))),
            Named::new("minutes_per_slate", Estimate::ratio(per_slate)),
        ]);
    }
    if people.has_calendar {
        let clicked = users().map(|did| of(did.clicked_slates_d1, did.slates_d1));
        metrics.push(Named::new("click_rate_d1", Estimate::ratio(clicked)));
    }
    if people.has_calendar && people.has_dwell {
        let spent = users().map(|did| (minutes(did.dwell_secs_d1), u64::from(did.slates_d1)));
        metrics.push(Named::new("minutes_per_slate_d1", Estimate::ratio(spent)));
    }
    if people.has_quality {
        let quality = users().map(|did| (did.quality, u64::from(did.clicks)));
        metrics.push(Named::new("quality_per_click", Estimate::ratio(quality)));
    }
    metrics
}

fn of(part: u32, whole: u32) -> (f64, u64) {
    (f64::from(part), u64::from(whole))
}

/// The calendar day of a time.
pub(super) fn day(time_secs: f64) -> u32 {
    (time_secs / Clock::DAY_SECS) as u32
}
