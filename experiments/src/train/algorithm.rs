//! What learns, and the section of a config that says how.

use recloop_agents::learned::{PpoConfig, Rule};
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
}

impl Algorithm {
    /// Their names, which are also those of their sections.
    pub const NAMES: [&str; 1] = ["ppo"];

    /// The algorithm of a name, by the keys of its section.
    pub(super) fn read(name: &str, keys: Table) -> Result<Self, ConfigError> {
        match name {
            "ppo" => checked(name, keys, PpoConfig::rules).map(Self::Ppo),
            _ => Err(unknown("algorithm", name, &Self::NAMES)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ppo(_) => "ppo",
        }
    }

    /// Its settings as they are written.
    pub(super) fn keys(&self) -> Table {
        let keys = match self {
            Self::Ppo(settings) => written(settings),
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
