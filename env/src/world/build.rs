//! Putting a world together, and refusing parts that do not fit.

use std::sync::Arc;

use super::creators::{Creators, Minds};
use super::{Member, Now, People, Stage, World};
use crate::calendar::Calendar;
use crate::{
    BlockKind, Candidates, Catalogue, Clock, Cohort, CohortSpec, CreatorModel, Crowd, EnvSpec, Grid,
    HistorySpec, HistoryStore, InformedCreators, ItemView, MAX_SLATE, Met, Objective, Population,
    ResetOptions, Streams, Supply, Tick, UserId,
};

/// Most users a world can have: ids have 32 bits, and the last one is nobody's.
const MAX_USERS: usize = u32::MAX as usize;

/// Parts that do not make a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A part is missing.
    #[error("build world `{id}`: it has no {part}")]
    Missing {
        /// The world.
        id: String,
        /// What it lacks.
        part: &'static str,
    },
    /// A slate is longer than the candidates it draws from, or than any slate may be.
    #[error("build world `{id}`: a slate of {slate} is too long, at most {most} items can be shown")]
    SlateTooLong {
        /// The world.
        id: String,
        /// Slate size.
        slate: usize,
        /// Candidates per row, or [`MAX_SLATE`].
        most: usize,
    },
    /// Two cohorts show or answer different things.
    #[error("build world `{id}`: cohorts `{first}` and `{second}` differ in their {what}")]
    CohortsDiffer {
        /// The world.
        id: String,
        /// One cohort.
        first: String,
        /// The other.
        second: String,
        /// In what.
        what: &'static str,
    },
    /// A user feature that is a category: observable user features are numbers.
    #[error("build world `{id}`: user feature `{feature}` is a category; give it as numbers")]
    CategoryFeature {
        /// The world.
        id: String,
        /// The feature.
        feature: String,
    },
    /// More users than ids.
    #[error("build world `{id}`: {users} users are too many, {MAX_USERS} can be told apart")]
    TooManyUsers {
        /// The world.
        id: String,
        /// How many were asked for.
        users: usize,
    },
    /// A reward part that reads what no response carries.
    #[error("build world `{id}`: the reward reads {signal}, responses carry {}", .known.join(", "))]
    Signal {
        /// The world.
        id: String,
        /// What the reward reads.
        signal: String,
        /// The signals there are, in order.
        known: Vec<String>,
    },
    /// A rule for durable items in a world whose items are redrawn.
    #[error("build world `{id}`: {rule} needs items that last, these are redrawn every tick")]
    Redrawn {
        /// The world.
        id: String,
        /// The rule.
        rule: &'static str,
    },
    /// Popularity that does not fade within bounds.
    #[error(
        "build world `{id}`: popularity keeps {keep_per_day} of itself a day; allowed is more than 0, at most 1"
    )]
    Popularity {
        /// The world.
        id: String,
        /// What was given.
        keep_per_day: String,
    },
    /// A clock whose ticks take no time.
    #[error("build world `{id}`: a tick of {tick_secs} seconds does not move time")]
    Clock {
        /// The world.
        id: String,
        /// What was given.
        tick_secs: String,
    },
}

/// Collects the parts of a [`World`].
pub struct WorldBuilder {
    id: String,
    slate_size: usize,
    cohorts: Vec<Box<dyn Cohort>>,
    supply: Option<Supply>,
    objective: Objective,
    creators: Option<Minds>,
    history: HistorySpec,
    clock: Clock,
    keep_per_day: Option<f32>,
    no_repeat: bool,
}

