//! What learns, and the section of a config that says how.

use recloop_agents::learned::offline::{
    CloningConfig, CqlConfig, FittedQConfig, IqlConfig, Method, Pace, ReinforceConfig,
};
use recloop_agents::learned::{PpoConfig, ReplayConfig, Rule, SlateOptimiser};
use recloop_agents::sequence::{SasRec, TrainingPlan, TwoTower};
use recloop_nn::training::{Better, EarlyStop};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
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
    /// What learns from a log alone.
    Offline {
        /// How fast.
        pace: Pace,
        /// What, and how.
        method: Method,
    },
    /// What learns from the clicks of a log, one after another.
    Sequence(SequenceDesign, TrainingPlan),
}

/// What learns which item somebody clicks next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SequenceDesign {
    /// Self-attention over the latest clicks.
    SasRec(SasRec),
    /// A tower for the user and one for the item.
    TwoTower(TwoTower),
}

/// The key of SlateQ that DQN lacks.
const OPTIMISER: &str = "optimiser";

impl Algorithm {
    /// Their names, which are also those of their sections.
    pub const NAMES: [&str; 10] = [
        "behaviour-cloning",
        "cql",
        "dqn",
        "fitted-q",
        "iql",
        "ppo",
        "reinforce",
        "sasrec",
        "slate-q",
        "two-tower",
    ];

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
            "behaviour-cloning" => offline(name, keys, CloningConfig::rules, Method::Cloning),
            "cql" => offline(name, keys, CqlConfig::rules, Method::Cql),
            "fitted-q" => offline(name, keys, FittedQConfig::rules, Method::FittedQ),
            "iql" => offline(name, keys, IqlConfig::rules, Method::Iql),
            "reinforce" => offline(name, keys, ReinforceConfig::rules, Method::Reinforce),
            "sasrec" => sequence(name, keys, SasRec::rules, SequenceDesign::SasRec),
            "two-tower" => sequence(name, keys, TwoTower::rules, SequenceDesign::TwoTower),
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
            Self::Offline { method, .. } => match method {
                Method::Cloning(_) => "behaviour-cloning",
                Method::Cql(_) => "cql",
                Method::FittedQ(_) => "fitted-q",
                Method::Iql(_) => "iql",
                Method::Reinforce(_) => "reinforce",
            },
            Self::Sequence(SequenceDesign::SasRec(_), _) => "sasrec",
            Self::Sequence(SequenceDesign::TwoTower(_), _) => "two-tower",
        }
    }

    /// Whether it learns from a log, and not by playing.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Offline { .. } | Self::Sequence(..))
    }

    /// Whether its network has a shape of its own, and ranks whatever there is.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        matches!(self, Self::Sequence(..))
    }

    /// Who has to be asked about every slate of the log, by the name of a recommender.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Offline { method: Method::FittedQ(settings), .. } => settings.target.as_deref(),
            _ => None,
        }
    }

    /// What ends it before its steps are made.
    pub(super) fn stop(&self) -> Option<EarlyStop> {
        let (measure, patience, better) = match self {
            Self::Offline { method: Method::Cloning(settings), .. } => {
                (CloningConfig::HELD_OUT, settings.patience, Better::Lower)
            }
            Self::Sequence(_, plan) if plan.hold_out => (TrainingPlan::FOUND, plan.patience, Better::Higher),
            _ => return None,
        };
        Some(EarlyStop { measure: measure.into(), patience, min_delta: 0.0, better })
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
            Self::Offline { pace, method } => {
                let mut keys = written(pace);
                keys.extend(match method {
                    Method::Cloning(settings) => written(settings),
                    Method::Cql(settings) => written(settings),
                    Method::FittedQ(settings) => written(settings),
                    Method::Iql(settings) => written(settings),
                    Method::Reinforce(settings) => written(settings),
                });
                keys
            }
            Self::Sequence(design, plan) => {
                let mut keys = written(plan);
                keys.extend(match design {
                    SequenceDesign::SasRec(settings) => written(settings),
                    SequenceDesign::TwoTower(settings) => written(settings),
                });
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

/// A section in which the pace stands beside the settings of a method.
fn offline<T: DeserializeOwned>(
    name: &str,
    keys: Table,
    rules: impl Fn(&T) -> Vec<Rule>,
    method: impl Fn(T) -> Method,
) -> Result<Algorithm, ConfigError> {
    let (pace, settings) = side_by_side(name, keys, Pace::rules, rules)?;
    Ok(Algorithm::Offline { pace, method: method(settings) })
}

/// A section in which the plan stands beside the design.
fn sequence<T: DeserializeOwned>(
    name: &str,
    keys: Table,
    rules: impl Fn(&T) -> Vec<Rule>,
    design: impl Fn(T) -> SequenceDesign,
) -> Result<Algorithm, ConfigError> {
    let (plan, settings) = side_by_side(name, keys, TrainingPlan::rules, rules)?;
    Ok(Algorithm::Sequence(design(settings), plan))
}

/// Two kinds of settings from one section: the keys that A has, and the others.
fn side_by_side<A: Default + Serialize + DeserializeOwned, B: DeserializeOwned>(
    name: &str,
    keys: Table,
    rules: impl Fn(&A) -> Vec<Rule>,
    others: impl Fn(&B) -> Vec<Rule>,
) -> Result<(A, B), ConfigError> {
    let of_a = written(&A::default());
    let (a, b) = keys.into_iter().partition(|(key, _)| of_a.contains_key(key));
    Ok((checked(name, a, rules)?, checked(name, b, others)?))
}

fn written(settings: &impl Serialize) -> Table {
    Table::try_from(settings).expect("settings are plain data")
}
