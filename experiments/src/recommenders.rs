//! The recommenders that can be chosen by name.

use recloop_env::Registry;
use toml::Table;

use crate::{ConfigError, Player};

/// A recommender with a name.
#[derive(Debug, Clone)]
pub struct RecommenderEntry {
    /// One line for a list.
    pub summary: &'static str,
    /// Every parameter that has a value unless one is given.
    pub defaults: fn() -> Table,
    /// Parameters that mean something else when they are absent, such as `temperature`: greedy.
    pub optional: &'static [&'static str],
    /// Builds it; parameters of the wrong type or out of range are refused.
    pub build: fn(&Table) -> Result<Player, ConfigError>,
}

impl RecommenderEntry {
    /// Every parameter there is.
    #[must_use]
    pub fn known(&self) -> Vec<String> {
        (self.defaults)()
            .keys()
            .map(String::as_str)
            .chain(self.optional.iter().copied())
            .map(Into::into)
            .collect()
    }
}

/// Every recommender, by name.
#[must_use]
pub fn registry() -> Registry<RecommenderEntry> {
    let entry = RecommenderEntry {
        summary: "stand-in",
        defaults: Table::new,
        optional: &["temperature"],
        build: crate::stand_in::random,
    };
    Registry::new("recommender").with("random", entry.clone()).with("dot", entry)
}