impl WorldBuilder {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            slate_size: 1,
            cohorts: Vec::new(),
            supply: None,
            objective: Objective::new(),
            creators: None,
            history: HistorySpec::default(),
            clock: Clock::STEPS,
            keep_per_day: None,
            no_repeat: false,
        }
    }

    /// Items per slate.
    #[must_use]
    pub fn slate_size(mut self, k: usize) -> Self {
        self.slate_size = k;
        self
    }

    /// Adds a population; ids follow on from those before.
    #[must_use]
    pub fn cohort(mut self, cohort: impl Cohort + 'static) -> Self {
        self.cohorts.push(Box::new(cohort));
        self
    }

    /// Where candidates come from.
    #[must_use]
    pub fn supply(mut self, supply: Supply) -> Self {
        self.supply = Some(supply);
        self
    }

    /// What a step is worth.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Who makes new items.
    #[must_use]
    pub fn creators(mut self, creators: impl CreatorModel + 'static) -> Self {
        self.creators = Some(Minds::Own(Box::new(creators)));
        self
    }

    /// Who makes new items, knowing everything.
    #[must_use]
    pub fn informed_creators(mut self, creators: impl InformedCreators + 'static) -> Self {
        self.creators = Some(Minds::Informed(Box::new(creators)));
        self
    }

    /// How much of the past a recommender sees.
    #[must_use]
    pub fn history(mut self, history: HistorySpec) -> Self {
        self.history = history;
        self
    }

    /// How long a tick is.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Users see what others click; of a click's weight `keep_per_day` is left after a day.
    #[must_use]
    pub fn popularity(mut self, keep_per_day: f32) -> Self {
        self.keep_per_day = Some(keep_per_day);
        self
    }

    /// What was shown to a user is no candidate for that user again, until fewer than a slate are left.
    #[must_use]
    pub fn no_repeat(mut self) -> Self {
        self.no_repeat = true;
        self
    }

    /// Checks the parts against each other and makes the world.
    pub fn build(self) -> Result<World, BuildError> {
        let missing = |part| BuildError::Missing { id: self.id.clone(), part };
        let supply = self.supply.as_ref().ok_or_else(|| missing("supply of items"))?;
        let users = self.cohorts.first().ok_or_else(|| missing("users"))?.spec();
        let n_users = self.cohorts.iter().map(|cohort| cohort.n_users()).sum();
        if n_users == 0 {
            return Err(missing("users"));
        }
        if n_users > MAX_USERS {
            return Err(BuildError::TooManyUsers { id: self.id, users: n_users });
        }
        self.check_clock()?;
        self.check_cohorts(&users)?;
        let max_candidates = match supply {
            Supply::Redrawn { per_row, .. } => Some(*per_row),
            Supply::Shelf(_) => None,
        };
        self.check_slate(max_candidates)?;
        self.check_rules(max_candidates.is_none())?;
        let gamma = users.examination.unwrap_or(1.0);
        let spec = EnvSpec {
            n_users,
            slate_size: self.slate_size,
            max_candidates,
            user_features: users.features,
            item_features: supply.observed(),
            durable_items: max_candidates.is_none(),
            signals: users.signals,
            groups: users.groups,
            accounts: users.accounts,
            examination: (0..self.slate_size as i32).map(|position| gamma.powi(position)).collect(),
            no_repeat: self.no_repeat,
            reward_parts: self.objective.names(),
            history: self.history,
            clock: self.clock,
            id: self.id,
        };
        let supply = self.supply.expect("checked above");
        let mut now = Now::unready(&spec, &supply);
        now.crowd = Crowd::new(self.keep_per_day, spec.clock);
        let creators = self.creators.map(Creators::new);
        let cohorts = members(self.cohorts);
        Ok(World { spec, cohorts, supply, objective: self.objective, creators, now })
    }

    fn check_clock(&self) -> Result<(), BuildError> {
        if self.clock.tick_secs > 0.0 && self.clock.tick_secs.is_finite() {
            return Ok(());
        }
        Err(BuildError::Clock { id: self.id.clone(), tick_secs: self.clock.tick_secs.to_string() })
    }

    fn check_rules(&self, durable: bool) -> Result<(), BuildError> {
        let rules = [(self.no_repeat, "no repeats"), (self.keep_per_day.is_some(), "popularity")];
        if let Some((_, rule)) = rules.into_iter().find(|(wanted, _)| *wanted && !durable) {
            return Err(BuildError::Redrawn { id: self.id.clone(), rule });
        }
        match self.keep_per_day {
            Some(keep) if !(keep > 0.0 && keep <= 1.0) => {
                Err(BuildError::Popularity { id: self.id.clone(), keep_per_day: keep.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn check_slate(&self, max_candidates: Option<usize>) -> Result<(), BuildError> {
        let most = max_candidates.unwrap_or(MAX_SLATE).min(MAX_SLATE);
        let id = self.id.clone();
        match self.slate_size {
            0 => Err(BuildError::Missing { id, part: "slate: its size is 0" }),
            slate if slate > most => Err(BuildError::SlateTooLong { id, slate, most }),
            _ => Ok(()),
        }
    }

    fn check_cohorts(&self, first: &CohortSpec) -> Result<(), BuildError> {
        for block in first.features.blocks() {
            if matches!(block.kind, BlockKind::Category { .. }) {
                return Err(BuildError::CategoryFeature { id: self.id.clone(), feature: block.name.clone() });
            }
        }
        for other in self.cohorts.iter().map(|cohort| cohort.spec()) {
            let what = match () {
                () if other.features != first.features => "observable features",
                () if other.signals != first.signals => "signals",
                () if other.groups != first.groups => "group attributes",
                () if other.accounts != first.accounts => "accounts",
                () if other.examination != first.examination => "examination",
                () => continue,
            };
            let (id, first) = (self.id.clone(), first.name.clone());
            return Err(BuildError::CohortsDiffer { id, first, second: other.name, what });
        }
        match self.objective.missing_signal(&first.signals) {
            Some(signal) => {
                Err(BuildError::Signal { id: self.id.clone(), signal, known: first.signals.clone() })
            }
            None => Ok(()),
        }
    }
}

fn members(cohorts: Vec<Box<dyn Cohort>>) -> Vec<Member> {
    let mut first = UserId(0);
    let place = |cohort: Box<dyn Cohort>| {
        let member = Member { n: cohort.n_users(), first, cohort };
        first.0 += member.n as u32;
        member
    };
    cohorts.into_iter().map(place).collect()
}

impl Now {
    pub(super) fn unready(spec: &EnvSpec, supply: &Supply) -> Self {
        let n = spec.n_users;
        let view = |layout| match supply {
            Supply::Redrawn { per_row, .. } => ItemView::ephemeral(layout, *per_row),
            Supply::Shelf(_) => ItemView::Durable(Catalogue::new(layout)),
        };
        let ephemeral = (!spec.durable_items).then_some(&spec.item_features);
        let places = spec.max_candidates.map(|n| (0..n as u32).map(crate::ItemId).collect());
        Self {
            stage: Stage::Unready,
            rng: Streams::new(0),
            options: ResetOptions::default(),
            tick: Tick(0),
            users: Vec::new(),
            sessions: Vec::new(),
            time_secs: Vec::new(),
            returned: Vec::new(),
            candidates: Arc::new(Candidates::shared(crate::SetId(0), places.unwrap_or_default())),
            items: Arc::new(view(supply.observed())),
            latent: view(supply.latent()),
            calendar: Calendar::new(n),
            people: People { clock_secs: vec![0.0; n], visits: vec![0; n], returning: vec![0; n] },
            population: Population::new(spec.groups.clone(), n),
            history: HistoryStore::new(spec.history, n, ephemeral),
            crowd: Crowd::new(None, spec.clock),
            met: spec.no_repeat.then(|| Met::new(n)),
            accounts: Grid::default(),
            early: Vec::new(),
            unheard: Vec::new(),
        }
    }
}
