//! A run in progress.

use std::borrow::Cow;
use std::time::Instant;

use recloop_data::log::TruthEntry;
use recloop_data::metrics::Everything;
use recloop_data::{LogOptions, LogState, Manifest, ParquetSink, Parts, RunState};
use recloop_env::{Env, Facts, LogSink, Metric, Transition, World};
use recloop_llm::Spent;

use super::checkpoint::{self, Head};
use super::directory::RunDir;
use super::{Observer, Partial, RunSummary, Start};
use crate::config::RunConfig;
use crate::measure::numbers;
use crate::models::refused;
use crate::playing::{Playing, Visitor};
use crate::{LlmReport, RunError};

/// What a log and its truth have written so far.
type Written = (Parts, Option<TruthEntry>);

/// What the run of this manifest has spent on language models.
pub(super) fn spent(manifest: &Manifest) -> Spent {
    let report = manifest.llm.clone().and_then(|report| serde_json::from_value::<LlmReport>(report).ok());
    report.map(|report| report.spent).unwrap_or_default()
}

/// A run between two ticks.
pub(super) struct Live {
    dir: RunDir,
    playing: Playing,
    keeper: Keeper,
    manifest: Manifest,
    checkpoint_secs: f64,
}

/// What is kept of a run.
struct Keeper {
    sink: Option<ParquetSink>,
    metrics: Partial,
}

impl Visitor for Keeper {
    fn done(&mut self, _: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        if let Some(sink) = &mut self.sink {
            sink.write(facts, t)?;
        }
        Everything::default().fold(&mut self.metrics, facts, t);
        Ok(())
    }
}

impl Live {
    /// At tick 0, with a first checkpoint: from here on there is always one to go back to.
    pub(super) fn start(config: &RunConfig, dir: RunDir, playing: Playing) -> Result<Self, RunError> {
        let spec = playing.world().spec();
        let options = LogOptions { truth: config.log().truth, ..LogOptions::default() };
        let sink = config.log().enabled.then(|| ParquetSink::create(dir.path(), spec, &options));
        let keeper = Keeper { sink: sink.transpose()?, metrics: Everything::default().start() };
        let revision = option_env!("RECLOOP_REVISION").map(str::to_owned);
        let horizon = playing.horizon().map(|tick| tick.0);
        let manifest =
            Manifest { revision, horizon, ..Manifest::new(spec, config.recommender(), config.seed()) };
        let checkpoint_secs = config.checkpoint_secs();
        let mut live = Self { dir, playing, keeper, manifest, checkpoint_secs };
        live.checkpoint()?;
        Ok(live)
    }

    /// At the checkpoint the manifest counts to.
    pub(super) fn go_on(
        config: &RunConfig,
        dir: RunDir,
        mut playing: Playing,
        manifest: Manifest,
    ) -> Result<Self, RunError> {
        let (head, mut saved) = checkpoint::open(&dir, manifest.ticks)?;
        let spec = playing.world().spec();
        let resume = |log: &LogState| ParquetSink::resume(dir.path(), spec, &LogOptions::default(), log);
        let sink = head.log.as_ref().map(resume).transpose()?;
        playing.go_back(&mut saved, head.counts)?;
        let keeper = Keeper { sink, metrics: head.metrics.into_owned() };
        let manifest = Manifest { state: RunState::Running, ..manifest };
        Ok(Self { dir, playing, keeper, manifest, checkpoint_secs: config.checkpoint_secs() })
    }

    /// Plays to the end.
    pub(super) fn play(mut self, start: Start, observer: &mut dyn Observer) -> Result<RunSummary, RunError> {
        observer.begun(start, self.dir.path(), self.playing.world().spec(), self.playing.horizon());
        match self.play_ticks(observer) {
            Ok(log) => self.finish(log),
            Err(error) => {
                // A failed run goes on from its last checkpoint; what made it fail may forbid even to say so.
                self.manifest.state = RunState::Failed;
                let _ = self.playing.models().flush();
                self.note_models();
                let _ = self.manifest.store(self.dir.path());
                Err(error)
            }
        }
    }

    fn play_ticks(&mut self, observer: &mut dyn Observer) -> Result<Written, RunError> {
        let mut saved = Instant::now();
        while !self.playing.is_over() {
            self.playing.tick(&mut self.keeper)?;
            observer.ticked(self.playing.counts(), self.playing.now());
            if saved.elapsed().as_secs_f64() >= self.checkpoint_secs {
                self.checkpoint()?;
                saved = Instant::now();
            }
        }
        let log = self.keeper.sink.take().map(LogSink::finish).transpose()?;
        self.playing.look_at_clock();
        Ok(log.map(|log| (log.parts, log.truth)).unwrap_or_default())
    }

    fn checkpoint(&mut self) -> Result<(), RunError> {
        // First: a world that goes on from here has heard these answers.
        self.playing.models().flush().map_err(refused)?;
        let log = self.keeper.sink.as_mut().map(ParquetSink::checkpoint).transpose()?;
        let metrics = Cow::Borrowed(&self.keeper.metrics);
        let head = Head { log, metrics, counts: *self.playing.counts() };
        checkpoint::write(&self.dir, &head, &self.playing)?;
        let last = self.manifest.ticks;
        self.count(head.log.map(|log| (log.parts, log.truth)).unwrap_or_default());
        self.manifest.store(self.dir.path())?;
        if last != self.manifest.ticks {
            checkpoint::forget(&self.dir, last);
        }
        Ok(())
    }

    fn count(&mut self, (parts, truth): Written) {
        self.manifest.ticks = self.playing.counts().ticks;
        self.manifest.rows = self.playing.counts().user_steps;
        (self.manifest.parts, self.manifest.truth) = (parts, truth);
        self.note_models();
    }

    /// What was spent is spent, whether or not it led anywhere.
    fn note_models(&mut self) {
        if let Some(report) = self.playing.models().report() {
            self.manifest.llm = Some(serde_json::to_value(report).expect("a report is plain data"));
        }
    }

    fn finish(mut self, log: Written) -> Result<RunSummary, RunError> {
        self.playing.models().flush().map_err(refused)?;
        self.count(log);
        let metrics = numbers(self.keeper.metrics);
        let llm = self.playing.models().report();
        let summary =
            RunSummary { llm, ..RunSummary::new(&self.manifest, self.playing.counts(), metrics, &self.dir) };
        summary.write(&self.dir)?;
        checkpoint::keep(&self.dir, &self.playing.learned()?)?;
        self.manifest.state = RunState::Finished;
        self.manifest.store(self.dir.path())?;
        self.dir.drop_checkpoints();
        Ok(summary)
    }
}
