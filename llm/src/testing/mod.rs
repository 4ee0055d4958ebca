//! For tests: a clock that does not run, and a server that fails on demand.

mod stub;

pub use stub::{Asked, Canned, Stub};

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Clock, lock};

/// A clock that moves only when somebody sleeps, and at once. It starts in 1970.
///
/// ```
/// use std::time::Duration;
/// use recloop_llm::{Clock, testing::FakeClock};
///
/// let clock = FakeClock::default();
/// clock.sleep(Duration::from_secs(60));
/// assert_eq!(clock.now(), Duration::from_secs(60));
/// assert_eq!(clock.naps(), [Duration::from_secs(60)]);
/// ```
#[derive(Debug, Default)]
pub struct FakeClock(Mutex<(Duration, Vec<Duration>)>);

impl FakeClock {
    /// All that was slept so far.
    #[must_use]
    pub fn naps(&self) -> Vec<Duration> {
        lock(&self.0).1.clone()
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        lock(&self.0).0 += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        lock(&self.0).0
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + self.now()
    }

    fn sleep(&self, how_long: Duration) {
        let mut state = lock(&self.0);
        state.0 += how_long;
        state.1.push(how_long);
    }
}
