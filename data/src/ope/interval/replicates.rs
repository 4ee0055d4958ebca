//! Logs that could as well have been seen: buckets of users drawn again, with replacement.

use rayon::prelude::*;
use recloop_env::{Streams, Tick, UserId, below, purpose};

use super::Spread;

/// How often buckets are drawn again unless asked otherwise: the limits of a 95 % interval then move by about 2 % of its
/// width from one set of draws to another (chosen by us).
pub const N_REPLICATES: usize = 2_000;

/// The draws are the same for every evaluation, so that repeating it, or merging its shards, repeats its intervals.
const SEED: u64 = 0;

/// Sums of some terms over the rows of each bucket of users.
///
/// # Shapes
/// - `sums`: `[buckets, n_terms]`, row after row, only buckets that hold rows
#[derive(Debug, Clone, Copy)]
pub struct BucketSums<'a> {
    /// How many terms there are.
    pub n_terms: usize,
    /// Their sums.
    pub sums: &'a [f64],
}

impl<'a> BucketSums<'a> {
    /// How many buckets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.len() / self.n_terms.max(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [f64]> + use<'a> {
        self.sums.chunks_exact(self.n_terms.max(1))
    }

    fn row(&self, bucket: usize) -> &'a [f64] {
        &self.sums[bucket * self.n_terms..][..self.n_terms]
    }
}

/// Total sums over buckets drawn with replacement, as many as there are: drawn once and shared by all statistics, so that
/// the difference of two estimators is itself a statistic and comes out paired.
///
/// # Numerics
/// Replicate b draws its buckets from the stream *(seed 0, `RESAMPLE`, b)* and adds them in the order drawn; no number of
/// threads changes a bit.
///
/// ```
/// use recloop_data::ope::interval::{BucketSums, N_REPLICATES, Replicates};
/// // Four users; how many rows each has, and what they bring together.
/// let sums = [2.0, 1.0, 1.0, 0.0, 3.0, 2.0, 2.0, 2.0];
/// let replicates = Replicates::draw(BucketSums { n_terms: 2, sums: &sums }, N_REPLICATES);
/// let mean = replicates.spread(&|total| total[1] / total[0]);
/// assert_eq!(mean.value(), 5.0 / 8.0);
/// assert!(mean.percentile(0.95).is_some_and(|interval| interval.contains(5.0 / 8.0)));
/// ```
#[derive(Debug, Clone)]
pub struct Replicates<'a> {
    pub(super) buckets: BucketSums<'a>,
    pub(super) total: Vec<f64>,
    /// `[n_replicates, n_terms]`.
    pub(super) totals: Vec<f64>,
}

impl<'a> Replicates<'a> {
    /// Draws the buckets `n` times over.
    #[must_use]
    pub fn draw(buckets: BucketSums<'a>, n: usize) -> Self {
        let mut total = vec![0.0; buckets.n_terms];
        buckets.rows().for_each(|row| add(&mut total, row));
        let mut totals = vec![0.0; if buckets.is_empty() { 0 } else { n * buckets.n_terms }];
        let rng = Streams::new(SEED);
        let n_buckets = buckets.len() as u32;
        totals.par_chunks_mut(buckets.n_terms.max(1)).enumerate().for_each(|(replicate, totals)| {
            let mut draws = rng.at(purpose::RESAMPLE, UserId(replicate as u32), Tick(0));
            for _ in 0..n_buckets {
                add(totals, buckets.row(below(draws.word(), n_buckets) as usize));
            }
        });
        Self { buckets, total, totals }
    }

    /// What `statistic`, a function of the `[n_terms]` total sums, comes to, and how it varies.
    #[must_use]
    pub fn spread(&self, statistic: &dyn Fn(&[f64]) -> f64) -> Spread {
        Spread::of(self, statistic)
    }
}

fn add(into: &mut [f64], row: &[f64]) {
    for (total, term) in into.iter_mut().zip(row) {
        *total += term;
    }
}
