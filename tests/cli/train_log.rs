//! Learning from a log: what is refused, and that what comes of it runs.

use std::path::Path;

use insta::assert_snapshot;

use crate::{refusal, stdout};

const SMALL: &str = "--steps 1000 --set network.hidden=[8]";

fn logged(here: &Path, name: &str, seed: u32) {
    stdout(
        here,
        &format!("run interest-evolution-v0 --users 10 --recommender random --seed {seed} --out {name}"),
    );
}

#[test]
fn a_log_that_cannot_be_learned_from_is_refused_with_what_to_do() {
    let here = tempfile::tempdir().unwrap();
    logged(here.path(), "log", 1);
    stdout(here.path(), "run --users 5 --days 1 --recommender thompson --out unknown");
    for (name, args) in [
        ("nothing_to_learn_from", "train iql --out p"),
        ("playing_a_log", "train interest-evolution-ppo --log log --out p"),
        ("log_and_world", "train iql --log log --world feed-v0 --out p"),
        ("world_keys_beside_a_log", "train iql --log log --set candidates=5 --out p"),
        ("log_that_is_none", "train iql --log . --out p"),
        ("log_too_large", "train iql --log log --set train.memory_gib=0.0001 --out p"),
        ("log_without_propensities", "train reinforce --log unknown --set train.retrieve=20 --out p"),
        ("any_number_of_candidates", "train iql --log unknown --out p"),
        ("sizes_in_the_wrong_place", "train sasrec --log unknown --set network.dim=3 --out p"),
        ("heads_that_do_not_divide", "train sasrec --log unknown --set sasrec.heads=3 --out p"),
        ("clicks_on_what_does_not_last", "train two-tower --log log --out p"),
        ("nobody_to_hold_out", "train cloning --log log --set behaviour-cloning.held_out=0 --out p"),
        ("unknown_key_of_a_method", "train cql --log log --set cql.alfa=1 --out p"),
        ("target_that_learns", "train fitted-q --log log --set fitted-q.target=mf --out p"),
        (
            "target_beyond_what_is_retrieved",
            "train fitted-q --log unknown --set train.retrieve=20 --set fitted-q.target=random --out p",
        ),
    ] {
        assert_snapshot!(name, refusal(here.path(), args));
    }
    assert!(!here.path().join("p").exists(), "what is refused leaves nothing behind");
}

#[test]
fn what_was_learned_from_a_log_runs_and_goes_on_with_no_other_log() {
    let here = tempfile::tempdir().unwrap();
    logged(here.path(), "log", 1);
    logged(here.path(), "other", 2);
    let methods = ["cloning --set behaviour-cloning.held_out=0.3", "cql", "iql", "fitted-q", "reinforce"];
    for method in methods {
        let (name, _) = method.split_once(' ').unwrap_or((method, ""));
        stdout(here.path(), &format!("train {method} --log log {SMALL} --out {name}"));
        stdout(
            here.path(),
            &format!("run interest-evolution-v0 --users 5 --recommender {name} --out run-{name}"),
        );
    }
    let refused = refusal(here.path(), &format!("train cql --log other {SMALL} --out cql --resume"));
    assert!(refused.contains("`data_digest`") && refused.contains("exit code 1"), "{refused}");
    // The same log elsewhere is the same log.
    std::fs::rename(here.path().join("log"), here.path().join("moved")).unwrap();
    stdout(here.path(), &format!("train cql --log moved {SMALL} --out cql --resume"));
}

#[test]
fn what_was_learned_from_clicks_runs_where_the_world_looks_the_same() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run --users 40 --days 3 --recommender familiar --out clicked");
    for design in ["sasrec", "two-tower"] {
        let small = format!("--set {design}.width=16 --set {design}.length=10 --set {design}.patience=2");
        stdout(here.path(), &format!("train {design} --log clicked --steps 5000 {small} --out {design}"));
        stdout(here.path(), &format!("run --users 5 --days 1 --recommender {design} --out run-{design}"));
        let other = format!("run --users 5 --days 1 --set dim=16 --recommender {design} --out other");
        let refused = refusal(here.path(), &other);
        assert!(refused.contains("its features are not those it was trained with"), "{refused}");
    }
    let best: Vec<_> = ["best", "policy"]
        .map(|folder| {
            std::fs::read(here.path().join(format!("sasrec/{folder}/weights.safetensors"))).unwrap()
        })
        .to_vec();
    assert_eq!(best[0], best[1], "the policy is the one that found most");
}

#[test]
fn reward_models_are_told_what_a_policy_of_another_log_thinks() {
    let here = tempfile::tempdir().unwrap();
    let run = |seed: u32, name: &str| {
        stdout(
            here.path(),
            &format!("run --users 30 --days 2 --seed {seed} --recommender random --out {name}"),
        );
    };
    run(1, "log");
    run(2, "other");
    let small =
        "--steps 2000 --set network.hidden=[8] --set train.retrieve=50 --set train.retriever=\"recency\"";
    stdout(here.path(), &format!("train fitted-q --log other {small} --out q"));
    let evaluate = "evaluate log --target random --estimators dm,dr";
    let (plain, told) =
        (stdout(here.path(), evaluate), stdout(here.path(), &format!("{evaluate} --scores q")));
    assert_ne!(plain, told, "the model knows more");
    for (name, args) in [
        ("scores_of_the_same_log", "evaluate other --target random --scores q"),
        ("scores_of_nobody", "evaluate log --target random --scores nowhere"),
    ] {
        assert_snapshot!(name, refusal(here.path(), args));
    }
}
