//! What a run is made of: a configuration, resolved from layers into checked types.
//!
//! Layers are TOML tables with the sections `[run]`, `[world]`, `[recommender]` and `[log]`; a later layer wins key by
//! key, over the defaults. A key nobody reads is refused, never passed over. The resolved configuration, written out
//! and read again, gives the same run. Start at [`RunConfig::resolve`].

mod layers;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use recloop_env::{Clock, EnvSpec, Registry, Tick, World};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use toml::{Table, Value};

pub use layers::{put, read_layer, set};

use crate::{ConfigError, Player, RecommenderEntry, WorldEntry, recommenders, worlds};

const DEFAULT_WORLD: &str = "interest-evolution-v0";
const DEFAULT_RECOMMENDER: &str = "dot";
/// The key of the directory a world is made from.
const DATA: &str = "data";
const SECTIONS: &[&str] = &["log", "recommender", "run", "world"];
const STOPS: &[&str] = &["steps", "days", "until_done"];
const RUN_KEYS: &[&str] = &["seed", "steps", "days", "until_done", "threads", "checkpoint_secs", "out"];
const LOG_KEYS: &[&str] = &["enabled", "choice_probs"];
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
}

/// Everything that decides a run, and a few things that only carry it out: threads, checkpoints, output directory.
///
/// ```
/// use recloop_experiments::RunConfig;
/// let layer = "[run]\nseed = 3\n[world]\nusers = 100".parse()?;
/// let config = RunConfig::resolve([layer])?;
/// assert_eq!((config.seed(), config.recommender()), (3, "dot"));
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
    steps: Option<u32>,
    days: Option<f64>,
    until_done: Option<bool>,
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
        let stop = horizon(&run)?;
        let defaults = table([("seed", Value::Integer(7)), ("checkpoint_secs", Value::Float(30.0))]);
        let run: RunSection = parse("run", over(defaults, run, "run", RUN_KEYS)?)?;
        if !(run.checkpoint_secs >= 0.0 && run.checkpoint_secs.is_finite()) {
            return Err(bad("run.checkpoint_secs", format!("{} is no time to wait", run.checkpoint_secs)));
        }
        let defaults = table([("enabled", Value::Boolean(true)), ("choice_probs", Value::Boolean(false))]);
        let log = parse("log", over(defaults, log, "log", LOG_KEYS)?)?;
        let recommender = section("recommender");
        let (world, entry) = world(section("world"), &recommender)?;
        let horizon = stop_of(stop, &world, &entry)?;
        Ok(Self { run, horizon, world, recommender: recommender_of(recommender)?, log })
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.run.seed
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

    /// Builds the world.
    ///
    /// # Errors
    /// A parameter of the wrong type or out of range; data that cannot be read.
    pub fn build_world(&self) -> Result<World, ConfigError> {
        let worlds = worlds::registry();
        let entry = find(&worlds, &self.world.name)?;
        let mut keys = self.world.keys.clone();
        let data = keys.remove(DATA).and_then(|dir| dir.as_str().map(PathBuf::from));
        (entry.build)(&keys, data.as_deref())
    }

    /// Builds the recommender.
    ///
    /// # Errors
    /// A parameter of the wrong type or out of range.
    pub fn build_player(&self) -> Result<Player, ConfigError> {
        (find(&recommenders::registry(), &self.recommender.name)?.build)(&self.recommender.keys)
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
        let sections = sections.into_iter().chain([("log", log)]);
        sections.map(|(name, keys)| (name.to_owned(), Value::Table(keys))).collect()
    }

    /// What makes `other` another run than this one, each as one phrase; threads and checkpoints do not.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (here, there) = (flat(&self.to_table()), flat(&other.to_table()));
        let keys: std::collections::BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let show = |side: &Table, key| side.get(key).map_or("absent".into(), Value::to_string);
        keys.into_iter()
            .filter(|key| !NO_MATTER.contains(&key.as_str()))
            .filter(|key| !same(here.get(*key), there.get(*key)))
            .map(|key| format!("{key} is {} there and {} here", show(&there, key), show(&here, key)))
            .collect()
    }
}

impl Choice {
    fn to_table(&self) -> Table {
        let mut table = self.keys.clone();
        table.insert("name".into(), Value::String(self.name.clone()));
        table
    }
}

/// Reads a part's parameters; the message names the key.
///
/// # Errors
/// [`ConfigError::Value`] if a value has the wrong type or a key is missing.
pub fn parse<T: DeserializeOwned>(section: &str, keys: Table) -> Result<T, ConfigError> {
    keys.try_into().map_err(|error: toml::de::Error| {
        // The text after the message is the key's path: "invalid type …\nin `candidates`".
        let text = error.to_string();
        let key = text.rsplit_once("in `").map(|(_, key)| key.trim_end().trim_end_matches('`'));
        bad(&key.map_or(section.to_owned(), |key| format!("{section}.{key}")), error.message().to_owned())
    })
}

/// An unknown name, with the nearest known one.
pub(crate) fn unknown<S: AsRef<str>>(what: &str, name: &str, known: &[S]) -> ConfigError {
    let known: Vec<String> = known.iter().map(|known| known.as_ref().to_owned()).collect();
    // Chosen by us: below three quarters alike, a suggestion is more often odd than of use.
    let alike = |known: &&String| strsim::jaro_winkler(known, name);
    let nearest = known.iter().filter(|known| alike(known) > 0.75);
    let nearest = nearest.max_by(|a, b| alike(a).total_cmp(&alike(b))).cloned();
    ConfigError::Unknown { what: what.into(), name: name.into(), nearest, known }
}

