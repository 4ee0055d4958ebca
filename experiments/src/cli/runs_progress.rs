//! Something to look at while several runs go on.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use recloop_env::Tick;

use super::progress::spinner;
use crate::{Counts, PlannedRun, RunsObserver};

/// How finely the bar counts a run.
const PARTS: u64 = 1_000;

/// Chosen by us: more names do not fit a line.
const NAMED: usize = 2;

/// One bar for all runs: finished ones count whole, running ones as far as they are, if anybody knows how far that is.
pub(super) struct RunsProgress {
    bar: ProgressBar,
    runs: usize,
    ended: usize,
    /// Finished without having begun: they were kept from before.
    kept: usize,
    running: BTreeMap<usize, Running>,
    began: Instant,
    drawn: Instant,
}

struct Running {
    name: String,
    now: Tick,
    horizon: Option<Tick>,
}

impl Running {
    /// In parts; 0 while nobody knows the end.
    fn parts(&self) -> u64 {
        let horizon = self.horizon.map_or(0, |horizon| u64::from(horizon.0));
        (u64::from(self.now.0) * PARTS).checked_div(horizon).unwrap_or(0).min(PARTS)
    }
}

impl std::fmt::Display for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: tick {}", self.name, HumanCount(self.now.0.into()))?;
        self.horizon.map_or(Ok(()), |horizon| write!(f, " of {}", HumanCount(horizon.0.into())))
    }
}

impl RunsProgress {
    pub(super) fn new(watched: bool) -> Self {
        let (bar, now) = (spinner(watched), Instant::now());
        Self { bar, runs: 0, ended: 0, kept: 0, running: BTreeMap::new(), began: now, drawn: now }
    }

    /// Leaves the terminal to the result.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
        if self.kept > 0 {
            self.say(&format!("{} of {} runs were finished before\n", self.kept, self.runs));
        }
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| drop(io::stderr().write_all(text.as_bytes())));
    }

    fn draw(&mut self, at_once: bool) {
        if self.bar.is_hidden() || (!at_once && self.drawn.elapsed() < super::progress::EVERY) {
            return;
        }
        self.drawn = Instant::now();
        let here: u64 = self.running.values().map(Running::parts).sum();
        self.bar.set_position(self.ended as u64 * PARTS + here);
        let mut text = format!("{} of {} runs", self.ended, self.runs);
        let played = (self.ended - self.kept) as u64 * PARTS + here;
        let ahead = (self.runs - self.ended) as u64 * PARTS - here;
        if let Some(left) = left(played, ahead, self.began.elapsed().as_secs_f64()) {
            text.push_str(&format!(" · {} left", HumanDuration(left)));
        }
        for run in self.running.values().take(NAMED) {
            text.push_str(&format!(" · {run}"));
        }
        if self.running.len() > NAMED {
            text.push_str(&format!(" · {} more", self.running.len() - NAMED));
        }
        self.bar.set_message(text);
    }
}

/// Time left at the pace so far; nothing while there is none to speak of.
fn left(played: u64, ahead: u64, secs: f64) -> Option<Duration> {
    (played > 0 && ahead > 0 && secs > 1.0)
        .then(|| Duration::from_secs_f64(secs * ahead as f64 / played as f64))
}

impl RunsObserver for RunsProgress {
    fn planned(&mut self, runs: &[PlannedRun]) {
        (self.runs, self.began) = (runs.len(), Instant::now());
        self.bar.set_length(runs.len() as u64 * PARTS);
        let style = ProgressStyle::with_template("{bar:20} {wide_msg}").expect("a template of ours");
        self.bar.set_style(style);
    }

    fn begun(&mut self, run: &PlannedRun, horizon: Option<Tick>) {
        self.running.insert(run.at, Running { name: run.to_string(), now: Tick(0), horizon });
        self.draw(true);
    }

    fn ticked(&mut self, run: &PlannedRun, _counts: &Counts, now: Tick) {
        if let Some(running) = self.running.get_mut(&run.at) {
            running.now = now;
        }
        self.draw(false);
    }

    fn ended(&mut self, run: &PlannedRun, failure: Option<&str>) {
        self.ended += 1;
        let begun = self.running.remove(&run.at).is_some();
        match failure {
            Some(reason) => self.say(&format!("warning: the run of {run} failed to {reason}\n")),
            None => self.kept += usize::from(!begun),
        }
        self.draw(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_as_far_as_it_is_known_to_be() {
        let run = |now, horizon: Option<u32>| Running {
            name: String::new(),
            now: Tick(now),
            horizon: horizon.map(Tick),
        };
        assert_eq!(
            [run(30, Some(120)).parts(), run(121, Some(120)).parts(), run(30, None).parts()],
            [250, 1_000, 0]
        );
        assert_eq!(left(500, 1_500, 10.0), Some(Duration::from_secs(30)));
        assert_eq!((left(0, 9, 10.0), left(5, 0, 10.0)), (None, None));
    }
}
