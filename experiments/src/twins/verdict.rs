//! What became of everybody: per-user differences between two runs of the same people with the same luck.

use recloop_env::{Clock, End, Facts, Tick, Transition};
use serde::{Deserialize, Serialize};

use crate::{Difference, Interval};

/// Days after the first visit at which people are looked for again.
const DAYS_LATER: u64 = 7;

/// One measure of every person under both recommenders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What is measured, per user.
    pub name: String,
    /// Mean over users under the first and under the second recommender.
    pub means: [f64; 2],
    /// Second minus first, person by person.
    pub difference: Difference,
    /// Share of users with more under the second than under the first.
    pub more: f64,
    /// Share of users with less.
    pub less: f64,
    /// Users.
    pub n: usize,
}

/// What everybody did in one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    people: Vec<Person>,
    calendar: bool,
    has_utility: bool,
    end_secs: f64,
}

/// What one person did.
#[derive(Debug, Clone, Copy, Default)]
struct Person {
    /// One more than the last visit's number.
    sessions: u32,
    slates: u32,
    clicks: u32,
    dwell_secs: f64,
    reward: f64,
    utility: f64,
    /// The day of the first slate.
    first_day: u64,
    /// Whether there was a slate on the day so many days later.
    came_later: bool,
    left: bool,
}

impl Tally {
    /// How long the run was to be watched, if that is known.
    pub(super) fn watch_until(&mut self, horizon: Option<Tick>, clock: Clock) {
        self.calendar = clock.calendar;
        self.end_secs = horizon.map_or(f64::INFINITY, |horizon| f64::from(horizon.0) * clock.tick_secs);
    }

    pub(super) fn count(&mut self, facts: &Facts<'_>, t: &Transition<'_>) {
        let utility = facts.spec.accounts.iter().position(|account| account == "utility_now");
        let accounts = facts.hindsight.map(|hindsight| hindsight.accounts);
        self.has_utility |= utility.is_some() && accounts.is_some();
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= self.people.len() {
                self.people.resize(user.index() + 1, Person::default());
            }
            let (person, did) = (&mut self.people[user.index()], &t.step.responses);
            let day = (t.seen.time_secs[r] / Clock::DAY_SECS) as u64;
            if person.slates == 0 {
                person.first_day = day;
            }
            person.came_later |= day == person.first_day + DAYS_LATER;
            person.sessions = t.seen.sessions[r].visit() + 1;
            person.slates += 1;
            person.clicks += did.click.row(r).iter().filter(|click| **click).count() as u32;
            person.dwell_secs += did.dwell_secs.row(r).iter().map(|secs| f64::from(*secs)).sum::<f64>();
            person.reward += f64::from(t.step.reward[r]);
            if let (Some(at), Some(accounts)) = (utility, accounts) {
                person.utility += f64::from(accounts.row(r)[at]);
            }
            person.left = t.step.ended[r] == Some(End::Terminated);
        }
    }
}

/// Every measure of the people met in either run.
pub(super) fn verdict(first: &Tally, second: &Tally) -> Vec<Measure> {
    let n = first.people.len().max(second.people.len());
    let nobody = Person::default();
    let of = |tally: &Tally, at: usize| tally.people.get(at).copied().unwrap_or(nobody);
    let pairs: Vec<[Person; 2]> = (0..n).map(|at| [of(first, at), of(second, at)]).collect();
    let met = |pair: &&[Person; 2]| pair.iter().any(|person| person.slates > 0);
    let measure = |name: &str, value: fn(&Person) -> f64| {
        Measure::of(name, pairs.iter().filter(met).map(|[a, b]| [value(a), value(b)]))
    };
    let mut measures = Vec::new();
    if pairs.iter().flatten().any(|person| person.sessions > 1) {
        measures.push(measure("sessions", |person| f64::from(person.sessions)));
    }
    measures.extend([
        measure("slates", |person| f64::from(person.slates)),
        measure("clicks", |person| f64::from(person.clicks)),
        measure("minutes", |person| person.dwell_secs / 60.0),
        measure("reward", |person| person.reward),
    ]);
    if first.has_utility && second.has_utility {
        measures.push(measure("utility", |person| person.utility));
    }
    if first.calendar && second.calendar {
        // Whom the end of the run cut off is no evidence of absence.
        let seen_through = |person: &Person, tally: &Tally| {
            let through = (person.first_day + DAYS_LATER + 1) as f64 * Clock::DAY_SECS;
            person.slates > 0 && through <= tally.end_secs
        };
        let observable = pairs.iter().filter(|[a, b]| seen_through(a, first) && seen_through(b, second));
        let came = |person: &Person| f64::from(u8::from(person.came_later));
        measures.push(Measure::of("there 7 days later", observable.map(|[a, b]| [came(a), came(b)])));
    }
    if pairs.iter().flatten().any(|person| person.left) {
        measures.push(measure("left for good", |person| f64::from(u8::from(person.left))));
    }
    measures.retain(|measure| measure.n > 0);
    measures
}

impl Measure {
    fn of(name: &str, pairs: impl Iterator<Item = [f64; 2]>) -> Self {
        let (first, second): (Vec<_>, Vec<_>) = pairs.map(|[a, b]| (Some(a), Some(b))).unzip();
        let n = first.len();
        let mean = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>() / n as f64;
        let pairs = || first.iter().flatten().zip(second.iter().flatten());
        let share = |count: usize| count as f64 / n as f64;
        Self {
            name: name.into(),
            means: [mean(&first), mean(&second)],
            difference: Difference::paired(&first, &second),
            more: share(pairs().filter(|(a, b)| b > a).count()),
            less: share(pairs().filter(|(a, b)| b < a).count()),
            n,
        }
    }

    /// The interval of the difference, over users of this one run.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.difference.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    fn tally(people: &[(u32, f64, u64, bool)]) -> Tally {
        let person = |&(slates, dwell_secs, first_day, came_later): &(u32, f64, u64, bool)| Person {
            sessions: 1,
            slates,
            dwell_secs,
            first_day,
            came_later,
            ..Person::default()
        };
        let people = people.iter().map(person).collect();
        Tally { people, calendar: true, has_utility: false, end_secs: 10.0 * Clock::DAY_SECS }
    }

    #[test]
    fn people_are_paired_with_themselves() {
        // Person 1 was never met; person 3 came on day 4 and cannot be watched to the end of day 11.
        let first = tally(&[(1, 60.0, 0, false), (0, 0.0, 0, false), (2, 0.0, 0, true), (1, 60.0, 4, false)]);
        let second =
            tally(&[(1, 180.0, 0, true), (0, 0.0, 0, false), (2, 60.0, 0, true), (1, 0.0, 4, false)]);
        let measures = verdict(&first, &second);
        let find = |name: &str| measures.iter().find(|measure| measure.name == name).unwrap();
        // Differences of minutes: 2, 1 and −1: mean 2/3, two of three with more.
        let minutes = find("minutes");
        assert_eq!((minutes.n, minutes.more, minutes.less), (3, 2.0 / 3.0, 1.0 / 3.0));
        assert_eq!(minutes.means, [2.0 / 3.0, 4.0 / 3.0]);
        assert!((minutes.interval().unwrap().mean - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(find("slates").difference.verdict, Verdict::Identical);
        let later = find("there 7 days later");
        assert_eq!((later.n, later.means, later.more), (2, [0.5, 1.0], 0.5));
        assert!(measures.iter().all(|measure| measure.name != "sessions"), "nobody came twice");
    }
}
