//! How unlike itself a set of users is: the floor below which no comparison can be expected to fall.

use recloop_env::{Streams, Tick, UserId, below, purpose};

/// The draws are the same for every comparison, so that repeating it repeats its verdicts.
const SEED: u64 = 0;
/// Draws of other kinds than buckets of a log have their own tick.
const HALVES: Tick = Tick(1);
pub(super) const RESAMPLES: Tick = Tick(2);
pub(super) const OUTCOMES: Tick = Tick(3);

/// The luck of a replicate.
pub(super) fn luck(replicate: u32, tick: Tick) -> recloop_env::Draws {
    Streams::new(SEED).at(purpose::RESAMPLE, UserId(replicate), tick)
}

/// The mean of `statistic` over `halves` random splits of `n_users` into two halves, as rows; NaN where it never has a value.
pub(super) fn split_half(
    n_users: usize,
    halves: u32,
    statistic: impl Fn(&[u32], &[u32]) -> Option<f64>,
) -> f64 {
    let mut rows: Vec<u32> = (0..n_users as u32).collect();
    let (mut sum, mut n) = (0.0, 0.0);
    for replicate in 0..halves {
        let mut draws = luck(replicate, HALVES);
        for at in (1..rows.len()).rev() {
            rows.swap(at, below(draws.word(), at as u32 + 1) as usize);
        }
        let (one, other) = rows.split_at(n_users / 2);
        if let Some(value) = statistic(one, other) {
            (sum, n) = (sum + value, n + 1.0);
        }
    }
    sum / n
}
