//! What a run is made of: a configuration, resolved from layers into checked types.
//!
//! Layers are TOML tables with the sections `[run]`, `[world]`, `[recommender]`, `[log]` and `[llm]`; a later layer wins key by
//! key, over the defaults. A key nobody reads is refused, never passed over. The resolved configuration, written out
//! and read again, gives the same run. Start at [`RunConfig::resolve`].

mod check;
mod layers;
mod pinned;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use recloop_env::{Clock, EnvSpec, Tick, World};
use recloop_llm::Spent;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use check::parse;
pub(crate) use check::{bad, shortest, unknown};
pub use layers::{put, read_layer, set};

use check::{find, table};

use crate::worlds::{Given, Guide};
use crate::{ConfigError, LlmConfig, Models, Player, models, recommenders, worlds};

/// Keys that change how a run is carried out, never what comes of it.
const NO_MATTER: &[&str] = &["run.threads", "run.checkpoint_secs", "run.out"];

/// When to stop watching.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Horizon {
    /// After this many ticks.
    Steps(u32),
    /// After this many simulated days.
    Days(f64),
    /// When every user has left for good.
    UntilDone,
}

impl Horizon {
    /// The first tick that is not watched.
    ///
    /// # Errors
    /// [`ConfigError::NoCalendar`] for days in a world that counts steps.
    pub fn tick(self, spec: &EnvSpec) -> Result<Option<Tick>, ConfigError> {
        match self {
            Self::UntilDone => Ok(None),
            Self::Steps(steps) => Ok(Some(Tick(steps))),
            Self::Days(days) if !spec.clock.calendar => {
                Err(ConfigError::NoCalendar { world: spec.id.clone(), days })
            }
            Self::Days(days) => Ok(Some(Tick((days * Clock::DAY_SECS / spec.clock.tick_secs).ceil() as u32))),
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Whether a log is written at all.
    pub enabled: bool,
    /// Whether the user model's own choice probabilities are logged.
    pub choice_probs: bool,
    /// Whether what only the world knows is written beside the log, for auditing the world itself.
    pub truth: bool,
}

/// Everything that decides a run, and a few things that only carry it out: threads, checkpoints, output directory.
///
/// ```
/// use recloop_experiments::RunConfig;
/// let layer = "[run]\nseed = 3\n[world]\nusers = 100".parse()?;
/// let config = RunConfig::resolve([layer])?;
/// assert_eq!((config.seed(), config.world(), config.recommender()), (3, "feed-v0", "mf"));
/// assert_eq!(RunConfig::resolve([config.to_table()])?, config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    run: RunSection,
    horizon: Horizon,
    world: Choice,
    recommender: Choice,
    log: LogConfig,
    llm: Option<LlmConfig>,
}

/// The recommender that the section `[recommender]` of `layer` describes, outside any run.
pub(crate) fn player_of(mut layer: Table) -> Result<Player, ConfigError> {
    let keys = match layer.remove("recommender") {
        Some(Value::Table(keys)) => keys,
        _ => Table::new(),
    };
    check::recommender_of(keys, "random")?.build_player(&Models::default())
}

/// One entry of a registry, with every parameter.
#[derive(Debug, Clone, PartialEq)]
struct Choice {
    name: String,
    keys: Table,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunSection {
    seed: u64,
    threads: Option<NonZeroUsize>,
    checkpoint_secs: f64,
    out: Option<PathBuf>,
}

impl RunConfig {
    /// Lays the layers over the defaults, the last one on top, and checks what comes out.
    ///
    /// # Errors
    /// Any unknown section, name or key, and any value of `[run]` or `[log]` that is out of place. Parameters of worlds
    /// and recommenders are checked when these are built.
    pub fn resolve(layers: impl IntoIterator<Item = Table>) -> Result<Self, ConfigError> {
        let mut all = Table::new();
        for layer in layers {
            layers::lay(&mut all, layer)?;
        }
        let mut section = |name: &str| match all.remove(name) {
            Some(Value::Table(keys)) => keys,
            _ => Table::new(),
        };
        let (run, log) = (section("run"), section("log"));
        let stop = check::stop(&run)?;
        let defaults = table([("seed", Value::Integer(7)), ("checkpoint_secs", Value::Float(30.0))]);
        let mut run = check::over(defaults, run, "run", check::RUN_KEYS)?;
        check::STOPS.iter().for_each(|stop| drop(run.remove(*stop)));
        let run: RunSection = parse("run", run)?;
        if !(run.checkpoint_secs >= 0.0 && run.checkpoint_secs.is_finite()) {
            return Err(bad("run.checkpoint_secs", format!("{} is no time to wait", run.checkpoint_secs)));
        }
        let defaults = [("enabled", true), ("choice_probs", false), ("truth", true)];
        let defaults = table(defaults.map(|(key, value)| (key, Value::Boolean(value))));
        let log = parse("log", check::over(defaults, log, "log", check::LOG_KEYS)?)?;
        let llm = check::llm(section("llm"))?;
        let recommender = section("recommender");
        let (world, entry) = check::world(section("world"), &recommender)?;
        let horizon = check::horizon(stop, &world, &entry)?;
        Ok(Self {
            run,
            horizon,
            world,
            recommender: check::recommender_of(recommender, entry.recommender)?,
            log,
            llm,
        })
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.run.seed
    }

    /// A key of the world.
    pub(crate) fn world_key(&self, key: &str) -> Option<&Value> {
        self.world.keys.get(key)
    }

