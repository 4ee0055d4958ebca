//! A run in progress.

use std::time::Instant;

use recloop_data::metrics::Engagement;
use recloop_data::{LogOptions, LogState, Manifest, ParquetSink, Parts, RunState};
use recloop_env::{
    End, Env, LogSink, Metric, Observation, ResetOptions, Slates, SnapshotSource, Step, Tick, Transition,
    World,
};

use super::checkpoint::{self, Head};
use super::directory::RunDir;
use super::{Counts, Observer, Partial, RunSummary, Start};
use crate::config::RunConfig;
use crate::{Player, RunError};

/// What a config builds.
pub(super) struct Built {
    world: World,
    player: Player,
    horizon: Option<Tick>,
}

impl Built {
    pub(super) fn build(config: &RunConfig) -> Result<Self, RunError> {
        let (world, mut player) = (config.build_world()?, config.build_player()?);
        player.begin(world.spec())?;
        let horizon = config.horizon().tick(world.spec())?;
        Ok(Self { world, player, horizon })
    }

    /// Begins the world: whatever it refuses, it refuses before anything is written.
    pub(super) fn reset(&mut self, config: &RunConfig) -> Result<Observation, RunError> {
        let options = ResetOptions {
            horizon: self.horizon,
            renew: false,
            tell_choice_probs: config.log().choice_probs,
        };
        let mut seen = Observation::default();
        self.world.reset(config.seed(), &options, &mut seen)?;
        Ok(seen)
    }
}

/// A run between two ticks.
pub(super) struct Live {
    dir: RunDir,
    world: World,
    player: Player,
    horizon: Option<Tick>,
    sink: Option<ParquetSink>,
    manifest: Manifest,
    metrics: Partial,
    counts: Counts,
    checkpoint_secs: f64,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Live {
    /// At tick 0, with a first checkpoint: from here on there is always one to go back to.
    pub(super) fn start(
        config: &RunConfig,
        dir: RunDir,
        built: Built,
        seen: Observation,
    ) -> Result<Self, RunError> {
        let spec = built.world.spec();
        let sink =
            config.log().enabled.then(|| ParquetSink::create(dir.path(), spec, &LogOptions::default()));
        let revision = option_env!("RECLOOP_REVISION").map(str::to_owned);
        let manifest = Manifest { revision, ..Manifest::new(spec, config.recommender(), config.seed()) };
        let sink = sink.transpose()?;
        let mut live = Self::assemble(config, dir, built, sink, manifest);
        live.seen = seen;
        live.checkpoint()?;
        Ok(live)
    }

    /// At the checkpoint the manifest counts to.
    pub(super) fn go_on(
        config: &RunConfig,
        dir: RunDir,
        built: Built,
        manifest: Manifest,
    ) -> Result<Self, RunError> {
        let (head, mut saved) = checkpoint::open(&dir, manifest.ticks)?;
        let resume =
            |log: &LogState| ParquetSink::resume(dir.path(), built.world.spec(), &LogOptions::default(), log);
        let sink = head.log.as_ref().map(resume).transpose()?;
        let mut live = Self::assemble(config, dir, built, sink, manifest);
        live.manifest.state = RunState::Running;
        live.world.restore_from(&mut saved, &mut live.seen)?;
        live.player.load(&saved.take_part(checkpoint::PLAYER)?)?;
        (live.metrics, live.counts) = (head.metrics, head.counts);
        Ok(live)
    }

    fn assemble(
        config: &RunConfig,
        dir: RunDir,
        built: Built,
        sink: Option<ParquetSink>,
        manifest: Manifest,
    ) -> Self {
        Self {
            dir,
            world: built.world,
            player: built.player,
            horizon: built.horizon,
            sink,
            manifest,
            metrics: Engagement.start(),
            counts: Counts::default(),
            checkpoint_secs: config.checkpoint_secs(),
            seen: Observation::default(),
            slates: Slates::default(),
            step: Step::default(),
        }
    }

    /// Plays to the end.
    pub(super) fn play(mut self, start: Start, observer: &mut dyn Observer) -> Result<RunSummary, RunError> {
        observer.begun(start, self.dir.path(), self.world.spec(), self.horizon);
        match self.play_ticks(observer) {
            Ok(parts) => self.finish(parts),
            Err(error) => {
                // A failed run goes on from its last checkpoint; what made it fail may forbid even to say so.
                self.manifest.state = RunState::Failed;
                let _ = self.manifest.store(self.dir.path());
                Err(error)
            }
        }
    }

    fn play_ticks(&mut self, observer: &mut dyn Observer) -> Result<Parts, RunError> {
        let (before, since, mut saved) = (self.counts.wall_secs, Instant::now(), Instant::now());
        while !self.seen.is_empty() {
            self.tick()?;
            self.counts.wall_secs = before + since.elapsed().as_secs_f64();
            observer.ticked(&self.counts, self.seen.tick);
            if saved.elapsed().as_secs_f64() >= self.checkpoint_secs {
                self.checkpoint()?;
                saved = Instant::now();
            }
        }
        let log = self.sink.take().map(LogSink::finish).transpose()?;
        self.counts.wall_secs = before + since.elapsed().as_secs_f64();
        Ok(log.map(|log| log.parts).unwrap_or_default())
    }

    /// One tick of the loop that closes.
    fn tick(&mut self) -> Result<(), RunError> {
        let Self { world, player, seen, slates, step, .. } = self;
        player.recommend(world, seen, &world.streams(), slates)?;
        world.step(slates, step)?;
        let (facts, t) = (world.facts(), Transition { seen, slates, step });
        if let Some(sink) = &mut self.sink {
            sink.write(&facts, &t)?;
        }
        Engagement.fold(&mut self.metrics, &facts, &t);
        player.learn(seen, slates, step);
        self.counts.ticks += 1;
        self.counts.user_steps += seen.len() as u64;
        self.counts.gone += step.ended.iter().filter(|end| **end == Some(End::Terminated)).count() as u64;
        std::mem::swap(seen, &mut step.next);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), RunError> {
        let log = self.sink.as_mut().map(ParquetSink::checkpoint).transpose()?;
        let head = Head { log, metrics: self.metrics.clone(), counts: self.counts };
        checkpoint::write(&self.dir, &head, &self.world, &self.player)?;
        let last = self.manifest.ticks;
        self.count(head.log.map(|log| log.parts).unwrap_or_default());
        self.manifest.store(self.dir.path())?;
        if last != self.manifest.ticks {
            checkpoint::forget(&self.dir, last);
        }
        Ok(())
    }

    fn count(&mut self, parts: Parts) {
        self.manifest.ticks = self.counts.ticks;
        self.manifest.rows = self.counts.user_steps;
        self.manifest.parts = parts;
    }

    fn finish(mut self, parts: Parts) -> Result<RunSummary, RunError> {
        self.count(parts);
        let metrics = Engagement.value(self.metrics);
        let summary = RunSummary::new(&self.manifest, &self.counts, metrics, &self.dir);
        summary.write(&self.dir)?;
        self.manifest.state = RunState::Finished;
        self.manifest.store(self.dir.path())?;
        self.dir.drop_checkpoints();
        Ok(summary)
    }
}
