//! Something to look at while a log is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{HumanCount, ProgressBar};
use recloop_data::ope::Pass;

use super::progress::{EVERY, spinner};

/// Counts rows from many threads and now and then says how many.
pub(super) struct RowsProgress {
    bar: ProgressBar,
    began: Instant,
    /// Rows of the pass at hand, and which it is.
    rows: AtomicU64,
    pass: AtomicU64,
    /// Milliseconds since the beginning at which it was last drawn.
    drawn: AtomicU64,
}

impl RowsProgress {
    pub(super) fn new(watched: bool) -> Self {
        let [rows, pass, drawn] = [0, u64::MAX, 0].map(AtomicU64::new);
        Self { bar: spinner(watched), began: Instant::now(), rows, pass, drawn }
    }

    pub(super) fn pass(&self, pass: Pass) {
        if self.bar.is_hidden() {
            return;
        }
        if self.pass.swap(pass.fitting as u64, Ordering::Relaxed) != pass.fitting as u64 {
            self.rows.store(0, Ordering::Relaxed);
        }
        let rows = self.rows.fetch_add(pass.rows, Ordering::Relaxed) + pass.rows;
        let now = self.began.elapsed().as_millis() as u64;
        if now < self.drawn.load(Ordering::Relaxed) + EVERY.as_millis() as u64 {
            return;
        }
        self.drawn.store(now, Ordering::Relaxed);
        let doing = match pass.fitting {
            0 => "summing".into(),
            nth => format!("fitting models, pass {nth}"),
        };
        self.bar.set_message(format!("{doing}: {} rows", HumanCount(rows)));
    }

    /// Leaves the terminal to the result.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
