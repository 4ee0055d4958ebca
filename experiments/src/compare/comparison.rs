//! What a comparison came to: every metric of every recommender, and how each differs from the first.

use recloop_data::metrics::Named;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Contender, Interval};

/// Recommenders compared on the same seeds: what `recloop compare` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The world.
    pub world: String,
    /// The seeds; each gives everybody the same world, people and luck.
    pub seeds: Vec<u64>,
    /// Who was compared; differences are to the first.
    pub recommenders: Vec<Compared>,
    /// Each metric, in the order a table shows them.
    pub metrics: Vec<MetricCompared>,
    /// The runs that did not come to their end.
    pub failures: Vec<Failure>,
}

/// A recommender that was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What tables call it.
    pub label: String,
    /// The settings of its first run; the others differ in the seed.
    pub config: Table,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Whose run it was.
    pub recommender: String,
    /// From which seed.
    pub seed: u64,
    /// Why it failed; reads after "failed to".
    pub reason: String,
}

/// One metric of every recommender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricCompared {
    /// The metric.
    pub name: String,
    /// `[recommenders, seeds]` what each run came to; nothing where it failed or the metric cannot be had.
    pub values: Vec<Vec<Option<f64>>>,
    /// `[recommenders]` mean over seeds.
    pub means: Vec<Option<Interval>>,
    /// `[recommenders − 1]` each but the first, minus the first.
    pub differences: Vec<Difference>,
}

/// How a metric of one recommender differs from that of another, seed by seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean of the paired differences over the seeds both have; nothing for fewer than two.
    pub interval: Option<Interval>,
    /// What may be said.
    pub verdict: Verdict,
}

/// What may be said of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every pair is equal to the last bit.
    Identical,
    /// The interval lies above zero.
    Higher,
    /// The interval lies below zero.
    Lower,
    /// The interval holds zero: the two are not told apart, which does not make them equal.
    Open,
    /// There are fewer than two pairs.
    Unknown,
}

impl Difference {
    /// Of `other` minus `first`, paired place by place; places without both are left out.
    ///
    /// ```
    /// use recloop_experiments::{Difference, Verdict};
    /// // Pairs differ by 2, 2 and 2; the fourth has no partner.
    /// let difference = Difference::paired(&[Some(1.0), Some(5.0), Some(9.0), None], &[Some(3.0), Some(7.0), Some(11.0), Some(0.0)]);
    /// let interval = difference.interval.unwrap();
    /// assert_eq!((interval.mean, interval.n, difference.verdict), (2.0, 3, Verdict::Higher));
    /// ```
    #[must_use]
    pub fn paired(first: &[Option<f64>], other: &[Option<f64>]) -> Self {
        let pairs = first.iter().zip(other);
        let differences: Vec<f64> = pairs.filter_map(|(first, other)| Some((*other)? - (*first)?)).collect();
        let interval = Interval::of(&differences);
        let verdict = match interval {
            None => Verdict::Unknown,
            Some(_) if differences.iter().all(|difference| *difference == 0.0) => Verdict::Identical,
            Some(Interval { low, .. }) if low > 0.0 => Verdict::Higher,
            Some(Interval { high, .. }) if high < 0.0 => Verdict::Lower,
            Some(_) => Verdict::Open,
        };
        Self { interval, verdict }
    }
}

impl Comparison {
    /// From what each run came to: `runs[c][s]` is contender `c` on seed `s`.
    pub(super) fn of(
        contenders: &[Contender],
        seeds: Vec<u64>,
        wanted: Option<&[String]>,
        runs: Vec<Vec<Result<Vec<Named>, String>>>,
    ) -> Self {
        let names = wanted.map_or_else(|| names(&runs), <[String]>::to_vec);
        let metrics = names.into_iter().map(|name| MetricCompared::of(name, &runs)).collect();
        let mut failures = Vec::new();
        for (contender, runs) in contenders.iter().zip(runs) {
            for (run, seed) in runs.into_iter().zip(&seeds) {
                let recommender = contender.label().to_owned();
                failures.extend(run.err().map(|reason| Failure { recommender, seed: *seed, reason }));
            }
        }
        let compared = |contender: &Contender| Compared {
            label: contender.label().to_owned(),
            config: contender.config().to_table(),
        };
        Self {
            world: contenders.first().map(|first| first.config().world().to_owned()).unwrap_or_default(),
            seeds,
            recommenders: contenders.iter().map(compared).collect(),
            metrics,
            failures,
        }
    }

