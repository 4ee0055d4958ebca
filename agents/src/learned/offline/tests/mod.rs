//! Learning from logs small enough to know what can be learned.

mod chain;
mod collecting;
mod toy;

use recloop_nn::burn::tensor::Device;
use recloop_nn::training::{Learner, Measures};

use super::{
    CloningConfig, CqlConfig, FittedQConfig, IqlConfig, Logged, Method, Pace, ReinforceConfig, learner,
};
use crate::learned::NetworkConfig;

fn network() -> NetworkConfig {
    NetworkConfig { hidden: vec![16], dim: 8, own: Vec::new() }
}

/// One of each.
fn methods() -> [Method; 5] {
    [
        Method::Cloning(CloningConfig { held_out: 0.3, ..CloningConfig::default() }),
        Method::Cql(CqlConfig::default()),
        Method::FittedQ(FittedQConfig::default()),
        Method::Iql(IqlConfig::default()),
        Method::Reinforce(ReinforceConfig::default()),
    ]
}

fn taught(method: &Method, pace: &Pace, log: Logged, seed: u64) -> Box<dyn Learner> {
    learner(method, pace, &network(), log, seed, &Device::flex()).unwrap()
}

fn measure(measures: &Measures, name: &str) -> f64 {
    measures.values.iter().find(|(other, _)| *other == name).unwrap().1
}
