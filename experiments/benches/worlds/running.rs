//! What is timed: a world that is being played.

use std::time::{Duration, Instant};

use recloop_data::{LogOptions, ParquetSink};
use recloop_env::{Env, LogSink, Observation, Recommender, ResetOptions, Slates, Step, Transition, World};
use recloop_experiments::worlds::make;
use tempfile::TempDir;

/// A world in the middle of a run: everybody always here, ended viewers renewed.
pub(crate) struct Running {
    world: World,
    sink: Option<ParquetSink>,
    /// Where the log is: removed with the run.
    folder: Option<TempDir>,
    policy: Box<dyn Recommender>,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Running {
    pub(crate) fn new(id: &str, settings: &[&str], mut policy: Box<dyn Recommender>) -> Self {
        let mut world = make(id, settings).expect("a registered world");
        let mut seen = Observation::default();
        let options = ResetOptions { renew: true, ..ResetOptions::default() };
        world.reset(7, &options, &mut seen).expect("a registered world begins");
        policy.begin(world.spec()).expect("these policies fit this world");
        let (slates, step) = (Slates::default(), Step::default());
        let mut running = Self { world, sink: None, folder: None, policy, seen, slates, step };
        (0..5).for_each(|_| running.tick());
        running
    }

    /// Logs from here on.
    pub(crate) fn logged(mut self) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let sink = ParquetSink::create(folder.path(), self.world.spec(), &LogOptions::default());
        (self.sink, self.folder) = (Some(sink.expect("an empty folder")), Some(folder));
        self
    }

    /// Rows of the next tick.
    pub(crate) fn rows(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn tick(&mut self) {
        self.policy.recommend(&self.seen, &self.world.streams(), &mut self.slates).expect("slates");
        self.world.step(&self.slates, &mut self.step).expect("slates fit");
        if let Some(sink) = &mut self.sink {
            let t = Transition { seen: &self.seen, slates: &self.slates, step: &self.step };
            sink.write(&self.world.facts(), &t).expect("room on the disk");
        }
        self.policy.learn(&self.seen, &self.slates, &self.step);
        std::mem::swap(&mut self.seen, &mut self.step.next);
    }
}

/// Times `ticks` inside the thread pool, where a run lives.
pub(crate) fn timed(ticks: u64, mut tick: impl FnMut() + Send) -> Duration {
    rayon::scope(|_| {
        let start = Instant::now();
        (0..ticks).for_each(|_| tick());
        start.elapsed()
    })
}