    /// The metric of this name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricCompared> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

impl MetricCompared {
    fn of(name: String, runs: &[Vec<Result<Vec<Named>, String>>]) -> Self {
        let value = |run: &Result<Vec<Named>, String>| {
            let metric = run.as_ref().ok()?.iter().find(|metric| metric.name == name)?;
            Some(metric.estimate.mean).filter(|mean| mean.is_finite())
        };
        let values: Vec<Vec<_>> = runs.iter().map(|runs| runs.iter().map(value).collect()).collect();
        let mean = |values: &Vec<_>| Interval::of(&values.iter().copied().flatten().collect::<Vec<f64>>());
        let means = values.iter().map(mean).collect();
        let differences = match values.split_first() {
            Some((first, others)) => others.iter().map(|other| Difference::paired(first, other)).collect(),
            None => Vec::new(),
        };
        Self { name, values, means, differences }
    }
}

/// Every metric that any run has, in the order of the first run that has it.
fn names(runs: &[Vec<Result<Vec<Named>, String>>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for metric in runs.iter().flatten().flatten().flatten() {
        if !names.contains(&metric.name) {
            names.push(metric.name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use recloop_data::metrics::Estimate;

    use super::*;

    fn run(ctr: f64, minutes: f64) -> Result<Vec<Named>, String> {
        let named =
            |name: &str, mean| Named { name: name.into(), estimate: Estimate { mean, se: 0.1, n: 9 } };
        Ok(vec![named("ctr", ctr), named("minutes", minutes)])
    }

    fn contenders() -> Vec<Contender> {
        Contender::all(&[], &["random".into(), "dot".into()]).unwrap()
    }

    #[test]
    fn pairs_remove_what_seeds_share() {
        // Seeds differ by tens, recommenders by 1, 2 and 3: mean 2, standard error √(1 / 3), t(2) = 4.30265.
        let random = vec![run(0.5, 10.0), run(0.5, 30.0), run(0.5, 20.0)];
        let dot = vec![run(0.5, 11.0), run(0.5, 32.0), run(0.5, 23.0)];
        let comparison = Comparison::of(&contenders(), vec![7, 8, 9], None, vec![random, dot]);
        let minutes = comparison.metric("minutes").unwrap();
        let interval = minutes.differences[0].interval.unwrap();
        let half = 4.302_652_73 / 3.0_f64.sqrt();
        assert_eq!((interval.mean, interval.n), (2.0, 3));
        assert!((interval.low - (2.0 - half)).abs() < 1e-8, "{interval:?}");
        assert_eq!(minutes.differences[0].verdict, Verdict::Open);
        assert_eq!(minutes.means[0].unwrap().mean, 20.0);
        assert_eq!(comparison.metric("ctr").unwrap().differences[0].verdict, Verdict::Identical);
    }

    #[test]
    fn a_failed_run_costs_its_pair_and_no_more() {
        let random = vec![run(0.5, 1.0), run(f64::NAN, 2.0), run(0.5, 3.0)];
        let dot = vec![run(0.25, 3.0), run(0.25, 4.0), Err("step the world".into())];
        let comparison =
            Comparison::of(&contenders(), vec![7, 8, 9], Some(&["minutes".into()]), vec![random, dot]);
        assert_eq!(comparison.metrics.len(), 1);
        let minutes = &comparison.metrics[0];
        let difference = minutes.differences[0];
        assert_eq!(difference.verdict, Verdict::Higher, "3 − 1 and 4 − 2: the same 2 twice");
        assert_eq!(difference.interval, Some(Interval { mean: 2.0, low: 2.0, high: 2.0, n: 2 }));
        assert_eq!(minutes.values[1], [Some(3.0), Some(4.0), None]);
        let failure = &comparison.failures[0];
        assert_eq!((failure.recommender.as_str(), failure.seed, comparison.failures.len()), ("dot", 9, 1));
    }

    #[test]
    fn what_cannot_be_had_is_missing_not_zero() {
        let runs = vec![vec![run(f64::NAN, 1.0), run(0.5, 1.0)], vec![run(0.5, 1.0), run(0.5, 1.0)]];
        let comparison = Comparison::of(&contenders(), vec![1, 2], None, runs);
        let ctr = comparison.metric("ctr").unwrap();
        assert_eq!(ctr.differences[0], Difference { interval: None, verdict: Verdict::Unknown });
        assert_eq!((ctr.means[0], ctr.values[0][0]), (None, None));
    }
}
