//! When to ask again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::LlmError;

/// How often a failing request is tried, and how long is waited in between.
///
/// Before try *n* + 1: `min(longest, first · 2^(n−1)) · (1 + u)/2`, where *u* in [0, 1) hangs on the request and *n* alone:
/// requests that failed together come back apart, and a rerun waits as the run did. A server that names a time
/// (`Retry-After`) is not asked before; one that wants more than `longest_wait_secs` is given up.
///
/// Numbers are chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Tries of one request, the first included.
    pub tries: u32,
    /// Wait after the first failure.
    pub first_wait_secs: f64,
    /// No wait is longer.
    pub longest_wait_secs: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { tries: 6, first_wait_secs: 0.5, longest_wait_secs: 60.0 }
    }
}

impl Retry {
    pub(crate) fn check(&self) -> Result<(), LlmError> {
        let waits = [self.first_wait_secs, self.longest_wait_secs];
        if self.tries == 0 || !waits.iter().all(|secs| (0.0..=86_400.0).contains(secs)) {
            let reason = format!("{self:?} needs at least one try and waits of 0 to 86400 s");
            return Err(LlmError::Setting { key: "retry", reason });
        }
        Ok(())
    }

    /// Wait after `failures` failures in a row; `unit` in [0, 1).
    pub(crate) fn wait(&self, failures: u32, unit: f64) -> Duration {
        let doubled = self.first_wait_secs * 2_f64.powi(failures.saturating_sub(1).min(60) as i32);
        Duration::from_secs_f64(doubled.min(self.longest_wait_secs) * (1.0 + unit) / 2.0)
    }
}

/// How long a `Retry-After` asks to wait: seconds, or a date as HTTP writes them (RFC 9110, IMF-fixdate). A date that is
/// past asks for nothing; what is neither is ignored.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(secs) = header.parse::<f64>() {
        return (secs.is_finite() && secs >= 0.0).then(|| Duration::from_secs_f64(secs.min(1e9)));
    }
    let since_epoch = now.duration_since(UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(seconds_of(header)?).saturating_sub(since_epoch))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970.
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = date.strip_suffix(" GMT")?.split_once(", ")?.1.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let [hour, minute, second] = [clock.next()??, clock.next()??, clock.next()??];
    let sane =
        (1..=31).contains(&day) && (1970..=9_999).contains(&year) && hour < 24 && minute < 60 && second <= 60;
    if !sane || words.next().is_some() || clock.next().is_some() {
        return None;
    }
    Some(((days_before(year, month) + day - 1) * 24 + hour) * 3_600 + minute * 60 + second)
}

/// Days from 1970 to the first of a month, January being 0, in the Gregorian calendar.
fn days_before(year: u64, month: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let past = year - 1;
    let leaps = past / 4 - past / 100 + past / 400 - (1_969 / 4 - 1_969 / 100 + 1_969 / 400);
    (year - 1_970) * 365 + leaps + BEFORE[month as usize] + u64::from(leap && month > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_jittered_down_to_half() {
        let retry = Retry { tries: 9, first_wait_secs: 0.5, longest_wait_secs: 3.0 };
        let waits = |unit| [1, 2, 3, 4, 99].map(|n| retry.wait(n, unit).as_secs_f64());
        assert_eq!(waits(0.0), [0.25, 0.5, 1.0, 1.5, 1.5]);
        assert!(waits(0.999_999).iter().zip([0.5, 1.0, 2.0, 3.0, 3.0]).all(|(w, e)| (w - e).abs() < 1e-5));
    }

    #[test]
    fn jitter_hangs_on_the_request_and_spreads() {
        let units: Vec<f64> = (0..1_000).map(|hash| crate::pace::unit(hash, 1)).collect();
        assert_eq!(units[7], crate::pace::unit(7, 1));
        assert!(units.iter().all(|u| (0.0..1.0).contains(u)));
        // The mean of 1,000 uniform draws is within .5 ± 5 × .0091; these are fixed, so it is or it is not.
        assert!((units.iter().sum::<f64>() / 1_000.0 - 0.5).abs() < 0.046);
        assert_ne!(crate::pace::unit(7, 1), crate::pace::unit(7, 2));
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
        let secs = |header: &str, now: u64| retry_after(header, at(now)).map(|wait| wait.as_secs_f64());
        assert_eq!(secs("17", 0), Some(17.0));
        assert_eq!(secs(" 0.25 ", 0), Some(0.25));
        // 784,111,777 is the date of RFC 9110's own example.
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(7.0));
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_999), Some(0.0));
        // date -u -d 2028-02-29T23:59:59 +%s
        assert_eq!(secs("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599), Some(0.0));
        assert_eq!(secs("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_590), Some(9.0));
        assert_eq!(secs("Thu, 01 Mar 2100 00:00:00 GMT", 4_107_542_400 - 5), Some(5.0));
        for neither in
            ["", "soon", "-1", "NaN", "inf", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"]
        {
            assert_eq!(secs(neither, 0), None, "{neither}");
        }
    }

    #[test]
    fn no_try_and_endless_waits_are_refused() {
        assert!(Retry::default().check().is_ok());
        assert!(Retry { tries: 0, ..Retry::default() }.check().is_err());
        assert!(Retry { first_wait_secs: f64::NAN, ..Retry::default() }.check().is_err());
        assert!(Retry { longest_wait_secs: 1e9, ..Retry::default() }.check().is_err());
    }
}
