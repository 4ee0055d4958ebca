//! The same world, seen by its creators: an environment for agents who come and go.

use crate::{
    CreatorAction, CreatorId, End, Env, ItemFeedback, Observation, OwnFeedback, PlayError, Recommender,
    ResetOptions, Slates, Step, StepError, Tick, World,
};

/// A world as an environment for those of its creators who are driven from outside: the shape of PettingZoo's parallel API.
///
/// All agents observe and act at once, turn by turn; who is an agent may change from turn to turn, as creators arrive and
/// leave. An agent sees its own items' feedback and nothing else, by type. What it does takes place at the very turn that told
/// it, as for creators who are models; those who are no agents go on by the world's own creator model.
///
/// | PettingZoo | here |
/// |---|---|
/// | `agents` | [`CreatorsStep::agents`] |
/// | `observations[agent]` | [`CreatorsStep::told`], row by row of `agents` |
/// | `rewards[agent]` | [`CreatorsStep::reward`], the same |
/// | `terminations`, `truncations` | [`CreatorsStep::ended`]: who is no agent any more, how it ended, and its last observation and reward |
/// | `step(actions)` | [`CreatorsEnv::step`]: who is not named waits |
///
/// # Units
/// The reward is clicks on own items since the last turn, unless told otherwise.
///
/// ```
/// use recloop_env::testing::{ToyRecommender, toy_feed};
/// use recloop_env::{CreatorAction, CreatorsEnv, ResetOptions};
///
/// let mut env = CreatorsEnv::new(toy_feed(20), ToyRecommender::default(), |creator| creator.0 < 2);
/// let mut seen = env.reset(7, &ResetOptions::default())?;
/// for _ in 0..5 {
///     let waits = seen.agents.iter().map(|agent| (*agent, CreatorAction::Wait)).collect();
///     seen = env.step(waits)?;
/// }
/// assert_eq!(seen.agents.len(), seen.reward.len());
/// # Ok::<(), recloop_env::PlayError>(())
/// ```
pub struct CreatorsEnv<R> {
    world: World,
    recommender: R,
    is_agent: Box<dyn Fn(CreatorId) -> bool + Send>,
    worth: fn(&ItemFeedback) -> f64,
    seen: Observation,
    slates: Slates,
    step: Step,
    agents: Vec<CreatorId>,
}

/// What agents meet at a turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatorsStep {
    /// Who may act now, ascending.
    pub agents: Vec<CreatorId>,
    /// What each is told: its observation.
    pub told: Vec<OwnFeedback>,
    /// What each earned since the last turn.
    pub reward: Vec<f64>,
    /// Who was an agent at the last turn and is none now: left for good, or no longer watched.
    pub ended: Vec<Ended>,
    /// The turn.
    pub turn: Tick,
}

/// The last of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// What it is told at the last.
    pub told: OwnFeedback,
    /// What that earned it.
    pub reward: f64,
    /// [`End::Terminated`] if it left for good, [`End::Truncated`] if the world went no further.
    pub end: End,
}

impl Ended {
    /// Who.
    #[must_use]
    pub fn creator(&self) -> CreatorId {
        self.told.creator
    }
}

impl<R: Recommender> CreatorsEnv<R> {
    /// Those creators of `world` who `are_agents`, now or when they arrive, are driven from outside, while `recommender` fills the
    /// slates. The world's own model should leave them alone.
    pub fn new(
        world: World,
        recommender: R,
        are_agents: impl Fn(CreatorId) -> bool + Send + 'static,
    ) -> Self {
        Self {
            world,
            recommender,
            is_agent: Box::new(are_agents),
            worth: |news| f64::from(news.clicks),
            seen: Observation::default(),
            slates: Slates::default(),
            step: Step::default(),
            agents: Vec::new(),
        }
    }

    /// Rewards by another worth of what happened to an item since the last turn.
    #[must_use]
    pub fn rewarding(self, worth: fn(&ItemFeedback) -> f64) -> Self {
        Self { worth, ..self }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Starts over; nobody has been told anything yet, unless turns were before the first visit.
    ///
    /// # Errors
    /// The world's or the recommender's.
    pub fn reset(&mut self, seed: u64, options: &ResetOptions) -> Result<CreatorsStep, PlayError> {
        self.world.reset(seed, options, &mut self.seen)?;
        self.recommender.begin(self.world.spec())?;
        self.agents.clear();
        Ok(self.look(self.world.creators_turn() > Tick(0)))
    }

    /// Carries out what agents do and goes on to the next turn, or to the end of the world.
    ///
    /// # Errors
    /// An action of somebody who is no agent, or not there; the world's errors and the recommender's.
    pub fn step(&mut self, actions: Vec<(CreatorId, CreatorAction)>) -> Result<CreatorsStep, PlayError> {
        if let Some((creator, _)) = actions.iter().find(|(creator, _)| !self.agents.contains(creator)) {
            let absent = crate::CreatorError::Absent { creator: *creator };
            return Err(StepError::from(absent).into());
        }
        self.world.creators_act_now(actions, &mut self.seen)?;
        let turn = self.world.creators_turn();
        while !self.seen.is_empty() {
            self.recommender.recommend(&self.seen, &self.world.streams(), &mut self.slates)?;
            self.world.step(&self.slates, &mut self.step)?;
            self.recommender.learn(&self.seen, &self.slates, &self.step);
            std::mem::swap(&mut self.seen, &mut self.step.next);
            if self.world.creators_turn() > turn {
                return Ok(self.look(true));
            }
        }
        Ok(self.look(true))
    }

    /// Whether everybody is gone or nobody watches any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.seen.is_empty()
    }

    /// Who is there now, with what they were told if a turn has just been; and the last of those who are there no more.
    fn look(&mut self, told: bool) -> CreatorsStep {
        let before = std::mem::take(&mut self.agents);
        let world = &self.world;
        let everybody = (0..world.creator_facts().len() as u32).map(CreatorId);
        let here = |creator: &CreatorId| (self.is_agent)(*creator) && world.is_creating(*creator);
        let agents: Vec<CreatorId> =
            if world.is_over() { Vec::new() } else { everybody.filter(here).collect() };
        let latest = |creator: CreatorId| {
            let known = if told { world.latest_of(creator) } else { None };
            known.cloned().unwrap_or(OwnFeedback { creator, items: Vec::new() })
        };
        let worth = |own: &OwnFeedback| own.items.iter().map(self.worth).sum::<f64>();
        let gone = before.into_iter().filter(|creator| !agents.contains(creator)).map(latest);
        let last = |told: OwnFeedback| {
            let end = if world.is_creating(told.creator) { End::Truncated } else { End::Terminated };
            Ended { reward: worth(&told), told, end }
        };
        let ended = gone.map(last).collect();
        let told: Vec<OwnFeedback> = agents.iter().copied().map(latest).collect();
        let reward = told.iter().map(worth).collect();
        let turn = world.creators_turn();
        self.agents = agents.clone();
        CreatorsStep { agents, told, reward, ended, turn }
    }
}

impl<R> std::fmt::Debug for CreatorsEnv<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatorsEnv({:?}, {} agents)", self.world, self.agents.len())
    }
}
