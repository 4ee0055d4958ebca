//! Something to look at while a run goes on; silent unless somebody looks.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use recloop_env::{EnvSpec, Tick};

use crate::{Counts, Observer, Start};

/// Chosen by us: faster than this, nobody can read it.
pub(super) const EVERY: Duration = Duration::from_millis(100);

/// A line that turns, on a terminal.
pub(super) fn spinner(watched: bool) -> ProgressBar {
    if !watched {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(EVERY);
    spinner
}

pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    drawn: Instant,
    /// The tick and the user-steps this process began with.
    from: Option<(Tick, u64)>,
    n_users: u64,
    horizon: Option<Tick>,
}

impl Progress {
    pub(super) fn new(watched: bool) -> Self {
        let (bar, now) = (spinner(watched), Instant::now());
        Self { bar, began: now, drawn: now, from: None, n_users: 0, horizon: None }
    }

    /// Leaves the terminal to the result.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn begun(&mut self, start: Start, dir: &Path, spec: &EnvSpec, horizon: Option<Tick>) {
        let dir = dir.display();
        let note = match start {
            Start::Fresh => None,
            Start::Resumed { ticks } => {
                Some(format!("{dir} goes on from its checkpoint after {ticks} ticks\n"))
            }
            Start::Finished => Some(format!("{dir} is finished; nothing is left to do\n")),
        };
        if let Some(note) = note {
            let _ = io::stderr().write_all(note.as_bytes());
        }
        (self.n_users, self.horizon) = (spec.n_users as u64, horizon);
        (self.began, self.drawn) = (Instant::now(), Instant::now());
        if let Some(horizon) = horizon {
            self.bar.set_length(u64::from(horizon.0));
            let style = ProgressStyle::with_template("{bar:24} {msg}").expect("a template of ours");
            self.bar.set_style(style);
        }
    }

    fn ticked(&mut self, counts: &Counts, now: Tick) {
        let (first, before) = *self.from.get_or_insert((now, counts.user_steps));
        if self.bar.is_hidden() || self.drawn.elapsed() < EVERY {
            return;
        }
        self.drawn = Instant::now();
        let secs = self.began.elapsed().as_secs_f64();
        let rate = (counts.user_steps - before) as f64 / secs;
        let mut text = format!(
            "tick {} · {} user-steps · {} of {} users still here · {}/s",
            HumanCount(u64::from(now.0)),
            HumanCount(counts.user_steps),
            HumanCount(self.n_users.saturating_sub(counts.gone)),
            HumanCount(self.n_users),
            HumanCount(rate as u64),
        );
        if let Some(horizon) = self.horizon {
            self.bar.set_position(u64::from(now.0));
            text.extend(
                left(first, now, horizon, secs).map(|left| format!(" · {} left", HumanDuration(left))),
            );
        }
        self.bar.set_message(text);
    }
}

/// Time left at the pace of this process so far. Without a horizon nobody knows, and after the last tick only the log
/// has to follow: nothing is said.
fn left(first: Tick, now: Tick, horizon: Tick, secs: f64) -> Option<Duration> {
    let (done, ahead) = (now.0.saturating_sub(first.0), horizon.0.saturating_sub(now.0));
    (done > 0 && ahead > 0 && secs > 1.0)
        .then(|| Duration::from_secs_f64(secs * f64::from(ahead) / f64::from(done)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_measured_from_where_this_process_began() {
        let left = |now, secs| left(Tick(40), Tick(now), Tick(100), secs);
        assert_eq!(left(60, 10.0), Some(Duration::from_secs(20)));
        assert_eq!((left(40, 10.0), left(60, 0.5)), (None, None));
        assert_eq!(left(100, 9.0), None);
    }
}
