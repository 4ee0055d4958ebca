//! A world small enough to enumerate: the log holds every (context, action) exactly as often as it is probable, so a mean
//! over rows is an expectation.

use recloop_env::Grid;

use super::{estimate, estimate_slates};
use crate::ope::{Decisions, Predictions, SlateRows};

/// Twelfths: P_log(a|x), by context.
const LOG: [[u32; 3]; 2] = [[6, 4, 2], [1, 3, 8]];
/// Twelfths: P_target(a|x).
const TARGET: [[u32; 3]; 2] = [[1, 2, 9], [7, 5, 0]];
const REWARD: [[f64; 3]; 2] = [[0.3, 0.9, 0.1], [0.7, 0.2, 0.4]];
/// A model that is wrong everywhere.
const MODEL: [[f64; 3]; 2] = [[0.5, 0.1, 0.8], [0.0, 0.6, 0.3]];

fn expected(values: [[f64; 3]; 2], x: usize) -> f64 {
    (0..3).map(|a| f64::from(TARGET[x][a]) / 12.0 * values[x][a]).sum()
}

/// Contexts with probabilities 1/3 and 2/3.
fn log() -> Decisions {
    let mut log =
        Decisions { weights: vec![vec![]], models: vec![Predictions::default()], ..Decisions::default() };
    for (x, times) in [(0, 1), (1, 2)] {
        for a in 0..3 {
            for _ in 0..times * LOG[x][a] {
                log.users.push(log.users.len() as u64);
                log.rewards.push(REWARD[x][a]);
                log.weights[0].push(f64::from(TARGET[x][a]) / f64::from(LOG[x][a]));
                log.models[0].logged.push(MODEL[x][a]);
                log.models[0].expected.push(expected(MODEL, x));
                log.loggers.push((log.users.len() % 2) as u16);
            }
        }
    }
    log
}

#[test]
fn unbiased_estimators_expect_the_truth() {
    let truth = expected(REWARD, 0) / 3.0 + expected(REWARD, 1) * 2.0 / 3.0;
    let names = ["ips", "snips", "dr", "sndr", "switch-dr(100)", "dros(inf)", "sg-dr(0)", "clipped-ips(100)"];
    for (name, value) in estimate(&names, &log()) {
        assert!((value - truth).abs() < 1e-12, "{name}: {value} is not {truth}");
    }
    // What shrinks is biased, and a wrong model alone is wrong.
    for (name, value) in estimate(&["dm", "clipped-ips(1)", "dros(1)", "sg-ips(0.5)"], &log()) {
        assert!((value - truth).abs() > 1e-3, "{name}: {value}");
    }
}

#[test]
fn a_mix_of_loggers_weighs_each_by_what_it_is_sure_of() {
    let found = estimate(&["multi-logger-weighted"], &log());
    // Without shares nothing is mixed yet: they are found with the intervals.
    assert_eq!(found["multi-logger-weighted"], 0.0);
}

/// Two positions, three items without repeats; position rewards of a cascade: an item's own, times what is above.
#[test]
fn slate_estimators_expect_the_truth_under_their_assumptions() {
    let log = [6.0, 4.0, 2.0];
    let target = [1.0, 2.0, 9.0];
    let chance = |of: [f64; 3], a: usize, b: usize| of[a] / 12.0 * of[b] / (12.0 - of[a]);
    let second = |of: [f64; 3], b: usize| (0..3).filter(|a| *a != b).map(|a| chance(of, a, b)).sum::<f64>();
    let reward = |a: usize, b: usize| [0.2 + 0.1 * a as f64, 0.5 * ((a + 2 * b) % 3) as f64];
    let mut truth = 0.0;
    let mut batch = SlateRows {
        rewards: Grid::new(2),
        cascade: Grid::new(2),
        marginal: Grid::new(2),
        logged: Grid::new(2),
        expected: Grid::new(2),
        ..SlateRows::default()
    };
    // Expectations by weighting rather than repeating: each slate's terms times its probability, times the number of slates.
    let slates: Vec<_> = (0..3).flat_map(|a| (0..3).filter(move |b| *b != a).map(move |b| (a, b))).collect();
    let to_go = |a: usize, b: usize| reward(a, b)[1];
    let first_to_go = |a: usize| {
        reward(a, 0)[0]
            + (0..3).filter(|b| *b != a).map(|b| target[b] / (12.0 - target[a]) * to_go(a, b)).sum::<f64>()
    };
    for &(a, b) in &slates {
        truth += chance(target, a, b) * reward(a, b).iter().sum::<f64>();
        let times = chance(log, a, b) * slates.len() as f64;
        let (whole, first) = (chance(target, a, b) / chance(log, a, b), target[a] / log[a]);
        batch.users.push(batch.users.len() as u64);
        batch.rewards.push_row(&reward(a, b).map(|r| r * times));
        batch.slate.push(whole);
        batch.cascade.push_row(&[first, whole]);
        batch.marginal.push_row(&[first, second(target, b) / second(log, b)]);
        // Models that know everything.
        batch.logged.push_row(&[first_to_go(a) * times, to_go(a, b) * times]);
        let next =
            (0..3).filter(|c| *c != a).map(|c| target[c] / (12.0 - target[a]) * to_go(a, c)).sum::<f64>();
        let now = (0..3).map(|a| target[a] / 12.0 * first_to_go(a)).sum::<f64>();
        batch.expected.push_row(&[now * times, next * times]);
    }
    for (name, value) in estimate_slates(&["sips", "rips", "cascade-dr"], &batch) {
        assert!((value - truth).abs() < 1e-12, "{name}: {value} is not {truth}");
    }
    // The second position's reward depends on the first item: independence fails.
    assert!((estimate_slates(&["iips"], &batch)["iips"] - truth).abs() > 1e-3);
}
