//! `kill -9` at random moments, then `--resume`: the log and the numbers are those of a run that was never stopped.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{command, digest, metrics, stdout};

/// A checkpoint after nearly every tick, so that most moments lie within one.
const OFTEN: &str = "--set run.checkpoint_secs=0.02";

/// Users with their own candidates, and a policy that draws.
const REDRAWN: &str = "run interest-evolution-v0 --recommender dot --users 1500 \
    --set recommender.temperature=0.4 --set log.choice_probs=true";

/// One shared catalogue, and a recommender with much to remember.
const LEARNING: &str = "run interest-evolution-v0 --recommender mf --users 400 \
    --set redraw=false --set candidates=50 --set history=5";

/// Everything a world can have: returns, publishing creators, popularity, no repeats.
const FEED: &str = "run feed-v0 --users 100 --days 1";

/// Three moments where everybody waits for the result, ten where it is to be shown.
pub(crate) fn moments() -> u32 {
    if std::env::var_os("RECLOOP_EVIDENCE").is_some() { 10 } else { 3 }
}

#[test]
fn a_killed_run_resumes_as_if_it_had_never_stopped() {
    survive(REDRAWN);
}

#[test]
fn a_killed_recommender_remembers_what_it_had_learned() {
    survive(LEARNING);
}

#[test]
fn a_killed_feed_forgets_nobody_and_nothing() {
    survive(FEED);
}

fn survive(args: &str) {
    let here = tempfile::tempdir().unwrap();
    let since = Instant::now();
    stdout(here.path(), &format!("{args} {OFTEN} --out whole"));
    let whole = since.elapsed();
    for moment in 0..moments() {
        // One moment in each equal share of the run, anywhere in it.
        let luck = RandomState::new().hash_one(moment) as f64 / u64::MAX as f64;
        let after = whole.mul_f64((f64::from(moment) + luck) / f64::from(moments()));
        let out = format!("killed{moment}");
        kill(here.path(), &format!("{args} {OFTEN} --out {out}"), after);
        stdout(here.path(), &format!("{args} {OFTEN} --out {out} --resume"));
        let killed = format!("killed after {after:?} of {whole:?}");
        assert_eq!(digest(here.path(), &out), digest(here.path(), "whole"), "{killed}");
        assert_eq!(metrics(here.path(), &out), metrics(here.path(), "whole"), "{killed}");
        assert!(!here.path().join(&out).join("checkpoint").exists(), "a finished run needs no checkpoint");
    }
}

/// Starts a run and kills it, unless it has ended by then. Waiting is the experiment here: the moment must be any.
pub(crate) fn kill(dir: &Path, args: &str, after: Duration) {
    let mut run = command(dir, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    run.kill().expect("SIGKILL on Unix");
    run.wait().unwrap();
}

#[test]
fn a_run_killed_twice_is_still_the_same() {
    let here = tempfile::tempdir().unwrap();
    let since = Instant::now();
    stdout(here.path(), &format!("{REDRAWN} {OFTEN} --out whole"));
    let third = since.elapsed() / 3;
    kill(here.path(), &format!("{REDRAWN} {OFTEN} --out r"), third);
    kill(here.path(), "run --out r --resume", third);
    stdout(here.path(), "run --out r --resume");
    assert_eq!(digest(here.path(), "r"), digest(here.path(), "whole"));
}
