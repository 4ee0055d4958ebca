//! Estimates from one log against what the world knows: bias, coverage and rank correlation of every estimator.
//!
//! Bandit and slate estimators are judged by step value, sequence estimators by horizon value; the two are never mixed.

use std::path::Path;

use recloop_data::ope::selection::Selection;
use recloop_data::ope::{Estimator, Evaluation, Request, RunLog, RunLogOptions, SequenceOptions, evaluate};
use recloop_env::{Step, TargetPolicy};
use recloop_experiments::{RunConfig, TrueValue, horizon_value, logger, run, step_value, target};

/// Twenty items for good, slates of three, interests that can be seen.
const WORLD: &str = "
recommender = { name = \"dot\", temperature = 1.0, marginals = true }
world = { name = \"feed-v0\", users = 500, slate = 3, opening_items = 20, n_creators = 20, posts_per_day = 0, \
entries_per_day = 0, lifetime_days = 3650, no_repeat = false, observe_interest = true, interference = \"off\" }
";
/// At temperatures about the logger's, so that overlap is good.
const TARGETS: [&str; 5] =
    ["random", "dot:temperature=2.0", "dot:temperature=0.8", "dot:temperature=0.6", "dot:temperature=0.5"];
const STEPS: [&str; 12] = [
    "ips",
    "snips",
    "dm",
    "dr",
    "dros(10)",
    "mips(topic)",
    "sips",
    "iips",
    "rips",
    "cascade-dr",
    "snrips",
    "pseudo-inverse",
];
const SEQUENCES: [&str; 5] = ["seq-tis", "seq-pdis", "seq-snpdis", "seq-dr", "seq-wdr"];

fn logged(out: &Path, over: &str) -> RunConfig {
    let out = format!("run.out = {out:?}");
    let layers = [WORLD, &out, over].map(|text| text.parse().unwrap());
    let config = RunConfig::resolve(layers).unwrap_or_else(|error| panic!("failed to {error}"));
    run(&config, &mut ()).unwrap_or_else(|error| panic!("failed to {error}"));
    config
}

fn minutes(step: &Step, row: usize) -> f64 {
    step.responses.dwell_secs.row(row).iter().map(|secs| f64::from(*secs) / 60.0).sum()
}

fn estimated(out: &Path, policy: &str, names: &[&str], sequence: SequenceOptions) -> Evaluation {
    let options = RunLogOptions { reward: Some("dwell_secs / 60".into()), ..RunLogOptions::default() };
    let again = logger(out).unwrap().map(|policy| -> Box<dyn TargetPolicy> { policy });
    let log = RunLog::open(out, target(policy, out).unwrap(), again, &options).unwrap();
    let estimators: Vec<Estimator> = names.iter().map(|name| name.parse().unwrap()).collect();
    let request = Request { estimators: Some(estimators), sequence, ..Request::default() };
    evaluate(&log, &request, &|_| {}).unwrap_or_else(|error| panic!("failed to {error}"))
}

/// Prints a line for an estimator and gives its errors in standard errors, those of the truth included.
fn judged(name: &str, found: &[Evaluation], truth: &[TrueValue]) -> Vec<f64> {
    let of = |evaluation: &Evaluation| {
        let estimate = evaluation.get(name).unwrap();
        (estimate.value.unwrap(), estimate.se.unwrap(), estimate.ci["percentile"])
    };
    let (found, means): (Vec<_>, Vec<f64>) =
        (found.iter().map(of).collect(), truth.iter().map(|truth| truth.mean).collect());
    let values: Vec<f64> = found.iter().map(|(value, ..)| *value).collect();
    let bias = values.iter().zip(&means).map(|(value, mean)| value - mean).sum::<f64>() / values.len() as f64;
    let covered = found.iter().zip(&means).filter(|((.., interval), mean)| interval.contains(**mean)).count();
    let spearman = Selection::new(&values, &means).unwrap().spearman();
    println!(
        "{name:16} bias {bias:+.4}  covers {covered} of {}  rank correlation {spearman:.2}",
        means.len()
    );
    found.iter().zip(truth).map(|((value, se, _), truth)| (value - truth.mean) / se.hypot(truth.se)).collect()
}

/// 60 errors, normal to a good approximation: one beyond 5 standard errors has a chance of 60 · 6e-7 = 3e-5. `dm` may be
/// wrong by its model, and `dros`, `mips` and `cascade-dr` by theirs: they may be off by 8.
#[test]
fn bandit_and_slate_estimators_find_the_step_value() {
    let here = tempfile::tempdir().unwrap();
    let out = here.path().join("log");
    let config = logged(&out, "run.days = 2");
    let mut targets = TARGETS.map(|name| target(name, &out).unwrap());
    let truth = step_value(&config, &mut targets, 1, &minutes).unwrap();
    let found = TARGETS.map(|name| estimated(&out, name, &STEPS, SequenceOptions::default()));
    for name in STEPS {
        let bound = if ["dm", "dros(10)", "mips(topic)", "cascade-dr"].contains(&name) { 8.0 } else { 5.0 };
        for (policy, error) in TARGETS.iter().zip(judged(name, &found, &truth)) {
            assert!(error.abs() < bound, "{name} of {policy} is {error:.1} standard errors off");
        }
    }
}

/// Where nobody reaches another, sequence estimators find what a target earns in situations of its own. The gap to the world
/// in which people do reach one another is told, not judged: it is what no such estimate can know.
#[test]
fn sequence_estimators_find_the_horizon_value() {
    let here = tempfile::tempdir().unwrap();
    let sequence = SequenceOptions { horizon: Some(4), ..SequenceOptions::default() };
    let policies = ["dot:temperature=1.3", "dot:temperature=0.9", "dot:temperature=0.8"];
    for interference in ["off", "on"] {
        let out = here.path().join(interference);
        let config = logged(&out, &format!("run.days = 2\nworld.interference = \"{interference}\""));
        let value =
            |name: &str| horizon_value(&config, &mut *target(name, &out).unwrap(), 4, 1.0, &minutes).unwrap();
        let truth = policies.map(value);
        let found = policies.map(|name| estimated(&out, name, &SEQUENCES, sequence));
        println!("interference {interference}");
        for name in SEQUENCES {
            for (policy, error) in policies.iter().zip(judged(name, &found, &truth)) {
                // 15 errors; models may be wrong, hence 6 in place of 5.
                assert!(interference == "on" || error.abs() < 6.0, "{name} of {policy}: {error:.1}");
            }
        }
    }
}
