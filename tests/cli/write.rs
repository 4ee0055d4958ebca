//! What a run leaves behind, and what happens when it cannot.

use std::fs;

use crate::{command, digest, metrics, refusal, stdout};

#[test]
fn the_resolved_config_repeats_the_run() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("exp.toml"), "[run]\nseed = 1\nsteps = 9\n[recommender]\ntemperature = 0.5\n")
        .unwrap();
    stdout(
        here.path(),
        "run interest-evolution-v0 --config exp.toml --set slate=2 --users 12 --seed 5 --out a",
    );
    insta::assert_snapshot!("config", fs::read_to_string(here.path().join("a/config.toml")).unwrap());
    stdout(here.path(), "run --config a/config.toml --out b");
    assert_eq!(digest(here.path(), "a"), digest(here.path(), "b"));
    assert_eq!(metrics(here.path(), "a"), metrics(here.path(), "b"));
}

#[test]
fn threads_change_neither_the_log_nor_the_numbers() {
    let here = tempfile::tempdir().unwrap();
    // More than two blocks of 4,096 users, so that threads have something to divide.
    for threads in [1, 2, 8] {
        let many = "run interest-evolution-v0 --recommender random --users 9000 --steps 4";
        let args = format!("{many} --threads {threads} --out r{threads}");
        stdout(here.path(), &args);
    }
    assert_eq!(digest(here.path(), "r1"), digest(here.path(), "r2"));
    assert_eq!(digest(here.path(), "r1"), digest(here.path(), "r8"));
    assert_eq!(metrics(here.path(), "r1"), metrics(here.path(), "r8"));
}

#[test]
fn a_run_without_a_log_has_the_same_numbers() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run --users 20 --days 3 --out logged");
    let said = stdout(here.path(), "run --users 20 --days 3 --out bare --set log.enabled=false");
    assert!(said.contains("no log was kept"), "{said}");
    assert!(!here.path().join("bare/log").exists());
    assert_eq!(metrics(here.path(), "logged"), metrics(here.path(), "bare"));
}

#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_is_played() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("file"), "").unwrap();
    let said = refusal(here.path(), "run --users 10 --days 1 --out file/r");
    assert!(said.starts_with("error: failed to create file/r") && said.ends_with("exit code 1"), "{said}");
}

/// A limit on the size of files stands in for a full disk: a write fails in the middle of a part.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_and_finished_parts_stay() {
    let here = tempfile::tempdir().unwrap();
    let args = "run interest-evolution-v0 --users 500 --set run.checkpoint_secs=0 --set log.choice_probs=true --steps 60";
    stdout(here.path(), &format!("{args} --out whole"));
    let run = command(here.path(), &format!("{args} --out r --set run.checkpoint_secs=1000"));
    let words = run.get_args().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
    let program = run.get_program().to_str().unwrap();
    // The signal must be ignored for the write to fail instead of the process.
    let limited = format!("trap '' XFSZ; ulimit -f 512; exec '{program}' {words}");
    let output =
        std::process::Command::new("sh").args(["-c", &limited]).current_dir(here.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: failed to write r/log/"), "{said}");
    assert!(said.contains("help: what was finished is safe"), "{said}");
    let shown = stdout(here.path(), "inspect r");
    assert!(shown.contains("failed; 0 ticks are safe"), "{shown}");
    // With room again, the run goes on and loses nothing.
    stdout(here.path(), "run --out r --resume");
    assert_eq!(digest(here.path(), "r"), digest(here.path(), "whole"));
}
