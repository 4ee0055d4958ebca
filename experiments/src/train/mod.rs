//! Training policies: a config, a learner, a folder with a policy in it.
//!
//! [`train`] plays a world, or reads a log, and learns from it; what it leaves in the folder runs wherever a recommender does.

mod algorithm;
mod config;
mod curve;
mod from_log;
mod policy;
mod ready;

pub use algorithm::{Algorithm, SequenceDesign};
pub use config::{Ground, TrainConfig};
pub use policy::{PolicyKind, PolicyShape, Retrieval, Retrieved, digest, policy_dir, trained};
pub use ready::{ready_configs, training_layer};

use std::path::Path;

use recloop_agents::learned::{FairnessConfig, Holds, Neural, Ppo, SlateScorer, dqn, slate_q};
use recloop_agents::{Scorer, TwoStage};
use recloop_env::{EnvSpec, RecommendError, ResetOptions, World};
use recloop_nn::burn::tensor::Device;
use recloop_nn::checkpoint::Card;
use recloop_nn::training::{self, Learner, Outcome, Plan, Watch};
use recloop_nn::{Compute, NnError, open};

use crate::picture;
use crate::{ConfigError, RunConfig, RunError};

/// The picture of how the measures went, in the folder of a training.
pub const CURVE: &str = "curve.svg";
/// The config of a training, in its folder.
pub const CONFIG: &str = "train.toml";

/// Trains by `config` on `device` and leaves in `out` the policy, its config, the metric log, a picture of it, and a
/// checkpoint to go on from.
///
/// # Errors
/// A world or network that cannot be built, a log that cannot be read or lacks what is needed, a device that is not there,
/// a folder that holds another training, and what a training meets. One that diverged is no error but an [`Outcome`].
pub fn train(
    config: &TrainConfig,
    device: Compute,
    resume: bool,
    out: &Path,
    watch: &mut dyn Watch,
) -> Result<Outcome, RunError> {
    let device = open(device)?;
    let Begun { mut learner, kind, data_digest } = match config.ground() {
        Ground::World(run) => by_playing(config, run, &device)?,
        Ground::Log { dir, .. } => from_log::begin(config, dir, &device)?,
    };
    let plan = Plan {
        steps: config.steps(),
        checkpoint_secs: config.checkpoint_secs(),
        resume,
        stop: config.algorithm().stop(),
        card: Card { data_digest, ..card(config, kind)? },
    };
    let outcome = training::train(&mut *learner, &plan, out, watch)?;
    keep(config, out)?;
    Ok(outcome)
}

/// What is about to learn, and from what.
struct Begun {
    learner: Box<dyn Learner>,
    kind: PolicyKind,
    data_digest: Option<String>,
}

/// The networks of a policy that ranks by scores.
fn ranking(config: &TrainConfig, spec: &EnvSpec) -> Result<PolicyKind, RecommendError> {
    let (width, network) = (Neural::width(spec)?, config.network().clone());
    Ok(match config.algorithm() {
        Algorithm::SlateQ(optimiser, _) => PolicyKind::SlateQ { width, network, optimiser: *optimiser },
        _ => PolicyKind::Ranker { width, network },
    })
}

fn by_playing(config: &TrainConfig, run: &RunConfig, device: &Device) -> Result<Begun, RunError> {
    let world = run.build_world()?;
    let spec = recloop_env::Env::spec(&world).clone();
    let options = ResetOptions { horizon: run.horizon().tick(&spec)?, ..ResetOptions::default() };
    let played = (world, options, config.fairness().clone());
    let learner = match config.algorithm() {
        Algorithm::SlateQ(optimiser, _) => {
            behind_retrieval(config, played, SlateScorer::untrained(*optimiser), device)
        }
        _ => behind_retrieval(config, played, Neural::untrained(), device),
    }?;
    Ok(Begun { learner, kind: ranking(config, &spec)?, data_digest: None })
}

/// `ranker` behind a retriever.
fn staged<S: Scorer>(retrieved: Retrieved, ranker: S) -> Result<TwoStage<Box<dyn Scorer>, S>, ConfigError> {
    let refused = |error| ConfigError::Part { what: "the retriever".into(), source: Box::new(error) };
    retrieved.before(ranker).map_err(refused)
}

/// A learner whose scorer ranks what is retrieved, or all.
fn behind_retrieval<S: Holds + 'static>(
    config: &TrainConfig,
    played: (World, ResetOptions, FairnessConfig),
    scorer: S,
    device: &Device,
) -> Result<Box<dyn Learner>, RunError> {
    let Some(retrieved) = config.retrieval() else { return learner(config, played, scorer, device) };
    learner(config, played, staged(retrieved, scorer)?, device)
}

fn learner<S: Holds + 'static>(
    config: &TrainConfig,
    played: (World, ResetOptions, FairnessConfig),
    scorer: S,
    device: &Device,
) -> Result<Box<dyn Learner>, RunError> {
    let (network, seed) = (config.network(), config.seed());
    Ok(match config.algorithm().clone() {
        Algorithm::Ppo(settings) => Box::new(Ppo::new(settings, network, played, scorer, seed, device)?),
        Algorithm::SlateQ(optimiser, settings) => {
            Box::new(slate_q((optimiser, settings), network, played, scorer, seed, device)?)
        }
        Algorithm::Dqn(settings) => Box::new(dqn(settings, network, played, scorer, seed, device)?),
        Algorithm::Offline { .. } | Algorithm::Sequence(..) => unreachable!("a config has a log for it"),
    })
}

/// What the weights are going to be.
fn card(config: &TrainConfig, kind: PolicyKind) -> Result<Card, RunError> {
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.map_err(NnError::learner);
    let mut table = config.to_table();
    // How often a training is saved, how far it goes and where its log lies do not make it another one.
    for key in ["checkpoint_secs", "steps", "log", "memory_gib"] {
        table.get_mut("train").and_then(toml::Value::as_table_mut).map(|train| train.remove(key));
    }
    for key in ["checkpoint_secs", "threads"] {
        table.get_mut("run").and_then(toml::Value::as_table_mut).map(|run| run.remove(key));
    }
    let shape = PolicyShape { retrieval: config.retrieval(), kind };
    Ok(Card {
        version: Card::VERSION,
        algorithm: config.algorithm().name().into(),
        config: json(serde_json::to_value(table))?,
        shape: json(serde_json::to_value(shape))?,
        data_digest: None,
        seed: config.seed(),
        revision: format!(
            "{} {}",
            env!("CARGO_PKG_VERSION"),
            option_env!("RECLOOP_REVISION").unwrap_or_default()
        ),
        step: 0,
        metrics: std::collections::BTreeMap::new(),
    })
}

/// Writes the config and the picture beside the policy.
fn keep(config: &TrainConfig, out: &Path) -> Result<(), RunError> {
    let note = "# Every setting of this training. `recloop train` with this file repeats it.\n\n";
    let text = toml::to_string(&config.to_table()).expect("a config is plain data");
    picture::keep(&out.join(CONFIG), &(note.to_owned() + &text))?;
    Ok(picture::keep(&out.join(CURVE), &curve::of(&out.join(training::METRICS))?)?)
}
