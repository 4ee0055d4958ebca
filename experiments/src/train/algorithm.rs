//! What learns, and the section of a config that says how.

use recloop_agents::learned::{PpoConfig, ReplayConfig, Rule, SlateOptimiser};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::ConfigError;
use crate::config::{bad, parse, unknown};

/// What learns, by the settings of the section that has its name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Proximal policy optimisation over slates.
    Ppo(PpoConfig),
    /// SlateQ, and how it puts slates together.
    SlateQ(SlateOptimiser, ReplayConfig),
    /// DQN over slates.
    Dqn(ReplayConfig),
}

/// The key of SlateQ that DQN lacks.
const OPTIMISER: &str = "optimiser";

impl Algorithm {
    /// Their names, which are also those of their sections.
    pub const NAMES: [&str; 3] = ["dqn", "ppo", "slate-q"];

    /// The algorithm of a name, by the keys of its section.
    pub(super) fn read(name: &str, mut keys: Table) -> Result<Self, ConfigError> {
        match name {
            "dqn" => checked(name, keys, ReplayConfig::rules).map(Self::Dqn),
            "ppo" => checked(name, keys, PpoConfig::rules).map(Self::Ppo),
            "slate-q" => {
                let optimiser = keys.remove(OPTIMISER).map(toml::Value::try_into).transpose();
                let optimiser =
                    optimiser.map_err(|error| bad("slate-q.optimiser", error.message().into()))?;
                let settings = checked(name, keys, ReplayConfig::rules)?;
                Ok(Self::SlateQ(optimiser.unwrap_or_default(), settings))
            }
            _ => Err(unknown("algorithm", name, &Self::NAMES)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ppo(_) => "ppo",
            Self::SlateQ(..) => "slate-q",
            Self::Dqn(_) => "dqn",
        }
    }

    /// Its settings as they are written.
    pub(super) fn keys(&self) -> Table {
        let keys = match self {
            Self::Ppo(settings) => written(settings),
            Self::Dqn(settings) => written(settings),
            Self::SlateQ(optimiser, settings) => {
                let mut keys = written(settings);
                let optimiser = toml::Value::try_from(optimiser).expect("a name is plain data");
                keys.insert(OPTIMISER.into(), optimiser);
                keys
            }
        };
        crate::config::shortest(keys)
    }
}

/// Settings that keep their rules.
pub(super) fn checked<T: DeserializeOwned>(
    name: &str,
    keys: Table,
    rules: impl Fn(&T) -> Vec<Rule>,
) -> Result<T, ConfigError> {
    let settings: T = parse(name, keys)?;
    match rules(&settings).into_iter().find(|rule| !rule.holds) {
        Some(Rule { key, reason, .. }) => Err(bad(&format!("{name}.{key}"), reason.into())),
        None => Ok(settings),
    }
}

fn written(settings: &impl Serialize) -> Table {
    Table::try_from(settings).expect("settings are plain data")
}
