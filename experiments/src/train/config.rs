//! What a training is made of: a run's world, and how to learn in it.

use std::path::Path;

use recloop_agents::learned::{FairnessConfig, NetworkConfig};
use recloop_env::Registry;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::algorithm::{Algorithm, checked};
use super::policy::{Retrieval, Retrieved};
use crate::config::{bad, parse, read_layer, unknown};
use crate::{ConfigError, RunConfig};

/// The configs that come with recloop, by name.
#[must_use]
pub fn ready_configs() -> Registry<&'static str> {
    Registry::new("training config")
        .with("feed-ppo", include_str!("../../configs/feed-ppo.toml"))
        .with("interest-evolution-dqn", include_str!("../../configs/interest-evolution-dqn.toml"))
        .with("interest-evolution-ppo", include_str!("../../configs/interest-evolution-ppo.toml"))
        .with("interest-evolution-slate-q", include_str!("../../configs/interest-evolution-slate-q.toml"))
        .with(
            "long-term-satisfaction-myopic",
            include_str!("../../configs/long-term-satisfaction-myopic.toml"),
        )
        .with("long-term-satisfaction-ppo", include_str!("../../configs/long-term-satisfaction-ppo.toml"))
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrainSection {
    algorithm: String,
    steps: u64,
    checkpoint_secs: f64,
    retrieve: Option<usize>,
    retriever: Option<Retrieval>,
    lean: Option<f32>,
}

impl Default for TrainSection {
    fn default() -> Self {
        Self {
            algorithm: "ppo".into(),
            steps: 1_000_000,
            checkpoint_secs: 30.0,
            retrieve: None,
            retriever: None,
            lean: None,
        }
    }
}

/// Everything that decides a training.
///
/// ```
/// use recloop_experiments::train::{TrainConfig, training_layer};
/// let config = TrainConfig::resolve([training_layer("interest-evolution-ppo")?])?;
/// assert_eq!(config.run().world(), "interest-evolution-v0");
/// assert_eq!(TrainConfig::resolve([config.to_table()])?, config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    run: RunConfig,
    train: TrainSection,
    network: NetworkConfig,
    algorithm: Algorithm,
    fairness: FairnessConfig,
}

