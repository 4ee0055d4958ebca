//! Training as its users meet it: a folder with a policy, what it does in a world, and what is refused.

use std::path::Path;

use insta::assert_snapshot;

use crate::kill::{kill, moments};
use crate::{metrics, refusal, stdout};

/// Many short rounds, a checkpoint after each.
const SHORT: &str =
    "train long-term-satisfaction-ppo --set users=20 --set run.steps=10 --set train.checkpoint_secs=0";

fn weights(dir: &Path, out: &str) -> Vec<u8> {
    std::fs::read(dir.join(out).join("policy/weights.safetensors")).expect("a trained policy")
}

/// The metric log without the wall clock.
fn measured(dir: &Path, out: &str) -> String {
    let log = std::fs::read_to_string(dir.join(out).join("metrics.csv")).expect("a metric log");
    let rows = log.lines().map(|row| {
        row.split(',')
            .enumerate()
            .filter(|(column, _)| *column != 2)
            .map(|(_, cell)| cell)
            .collect::<Vec<_>>()
            .join(",")
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_policy_is_trained_told_about_and_let_run() {
    let here = tempfile::tempdir().unwrap();
    let told = stdout(here.path(), &format!("{SHORT} --steps 1000 --out ppo"));
    let told: Vec<_> = told.lines().filter(|line| !line.contains(" s")).collect();
    assert_snapshot!("trained", told.join("\n"));
    for file in ["train.toml", "metrics.csv", "curve.svg", "policy/card.json"] {
        assert!(here.path().join("ppo").join(file).is_file(), "{file}");
    }
    let run = "run long-term-satisfaction-v1 --users 50 --steps 20";
    stdout(here.path(), &format!("{run} --recommender ppo --out once"));
    stdout(here.path(), &format!("{run} --recommender ppo/policy --out again"));
    let (once, again) = (metrics(here.path(), "once"), metrics(here.path(), "again"));
    assert_eq!(once["metrics"], again["metrics"], "the folder or the policy in it");
    // The config of a training is a training.
    stdout(here.path(), "train ppo/train.toml --out repeated");
    assert_eq!(weights(here.path(), "repeated"), weights(here.path(), "ppo"));
}

#[test]
fn a_killed_training_resumes_as_if_it_had_never_stopped() {
    let here = tempfile::tempdir().unwrap();
    let args = format!("{SHORT} --steps 6000");
    let since = std::time::Instant::now();
    stdout(here.path(), &format!("{args} --out whole"));
    let whole = since.elapsed();
    for moment in 0..moments() {
        let after = whole.mul_f64((f64::from(moment) + 0.5) / f64::from(moments()));
        let out = format!("killed{moment}");
        kill(here.path(), &format!("{args} --out {out}"), after);
        if here.path().join(&out).join("checkpoint").exists() {
            stdout(here.path(), &format!("{args} --out {out} --resume"));
        } else {
            stdout(here.path(), &format!("{args} --out fresh{moment}"));
            continue;
        }
        assert_eq!(
            weights(here.path(), &out),
            weights(here.path(), "whole"),
            "killed after {after:?} of {whole:?}"
        );
        assert_eq!(measured(here.path(), &out), measured(here.path(), "whole"));
    }
}

#[test]
fn what_cannot_be_trained_or_used_is_said() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    stdout(dir, &format!("{SHORT} --steps 200 --out ppo"));
    let refused = |args: &str| refusal(dir, args);
    assert_snapshot!("unknown_config", refused("train long-term-satisfaction-pop"));
    assert_snapshot!("unknown_setting", refused(&format!("{SHORT} --set ppo.gama=0.5 --out x")));
    assert_snapshot!("senseless_setting", refused(&format!("{SHORT} --set ppo.gamma=2 --out x")));
    assert_snapshot!(
        "no_such_group",
        refused(&format!("{SHORT} --set fairness.group=age --set fairness.group_weight=1 --out x"))
    );
    assert_snapshot!("occupied_folder", refused(&format!("{SHORT} --seed 2 --out ppo")));
    assert_snapshot!("resume_of_another", refused(&format!("{SHORT} --seed 2 --out ppo --resume")));
    assert_snapshot!("resume_of_nothing", refused(&format!("{SHORT} --out nowhere --resume")));
    assert_snapshot!("another_world", refused("run interest-evolution-v0 --recommender ppo"));
    std::fs::write(dir.join("ppo/policy/weights.safetensors"), b"damaged").unwrap();
    assert_snapshot!("damaged_weights", refused("run long-term-satisfaction-v1 --recommender ppo"));
    if !cfg!(feature = "gpu") {
        assert_snapshot!("no_gpu", refused(&format!("{SHORT} --device gpu --out x")));
    }
}

#[test]
fn a_frontier_is_one_command_that_goes_on_where_it_was() {
    let here = tempfile::tempdir().unwrap();
    let args = "frontier long-term-satisfaction-ppo --set users=20 --set run.steps=10 --steps 400 --seeds 2 \
        --over ppo.gamma=0,0.9 --metrics reward_per_user,click_rate --out front";
    let told = stdout(here.path(), args);
    assert!(told.contains("ppo.gamma") && told.contains("front/frontier.svg"), "{told}");
    let picture = std::fs::read_to_string(here.path().join("front/frontier.svg")).unwrap();
    assert!(picture.contains("reward per user") && picture.contains("click rate"), "{picture}");
    assert_eq!(stdout(here.path(), args), told, "nothing is done twice, and the same is told");
    let result = std::fs::read(here.path().join("front/frontier.json")).unwrap();
    let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
    assert_eq!(result["values"], serde_json::json!(["0", "0.9"]));
    assert_snapshot!("one_value", refusal(here.path(), &args.replace("0,0.9", "0")));
}
