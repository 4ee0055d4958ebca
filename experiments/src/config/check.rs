//! Checking sections against what is known: names, keys, and the few values a config itself understands.

use std::path::PathBuf;

use recloop_env::Registry;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::pinned::{self, PINNED};
use super::{Choice, Horizon};
use crate::import::Label;
use crate::models::{LlmConfig, NO_MATTER};
use crate::worlds::Watch;
use crate::{ConfigError, RecommenderEntry, WorldEntry, recommenders, worlds};

const DEFAULT_WORLD: &str = "feed-v0";
/// The key of the directory a world is made from.
pub(super) const DATA: &str = "data";
/// The key by which a run knows its data again; filled in from the import itself.
pub(super) const DIGEST: &str = "data_digest";
pub(super) const SECTIONS: &[&str] = &["llm", "log", "recommender", "run", "world"];
pub(super) const STOPS: &[&str] = &["steps", "days", "until_done"];
pub(super) const RUN_KEYS: &[&str] =
    &["seed", "steps", "days", "until_done", "threads", "checkpoint_secs", "out"];
pub(super) const LOG_KEYS: &[&str] = &["enabled", "choice_probs", "truth"];

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

pub(super) fn find<'a, T>(registry: &'a Registry<T>, name: &str) -> Result<&'a T, ConfigError> {
    registry.find(name).map_err(|error| unknown(error.what, name, &error.known))
}

pub(super) fn world(mut keys: Table, recommender: &Table) -> Result<(Choice, WorldEntry), ConfigError> {
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
    let mut known: Vec<String> = defaults.keys().cloned().collect();
    if entry.needs_data {
        known.extend([DATA, DIGEST].map(str::to_owned));
    }
    let pins: Vec<&str> =
        PINNED.iter().filter(|[key, _]| defaults.contains_key(*key)).map(|[_, pin]| *pin).collect();
    known.extend(pins.iter().map(|pin| (*pin).to_owned()));
    let mut keys = over(defaults, keys, "world", &known)
        .map_err(|error| elsewhere(error, recommender, entry.recommender))
        .map_err(|error| of_another(error, &name, &worlds))?;
    if entry.needs_data {
        recognise(&mut keys)?;
    }
    if !pins.is_empty() {
        pinned::recognise(&mut keys)?;
    }
    Ok((Choice { name, keys }, entry))
}

/// Writes the digest of the data into the keys, and refuses other data than the keys were made with. What cannot be read
/// is for the world to refuse.
fn recognise(keys: &mut Table) -> Result<(), ConfigError> {
    let Some(dir) = keys.get(DATA).and_then(Value::as_str).map(PathBuf::from) else { return Ok(()) };
    let Ok(label) = Label::load(&dir) else { return Ok(()) };
    match keys.insert(DIGEST.into(), Value::String(label.digest.clone())) {
        Some(Value::String(expected)) if expected != label.digest => {
            Err(ConfigError::OtherData { dir, expected, found: label.digest })
        }
        _ => Ok(()),
    }
}

/// Numbers that were `f32` get the few digits that name them: 0.3 in place of 0.30000001192092896.
pub(crate) fn shortest(mut table: Table) -> Table {
    table.iter_mut().for_each(|(_, value)| shorten(value));
    table
}

