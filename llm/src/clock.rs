//! What time it is, and waiting: named so that tests can do without.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// A clock to read and to sleep by.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some moment: never goes back.
    fn now(&self) -> Duration;

    /// Time of day, for dates that servers name.
    fn date(&self) -> SystemTime;

    /// Waits.
    fn sleep(&self, how_long: Duration);
}

/// The clock of the machine.
#[derive(Debug, Clone)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn date(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, how_long: Duration) {
        std::thread::sleep(how_long);
    }
}
