//! `kill -9` within a training in a process of its own, resumed in this one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use recloop_nn::training::{POLICY, Progress, train};

use crate::regression::Regression;
use crate::{metrics, plan, run, weights};

/// Says, to the process that is to be killed, where it trains.
const OUT: &str = "RECLOOP_NN_KILLED";

const ROUNDS: u64 = 30;

#[test]
fn a_killed_training_resumes_as_if_it_had_never_stopped() {
    if let Some(out) = std::env::var_os(OUT) {
        return train_and_tell(out.as_ref());
    }
    let here = tempfile::tempdir().unwrap();
    let whole = here.path().join("whole");
    run(&mut Regression::new(7), &plan(ROUNDS, false), &whole).unwrap();
    for rounds in [1, 9] {
        let out = here.path().join(rounds.to_string());
        kill_after(rounds, &out);
        assert!(!out.join(POLICY).exists(), "it was killed before its end");
        run(&mut Regression::new(8), &plan(ROUNDS, true), &out).unwrap();
        assert_eq!(metrics(&out), metrics(&whole), "killed after {rounds} rounds");
        assert_eq!(weights(&out.join(POLICY)), weights(&whole.join(POLICY)), "killed after {rounds} rounds");
    }
}

/// A line for each round, at once: whoever reads them knows how far it is, and kills it as it goes on.
fn train_and_tell(out: &Path) {
    let mut tell = |progress: &Progress<'_>| {
        // The reader has gone when it kills.
        let _ = writeln!(std::io::stdout(), "round {}", progress.round);
    };
    train(&mut Regression::new(7), &plan(ROUNDS, false), out, &mut tell).unwrap();
}

fn kill_after(rounds: usize, out: &Path) {
    let name = "kill::a_killed_training_resumes_as_if_it_had_never_stopped";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(OUT, out)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.map(Result::unwrap).filter(|line| line.starts_with("round ")).take(rounds).count();
    assert_eq!(told, rounds);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}
