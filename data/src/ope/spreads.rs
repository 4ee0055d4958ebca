//! How estimates and mean weights vary over users: one set of resamples serves them all.

use super::Disagreement;
use super::interval::{BucketSums, N_REPLICATES, Replicates, Spread};
use super::ledger::{Formula, Ground, Plan};
use super::shard::Half;

/// What one segment of a log came to.
pub(super) struct Spreads {
    /// In the order of the plan.
    pub(super) estimates: Vec<Spread>,
    /// The mean of each kind of weight.
    pub(super) weights: Vec<(Ground, Spread)>,
    /// How far dm, ips and dr are from each other, where there are two of them.
    pub(super) disagreement: Option<Disagreement>,
}

impl Half {
    /// Over all rows, or those of one level; `None` if there are none.
    pub(super) fn spreads(&self, level: Option<usize>) -> Option<Spreads> {
        let n_terms = self.plan.terms.len();
        let sums = self.ledger.table(level, n_terms);
        if sums.is_empty() {
            return None;
        }
        let drawn = Replicates::draw(BucketSums { n_terms, sums: &sums }, N_REPLICATES);
        let estimate = |formula: &Formula| {
            let settled = settled(formula, &drawn);
            drawn.spread(&|sums| settled.value(sums))
        };
        let mean = |(ground, term): (Ground, usize)| (ground, drawn.spread(&|sums| sums[term] / sums[0]));
        Some(Spreads {
            disagreement: disagreement(&self.plan, &drawn),
            estimates: self.plan.estimators.iter().map(|planned| estimate(&planned.formula)).collect(),
            weights: self.plan.grounds().into_iter().map(mean).collect(),
        })
    }
}

/// Gives each logger its share of a mix: inverse to the variance of its own estimate, by rows where one has none. The
/// shares are then taken as given.
fn settled(formula: &Formula, drawn: &Replicates<'_>) -> Formula {
    let Formula::Mix { parts, .. } = formula else { return formula.clone() };
    let of = |part: (usize, usize)| drawn.spread(&|sums| sums[part.0] / sums[part.1]);
    let spreads: Vec<_> = parts.iter().map(|part| of(*part)).collect();
    let some = |spread: &Spread| spread.value().is_finite();
    let sure = |spread: &Spread| some(spread) && spread.se() > 0.0;
    let by_variance = spreads.iter().all(|spread| !some(spread) || sure(spread));
    let raw: Vec<f64> = spreads
        .iter()
        .zip(parts)
        .map(|(spread, part)| match (some(spread), by_variance) {
            (false, _) => 0.0,
            (true, true) => spread.se().powi(-2),
            (true, false) => drawn.spread(&|sums| sums[part.1]).value(),
        })
        .collect();
    let total: f64 = raw.iter().sum();
    Formula::Mix { parts: parts.clone(), shares: raw.iter().map(|share| share / total).collect() }
}

/// How far dm, ips and dr are from each other, in standard errors of their paired differences.
fn disagreement(plan: &Plan, drawn: &Replicates<'_>) -> Option<Disagreement> {
    let formula =
        |name: &str| plan.estimators.iter().find(|one| one.estimator.name() == name).map(|one| &one.formula);
    let apart = |a: &str, b: &str| {
        let (a, b) = (formula(a)?, formula(b)?);
        let difference = drawn.spread(&|sums| a.value(sums) - b.value(sums));
        let in_errors = difference.value() / difference.se();
        Some(if in_errors.is_finite() { in_errors } else { 0.0 })
    };
    let found =
        Disagreement { dm_dr: apart("dm", "dr"), ips_dr: apart("ips", "dr"), dm_ips: apart("dm", "ips") };
    (found != Disagreement::default()).then_some(found)
}

/// The mean of one weight from `[buckets, 2]` rows and weights.
pub(super) fn mean(sums: &[f64]) -> Option<Spread> {
    let drawn = Replicates::draw(BucketSums { n_terms: 2, sums }, N_REPLICATES);
    (!sums.is_empty()).then(|| drawn.spread(&|sums| sums[1] / sums[0]))
}
