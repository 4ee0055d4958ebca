//! What one aim costs another: a policy for every value of a setting, all compared on the same seeds.

mod picture;

use std::path::{Path, PathBuf};

use recloop_nn::Compute;
use recloop_nn::training::{End, Watch};
use serde::Serialize;
use toml::Table;

use crate::config::set;
use crate::picture::keep;
use crate::train::{CONFIG, Ground, TrainConfig, policy_dir, train};
use crate::{CompareConfig, Comparison, ConfigError, RunError, RunsObserver, compare};

/// The result, in the folder of a frontier.
pub const RESULT: &str = "frontier.json";
/// The picture of it.
pub const PICTURE: &str = "frontier.svg";

/// Which policies to train, and on what to compare them.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierConfig {
    /// The layers of the trainings, as [`TrainConfig::resolve`] takes them.
    pub layers: Vec<Table>,
    /// The setting that is moved, such as `fairness.creator_weight`.
    pub key: String,
    /// Its values, at least two; differences are to the first.
    pub values: Vec<String>,
    /// How many seeds the policies are compared on, at least two.
    pub n_seeds: u32,
    /// The first of these seeds: others than the training's, or a policy would be judged by what it has learned by heart.
    pub first_seed: u64,
    /// The metrics; the picture shows the first two.
    pub metrics: Vec<String>,
    /// Recommenders that are compared beside the policies, as `recloop compare` names them.
    pub beside: Vec<String>,
    /// Where to train.
    pub device: Compute,
    /// The folder that everything is kept in. What is finished there is not done again.
    pub out: PathBuf,
}

/// A frontier: each policy's folder, and how they compare.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frontier {
    /// The setting that was moved.
    pub key: String,
    /// Its values, in the order of the comparison's recommenders; what was compared beside follows.
    pub values: Vec<String>,
    /// How they compare.
    pub comparison: Comparison,
}

/// Trains a policy for every value of a setting, compares them, and leaves [`RESULT`] and [`PICTURE`] in the folder.
///
/// # Errors
/// As [`train`](train()) and [`compare`]; fewer than two values; a training that diverged; a folder that holds another
/// training under the same name.
pub fn frontier(
    config: &FrontierConfig,
    watch: &mut dyn Watch,
    observer: &mut dyn RunsObserver,
) -> Result<Frontier, RunError> {
    if config.values.len() < 2 {
        return Err(refused(&config.key, "a frontier takes two values or more".into()).into());
    }
    let trainings =
        config.values.iter().map(|value| config.training(value)).collect::<Result<Vec<_>, _>>()?;
    let Ground::World(run) = trainings[0].ground() else {
        return Err(refused("train.log", "a log is no world to compare policies in".into()).into());
    };
    let mut policies = Vec::new();
    for (value, training) in config.values.iter().zip(&trainings) {
        let dir = config.out.join(format!("{}={value}", config.key));
        trained(training, config.device, &dir, watch)?;
        policies.push(dir.to_string_lossy().into_owned());
    }
    let layers = [run.to_table()];
    let names: Vec<String> = policies.into_iter().chain(config.beside.iter().cloned()).collect();
    let seeds = (0..u64::from(config.n_seeds)).map(|n| config.first_seed.saturating_add(n)).collect();
    let compared = CompareConfig {
        seeds,
        metrics: config.metrics.clone(),
        out: Some(config.out.join("compared")),
        ..CompareConfig::new(&layers, &names, config.n_seeds)?
    };
    let comparison = compare(&compared, observer)?;
    let found = Frontier { key: config.key.clone(), values: config.values.clone(), comparison };
    let json = serde_json::to_string_pretty(&found).expect("a result is plain data");
    keep(&config.out.join(RESULT), &json)?;
    keep(&config.out.join(PICTURE), &picture::of(&found)?)?;
    Ok(found)
}

impl FrontierConfig {
    fn training(&self, value: &str) -> Result<TrainConfig, ConfigError> {
        let mut layer = Table::new();
        set(&mut layer, &format!("{}={value}", self.key))?;
        TrainConfig::resolve(self.layers.iter().cloned().chain([layer]))
    }
}

/// Trains, unless that was done; goes on where a training was stopped.
fn trained(config: &TrainConfig, device: Compute, dir: &Path, watch: &mut dyn Watch) -> Result<(), RunError> {
    if policy_dir(dir).is_some() {
        let text = std::fs::read_to_string(dir.join(CONFIG)).unwrap_or_default();
        let kept = text.parse::<Table>().ok().and_then(|table| TrainConfig::resolve([table]).ok());
        if kept.as_ref() == Some(config) {
            return Ok(());
        }
        let reason = format!("{} holds a policy of other settings; choose another folder", dir.display());
        return Err(refused("--out", reason).into());
    }
    let resume = dir.join(recloop_nn::training::CHECKPOINT).exists();
    match train(config, device, resume, dir, watch)?.end {
        End::Diverged { step, what } => {
            Err(refused("train", format!("{} diverged at step {step}: {what}", dir.display())).into())
        }
        End::Finished | End::Early => Ok(()),
    }
}

fn refused(key: &str, reason: String) -> ConfigError {
    ConfigError::Value { key: key.into(), reason }
}
