//! The training loop as its users meet it, around a small real learner.

mod damage;
mod early;
#[cfg(feature = "gpu")]
mod gpu;
mod kill;
mod refuse;
mod regression;
mod resume;

use std::fs;
use std::path::Path;

use recloop_nn::NnError;
use recloop_nn::checkpoint::{Card, WEIGHTS};
use recloop_nn::training::{METRICS, Outcome, Plan, Progress, train};
use regression::{BATCH, Regression};

/// So many rounds, a checkpoint after each.
fn plan(rounds: u64, resume: bool) -> Plan {
    let card = Card {
        version: Card::VERSION,
        algorithm: "regression".into(),
        config: serde_json::json!({ "rate": 0.01, "net": { "width": 16 } }),
        shape: serde_json::json!([2, 1]),
        data_digest: None,
        seed: 7,
        revision: "test".into(),
        step: 0,
        metrics: Default::default(),
    };
    Plan { steps: rounds * BATCH, checkpoint_secs: 0.0, resume, stop: None, card }
}

fn run(learner: &mut Regression, plan: &Plan, out: &Path) -> Result<Outcome, NnError> {
    train(learner, plan, out, &mut |_: &Progress<'_>| {})
}

/// The weights in a folder, to the last bit.
fn weights(dir: &Path) -> Vec<u8> {
    fs::read(dir.join(WEIGHTS)).expect("weights were saved")
}

/// The metric log without the seconds, the only column that may differ between two trainings of one seed.
fn metrics(out: &Path) -> Vec<String> {
    let text = fs::read_to_string(out.join(METRICS)).expect("a log was written");
    let without = |line: &str| {
        line.split(',')
            .enumerate()
            .filter(|(i, _)| *i != 2)
            .map(|(_, field)| field.to_owned())
            .collect::<Vec<_>>()
            .join(",")
    };
    text.lines().map(without).collect()
}
