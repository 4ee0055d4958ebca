//! What an evaluation comes to: estimates with intervals, diagnostics and verdicts, for all and for every group.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::interval::{Interval, Spread};
use super::request::PassedOver;
use super::{Diagnostics, Verdict, WeightBin};

/// What an estimator says a target would have earned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Its name is the key.
    #[serde(skip)]
    pub name: String,
    /// The estimate, per decision (or slate, or trajectory); `null` where it would divide by nothing.
    pub value: Option<f64>,
    /// Its standard error, users being independent.
    pub se: Option<f64>,
    /// Nominal 95 % intervals, by method.
    pub ci: BTreeMap<&'static str, Interval>,
    /// Why bounds that were declared for cannot be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_bound: Option<String>,
    /// Whether to believe it.
    pub verdict: Verdict,
}

/// Estimates and diagnostics of all rows, or of one group.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Segment {
    /// In the order asked for.
    #[serde(serialize_with = "by_name")]
    pub estimators: Vec<Estimate>,
    /// What can be known of the weights.
    pub diagnostics: Diagnostics,
    /// Whether to believe the estimates that rest on them.
    pub verdict: Verdict,
}

/// What an evaluation comes to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Evaluation {
    /// In words, what was evaluated: log, target, reward.
    #[serde(serialize_with = "as_map")]
    pub about: Vec<(String, String)>,
    /// Over all rows.
    #[serde(flatten)]
    pub overall: Segment,
    /// Diagnostics of the weights at each position, where the log has positions.
    pub positions: BTreeMap<u16, Diagnostics>,
    /// The same for every level of the column asked for.
    #[serde(serialize_with = "as_map")]
    pub groups: Vec<(String, Segment)>,
    /// Rows left out because the user said so, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Estimators that the log does not allow, with what it lacks.
    #[serde(serialize_with = "reasons")]
    pub not_estimated: Vec<PassedOver>,
    /// How the weights are distributed.
    #[serde(skip)]
    pub histogram: Vec<WeightBin>,
}

impl Estimate {
    /// What came of a spread.
    pub(super) fn new(name: &str, spread: &Spread, verdict: Verdict) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            name: name.into(),
            value: finite(spread.value()),
            se: finite(spread.se()),
            ci: spread.intervals(super::assess::LEVEL).into_iter().collect(),
            no_bound: None,
            verdict,
        }
    }
}

fn by_name<S: Serializer>(estimates: &[Estimate], to: S) -> Result<S::Ok, S::Error> {
    map(estimates.iter().map(|estimate| (&estimate.name, estimate)), to)
}

fn as_map<V: Serialize, S: Serializer>(pairs: &[(String, V)], to: S) -> Result<S::Ok, S::Error> {
    map(pairs.iter().map(|(key, value)| (key, value)), to)
}

fn reasons<S: Serializer>(over: &[PassedOver], to: S) -> Result<S::Ok, S::Error> {
    map(over.iter().map(|one| (&one.estimator, &one.reason)), to)
}

fn map<'a, V: Serialize, S: Serializer>(
    pairs: impl Iterator<Item = (&'a String, V)>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(None)?;
    for (key, value) in pairs {
        map.serialize_entry(key, &value)?;
    }
    map.end()
}

impl Evaluation {
    /// An estimate over all rows.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Estimate> {
        self.overall.estimators.iter().find(|estimate| estimate.name == name)
    }
}
