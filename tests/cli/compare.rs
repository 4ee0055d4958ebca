//! `recloop compare`: what it shows, what it refuses, and that nothing comes of nothing.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{recloop, refusal, stdout};

#[test]
fn a_recommender_compared_with_itself_shows_zeros_and_says_identical() {
    let here = tempfile::tempdir().unwrap();
    let args = "compare interest-evolution-v0 random random --seeds 3 --users 30 --steps 6";
    let said = stdout(here.path(), args);
    assert!(said.contains("random (2) and random are identical in every metric"), "{said}");
    let words = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let zeros = said.lines().filter(|line| words(line) == "0 [0, 0] 3 identical").count();
    let json: Value = serde_json::from_str(&stdout(here.path(), &format!("{args} --format json"))).unwrap();
    let all = json["metrics"].as_array().unwrap();
    assert!(all.len() > 6 && zeros == all.len(), "{zeros} of {}: {said}", all.len());
    for metric in all {
        let interval = &metric["differences"][0]["interval"];
        assert_eq!(
            [&interval["low"], &interval["mean"], &interval["high"]],
            [&Value::from(0.0); 3],
            "{metric}"
        );
    }
}

#[test]
fn recommenders_that_differ_are_told_apart() {
    let here = tempfile::tempdir().unwrap();
    let args = "compare interest-evolution-v0 random dot dot:temperature=0.5 --seeds 4 --users 100 --steps 20 \
                --metrics ctr,dwell_minutes_per_user,steps_per_user";
    assert_snapshot!("compare", stdout(here.path(), args));
    assert_snapshot!("compare_markdown", stdout(here.path(), &format!("{args} --format markdown")));
    let json: Value = serde_json::from_str(&stdout(here.path(), &format!("{args} --format json"))).unwrap();
    let ctr = &json["metrics"][0];
    assert_eq!((&ctr["name"], &ctr["differences"][0]["verdict"]), (&"ctr".into(), &"higher".into()));
    assert!(ctr["differences"][0]["interval"]["low"].as_f64().unwrap() > 0.0, "{ctr}");
    assert_eq!(json["recommenders"][2]["config"]["recommender"]["temperature"], 0.5);
    assert_eq!(json["seeds"], Value::from(vec![7, 8, 9, 10]));
    assert!(!here.path().join("runs").exists(), "nothing is written unless asked for");
}

#[test]
fn what_was_finished_is_not_run_again() {
    let here = tempfile::tempdir().unwrap();
    let args = "compare interest-evolution-v0 random dot --users 20 --steps 4 --out cmp";
    stdout(here.path(), &format!("{args} --seeds 2"));
    let more = recloop(here.path(), &format!("{args} --seeds 3"));
    assert_eq!(String::from_utf8(more.stderr).unwrap(), "4 of 6 runs were finished before\n");
    let fresh = stdout(here.path(), &format!("{} --seeds 3", args.replace(" --out cmp", "")));
    assert_eq!(String::from_utf8(more.stdout).unwrap(), fresh);
    let other = refusal(here.path(), &format!("{args} --seeds 3 --set slate=2"));
    assert!(other.contains("world.slate is 3 there and 2 here"), "{other}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let here = tempfile::tempdir().unwrap();
    for (name, args) in [
        ("nothing_to_compare_with", "random"),
        ("one_seed", "random dot --seeds 1"),
        ("unknown_among_recommenders", "random dott"),
        ("variant_without_a_value", "random dot:temperature"),
        ("unknown_key_of_a_variant", "random dot:temp=1"),
        ("unknown_metric", "random dot --metrics cttr"),
        ("variant_out_of_range", "random dot:temperature=-1"),
    ] {
        assert_snapshot!(name, refusal(here.path(), &format!("compare interest-evolution-v0 {args}")));
    }
}
