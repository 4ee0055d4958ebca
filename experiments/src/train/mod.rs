//! Training policies: a config, a learner, a folder with a policy in it.
//!
//! [`train`] plays a world and learns from it; what it leaves in the folder runs wherever a recommender does.

mod algorithm;
mod config;
mod curve;
mod policy;

pub use algorithm::Algorithm;
pub use config::{TrainConfig, ready_configs, training_layer};
pub use policy::{PolicyShape, Retrieval, Retrieved, digest, policy_dir, trained};

use std::path::Path;

use recloop_agents::learned::{FairnessConfig, Holds, Neural, Ppo};
use recloop_env::{EnvSpec, ResetOptions, World};
use recloop_nn::checkpoint::Card;
use recloop_nn::training::{self, Learner, Outcome, Plan, Watch};
use recloop_nn::{Compute, NnError, open};

use crate::{ConfigError, RunError};

/// The picture of how the measures went, in the folder of a training.
pub const CURVE: &str = "curve.svg";
/// The config of a training, in its folder.
pub const CONFIG: &str = "train.toml";

/// Trains by `config` on `device` and leaves in `out` the policy, its config, the metric log, a picture of it, and a
/// checkpoint to go on from.
///
/// # Errors
/// A world or network that cannot be built, a device that is not there, a folder that holds another training, and what a
/// training meets. One that diverged is no error but an [`Outcome`].
pub fn train(
    config: &TrainConfig,
    device: Compute,
    resume: bool,
    out: &Path,
    watch: &mut dyn Watch,
) -> Result<Outcome, RunError> {
    let world = config.run().build_world()?;
    let spec = recloop_env::Env::spec(&world).clone();
    let options = ResetOptions { horizon: config.run().horizon().tick(&spec)?, ..ResetOptions::default() };
    let device = open(device)?;
    let ranked = match config.retrieval() {
        None => learn(config, (world, options, config.fairness().clone()), Neural::untrained(), &device),
        Some(retrieved) => {
            let staged = retrieved.before(Neural::untrained()).map_err(|error| ConfigError::Part {
                what: "the retriever".into(),
                source: Box::new(error),
            })?;
            learn(config, (world, options, config.fairness().clone()), staged, &device)
        }
    };
    let mut learner = ranked?;
    let plan = Plan {
        steps: config.steps(),
        checkpoint_secs: config.checkpoint_secs(),
        resume,
        stop: None,
        card: card(config, &spec)?,
    };
    let outcome = training::train(&mut *learner, &plan, out, watch)?;
    keep(config, out)?;
    Ok(outcome)
}

fn learn<S: Holds + 'static>(
    config: &TrainConfig,
    played: (World, ResetOptions, FairnessConfig),
    scorer: S,
    device: &recloop_nn::burn::tensor::Device,
) -> Result<Box<dyn Learner>, RunError> {
    let (network, seed) = (config.network(), config.run().seed());
    Ok(match config.algorithm().clone() {
        Algorithm::Ppo(settings) => Box::new(Ppo::new(settings, network, played, scorer, seed, device)?),
    })
}

/// What the weights are going to be.
fn card(config: &TrainConfig, spec: &EnvSpec) -> Result<Card, RunError> {
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.map_err(NnError::learner);
    let mut table = config.to_table();
    // How often a training is saved and how far it goes do not make it another one.
    for key in ["checkpoint_secs", "steps"] {
        table.get_mut("train").and_then(toml::Value::as_table_mut).map(|train| train.remove(key));
    }
    for key in ["checkpoint_secs", "threads"] {
        table.get_mut("run").and_then(toml::Value::as_table_mut).map(|run| run.remove(key));
    }
    let width = Neural::width(spec)?;
    let shape = PolicyShape { width, network: config.network().clone(), retrieval: config.retrieval() };
    Ok(Card {
        version: Card::VERSION,
        algorithm: config.algorithm().name().into(),
        config: json(serde_json::to_value(table))?,
        shape: json(serde_json::to_value(shape))?,
        data_digest: None,
        seed: config.run().seed(),
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
    let path = out.join(CONFIG);
    std::fs::write(&path, note.to_owned() + &text).map_err(|source| NnError::Io {
        doing: "write",
        path,
        source,
    })?;
    let path = out.join(CURVE);
    let curve = curve::of(&out.join(training::METRICS))?;
    std::fs::write(&path, curve).map_err(|source| NnError::Io { doing: "write", path, source })?;
    Ok(())
}
