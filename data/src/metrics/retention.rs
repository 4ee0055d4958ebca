//! Who comes back on which day.

use serde::{Deserialize, Serialize};

use super::people::{PeopleTable, UserTotals};
use super::{Estimate, Named};

/// The days k of `retention_dk`.
pub const RETENTION_DAYS: [u32; 5] = [1, 3, 7, 14, 28];
/// A month, as in "monthly active users".
const MONTH_DAYS: u32 = 30;

/// On which days one user was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Days {
    /// The user's first day.
    pub first: u32,
    /// The latest day.
    pub last: u32,
    /// Bit *k*: there on day `first + k`, up to 31.
    pub since_first: u32,
    /// Bit *k*: there on day `last − k`, down to 31.
    pub until_last: u32,
}

impl Days {
    pub(super) fn add(&mut self, day: u32, is_first: bool) {
        if is_first {
            (self.first, self.last) = (day, day);
        }
        // A row's own clock never goes back; a log that says otherwise does not make us panic.
        let ahead = day.saturating_sub(self.last);
        self.until_last = self.until_last.checked_shl(ahead).unwrap_or(0) | 1;
        self.last += ahead;
        self.since_first |= 1_u32.checked_shl(self.last - self.first).unwrap_or(0);
    }

    /// Whether the user was there on day `first + k`, k ≤ 31.
    #[must_use]
    pub fn on(&self, k: u32) -> bool {
        1_u32.checked_shl(k).is_some_and(|bit| self.since_first & bit != 0)
    }

    /// Of the `length` ≤ 30 days up to and including `day`, on how many the user was there; `day` is at most one before
    /// `last`.
    fn active(&self, day: u32, length: u32) -> u32 {
        // Bit 0 is to be `day`.
        let bits = match self.last.checked_sub(day) {
            Some(later) => self.until_last.checked_shr(later),
            None => self.until_last.checked_shl(day - self.last),
        };
        (bits.unwrap_or(0) & ((1 << length) - 1)).count_ones()
    }
}

impl UserTotals {
    /// Whether day `first + k` was a whole day of a log of so many whole days.
    pub(super) fn observable(&self, k: u32, whole_days: u32) -> bool {
        self.days.first + k < whole_days
    }
}

/// Retention by exact day and rolling, active users, lifetime value.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `retention_dk` | share with a session on calendar day first + k, k = 1, 3, 7, 14, 28 | users |
/// | `retention_rolling_dk` | share with a session on day first + k or later | users |
/// | `dau` | mean over the days of the window of the users who were there | users |
/// | `mau` | users there on any day of the window; `active_users_12d` if the log has only 12 days | users |
/// | `dau_mau` | `dau` / `mau`: the mean share of days on which a user of the window was there | users of the window |
/// | `ltv` | mean over users of `Σ γ^(day − first) reward`, up to the end of the log | users |
///
/// A user counts for day k if their first-ever session is in the log and the log covers day first + k whole: later
/// activity, which the recommender may have caused, selects nobody. The window is the last 30 whole days, or as many as
/// there are. Whoever churned earns nothing more, so `ltv` needs no survival model, but it ends with the log.
pub(super) fn metrics(people: &PeopleTable) -> Vec<Named> {
    let days = people.whole_days();
    let share = |name: &str, k: u32, there: &dyn Fn(&UserTotals) -> bool| {
        let cohort = people.seen().filter(|(_, user)| user.visits.first == 0 && user.observable(k, days));
        let stayed = cohort.clone().filter(|(_, user)| there(user));
        Named::new(format!("{name}_d{k}"), Estimate::share(stayed.count() as u64, cohort.count() as u64))
    };
    let exact = RETENTION_DAYS.map(|k| share("retention", k, &|user| user.days.on(k)));
    let rolling =
        RETENTION_DAYS.map(|k| share("retention_rolling", k, &|user| user.days.last - user.days.first >= k));
    let ltv = Estimate::mean(people.seen().map(|(_, user)| user.discounted_reward));
    let mut metrics: Vec<_> = exact.into_iter().chain(rolling).collect();
    metrics.extend(active(people, days));
    metrics.push(Named::new("ltv", ltv));
    metrics
}

fn active(people: &PeopleTable, whole_days: u32) -> [Named; 3] {
    let window = whole_days.min(MONTH_DAYS);
    let shares = people.seen().map(move |(_, user)| {
        let days = if window > 0 { user.days.active(whole_days - 1, window) } else { 0 };
        f64::from(days) / f64::from(window.max(1))
    });
    let there = |share: &f64| *share > 0.0;
    let monthly = if window == MONTH_DAYS { "mau".into() } else { format!("active_users_{window}d") };
    [
        Named::new("dau", Estimate::total(shares.clone())),
        Named::new(monthly, Estimate::total(shares.clone().map(|share| f64::from(there(&share))))),
        Named::new("dau_mau", Estimate::mean(shares.filter(there))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_both_ends() {
        let mut days = Days::default();
        [3, 3, 5, 33, 60].into_iter().enumerate().for_each(|(i, day)| days.add(day, i == 0));
        assert_eq!((days.first, days.last), (3, 60));
        assert!(days.on(0) && days.on(2) && days.on(30) && !days.on(1) && !days.on(31) && !days.on(57));
        // Back from day 60: bits 0 and 27; days 5 and 3 are out of reach.
        assert_eq!(days.until_last, 1 | 1 << 27);
        // A month that begins on day 31 and ends on day 60 has both, one that ends on day 59 has one.
        assert_eq!(
            [days.active(60, 30), days.active(59, 30), days.active(62, 30), days.active(63, 30)],
            [2, 1, 2, 1]
        );
        assert_eq!([days.active(60, 1), days.active(59, 1), days.active(200, 30)], [1, 0, 0]);
    }
}
