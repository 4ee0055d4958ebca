//! What people did: one small record for each, from which all user-side metrics are read.

use recloop_env::{Clock, Facts, Group, Key, Metric, Population, SessionId, Transition, UserId};
use serde::{Deserialize, Serialize};

use super::engagement::{Doings, day};
use super::fairness::Strata;
use super::retention::Days;
use super::returns::Visits;
use super::welfare::Account;
use super::{Section, engagement, fairness, retention, returns, sessions, welfare};

/// All user-side metrics: engagement, sessions, returns, retention, welfare, fairness between groups.
///
/// What a world lacks is left out: no calendar, no retention; no [`Hindsight`](recloop_env::Hindsight), no welfare.
///
/// # Shards
/// Keyed by user: of two shards, at most one has seen a user. The log's end is the later of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct People {
    /// The return gap of a user is the one after their first session that ends at or after this time.
    pub anchor_secs: f64,
    /// What tomorrow's reward is worth today, in `ltv`.
    pub discount_per_day: f64,
}

impl Default for People {
    /// First gaps, and 1 % less a day (chosen by us: a month later counts for three quarters).
    fn default() -> Self {
        Self { anchor_secs: 0.0, discount_per_day: 0.99 }
    }
}

/// One user's record.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct UserTotals {
    /// Slates, clicks, time, reward.
    pub did: Doings,
    /// When they came and went.
    pub visits: Visits,
    /// On which days, in worlds with a calendar.
    pub days: Days,
    /// Sum of rewards, discounted from the user's first day.
    pub discounted_reward: f64,
}

/// Everybody's record.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PeopleTable {
    /// By user id, as far as users have been met.
    pub users: Vec<UserTotals>,
    /// What it was really worth to them, by user id; empty without hindsight.
    pub accounts: Vec<Account>,
    /// When the log ends, as far as it was folded.
    pub end_secs: f64,
    /// Whether days mean anything.
    pub has_calendar: bool,
    /// Whether anybody ever spent time.
    pub has_dwell: bool,
    /// Whether responses carry the signal `quality`.
    pub has_quality: bool,
    /// The group attributes of everybody.
    pub(super) population: Option<Population>,
}

/// One row of a transition, as the records take it in.
pub(super) struct Row {
    pub(super) session: SessionId,
    pub(super) time_secs: f64,
    pub(super) impressions: u32,
    pub(super) clicks: u32,
    pub(super) reward: f64,
    pub(super) dwell_secs: f64,
    pub(super) quality: f64,
}

impl Row {
    fn of(t: &Transition<'_>, quality: Option<usize>, r: usize) -> Self {
        let did = &t.step.responses;
        let clicked = did.click.row(r);
        let of_clicked = |signal| did.signal(signal, r).iter().zip(clicked).filter(|(_, clicked)| **clicked);
        Self {
            session: t.seen.sessions[r],
            time_secs: t.seen.time_secs[r],
            impressions: clicked.len() as u32,
            clicks: clicked.iter().filter(|clicked| **clicked).count() as u32,
            reward: f64::from(t.step.reward[r]),
            dwell_secs: did.dwell_secs.row(r).iter().map(|secs| f64::from(*secs)).sum(),
            quality: quality
                .map_or(0.0, |signal| of_clicked(signal).map(|(value, _)| f64::from(*value)).sum()),
        }
    }
}

impl Metric for People {
    const KEY: Key = Key::User;
    type Partial = PeopleTable;
    type Value = Vec<Section>;

    fn start(&self) -> PeopleTable {
        PeopleTable::default()
    }

    fn fold(&self, into: &mut PeopleTable, facts: &Facts<'_>, t: &Transition<'_>) {
        let quality = facts.spec.signal("quality");
        into.learn(facts, t, quality.is_some());
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= into.users.len() {
                into.users.resize(user.index() + 1, UserTotals::default());
            }
            let (row, known) = (Row::of(t, quality, r), &mut into.users[user.index()]);
            into.has_dwell |= row.dwell_secs > 0.0;
            if into.has_calendar {
                known.days.add(day(row.time_secs), known.did.slates == 0);
            }
            known.visits.add(&row, self.anchor_secs);
            known.did.add(&row, known.days.last == known.days.first);
            known.discounted_reward +=
                self.discount_per_day.powi((known.days.last - known.days.first) as i32) * row.reward;
        }
        welfare::fold(&mut into.accounts, facts, t);
    }

    fn merge(&self, left: PeopleTable, right: PeopleTable) -> PeopleTable {
        PeopleTable {
            users: either(left.users, right.users, |user| user.did.slates > 0),
            accounts: either(left.accounts, right.accounts, |account| account.slates > 0),
            end_secs: left.end_secs.max(right.end_secs),
            has_calendar: left.has_calendar || right.has_calendar,
            has_dwell: left.has_dwell || right.has_dwell,
            has_quality: left.has_quality || right.has_quality,
            population: left.population.or(right.population),
        }
    }

    fn value(&self, total: PeopleTable) -> Vec<Section> {
        let mut sections = vec![
            Section::new("Engagement", engagement::metrics(&total)),
            Section::new("Sessions", sessions::metrics(&total)),
        ];
        if total.has_calendar {
            sections.push(Section::new("Returns", returns::metrics(&total, self.anchor_secs)));
            sections.push(Section::new("Retention", retention::metrics(&total)));
        }
        sections.extend(welfare::sections(&total));
        let strata = Strata::of(&total);
        let groups = total.groups().iter().enumerate();
        sections.extend(groups.map(|(g, group)| fairness::section(&total, &strata, g, group)));
        sections
    }
}

impl PeopleTable {
    /// Everybody who saw a slate.
    pub fn seen(&self) -> impl Iterator<Item = (UserId, &UserTotals)> + Clone {
        let users = self.users.iter().enumerate().map(|(u, user)| (UserId(u as u32), user));
        users.filter(|(_, user)| user.did.slates > 0)
    }

    /// What `user` did; of somebody never met, nothing.
    #[must_use]
    pub fn user(&self, user: UserId) -> UserTotals {
        self.users.get(user.index()).copied().unwrap_or_default()
    }

    /// Whole days the log lasts.
    #[must_use]
    pub fn whole_days(&self) -> u32 {
        day(self.end_secs)
    }

    /// The group attributes there are.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        self.population.as_ref().map_or(&[], Population::groups)
    }

    /// What does not depend on the rows.
    fn learn(&mut self, facts: &Facts<'_>, t: &Transition<'_>, has_quality: bool) {
        let Clock { tick_secs, calendar } = facts.spec.clock;
        // Whoever watches until a horizon has seen that nobody came any more.
        let watched = facts.horizon.filter(|_| t.step.next.is_empty()).unwrap_or(t.tick().next());
        self.end_secs = self.end_secs.max(f64::from(watched.0) * tick_secs);
        self.has_calendar = calendar;
        self.has_quality |= has_quality;
        if self.population.is_none() && !facts.population.groups().is_empty() {
            self.population = Some(facts.population.clone());
        }
        // Grown once: doubling a million records would hold three millions for a moment.
        self.users.reserve_exact(facts.spec.n_users.saturating_sub(self.users.len()));
    }
}

/// Of two tables by user, the records of whichever has met the user.
fn either<T: Copy + Default>(mut left: Vec<T>, right: Vec<T>, met: impl Fn(&T) -> bool) -> Vec<T> {
    left.resize(left.len().max(right.len()), T::default());
    left.iter_mut().zip(right).filter(|(_, other)| met(other)).for_each(|(known, other)| *known = other);
    left
}
