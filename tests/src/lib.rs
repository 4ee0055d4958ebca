//! What holds across crates: contracts, laws, oracles, determinism and the command.

pub mod claims;

use std::path::Path;

use recloop_experiments::RecommenderEntry;
use recloop_experiments::train::{self, TrainConfig, training_layer};
use recloop_nn::Compute;
use recloop_nn::training::Progress;
use toml::Table;

/// The keys a named recommender is built with in tests: its defaults, and for a trained policy one that is made in `dir`.
///
/// # Panics
/// If nothing can be learned.
#[must_use]
pub fn keys_of(entry: &RecommenderEntry, dir: &Path) -> Table {
    let mut keys = (entry.defaults)();
    if entry.own.contains(&"policy") {
        let few = "world.users = 31\ntrain.steps = 1\nrun.steps = 5".parse().expect("it is toml");
        let layers = [training_layer("long-term-satisfaction-ppo").expect("it is ready"), few];
        let config = TrainConfig::resolve(layers).unwrap_or_else(|error| panic!("failed to {error}"));
        if train::policy_dir(dir).is_none() {
            train::train(&config, Compute::Cpu, false, dir, &mut |_: &Progress<'_>| ())
                .unwrap_or_else(|error| panic!("failed to {error}"));
        }
        keys.insert("policy".into(), dir.display().to_string().into());
    }
    keys
}
