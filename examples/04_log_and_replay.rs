//! A run writes a log; the log, read back, gives the same transitions and the same numbers.
//!
//! Run with `cargo run --release --example 04_log_and_replay`.

use recloop::Metric;
use recloop::data::LogSource;
use recloop::data::metrics::Engagement;
use recloop::experiments::{RunConfig, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::temp_dir().join(format!("recloop-example-04-{}", std::process::id()));
    // What the command does is a library call: a config from layers of TOML, and a run of it.
    let config = format!(
        "[run]\nseed = 7\nout = {out:?}\n[world]\nname = \"interest-exploration-v0\"\nusers = 300\n\
         [recommender]\nname = \"random\""
    );
    let steps = "[run]\nsteps = 50".parse()?;
    let summary = run(&RunConfig::resolve([config.parse()?, steps])?, &mut ())?;

    // Live and replayed ticks are one type, facts included, so one fold serves both.
    let mut log = LogSource::open(&out)?;
    let mut totals = Engagement.start();
    let mut probable = 1.0_f64;
    while let Some(tick) = log.next()? {
        Engagement.fold(&mut totals, &tick.facts, &tick.transition);
        // Every slate carries how likely it was to be shown: here 1/20 · 1/19.
        probable = probable.min(tick.transition.slates.slate_propensity(0).unwrap_or(0.0));
    }
    for (live, replayed) in summary.metrics.iter().zip(&Engagement.value(totals)) {
        println!("{}: live {:.4}, replayed {:.4}", live.name, live.estimate.mean, replayed.estimate.mean);
        assert_eq!(live.estimate, replayed.estimate);
    }
    assert!((probable - 1.0 / 380.0).abs() < 1e-12);
    std::fs::remove_dir_all(out)?;
    Ok(())
}
