//! The loop that closes, in memory: what a logged run, a comparison and a pair of twins have in common.

use std::time::Instant;

use recloop_env::{
    End, Env, Facts, Observation, ResetOptions, Slates, Snapshot, SnapshotError, SnapshotSink,
    SnapshotSource, Step, Tick, Transition, World,
};
use recloop_llm::Spent;

use crate::config::RunConfig;
use crate::worlds::Guide;
use crate::{Counts, Models, Player, RunError};

/// What the recommender's part of a snapshot is called.
const PLAYER: &str = "player";

/// Meets every tick of a run: to log it, to fold it, to tell it.
pub trait Visitor {
    /// Slates are about to be shown; the world is as it was when they were chosen.
    fn showing(&mut self, _world: &World, _seen: &Observation, _slates: &Slates) {}

    /// A tick was done.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn done(&mut self, world: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError>;
}

/// A world and a recommender between two ticks.
///
/// ```
/// use recloop_experiments::{Playing, RunConfig, Visitor};
/// use recloop_env::{Facts, Transition, World};
///
/// struct Clicks(usize);
/// impl Visitor for Clicks {
///     fn done(&mut self, _: &World, _: &Facts<'_>, t: &Transition<'_>) -> Result<(), recloop_experiments::RunError> {
///         self.0 += t.step.responses.click.as_slice().iter().filter(|click| **click).count();
///         Ok(())
///     }
/// }
///
/// let config = RunConfig::resolve(["world.name = \"interest-evolution-v0\"\nworld.users = 20".parse()?])?;
/// let mut clicks = Clicks(0);
/// let counts = Playing::begin(&config)?.to_end(&mut clicks, |_, _| {})?;
/// assert!(clicks.0 > 0 && counts.gone == 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Playing {
    world: World,
    player: Player,
    models: Models,
    horizon: Option<Tick>,
    counts: Counts,
    seen: Observation,
    slates: Slates,
    step: Step,
    /// When this process began to play, and the seconds played before.
    since: (Instant, f64),
}

impl Playing {
    /// Builds what a config describes, with these language models to ask, without beginning it.
    pub(crate) fn build(config: &RunConfig, models: Models) -> Result<Self, RunError> {
        let world = config.build_world_with(&models)?;
        Self::of(config, world, models)
    }

    fn of(config: &RunConfig, world: World, models: Models) -> Result<Self, RunError> {
        let mut player = config.build_player_with(&models)?;
        player.begin(world.spec())?;
        let horizon = config.horizon().tick(world.spec())?;
        let (seen, slates, step) = (Observation::default(), Slates::default(), Step::default());
        let (counts, since) = (Counts::default(), (Instant::now(), 0.0));
        Ok(Self { world, player, models, horizon, counts, seen, slates, step, since })
    }

    /// At tick 0 of the run that `config` describes.
    ///
    /// # Errors
    /// Whatever the world or the recommender refuses.
    pub fn begin(config: &RunConfig) -> Result<Self, RunError> {
        Self::begin_with(config, config.models(Spent::default()))
    }

    /// The same, with other language models to ask than those of the config.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_with(config: &RunConfig, models: Models) -> Result<Self, RunError> {
        Self::build(config, models)?.begun(config)
    }

    /// The same, with somebody between users and the model.
    pub(crate) fn guided(config: &RunConfig, guide: &dyn Guide) -> Result<Self, RunError> {
        let models = config.models(Spent::default());
        let world = config.build_world_given(&models, Some(guide))?;
        Self::of(config, world, models)?.begun(config)
    }

    fn begun(mut self, config: &RunConfig) -> Result<Self, RunError> {
        let options = ResetOptions {
            horizon: self.horizon,
            renew: false,
            tell_choice_probs: config.log().choice_probs,
        };
        self.world.reset(config.seed(), &options, &mut self.seen)?;
        Ok(self)
    }

    /// Puts world and recommender as they are.
    pub(crate) fn save_to(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        self.world.save_to(out)?;
        out.put_part(PLAYER, self.player.save()?)
    }

    /// Everything the recommender has learned so far.
    pub(crate) fn learned(&self) -> Result<Snapshot, SnapshotError> {
        self.player.save()
    }

    /// Back to what was saved, and counted until then.
    pub(crate) fn go_back(&mut self, from: &mut dyn SnapshotSource, counts: Counts) -> Result<(), RunError> {
        self.world.restore_from(from, &mut self.seen)?;
        self.player.load(&from.take_part(PLAYER)?)?;
        self.counts = counts;
        self.since = (Instant::now(), counts.wall_secs);
        Ok(())
    }

    /// Whom it asks.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The first tick that is not watched, if that is known.
    #[must_use]
    pub fn horizon(&self) -> Option<Tick> {
        self.horizon
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The tick that comes next.
    #[must_use]
    pub fn now(&self) -> Tick {
        self.seen.tick
    }

    /// Whether nobody will be back within the horizon.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.seen.is_empty()
    }

    /// One tick: recommend, step, tell, learn.
    ///
    /// # Errors
    /// The recommender's, the world's or the visitor's.
    pub fn tick(&mut self, visitor: &mut dyn Visitor) -> Result<(), RunError> {
        let Self { world, player, counts, seen, slates, step, .. } = self;
        player.recommend(world, seen, &world.streams(), slates)?;
        visitor.showing(world, seen, slates);
        world.step(slates, step)?;
        let facts = world.facts();
        visitor.done(world, &facts, &Transition { seen, slates, step })?;
        player.learn(seen, slates, step);
        counts.ticks += 1;
        counts.user_steps += seen.len() as u64;
        counts.gone += step.ended.iter().filter(|end| **end == Some(End::Terminated)).count() as u64;
        std::mem::swap(seen, &mut step.next);
        self.look_at_clock();
        Ok(())
    }

    /// Brings the seconds played up to now.
    pub(crate) fn look_at_clock(&mut self) {
        let (since, before) = self.since;
        self.counts.wall_secs = before + since.elapsed().as_secs_f64();
    }

    /// Plays until everybody is gone or the horizon is reached; `watch` gets the counts and the tick that comes next.
    ///
    /// # Errors
    /// As [`Playing::tick`].
    pub fn to_end(
        mut self,
        visitor: &mut dyn Visitor,
        mut watch: impl FnMut(&Counts, Tick),
    ) -> Result<Counts, RunError> {
        while !self.is_over() {
            self.tick(visitor)?;
            watch(&self.counts, self.now());
        }
        Ok(self.counts)
    }
}
