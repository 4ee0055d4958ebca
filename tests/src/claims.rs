//! Claims on paired seeds: a small version by default, ten seeds of the default world with `RECLOOP_EVIDENCE`.

use recloop_experiments::{CompareConfig, Comparison, Difference, Interval, compare, config};
use toml::Table;

/// Whether claims are to be tested in full.
#[must_use]
pub fn in_full() -> bool {
    std::env::var_os("RECLOOP_EVIDENCE").is_some()
}

/// Runs every contender in `world` on the same seeds, from 101 or `RECLOOP_SEED` on: three with the settings of `small`, or ten without.
///
/// # Panics
/// If a contender is unknown or a run fails.
#[must_use]
pub fn compared(world: &str, contenders: &[&str], settings: &[&str], small: &[&str]) -> Comparison {
    let (n_seeds, small): (u32, &[&str]) = if in_full() { (10, &[]) } else { (3, small) };
    let first = std::env::var("RECLOOP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(101);
    let mut layer = Table::new();
    config::put(&mut layer, "world", "name", world);
    config::put(&mut layer, "run", "seed", first);
    for setting in small.iter().chain(settings) {
        config::set(&mut layer, setting).expect("a setting");
    }
    let contenders: Vec<String> = contenders.iter().map(|name| (*name).to_owned()).collect();
    let config = CompareConfig::new(&[layer], &contenders, n_seeds).expect("contenders that are known");
    let comparison = compare(&config, &mut ()).unwrap_or_else(|error| panic!("failed to {error}"));
    assert!(comparison.failures.is_empty(), "{:?}", comparison.failures);
    comparison
}

/// The paired difference of one metric, contender `b` less contender `a`, said aloud.
///
/// # Panics
/// If there is no such metric or contender.
#[must_use]
pub fn difference(all: &Comparison, metric: &str, a: &str, b: &str, what: &str) -> Interval {
    let found = all.metric(metric).unwrap_or_else(|| panic!("there is no metric {metric}"));
    let at = |label: &str| all.recommenders.iter().position(|it| it.label == label).expect("a contender");
    let paired = Difference::paired(&found.values[at(a)], &found.values[at(b)]);
    let interval = paired.interval.expect("more than one seed");
    let Interval { mean, low, high, n } = interval;
    println!("evidence: {what}{metric}, {b} less {a}: {mean:+.4} [{low:+.4}, {high:+.4}], n = {n} seeds");
    interval
}
