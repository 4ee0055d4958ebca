//! A server that fails again and again is left alone for a while.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{LlmError, lock};

/// After how many failures in a row, and for how long, a server is left alone: requests then fail at once, so that
/// whoever asks can go on without. Afterwards one request tries whether it is back; the others wait for its word by failing.
///
/// Broken connections, silence and 5xx count as failures; any other answer, a refusal too, shows that somebody is there.
/// Numbers are chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// Failures in a row.
    pub failures: u32,
    /// How long it is left alone.
    pub leave_secs: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { failures: 20, leave_secs: 15.0 }
    }
}

impl Patience {
    pub(crate) fn check(&self) -> Result<(), LlmError> {
        if self.failures == 0 || !(0.0..=86_400.0).contains(&self.leave_secs) {
            let reason = format!("{self:?} needs at least one failure and 0 to 86400 s");
            return Err(LlmError::Setting { key: "patience", reason });
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Breaker {
    patience: Patience,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_a_row: u32,
    /// Nobody asks before, if it is left alone.
    until: Option<Duration>,
    /// Somebody is trying whether it is back.
    trying: bool,
}

/// Why nobody asks now.
#[derive(Debug, PartialEq)]
pub(crate) struct Leave {
    pub(crate) failures: u32,
    pub(crate) more: Duration,
}

impl Breaker {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, state: Mutex::default() }
    }

    /// Whether to ask at `now`. Who may must say how it went.
    pub(crate) fn admit(&self, now: Duration) -> Result<(), Leave> {
        let mut state = lock(&self.state);
        match state.until {
            None => Ok(()),
            Some(until) if now < until || state.trying => {
                Err(Leave { failures: state.in_a_row, more: until.saturating_sub(now) })
            }
            Some(_) => {
                state.trying = true;
                Ok(())
            }
        }
    }

    /// Who was let in did not ask after all.
    pub(crate) fn withdrawn(&self) {
        lock(&self.state).trying = false;
    }

    pub(crate) fn succeeded(&self) {
        *lock(&self.state) = State::default();
    }

    pub(crate) fn failed(&self, now: Duration) {
        let mut state = lock(&self.state);
        state.in_a_row += 1;
        // Those that were already under way when it was left alone do not prolong it.
        let tried = std::mem::take(&mut state.trying);
        if state.in_a_row >= self.patience.failures && (tried || state.until.is_none()) {
            state.until = Some(now + Duration::from_secs_f64(self.patience.leave_secs));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_one_try_closes_it() {
        let at = Duration::from_secs;
        let breaker = Breaker::new(Patience { failures: 3, leave_secs: 10.0 });
        for _ in 0..2 {
            breaker.admit(at(0)).unwrap();
            breaker.failed(at(0));
        }
        breaker.succeeded();
        for _ in 0..3 {
            breaker.admit(at(1)).unwrap();
            breaker.failed(at(1));
        }
        assert_eq!(breaker.admit(at(4)), Err(Leave { failures: 3, more: at(7) }));
        // One that was under way fails late: nothing is prolonged.
        breaker.failed(at(9));
        breaker.admit(at(11)).unwrap();
        assert_eq!(
            breaker.admit(at(11)),
            Err(Leave { failures: 4, more: at(0) }),
            "one tries, the others wait"
        );
        breaker.failed(at(12));
        assert_eq!(breaker.admit(at(13)).unwrap_err().more, at(9));
        breaker.admit(at(22)).unwrap();
        breaker.succeeded();
        breaker.admit(at(22)).unwrap();
        breaker.admit(at(22)).unwrap();
    }
}
