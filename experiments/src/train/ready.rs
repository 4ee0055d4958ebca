//! The configs that come with recloop.

use std::path::Path;

use recloop_env::Registry;
use toml::Table;

use crate::ConfigError;
use crate::config::{bad, read_layer, unknown};

/// The configs that come with recloop, by name.
#[must_use]
pub fn ready_configs() -> Registry<&'static str> {
    Registry::new("training config")
        .with("cloning", include_str!("../../configs/cloning.toml"))
        .with("cql", include_str!("../../configs/cql.toml"))
        .with("feed-ppo", include_str!("../../configs/feed-ppo.toml"))
        .with("fitted-q", include_str!("../../configs/fitted-q.toml"))
        .with("interest-evolution-dqn", include_str!("../../configs/interest-evolution-dqn.toml"))
        .with("interest-evolution-ppo", include_str!("../../configs/interest-evolution-ppo.toml"))
        .with("interest-evolution-slate-q", include_str!("../../configs/interest-evolution-slate-q.toml"))
        .with("iql", include_str!("../../configs/iql.toml"))
        .with(
            "long-term-satisfaction-myopic",
            include_str!("../../configs/long-term-satisfaction-myopic.toml"),
        )
        .with("long-term-satisfaction-ppo", include_str!("../../configs/long-term-satisfaction-ppo.toml"))
        .with("reinforce", include_str!("../../configs/reinforce.toml"))
        .with("sasrec", include_str!("../../configs/sasrec.toml"))
        .with("two-tower", include_str!("../../configs/two-tower.toml"))
}

/// The layer that `name` stands for: a ready config, or a file.
///
/// # Errors
/// A name that is neither; a file that cannot be read.
pub fn training_layer(name: &str) -> Result<Table, ConfigError> {
    let ready = ready_configs();
    if let Ok(text) = ready.find(name) {
        return text.parse().map_err(|error: toml::de::Error| bad(name, error.to_string()));
    }
    if Path::new(name).is_file() {
        return read_layer(Path::new(name));
    }
    let names: Vec<_> = ready.iter().map(|(name, _)| name).collect();
    Err(unknown("training config or file", name, &names))
}
