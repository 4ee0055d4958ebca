//! Several targets of one log, best first.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use recloop_data::ope::{Estimate, Evaluation, HEADLINE, Interval, Verdict};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use super::Evaluated;

/// Estimators that targets are ranked by: the first that all of them have (chosen by us: the least error in most
/// settings first, and none that a reward model decides alone).
const BY: &[&str] =
    &["dr", "sndr", "snips", "ips", "cascade-dr", "rips", "iips", "sips", "seq-dr", "seq-pdis", "dm"];

/// Several targets of one log, best first.
#[derive(Debug)]
pub struct Ranked<'a> {
    all: &'a [Evaluated],
    /// The estimator they are ranked by.
    by: Option<String>,
    places: Vec<Place<'a>>,
}

/// One target's place.
#[derive(Debug, Serialize)]
struct Place<'a> {
    target: &'a str,
    value: Option<f64>,
    interval: Option<Interval>,
    verdict: &'a Verdict,
}

impl<'a> Ranked<'a> {
    /// Ranks them by the first estimator that all have.
    #[must_use]
    pub fn of(all: &'a [Evaluated]) -> Self {
        let in_all = |name: &&str| all.iter().all(|one| one.evaluation.get(name).is_some());
        let first =
            || all.first()?.evaluation.overall.estimators.iter().map(|one| one.name.as_str()).find(in_all);
        let by = BY.iter().copied().find(in_all).or_else(first).map(str::to_owned);
        let estimate = |one: &'a Evaluated| by.as_deref().and_then(|name| one.evaluation.get(name));
        let place = |one: &'a Evaluated| {
            let Estimate { value, ci, verdict, .. } = estimate(one)?;
            Some(Place { target: &one.target, value: *value, interval: ci.get(HEADLINE).copied(), verdict })
        };
        let mut places: Vec<_> = all.iter().filter_map(place).collect();
        let value = |place: &Place<'_>| place.value.unwrap_or(f64::NEG_INFINITY);
        places.sort_by(|a, b| value(b).total_cmp(&value(a)));
        Self { all, by, places }
    }
}

impl Serialize for Ranked<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        struct Targets<'a>(&'a [Evaluated]);
        impl Serialize for Targets<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let mut map = to.serialize_map(Some(self.0.len()))?;
                for Evaluated { target, evaluation, .. } in self.0 {
                    map.serialize_entry::<str, Evaluation>(target, evaluation)?;
                }
                map.end()
            }
        }
        let mut whole = to.serialize_struct("Ranked", 3)?;
        whole.serialize_field("targets", &Targets(self.all))?;
        whole.serialize_field("ranked_by", &self.by)?;
        whole.serialize_field("ranking", &self.places)?;
        whole.end()
    }
}

impl fmt::Display for Ranked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(by) = &self.by else { return write!(f, "No estimator is common to all targets.") };
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["target", by, "95 % interval", "verdict"]);
        for place in &self.places {
            let number = |value: Option<f64>| value.map_or("none".into(), |value| format!("{value:.5}"));
            let interval =
                place.interval.map_or("unknown".into(), |ci| format!("{:.5} … {}", ci.low, number(ci.high)));
            table.add_row([place.target, &number(place.value), &interval, place.verdict.in_short()]);
        }
        for column in table.column_iter_mut().skip(1).take(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        write!(f, "Targets, best first by {by}:\n{table}")
    }
}
