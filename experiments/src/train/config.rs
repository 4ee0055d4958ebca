//! What a training is made of: a run's world or a log, and how to learn from it.

use std::path::{Path, PathBuf};

use recloop_agents::learned::{FairnessConfig, NetworkConfig};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::algorithm::{Algorithm, checked};
use super::policy::{Retrieval, Retrieved};
use crate::config::{bad, parse, put};
use crate::{ConfigError, RunConfig};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrainSection {
    algorithm: String,
    steps: u64,
    checkpoint_secs: f64,
    retrieve: Option<usize>,
    retriever: Option<Retrieval>,
    lean: Option<f32>,
    per_creator: Option<usize>,
    log: Option<PathBuf>,
    memory_gib: Option<f64>,
}

/// Memory that a log may take unless told otherwise (chosen by us).
const MEMORY_GIB: f64 = 4.0;

/// Where experience comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Ground {
    /// A world that is played.
    World(Box<RunConfig>),
    /// A log that somebody else's playing has left.
    Log {
        /// The run directory.
        dir: PathBuf,
        /// The seed of the training.
        seed: u64,
    },
}

/// What `[run]` says to a training that runs nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedSection {
    #[serde(default = "default_seed")]
    seed: u64,
}

fn default_seed() -> u64 {
    7
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
            per_creator: None,
            log: None,
            memory_gib: None,
        }
    }
}

/// Everything that decides a training.
///
/// ```
/// use recloop_experiments::train::{TrainConfig, training_layer};
/// let config = TrainConfig::resolve([training_layer("interest-evolution-ppo")?])?;
/// assert_eq!(config.seed(), 7);
/// assert_eq!(TrainConfig::resolve([config.to_table()])?, config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    ground: Ground,
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
        let [is_fair, is_sized] = ["fairness", "network"].map(|section| mine.contains_key(section));
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
        refuse_idle(&algorithm, is_sized, train.log.is_some() && is_fair)?;
        let ground = match &train.log {
            _ if train.log.is_some() != algorithm.is_offline() => return Err(misplaced(&algorithm)),
            Some(dir) => logged(dir, runs)?,
            None => {
                let placeholder = "recommender.name = \"random\"".parse().expect("it is toml");
                Ground::World(RunConfig::resolve(std::iter::once(placeholder).chain(runs))?.into())
            }
        };
        let config = Self { ground, train, network, algorithm, fairness };
        config.check()?;
        Ok(config)
    }

    /// Keys, whether they keep to what they must, and what is wrong if not.
    fn rules(&self) -> Vec<(&'static str, bool, &'static str)> {
        let Self { train, network, algorithm, .. } = self;
        let memory = train.memory_gib;
        vec![
            ("train.steps", train.steps > 0, "it needs at least one step"),
            ("train.checkpoint_secs", train.checkpoint_secs >= 0.0, "it is no time to wait"),
            ("train.retrieve", train.retrieve != Some(0), "at least the items of a slate must be left"),
            ("train.retriever", train.retriever.is_none() || train.retrieve.is_some(), "it needs `retrieve`"),
            ("train.lean", train.lean.is_none() || train.retrieve.is_some(), "it needs `retrieve`"),
            (
                "train.per_creator",
                train.per_creator.is_none() || train.retrieve.is_some(),
                "it needs `retrieve`",
            ),
            ("train.per_creator", train.per_creator != Some(0), "at least one of each must be left"),
            ("train.lean", train.lean.is_none_or(f32::is_finite), "it must be finite"),
            ("train.memory_gib", memory.is_none_or(|gib| gib > 0.0), "it is no room at all"),
            ("train.memory_gib", memory.is_none() || train.log.is_some(), "only a log is kept in memory"),
            (
                "train.memory_gib",
                memory.is_none() || !algorithm.is_sequential(),
                "clicks take little: leave it out",
            ),
            ("network.hidden", !network.hidden.contains(&0), "a layer has at least one unit"),
            ("network.own", !network.own.contains(&0), "a layer has at least one unit"),
            (
                "train.retrieve",
                train.retrieve.is_none() || algorithm.target().is_none(),
                "the target may show what is not retrieved: leave it out, or leave out `fitted-q.target`",
            ),
            (
                "train.retrieve",
                train.retrieve.is_none() || !algorithm.is_sequential(),
                "it ranks whatever there is: leave it out, and say `recommender.retrieve` where it runs",
            ),
            ("network.dim", network.dim > 0, "the vectors need a length"),
        ]
    }

    fn check(&self) -> Result<(), ConfigError> {
        let rules = self.rules();
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, reason)) => Err(bad(key, reason.into())),
            None => Ok(()),
        }
    }

    /// Where experience comes from.
    #[must_use]
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        match &self.ground {
            Ground::World(run) => run.seed(),
            Ground::Log { seed, .. } => *seed,
        }
    }

    /// Memory that a log may take.
    pub(super) fn memory_gib(&self) -> f64 {
        self.train.memory_gib.unwrap_or(MEMORY_GIB)
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
        let TrainSection { retriever, lean, per_creator, .. } = self.train;
        let (by, lean) = (retriever.unwrap_or_default(), lean.unwrap_or(0.0));
        self.train.retrieve.map(|keep| Retrieved { by, keep, lean, per_creator })
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
        let mut table = match &self.ground {
            Ground::World(run) => run.to_table(),
            Ground::Log { seed, .. } => {
                let mut table = Table::new();
                put(&mut table, "run", "seed", *seed as i64);
                table
            }
        };
        table.remove("recommender");
        table.remove("log");
        let write = |section: Result<Table, toml::ser::Error>| {
            Value::Table(crate::config::shortest(section.expect("a section is plain data")))
        };
        table.insert("train".into(), write(Table::try_from(&self.train)));
        if !self.algorithm.is_sequential() {
            table.insert("network".into(), write(Table::try_from(&self.network)));
        }
        if let Ground::World(_) = self.ground {
            table.insert("fairness".into(), write(Table::try_from(&self.fairness)));
        }
        table.insert(self.algorithm.name().into(), Value::Table(self.algorithm.keys()));
        table
    }
}

