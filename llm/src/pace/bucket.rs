//! No faster than this: requests and tokens per minute.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{LlmError, lock};

/// What a server may be asked for in a minute. A token bucket each, full at the start, of a minute's worth: bursts pass,
/// the mean does not exceed the limit by more than one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests per minute, tries included; no limit if left out.
    pub requests_per_minute: Option<f64>,
    /// Tokens per minute, read and written; no limit if left out.
    pub tokens_per_minute: Option<f64>,
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), LlmError> {
        for limit in [self.requests_per_minute, self.tokens_per_minute].into_iter().flatten() {
            if !(limit > 0.0 && limit.is_finite()) {
                let reason = format!("{limit} a minute is no limit: leave it out for none");
                return Err(LlmError::Setting { key: "limits", reason });
            }
        }
        Ok(())
    }
}

/// One bucket. It may be overdrawn: who takes more than there is waits until it would have been there, and those who
/// come later wait behind.
#[derive(Debug)]
struct Bucket {
    per_minute: f64,
    level: f64,
    at: Duration,
}

impl Bucket {
    fn full(per_minute: f64, now: Duration) -> Self {
        Self { per_minute, level: per_minute, at: now }
    }

    fn take(&mut self, amount: f64, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.level = (self.level + passed * self.per_minute / 60.0).min(self.per_minute) - amount;
        Duration::from_secs_f64((-self.level).max(0.0) * 60.0 / self.per_minute)
    }

    fn give_back(&mut self, amount: f64) {
        self.level = (self.level + amount).min(self.per_minute);
    }
}

#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// The server asked not to be asked before.
    not_before: Duration,
}

impl Pace {
    pub(crate) fn new(limits: &Limits, now: Duration) -> Self {
        let bucket = |limit: Option<f64>| limit.map(|limit| Bucket::full(limit, now));
        let (requests, tokens) = (bucket(limits.requests_per_minute), bucket(limits.tokens_per_minute));
        Self(Mutex::new(State { requests, tokens, not_before: Duration::ZERO }))
    }

    /// How long to wait before one more request of about so many tokens.
    pub(crate) fn take(&self, tokens: u64, now: Duration) -> Duration {
        let mut state = lock(&self.0);
        let held = state.not_before.saturating_sub(now);
        let for_request = state.requests.as_mut().map_or(held, |bucket| bucket.take(1.0, now));
        let for_tokens = state.tokens.as_mut().map_or(held, |bucket| bucket.take(tokens as f64, now));
        held.max(for_request).max(for_tokens)
    }

    /// Nobody asks before `until`.
    pub(crate) fn hold(&self, until: Duration) {
        let mut state = lock(&self.0);
        state.not_before = state.not_before.max(until);
    }

    /// Puts right what [`Pace::take`] took for a request that came to `used` tokens.
    pub(crate) fn settle(&self, taken: u64, used: u64) {
        if let Some(bucket) = &mut lock(&self.0).tokens {
            bucket.give_back(taken as f64 - used as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(wait: Duration) -> f64 {
        (wait.as_secs_f64() * 1e6).round() / 1e6
    }

    #[test]
    fn a_minutes_worth_passes_at_once_and_the_rest_in_its_turn() {
        let limits = Limits { requests_per_minute: Some(60.0), tokens_per_minute: None };
        let pace = Pace::new(&limits, Duration::ZERO);
        assert!((0..60).all(|_| pace.take(1_000_000, Duration::ZERO).is_zero()));
        let waits = [1.0, 2.0, 3.0];
        assert_eq!(waits.map(|_| secs(pace.take(0, Duration::ZERO))), waits);
        // Ten seconds bring ten, three of which are owed: seven pass at once.
        let later = Duration::from_secs(10);
        assert!((0..7).all(|_| pace.take(0, later).is_zero()));
        assert_eq!(secs(pace.take(0, later)), 1.0);
        // However long one pauses, it is a minute's worth.
        let much_later = Duration::from_secs(10_000);
        assert!((0..60).all(|_| pace.take(0, much_later).is_zero()));
        assert_eq!(secs(pace.take(0, much_later)), 1.0);
    }

    #[test]
    fn tokens_are_taken_at_a_guess_and_settled() {
        let limits = Limits { requests_per_minute: None, tokens_per_minute: Some(600.0) };
        let pace = Pace::new(&limits, Duration::ZERO);
        assert_eq!(
            secs(pace.take(900, Duration::ZERO)),
            30.0,
            "more than the bucket holds passes in the end"
        );
        pace.settle(900, 200);
        assert!(pace.take(400, Duration::ZERO).is_zero());
        assert_eq!(secs(pace.take(10, Duration::ZERO)), 1.0);
        pace.settle(10, 60);
        assert_eq!(secs(pace.take(0, Duration::ZERO)), 6.0, "what was used beyond the guess is owed");
    }

    #[test]
    fn who_asks_for_a_pause_gets_it_of_all() {
        let pace = Pace::new(&Limits::default(), Duration::ZERO);
        pace.hold(Duration::from_secs(5));
        pace.hold(Duration::from_secs(3));
        assert_eq!([0, 4, 9].map(|now| secs(pace.take(1, Duration::from_secs(now)))), [5.0, 1.0, 0.0]);
    }

    #[test]
    fn no_limit_is_no_wait_and_none_is_not_zero() {
        let pace = Pace::new(&Limits::default(), Duration::ZERO);
        assert!((0..1_000).all(|_| pace.take(1 << 40, Duration::ZERO).is_zero()));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Limits { requests_per_minute: Some(bad), tokens_per_minute: None }.check().is_err());
        }
    }
}
