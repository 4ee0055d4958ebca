//! How often intervals and bounds hold the truth.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use rayon::prelude::*;

use super::{Family, Kind, Reward, Row, by_user, in_full};
use crate::ope::Decisions;
use crate::ope::interval::{BucketSums, Declared, Interval, N_REPLICATES, Replicates, UserSums};

const LEVEL: f64 = 0.95;
const N_TERMS: usize = 4;
/// Resamples of the naive interval, which is only there to fail.
const NAIVE: usize = 200;
/// A name, and what it stands for of the sums.
type Statistic = (&'static str, fn(&[f64]) -> f64);

const STATISTICS: [Statistic; 3] = [
    ("ips", |sums| sums[2] / sums[0]),
    ("snips", |sums| sums[2] / sums[1]),
    ("dr", |sums| sums[3] / sums[0]),
];

/// By statistic and method: of how many logs the interval held the truth.
type Held = BTreeMap<(&'static str, &'static str), u32>;

/// As if every row were a user of its own.
fn naive_rows(log: &[Vec<Row>]) -> Vec<(&'static str, Interval)> {
    let rows: Vec<_> = log.iter().flatten().flatten().copied().collect();
    let drawn = Replicates::draw(BucketSums { n_terms: N_TERMS, sums: &rows }, NAIVE);
    let of = |(name, statistic): Statistic| Some((name, drawn.spread(&statistic).percentile(LEVEL)?));
    STATISTICS.into_iter().filter_map(of).collect()
}

fn held(kind: &Kind, log: u32) -> Held {
    let rows = kind.draw(log);
    let sums = by_user(&rows);
    let drawn = Replicates::draw(BucketSums { n_terms: N_TERMS, sums: &sums }, N_REPLICATES);
    let mut held = Held::new();
    let mut count = |statistic, method, interval: Interval| {
        held.insert((statistic, method), u32::from(interval.contains(kind.truth())));
    };
    for (name, statistic) in STATISTICS {
        for (method, interval) in drawn.spread(&statistic).intervals(LEVEL) {
            count(name, method, interval);
        }
    }
    naive_rows(&rows).into_iter().for_each(|(name, interval)| count(name, "naive rows", interval));
    held
}

/// Shares of `n` logs whose interval holds the truth, in per cent.
fn coverage(kind: &Kind, n: u32) -> BTreeMap<(&'static str, &'static str), f64> {
    let logs: Vec<_> = (0..n).into_par_iter().map(|log| held(kind, log)).collect();
    let mut total = Held::new();
    for (key, one) in logs.into_iter().flatten() {
        *total.entry(key).or_default() += one;
    }
    total.into_iter().map(|(key, held)| (key, 100.0 * f64::from(held) / f64::from(n))).collect()
}

/// Many rows of users with a plain tail, few of users with one that is harder to foresee.
fn kinds(indices: &[f64]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for &k in indices {
        for (family, rows) in [(Family::Pareto, 20.0), (Family::Generalised, 5.0)] {
            for reward in [Reward::Click, Reward::Gaussian] {
                kinds.push(Kind { users: 500, rows, k, family, reward });
            }
        }
    }
    kinds
}

fn table(kinds: &[Kind], n: u32) -> BTreeMap<(&'static str, &'static str), f64> {
    let mut mean = BTreeMap::new();
    for kind in kinds {
        let found = coverage(kind, n);
        let mut line = format!("{:?} k={} rows={} {:?}:", kind.family, kind.k, kind.rows, kind.reward);
        for (key, share) in found {
            let _ = write!(line, " {}/{} {share:.1}", key.0, key.1);
            *mean.entry(key).or_default() += share / kinds.len() as f64;
        }
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    let _ = writeln!(std::io::stderr(), "mean: {mean:.2?}");
    mean
}

/// Always: 200 logs of one kind per regime. A 95 % interval that covers by 94 % then lies within 94 ± 4 · 1.7 but for one
/// statistic in 16,000; the naive one covers by 80 % or less, and its share lies below 91 % as surely.
///
/// In full: 1,000 logs of each of 12 kinds; the mean of 6,000 has an error of .3, and 93 to 97 is what was promised.
#[test]
fn clustered_intervals_cover_and_naive_ones_do_not() {
    for indices in [[0.1, 0.2, 0.28], [0.33, 0.4, 0.45]] {
        let (found, least, most) = if in_full() {
            (table(&kinds(&indices), 1_000), 93.0, 97.0)
        } else {
            let kind =
                Kind { users: 500, rows: 20.0, k: indices[1], family: Family::Pareto, reward: Reward::Click };
            (coverage(&kind, 200), 87.0, 100.0)
        };
        for ((statistic, method), share) in found {
            match method {
                "naive rows" => assert!(share < 91.0, "{statistic}: {share} by rows"),
                _ => assert!((least..=most).contains(&share), "{statistic}: {share} by {method}"),
            }
        }
    }
}

/// Bounds hold at least as often as they say: 19 of 20 logs. They are far wider than they need be for any one
/// distribution, so that not one of a hundred logs should escape the two-sided ones.
#[test]
fn bounds_hold_more_often_than_they_say() {
    let kind = Kind { users: 1_000, rows: 2.0, k: 0.3, family: Family::Pareto, reward: Reward::Click };
    let n = if in_full() { 1_000 } else { 100 };
    let declared =
        Declared { reward_range: Some((0.0, 1.0)), min_propensity: Some(0.001), max_rows_per_user: Some(60) };
    let missed = |log: u32| {
        let mut sums = UserSums::new(&declared, &[(0, f64::INFINITY), (0, 2.0)]);
        sums.add(&decisions(&kind.draw(log))).expect("all as declared");
        let bounds = |column| sums.bounds(column, LEVEL).expect("all declared");
        bounds(0).iter().chain(&bounds(1)).filter(|(_, bound)| !bound.contains(kind.truth())).count()
    };
    assert_eq!((0..n).into_par_iter().map(missed).sum::<usize>(), 0);
}

fn decisions(log: &[Vec<Row>]) -> Decisions {
    let rows = || (0..).zip(log).flat_map(|(user, rows)| rows.iter().map(move |row| (user, row)));
    Decisions {
        users: rows().map(|(user, _)| user).collect(),
        weights: vec![rows().map(|(_, row)| row[1]).collect()],
        rewards: rows().map(|(_, row)| row[2] / row[1]).collect(),
        ..Decisions::default()
    }
}