impl TrainConfig {
    /// Lays the layers over the defaults, the last one on top, and checks what comes out.
    ///
    /// # Errors
    /// As [`RunConfig::resolve`]; keys of `[train]`, `[network]` and of the algorithm that do not exist or make no sense.
    pub fn resolve(layers: impl IntoIterator<Item = Table>) -> Result<Self, ConfigError> {
        let (mut mine, mut runs) = (Table::new(), Vec::new());
        for mut layer in layers {
            for section in ["train", "network", "fairness"].into_iter().chain(Algorithm::NAMES) {
                let Some(keys) = layer.remove(section) else { continue };
                let Value::Table(keys) = keys else {
                    let reason = format!("it is a section; write [{section}] with keys under it");
                    return Err(bad(section, reason));
                };
                let below = mine.entry(section).or_insert_with(|| Value::Table(Table::new()));
                below.as_table_mut().expect("only tables are laid").extend(keys);
            }
            // What learns is the recommender.
            layer.remove("recommender");
            runs.push(layer);
        }
        let placeholder = "recommender.name = \"random\"".parse().expect("it is toml");
        let run = RunConfig::resolve(std::iter::once(placeholder).chain(runs))?;
        let mut section = |name: &str| match mine.remove(name) {
            Some(Value::Table(keys)) => keys,
            _ => Table::new(),
        };
        let train: TrainSection = parse("train", section("train"))?;
        let network: NetworkConfig = parse("network", section("network"))?;
        let fairness = checked("fairness", section("fairness"), FairnessConfig::rules)?;
        let algorithm = Algorithm::read(&train.algorithm, section(&train.algorithm))?;
        if let Some(idle) = mine.keys().next() {
            let reason = format!("`{}` learns here, so nothing would read this section", algorithm.name());
            return Err(bad(idle, reason));
        }
        let config = Self { run, train, network, algorithm, fairness };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let Self { train, network, .. } = self;
        let rules = [
            ("train.steps", train.steps > 0, "it needs at least one step"),
            ("train.checkpoint_secs", train.checkpoint_secs >= 0.0, "it is no time to wait"),
            ("train.retrieve", train.retrieve != Some(0), "at least the items of a slate must be left"),
            ("train.retriever", train.retriever.is_none() || train.retrieve.is_some(), "it needs `retrieve`"),
            ("train.lean", train.lean.is_none() || train.retrieve.is_some(), "it needs `retrieve`"),
            ("train.lean", train.lean.is_none_or(f32::is_finite), "it must be finite"),
            ("network.dim", network.dim > 0, "the vectors need a length"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, reason)) => Err(bad(key, reason.into())),
            None => Ok(()),
        }
    }

    /// The world, its horizon, the seed.
    #[must_use]
    pub fn run(&self) -> &RunConfig {
        &self.run
    }

    /// What learns.
    #[must_use]
    pub fn algorithm(&self) -> &Algorithm {
        &self.algorithm
    }

    /// Steps of experience in all.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.train.steps
    }

    /// Seconds of wall clock between checkpoints.
    #[must_use]
    pub fn checkpoint_secs(&self) -> f64 {
        self.train.checkpoint_secs
    }

    /// What leaves how many candidates to be ranked; all are ranked if nothing does.
    #[must_use]
    pub fn retrieval(&self) -> Option<Retrieved> {
        let TrainSection { retriever, lean, .. } = &self.train;
        let retrieved =
            |keep| Retrieved { by: retriever.unwrap_or_default(), keep, lean: lean.unwrap_or(0.0) };
        self.train.retrieve.map(retrieved)
    }

    /// Sizes of the network.
    #[must_use]
    pub fn network(&self) -> &NetworkConfig {
        &self.network
    }

    /// What counts beside the world's reward.
    #[must_use]
    pub fn fairness(&self) -> &FairnessConfig {
        &self.fairness
    }

    /// Everything as a layer of its own.
    #[must_use]
    pub fn to_table(&self) -> Table {
        let mut table = self.run.to_table();
        table.remove("recommender");
        table.remove("log");
        let write = |section: Result<Table, toml::ser::Error>| {
            Value::Table(crate::config::shortest(section.expect("a section is plain data")))
        };
        table.insert("train".into(), write(Table::try_from(&self.train)));
        table.insert("network".into(), write(Table::try_from(&self.network)));
        table.insert("fairness".into(), write(Table::try_from(&self.fairness)));
        table.insert(self.algorithm.name().into(), Value::Table(self.algorithm.keys()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(layer: &str) -> String {
        TrainConfig::resolve([layer.parse().unwrap()]).unwrap_err().to_string()
    }

    #[test]
    fn every_ready_config_is_one() {
        for (name, _) in ready_configs().iter() {
            TrainConfig::resolve([training_layer(name).unwrap()])
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let refused = training_layer("interest-evolution-pop").unwrap_err().to_string();
        assert!(refused.contains("interest-evolution-ppo"), "{refused}");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_key() {
        assert_eq!(refused("[ppo]\ngamma = 1.5"), "read `ppo.gamma`: it must lie between 0 and 1");
        assert!(refused("[ppo]\ngama = 0.5").contains("gama"));
        assert!(refused("[train]\nretriever = \"popularity\"").contains("needs `retrieve`"));
        assert!(
            refused("[slate-q]\noptimiser = \"best\"\n[train]\nalgorithm = \"slate-q\"").contains("top-k")
        );
        assert!(refused("[dqn]\noptimiser = \"exact\"\n[train]\nalgorithm = \"dqn\"").contains("optimiser"));
        assert!(refused("[network]\ndim = 0").contains("network.dim"));
        assert!(refused("ppo = 3").contains("it is a section"));
        assert!(refused("[train]\nalgorithm = \"slateq\"").contains("did you mean `slate-q`"));
    }
}