fn shorten(value: &mut Value) {
    match value {
        Value::Float(number) => {
            let short = *number as f32;
            let digits = short.to_string().parse().ok();
            *number = digits.filter(|_| f64::from(short) == *number).unwrap_or(*number);
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        _ => {}
    }
}

pub(super) fn horizon(
    stop: Option<Horizon>,
    world: &Choice,
    entry: &WorldEntry,
) -> Result<Horizon, ConfigError> {
    match (stop, entry.watch) {
        (Some(Horizon::UntilDone), Watch::Ticks(_)) => {
            Err(ConfigError::Endless { world: world.name.clone() })
        }
        (Some(stop), _) => Ok(stop),
        (None, Watch::Ticks(ticks)) => Ok(Horizon::Steps(ticks)),
        (None, Watch::Days(days)) => Ok(Horizon::Days(days)),
        (None, Watch::UntilDone) => Ok(Horizon::UntilDone),
    }
}

/// A key that is like none of this world's, and is one of others.
fn of_another(error: ConfigError, world: &str, worlds: &Registry<WorldEntry>) -> ConfigError {
    let ConfigError::Unknown { name, nearest: None, .. } = &error else { return error };
    let has = |entry: &WorldEntry| (entry.defaults)().contains_key(name);
    let others: Vec<String> =
        worlds.iter().filter(|(_, entry)| has(entry)).map(|(other, _)| other.to_owned()).collect();
    if others.is_empty() {
        return error;
    }
    ConfigError::OtherWorld { key: name.clone(), world: world.into(), others }
}

/// A key set without its section, `--set temperature=1`, is looked for where it belongs.
fn elsewhere(error: ConfigError, recommender: &Table, default: &str) -> ConfigError {
    let ConfigError::Unknown { what, name, nearest, known } = error else { return error };
    let mut recommender = recommender.clone();
    let theirs = take_name(&mut recommender, "recommender", default).ok();
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

pub(super) fn recommender_of(mut keys: Table, default: &str) -> Result<Choice, ConfigError> {
    let name = take_name(&mut keys, "recommender", default)?;
    let recommenders = recommenders::registry();
    let name =
        if recommenders.find(&name).is_err() { recommenders::by_folder(name, &mut keys) } else { name };
    let entry = find(&recommenders, &name)?;
    recommenders::recognise(&mut keys)?;
    Ok(Choice { name, keys: over((entry.defaults)(), keys, "recommender", &entry.known())? })
}

fn take_name(keys: &mut Table, section: &str, default: &str) -> Result<String, ConfigError> {
    match keys.remove("name") {
        None => Ok(default.into()),
        Some(Value::String(name)) => Ok(name),
        Some(other) => Err(bad(&format!("{section}.name"), format!("{other} is no name"))),
    }
}

pub(super) fn over<S: AsRef<str>>(
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

/// The section `[llm]`, if there is one.
pub(super) fn llm(keys: Table) -> Result<Option<LlmConfig>, ConfigError> {
    if keys.is_empty() {
        return Ok(None);
    }
    if !keys.contains_key("model") {
        let reason = "it is not there: name a model, as `recloop llm probe URL` lists them".into();
        return Err(bad("llm.model", reason));
    }
    let known: Vec<&str> =
        NO_MATTER.iter().filter_map(|key| key.strip_prefix("llm.")).chain(["model"]).collect();
    let config: LlmConfig = parse("llm", over(Table::new(), keys, "llm", &known)?)?;
    config.check()?;
    Ok(Some(config))
}

pub(super) fn stop(run: &Table) -> Result<Option<Horizon>, ConfigError> {
    let given: Vec<&'static str> = STOPS.iter().copied().filter(|stop| run.contains_key(*stop)).collect();
    let value = |stop: &str| run.get(stop).cloned();
    let wrong = |stop: &str, allowed: &str| {
        let given = value(stop).map_or_else(String::new, |value| value.to_string());
        bad(&format!("run.{stop}"), format!("it is {given}; allowed is {allowed}"))
    };
    let stop = match given[..] {
        [] => return Ok(None),
        ["steps"] => {
            let steps = value("steps").and_then(|steps| u32::try_from(steps.as_integer()?).ok());
            let steps = steps
                .filter(|steps| *steps > 0)
                .ok_or_else(|| wrong("steps", "a whole number of ticks above 0"))?;
            Horizon::Steps(steps)
        }
        ["days"] => {
            let days = value("days").and_then(|days| days.as_float().or(days.as_integer().map(|n| n as f64)));
            let days = days.filter(|days| *days > 0.0 && days.is_finite());
            Horizon::Days(days.ok_or_else(|| wrong("days", "a number of days above 0"))?)
        }
        ["until_done"] if value("until_done") == Some(Value::Boolean(true)) => Horizon::UntilDone,
        ["until_done"] => return Err(wrong("until_done", "true, or left out in favour of steps or days")),
        _ => return Err(ConfigError::Exclusive { given }),
    };
    Ok(Some(stop))
}

pub(crate) fn bad(key: &str, reason: String) -> ConfigError {
    ConfigError::Value { key: key.into(), reason }
}

pub(super) fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
