//! One flat table of keys, shared out among the parts of a world.

use serde::de::DeserializeOwned;
use toml::Table;

use crate::ConfigError;
use crate::config::{bad, parse};

/// The keys of a world that no part has taken yet.
pub(super) struct Keys(Table);

impl Keys {
    pub(super) fn of(table: &Table) -> Self {
        Self(table.clone())
    }

    /// Hands the keys of `defaults` to the part they are of.
    pub(super) fn take<C: DeserializeOwned>(&mut self, defaults: Table) -> Result<C, ConfigError> {
        let mine = defaults.into_iter().filter_map(|(key, _)| self.0.remove_entry(&key)).collect();
        parse("world", mine)
    }

    /// Refuses what no part has taken.
    pub(super) fn end(self) -> Result<(), ConfigError> {
        match self.0.keys().next() {
            Some(key) => Err(bad(&format!("world.{key}"), "no part of this world reads it".into())),
            None => Ok(()),
        }
    }
}

/// All tables as one. Two parts must not share a key: a setting would mean two things.
pub(super) fn merged<const N: usize>(parts: [Table; N]) -> Table {
    let mut all = Table::new();
    for (key, value) in parts.into_iter().flatten() {
        let before = all.insert(key, value);
        assert!(before.is_none(), "two parts of a world share a key");
    }
    all
}

/// Refuses a count that is too small.
pub(super) fn at_least(key: &str, value: usize, least: usize) -> Result<(), ConfigError> {
    if value >= least {
        return Ok(());
    }
    Err(bad(&format!("world.{key}"), format!("it is {value}; allowed is {least} or more")))
}
