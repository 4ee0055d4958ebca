//! The command as its users meet it: what it says, what it refuses, and that killing it loses nothing.

mod compare;
mod evaluate;
mod fidelity;
mod kill;
mod llm;
mod readme;
mod refuse;
mod say;
mod train;
mod train_log;
mod twins;
mod write;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `recloop ARGS` in `dir`, words split at spaces.
fn command(dir: &Path, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recloop"));
    // Help is wrapped at the width of the terminal, which a test must not depend on.
    command.args(args.split_whitespace()).current_dir(dir).env("COLUMNS", "100").stdin(Stdio::null());
    command
}

fn recloop(dir: &Path, args: &str) -> Output {
    command(dir, args).output().expect("the command was built with the test")
}

/// Runs what must succeed and returns what it printed.
fn stdout(dir: &Path, args: &str) -> String {
    let output = recloop(dir, args);
    assert!(output.status.success(), "recloop {args}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is text")
}

/// Exit code and stderr of what must fail, with nothing on stdout.
fn refusal(dir: &Path, args: &str) -> String {
    let output = recloop(dir, args);
    assert!(output.stdout.is_empty(), "recloop {args}: {}", String::from_utf8_lossy(&output.stdout));
    let code = output.status.code().expect("an exit code");
    format!("{}exit code {code}", String::from_utf8_lossy(&output.stderr))
}

fn digest(dir: &Path, run: &str) -> String {
    stdout(dir, &format!("inspect {run} --digest"))
}

/// The metrics of a finished run; wall clock aside, two runs of one config have the same.
fn metrics(dir: &Path, run: &str) -> serde_json::Value {
    let text = std::fs::read(dir.join(run).join("metrics.json")).expect("a finished run has metrics");
    let mut summary: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    summary.as_object_mut().expect("an object").remove("wall_secs");
    summary
}
