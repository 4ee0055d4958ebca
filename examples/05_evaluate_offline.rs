//! What would other policies have earned? Asked of one log, then of the world, which knows.
//!
//! Run with `cargo run --release --example 05_evaluate_offline`.

use recloop::TargetPolicy;
use recloop::data::ope::{Request, RunLog, RunLogOptions, evaluate, selection::Selection};
use recloop::experiments::{RunConfig, logger, run, step_value, target};

/// Twenty items for good and slates of three; people's interests can be seen, so that `dot` has something to rank by.
const WORLD: &str = "
run = { days = 2 }
recommender = { name = \"dot\", temperature = 1.0, marginals = true }
[world]
name = \"feed-v0\"
users = 1_000
slate = 3
opening_items = 20
n_creators = 20
posts_per_day = 0
entries_per_day = 0
lifetime_days = 3650
no_repeat = false
observe_interest = true
interference = \"off\"";

/// From worse than chance to nearly greedy; the log was written at temperature 1.
const TARGETS: [&str; 5] =
    ["random", "dot:temperature=2.0", "dot:temperature=0.8", "dot:temperature=0.6", "dot:temperature=0.4"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::temp_dir().join(format!("recloop-example-05-{}", std::process::id()));
    let config = RunConfig::resolve([WORLD.parse()?, format!("run.out = {out:?}").parse()?])?;
    run(&config, &mut ())?;

    // From the log alone: the reward of a slate is the minutes spent on its positions.
    let options = RunLogOptions { reward: Some("dwell_secs / 60".into()), ..RunLogOptions::default() };
    let names = ["dm", "snips", "dr", "snrips", "sncascade-dr"];
    let request = Request {
        estimators: Some(names.map(str::parse).into_iter().collect::<Result<_, _>>()?),
        ..Request::default()
    };
    let mut estimates = Vec::new();
    for name in TARGETS {
        let asked_again = logger(&out)?.map(|policy| -> Box<dyn TargetPolicy> { policy });
        let log = RunLog::open(&out, target(name, &out)?, asked_again, &options)?;
        estimates.push(evaluate(&log, &request, &|_| {})?);
    }

    // From the world: at every decision of the same run it is forked, and each target acts once.
    let mut targets = TARGETS.map(|name| target(name, &out)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let minutes = |step: &recloop::Step, row: usize| -> f64 {
        step.responses.dwell_secs.row(row).iter().map(|secs| f64::from(*secs) / 60.0).sum()
    };
    let truth = step_value(&config, &mut targets, 1, &minutes)?;
    for ((name, truth), found) in TARGETS.iter().zip(&truth).zip(&estimates) {
        let dr = found.get("dr").and_then(|estimate| Some((estimate.value?, estimate.se?)));
        let (value, se) = dr.ok_or("dr has a value")?;
        println!("{name:20} {:.4} minutes a slate; dr says {value:.4} ± {se:.4}", truth.mean);
        assert!((value - truth.mean).abs() < 4.0 * se.hypot(truth.se), "{name}");
    }
    let truth: Vec<f64> = truth.iter().map(|value| value.mean).collect();
    for name in names {
        let of: Option<Vec<f64>> = estimates.iter().map(|found| found.get(name)?.value).collect();
        let selection = Selection::new(&of.ok_or("it has a value")?, &truth)?;
        println!("{name:12} ranks the targets with a correlation of {:.2}", selection.spearman());
        assert!(selection.regret_at(1)? < 0.02, "{name} picks a good one");
    }
    std::fs::remove_dir_all(out)?;
    Ok(())
}