/// Refuses sections that nothing would read.
fn refuse_idle(algorithm: &Algorithm, is_sized: bool, is_fair_to_a_log: bool) -> Result<(), ConfigError> {
    if is_sized && algorithm.is_sequential() {
        let name = algorithm.name();
        return Err(bad("network", format!("`{name}` has sizes of its own: write them under [{name}]")));
    }
    if is_fair_to_a_log {
        return Err(bad("fairness", "a log's rewards are what they are: leave this section out".into()));
    }
    Ok(())
}

/// A log for who plays, or none for who does not.
fn misplaced(algorithm: &Algorithm) -> ConfigError {
    let name = algorithm.name();
    bad(
        "train.log",
        if algorithm.is_offline() {
            format!(
                "`{name}` learns from a log: give one with `--log DIR`; \
                 `recloop run WORLD --recommender random --out DIR` writes one"
            )
        } else {
            format!(
                "`{name}` learns by playing a world: leave the log out, or choose what learns from logs, \
                 such as `--set train.algorithm=iql`"
            )
        },
    )
}

/// The log in `dir`, by layers that say nothing of a world.
fn logged(dir: &Path, runs: Vec<Table>) -> Result<Ground, ConfigError> {
    let mut run = Table::new();
    for (section, keys) in runs.into_iter().flatten() {
        match (section.as_str(), keys) {
            ("run", Value::Table(keys)) => run.extend(keys),
            ("run", _) => return Err(bad("run", "it is a section; write [run] with keys under it".into())),
            (other, _) => {
                let reason = "the log says which world it is of: leave out one of the two".into();
                return Err(bad(other, reason));
            }
        }
    }
    let SeedSection { seed } = parse("run", run)?;
    Ok(Ground::Log { dir: dir.into(), seed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{ready_configs, training_layer};

    fn refused(layer: &str) -> String {
        TrainConfig::resolve([layer.parse().unwrap()]).unwrap_err().to_string()
    }

    #[test]
    fn every_ready_config_is_one() {
        for (name, _) in ready_configs().iter() {
            let mut layer = training_layer(name).unwrap();
            if !layer.contains_key("world") {
                put(&mut layer, "train", "log", "somewhere");
            }
            TrainConfig::resolve([layer]).unwrap_or_else(|error| panic!("{name}: {error}"));
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

    #[test]
    fn a_log_and_a_world_exclude_each_other() {
        let logged = "[train]\nalgorithm = \"cql\"\nlog = \"somewhere\"\n";
        let config = TrainConfig::resolve([logged.parse().unwrap()]).unwrap();
        assert_eq!(TrainConfig::resolve([config.to_table()]).unwrap(), config);
        assert!(refused("[train]\nalgorithm = \"cql\"").contains("give one with `--log DIR`"));
        assert!(refused("[train]\nlog = \"somewhere\"").contains("`ppo` learns by playing"));
        assert!(refused(&format!("{logged}[world]\nusers = 3")).contains("which world it is of"));
        assert!(refused(&format!("{logged}[run]\ndays = 3")).contains("days"));
        assert!(refused("[train]\nmemory_gib = 2.0").contains("only a log is kept"));
        assert!(refused(&format!("{logged}[cql]\nalpha = -1.0")).contains("`cql.alpha`"));
        assert!(refused(&format!("{logged}[cql]\nbatch = 0")).contains("`cql.batch`"));
        assert!(refused(&format!("{logged}[cql]\nalfa = 1.0")).contains("alfa"));
    }
}