    /// A key of the recommender.
    pub(crate) fn recommender_key(&self, key: &str) -> Option<&Value> {
        self.recommender.keys.get(key)
    }

    /// The world's name.
    #[must_use]
    pub fn world(&self) -> &str {
        &self.world.name
    }

    /// The recommender's name.
    #[must_use]
    pub fn recommender(&self) -> &str {
        &self.recommender.name
    }

    /// When to stop.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// How many threads to run on; `None` for all there are.
    #[must_use]
    pub fn threads(&self) -> Option<NonZeroUsize> {
        self.run.threads
    }

    /// Seconds of wall clock between checkpoints.
    #[must_use]
    pub fn checkpoint_secs(&self) -> f64 {
        self.run.checkpoint_secs
    }

    /// Where to write; `None` for a free name under `runs/`.
    #[must_use]
    pub fn out(&self) -> Option<&Path> {
        self.run.out.as_deref()
    }

    /// What to log.
    #[must_use]
    pub fn log(&self) -> &LogConfig {
        &self.log
    }

    /// Whom the run asks, after it spent so much.
    pub(crate) fn models(&self, spent: Spent) -> Models {
        Models::of(self.llm.as_ref(), spent)
    }

    /// Builds the world, asking nobody but those of the section `[llm]`.
    ///
    /// # Errors
    /// A parameter of the wrong type or out of range; data that cannot be read; a language model that cannot be asked.
    pub fn build_world(&self) -> Result<World, ConfigError> {
        self.build_world_with(&self.models(Spent::default()))
    }

    /// Builds the world, with these language models to ask.
    ///
    /// # Errors
    /// As [`build_world`](Self::build_world).
    pub fn build_world_with(&self, models: &Models) -> Result<World, ConfigError> {
        self.build_world_given(models, None)
    }

    /// The same, with somebody between users and the model.
    pub(crate) fn build_world_given(
        &self,
        models: &Models,
        guide: Option<&dyn Guide>,
    ) -> Result<World, ConfigError> {
        let worlds = worlds::registry();
        let entry = find(&worlds, &self.world.name)?;
        let mut keys = self.world.keys.clone();
        keys.remove(check::DIGEST);
        pinned::PINNED.iter().for_each(|[_, pin]| drop(keys.remove(*pin)));
        let data = keys.remove(check::DATA).and_then(|dir| dir.as_str().map(PathBuf::from));
        (entry.build)(&keys, &Given { data: data.as_deref(), models: models.clone(), guide })
    }

    /// Builds the recommender.
    ///
    /// # Errors
    /// A parameter of the wrong type or out of range.
    pub fn build_player(&self) -> Result<Player, ConfigError> {
        self.build_player_with(&self.models(Spent::default()))
    }

    /// Builds the recommender, with these language models to ask.
    ///
    /// # Errors
    /// As [`build_player`](Self::build_player).
    pub fn build_player_with(&self, models: &Models) -> Result<Player, ConfigError> {
        self.recommender.build_player(models)
    }

    /// Everything but the output directory as a layer of its own.
    #[must_use]
    pub fn to_table(&self) -> Table {
        let run = RunSection { out: None, ..self.run.clone() };
        let write = |section: Result<Table, toml::ser::Error>| section.expect("a section is plain data");
        let mut run = write(Table::try_from(run));
        let (key, value) = match self.horizon {
            Horizon::Steps(steps) => ("steps", Value::Integer(steps.into())),
            Horizon::Days(days) => ("days", Value::Float(days)),
            Horizon::UntilDone => ("until_done", Value::Boolean(true)),
        };
        run.insert(key.into(), value);
        let log = write(Table::try_from(&self.log));
        let sections =
            [("run", run), ("world", self.world.to_table()), ("recommender", self.recommender.to_table())];
        let llm = self.llm.as_ref().map(|llm| ("llm", write(Table::try_from(llm))));
        let sections = sections.into_iter().chain([("log", log)]).chain(llm);
        sections.map(|(name, keys)| (name.to_owned(), Value::Table(keys))).collect()
    }

    /// What makes `other` another run than this one, each as one phrase; threads and checkpoints do not.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (here, there) = (flat(&self.to_table()), flat(&other.to_table()));
        let keys: std::collections::BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let show = |side: &Table, key| side.get(key).map_or("absent".into(), Value::to_string);
        keys.into_iter()
            .filter(|key| !NO_MATTER.iter().chain(models::NO_MATTER).any(|free| free == key))
            .filter(|key| !same(here.get(*key), there.get(*key)))
            .map(|key| format!("{key} is {} there and {} here", show(&there, key), show(&here, key)))
            .collect()
    }
}

impl Choice {
    fn build_player(&self, models: &Models) -> Result<Player, ConfigError> {
        (find(&recommenders::registry(), &self.name)?.build)(&self.keys, models)
    }

    fn to_table(&self) -> Table {
        let mut table = self.keys.clone();
        table.insert("name".into(), Value::String(self.name.clone()));
        table
    }
}

/// Dotted keys in place of sections.
fn flat(table: &Table) -> Table {
    let sections = table.iter().filter_map(|(section, keys)| Some((section, keys.as_table()?)));
    let dotted = sections.flat_map(|(section, keys)| {
        keys.iter().map(move |(key, value)| (format!("{section}.{key}"), value.clone()))
    });
    dotted.collect()
}

/// `1` and `1.0` are the same number.
fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let number = |value: &Value| value.as_float().or(value.as_integer().map(|n| n as f64));
    match (a, b) {
        (Some(a), Some(b)) if a.type_str() != b.type_str() => number(a).is_some() && number(a) == number(b),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