fn find<'a, T>(registry: &'a Registry<T>, name: &str) -> Result<&'a T, ConfigError> {
    registry.find(name).map_err(|error| unknown(error.what, name, &error.known))
}

fn world(mut keys: Table, recommender: &Table) -> Result<(Choice, WorldEntry), ConfigError> {
    let name = take_name(&mut keys, "world", DEFAULT_WORLD)?;
    let worlds = worlds::registry();
    let entry = *find(&worlds, &name)?;
    match keys.get(DATA) {
        None if entry.needs_data => return Err(ConfigError::NoData { world: name }),
        Some(Value::String(dir)) if !entry.needs_data => {
            return Err(ConfigError::UnusedData { world: name, dir: dir.into() });
        }
        None | Some(Value::String(_)) => {}
        Some(other) => return Err(bad("world.data", format!("{other} is no directory"))),
    }
    let defaults = shortest((entry.defaults)());
    let known: Vec<String> = defaults.keys().cloned().chain([DATA.to_owned()]).collect();
    let known = &known[..known.len() - usize::from(!entry.needs_data)];
    let keys = over(defaults, keys, "world", known).map_err(|error| elsewhere(error, recommender))?;
    Ok((Choice { name, keys }, entry))
}

/// Numbers that were `f32` get the few digits that name them: 0.3 in place of 0.30000001192092896.
pub(crate) fn shortest(mut table: Table) -> Table {
    for (_, value) in &mut table {
        if let Value::Float(number) = value {
            let short = *number as f32;
            let digits = short.to_string().parse().ok();
            *number = digits.filter(|_| f64::from(short) == *number).unwrap_or(*number);
        }
    }
    table
}

fn stop_of(stop: Option<Horizon>, world: &Choice, entry: &WorldEntry) -> Result<Horizon, ConfigError> {
    match (stop, entry.endless_ticks) {
        (Some(Horizon::UntilDone), Some(_)) => Err(ConfigError::Endless { world: world.name.clone() }),
        (None, Some(ticks)) => Ok(Horizon::Steps(ticks)),
        (stop, _) => Ok(stop.unwrap_or(Horizon::UntilDone)),
    }
}

/// A key set without its section, `--set temperature=1`, is looked for where it belongs.
fn elsewhere(error: ConfigError, recommender: &Table) -> ConfigError {
    let ConfigError::Unknown { what, name, nearest, known } = error else { return error };
    let mut recommender = recommender.clone();
    let theirs = take_name(&mut recommender, "recommender", DEFAULT_RECOMMENDER).ok();
    let recommenders = recommenders::registry();
    let theirs = theirs.and_then(|theirs| recommenders.find(&theirs).ok()).map(RecommenderEntry::known);
    let section = match () {
        () if theirs.is_some_and(|keys| keys.contains(&name)) => Some("recommender"),
        () if RUN_KEYS.contains(&name.as_str()) => Some("run"),
        () if LOG_KEYS.contains(&name.as_str()) => Some("log"),
        () => None,
    };
    let nearest = section.map(|section| format!("{section}.{name}")).or(nearest);
    ConfigError::Unknown { what, name, nearest, known }
}

fn recommender_of(mut keys: Table) -> Result<Choice, ConfigError> {
    let name = take_name(&mut keys, "recommender", DEFAULT_RECOMMENDER)?;
    let recommenders = recommenders::registry();
    let entry = find(&recommenders, &name)?;
    Ok(Choice { name, keys: over((entry.defaults)(), keys, "recommender", &entry.known())? })
}

fn take_name(keys: &mut Table, section: &str, default: &str) -> Result<String, ConfigError> {
    match keys.remove("name") {
        None => Ok(default.into()),
        Some(Value::String(name)) => Ok(name),
        Some(other) => Err(bad(&format!("{section}.name"), format!("{other} is no name"))),
    }
}

fn over<S: AsRef<str>>(
    mut defaults: Table,
    keys: Table,
    section: &str,
    known: &[S],
) -> Result<Table, ConfigError> {
    if let Some(stray) = keys.keys().find(|key| known.iter().all(|known| known.as_ref() != *key)) {
        return Err(unknown(&format!("key of [{section}]"), stray, known));
    }
    defaults.extend(keys);
    Ok(defaults)
}

fn horizon(run: &Table) -> Result<Option<Horizon>, ConfigError> {
    let given: Vec<&'static str> = STOPS.iter().copied().filter(|stop| run.contains_key(*stop)).collect();
    let value = |stop: &str| run.get(stop).cloned();
    let wrong = |stop: &str, wanted: &str| bad(&format!("run.{stop}"), format!("it must be {wanted}"));
    let stop = match given[..] {
        [] => return Ok(None),
        ["steps"] => {
            let steps = value("steps").and_then(|steps| u32::try_from(steps.as_integer()?).ok());
            let steps =
                steps.filter(|steps| *steps > 0).ok_or_else(|| wrong("steps", "a number of ticks"))?;
            Horizon::Steps(steps)
        }
        ["days"] => {
            let days = value("days").and_then(|days| days.as_float().or(days.as_integer().map(|n| n as f64)));
            let days = days.filter(|days| *days > 0.0 && days.is_finite());
            Horizon::Days(days.ok_or_else(|| wrong("days", "a number of days"))?)
        }
        ["until_done"] if value("until_done") == Some(Value::Boolean(true)) => Horizon::UntilDone,
        ["until_done"] => return Err(wrong("until_done", "true, or left out in favour of steps or days")),
        _ => return Err(ConfigError::Exclusive { given }),
    };
    Ok(Some(stop))
}

fn bad(key: &str, reason: String) -> ConfigError {
    ConfigError::Value { key: key.into(), reason }
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
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
