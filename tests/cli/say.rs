//! What the command says: help and results.

use std::io::Read;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::{command, recloop, stdout};

#[test]
fn every_command_explains_itself() {
    let here = tempfile::tempdir().unwrap();
    for (name, args) in [
        ("help", "--help"),
        ("help_worlds", "worlds --help"),
        ("help_devices", "devices --help"),
        ("help_run", "run --help"),
        ("help_compare", "compare --help"),
        ("help_import", "import --help"),
        ("help_import_movielens", "import movielens --help"),
        ("help_twins", "twins --help"),
        ("help_metrics", "metrics --help"),
        ("help_inspect", "inspect --help"),
        ("help_replay", "replay --help"),
        ("help_evaluate", "evaluate --help"),
    ] {
        assert_snapshot!(name, stdout(here.path(), args));
    }
}

#[test]
fn without_a_command_there_is_help() {
    let here = tempfile::tempdir().unwrap();
    let output = recloop(here.path(), "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Usage: recloop <COMMAND>"));
}

#[test]
fn worlds_and_recommenders_are_listed_with_their_keys() {
    let here = tempfile::tempdir().unwrap();
    assert_snapshot!("worlds", stdout(here.path(), "worlds"));
}

#[test]
#[cfg(not(feature = "gpu"))]
fn devices_are_listed_with_what_is_in_the_way() {
    let here = tempfile::tempdir().unwrap();
    assert_snapshot!("devices", stdout(here.path(), "devices"));
}

#[test]
fn a_run_ends_in_a_table_and_says_where_the_log_is() {
    let here = tempfile::tempdir().unwrap();
    let first = stdout(here.path(), "run interest-evolution-v0 --users 20 --steps 5");
    let second = stdout(here.path(), "run interest-evolution-v0 --users 20 --steps 5");
    insta::with_settings!({filters => vec![(r"in \d+\.\d s \([\d,]+/s\)", "in [TIME]")]}, {
        assert_snapshot!("run", first);
    });
    assert!(second.contains("runs/interest-evolution-v0-dot-7-2;"), "the first name is taken: {second}");
}

#[test]
fn json_is_one_object_of_the_documented_shape() {
    let here = tempfile::tempdir().unwrap();
    let text =
        stdout(here.path(), "run interest-evolution-v0 --users 30 --set slate=2 --seed 3 --format json");
    let summary: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<&String> = summary.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["metrics", "recommender", "seed", "user_steps", "wall_secs", "world"]);
    assert_eq!((&summary["world"], &summary["seed"]), (&"interest-evolution-v0".into(), &3.into()));
    for name in [
        "reward_per_user",
        "steps_per_user",
        "click_rate",
        "ctr",
        "quality_per_click",
        "dwell_minutes_per_user",
    ] {
        let metric = summary["metrics"][name].as_object().unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(metric.keys().collect::<Vec<_>>(), ["mean", "n", "se"], "{name}");
        assert!(metric.values().all(Value::is_number), "{name}: {metric:?}");
    }
    let (steps, users) = (&summary["user_steps"], &summary["metrics"]["steps_per_user"]);
    assert_eq!(steps.as_f64().unwrap() / 30.0, users["mean"].as_f64().unwrap());
}

#[test]
fn the_default_world_tells_who_stays_and_what_became_of_creators() {
    let here = tempfile::tempdir().unwrap();
    let text = stdout(here.path(), "run --users 60 --days 9 --format json");
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&summary["world"], &summary["recommender"]), (&"feed-v0".into(), &"mf".into()));
    for name in [
        "sessions_per_user",
        "slates_per_session",
        "retention_d1",
        "retention_d7",
        "dau_mau",
        "provider_gini",
        "creator_survival",
        "welfare_now",
        "welfare_initial",
    ] {
        assert!(summary["metrics"][name]["mean"].is_number(), "{name}: {}", summary["metrics"][name]);
    }
    let page = stdout(here.path(), "metrics runs/feed-v0-mf-7");
    for title in ["SESSIONS", "RETURNS"] {
        assert!(page.contains(title), "{title} is missing: {page}");
    }
}

#[test]
fn one_world_is_listed_with_every_key() {
    let here = tempfile::tempdir().unwrap();
    let said = stdout(here.path(), "worlds feed-v0");
    for key in ["bait_weight", "interference", "n_creators", "return_satisfaction"] {
        assert!(said.lines().any(|line| line.split_whitespace().next() == Some(key)), "{key}: {said}");
    }
    assert!(stdout(here.path(), "worlds linucb").contains("exploration"));
}

#[test]
fn the_log_alone_gives_the_metrics_of_the_run() {
    let here = tempfile::tempdir().unwrap();
    // Without days, and with everything a world can have: visits, groups, creators, a truth kept apart.
    for (args, run) in
        [("interest-evolution-v0 --users 30", "plain"), ("feed-v0 --users 40 --days 9", "feed")]
    {
        let live = stdout(here.path(), &format!("run {args} --out {run} --format json"));
        let replayed = stdout(here.path(), &format!("metrics {run} --format json"));
        let [live, replayed]: [Value; 2] = [live, replayed].map(|text| serde_json::from_str(&text).unwrap());
        assert_eq!(live["metrics"], replayed["metrics"]);
        assert_eq!(live["user_steps"], replayed["user_steps"]);
        assert!(stdout(here.path(), &format!("metrics {run}")).contains("reward_per_user"));
    }
}

#[test]
fn inspect_shows_tables_columns_and_slates() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run interest-evolution-v0 --users 4 --steps 3 --recommender random --out r");
    assert_snapshot!("inspect", stdout(here.path(), "inspect r"));
}

#[test]
fn one_life_reads_as_a_transcript() {
    let here = tempfile::tempdir().unwrap();
    stdout(
        here.path(),
        "run feed-v0 --users 5 --days 1 --recommender agentic --set recommender.base=recency --out r",
    );
    assert_snapshot!("transcript", stdout(here.path(), "inspect r --user 2 --visit 0"));
    assert!(stdout(here.path(), "inspect r --user 99").contains("Nothing was shown"));
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run interest-evolution-v0 --users 4 --steps 3 --out r");
    for args in ["inspect r", "worlds", "metrics r", "run --help"] {
        let mut child =
            command(here.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut complaint = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        assert!(child.wait().unwrap().success(), "{args}: {complaint}");
        assert_eq!(complaint, "", "{args}");
    }
}
