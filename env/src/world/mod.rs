//! The engine: cohorts, items, creators, an objective and a clock, stepped one tick at a time.
//!
//! Start at [`World::step`](crate::Env::step) in `step.rs`: one tick, top to bottom. `build.rs` puts a world together,
//! `observe.rs` writes what may be seen, `fork.rs` forks and intervenes, `save.rs` saves and restores, `truth.rs` is
//! the door to what no policy may see.

mod build;
mod creators;
mod fork;
mod observe;
mod save;
mod step;
#[cfg(test)]
mod tests;
mod truth;

pub use build::{BuildError, WorldBuilder};
pub use step::record;
pub use truth::Truth;

use std::sync::Arc;

use creators::Creators;

use crate::calendar::Calendar;
use crate::{
    Candidates, Cohort, CreatorFact, Crowd, EnvSpec, Event, Facts, Grid, Hindsight, HistoryStore, ItemView,
    Message, Met, Objective, Population, ResetOptions, SessionId, Streams, Supply, Tick, UserId,
};

/// A population living with a recommender.
pub struct World {
    spec: EnvSpec,
    cohorts: Vec<Member>,
    supply: Supply,
    objective: Objective,
    creators: Option<Creators>,
    now: Now,
}

/// A cohort and the ids of its people.
struct Member {
    cohort: Box<dyn Cohort>,
    first: UserId,
    n: usize,
}

/// Where a run is between two ticks.
#[derive(Clone)]
struct Now {
    stage: Stage,
    rng: Streams,
    options: ResetOptions,
    tick: Tick,
    /// `[B]` who is being observed.
    users: Vec<UserId>,
    sessions: Vec<SessionId>,
    /// `[B]` their own clocks.
    time_secs: Vec<f64>,
    /// `[B]` whether this is the first slate of a return visit.
    returned: Vec<bool>,
    candidates: Arc<Candidates>,
    items: Arc<ItemView>,
    latent: ItemView,
    calendar: Calendar,
    people: People,
    population: Population,
    history: HistoryStore,
    crowd: Crowd,
    /// What was shown to whom, where that matters.
    met: Option<Met>,
    /// `[B, A]` what the last slates were really worth.
    accounts: Grid<f32>,
    /// What creators did before the first slate; told with its outcome.
    early: Vec<Event>,
    /// What was said by people who have not been back since.
    unheard: Vec<(UserId, Message)>,
}

/// `[n_users]` what the engine itself knows of everybody.
#[derive(Clone)]
struct People {
    /// Seconds since the start at which the user's next slate is wanted.
    clock_secs: Vec<f64>,
    /// Sessions begun before the current one.
    visits: Vec<u32>,
    /// 1 from the moment a return is decided until its first slate is answered.
    returning: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Never reset, or an error left a tick half done.
    Unready,
    /// Waiting for slates.
    Observed,
    /// Nobody will be back within the horizon.
    Over,
}

impl World {
    /// Puts a world together; `id` is its versioned name.
    #[must_use]
    pub fn builder(id: &str) -> WorldBuilder {
        WorldBuilder::new(id)
    }

    /// The tick whose slates are awaited.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.now.tick
    }

    /// Whether everybody is gone or the horizon is reached.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.now.stage == Stage::Over
    }

    /// What metrics and sinks are told beside the tick just stepped.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let hindsight = Hindsight { accounts: &self.now.accounts, items: self.now.latent.catalogue() };
        Facts {
            spec: &self.spec,
            catalogue: self.now.items.catalogue(),
            horizon: self.now.options.horizon,
            population: &self.now.population,
            creators: self.creator_facts(),
            hindsight: Some(hindsight),
        }
    }

    /// Every creator there ever was.
    #[must_use]
    pub fn creator_facts(&self) -> &[CreatorFact] {
        self.creators.as_ref().map_or(&[], |creators| &creators.facts)
    }

    fn member_of(&self, user: UserId) -> Option<usize> {
        let after = self.cohorts.partition_point(|member| member.first <= user);
        let at = after.checked_sub(1)?;
        ((user.0 - self.cohorts[at].first.0) as usize).lt(&self.cohorts[at].n).then_some(at)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} at tick {}, {} users here)", self.spec.id, self.now.tick.0, self.now.users.len())
    }
}
