//! A picture of a frontier: the first metric across, the second up, a cross of intervals for every policy.

use recloop_nn::NnError;
use serde::Serialize;

use crate::picture::draw;

use super::Frontier;
use crate::{Interval, MetricCompared};

/// Where the crosses are, in the units of the template.
const LEFT: f64 = 80.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 340.0;

#[derive(Debug, Serialize)]
struct Cross {
    label: String,
    is_policy: bool,
    x: f64,
    y: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

#[derive(Debug, Serialize)]
struct Picture {
    across: Axis,
    up: Axis,
    crosses: Vec<Cross>,
    line: String,
}

#[derive(Debug, Serialize)]
struct Axis {
    name: String,
    low: String,
    high: String,
}

/// The picture, as svg.
///
/// # Errors
/// A comparison of fewer than two metrics.
pub(super) fn of(frontier: &Frontier) -> Result<String, NnError> {
    let [across, up, ..] = &frontier.comparison.metrics[..] else {
        return Err(NnError::Training { reason: "a frontier is drawn between two metrics: name two".into() });
    };
    let ((x_low, x_high), (y_low, y_high)) = (range(across), range(up));
    let x = |value: f64| LEFT + WIDTH * (value - x_low) / (x_high - x_low);
    let y = |value: f64| TOP + HEIGHT * (1.0 - (value - y_low) / (y_high - y_low));
    let mut crosses = Vec::new();
    for (at, recommender) in frontier.comparison.recommenders.iter().enumerate() {
        let (Some(a), Some(b)) = (across.means[at], up.means[at]) else { continue };
        let label = frontier.values.get(at).cloned();
        let (left, right, top, bottom) = (x(a.low), x(a.high), y(b.high), y(b.low));
        let (is_policy, label) = (label.is_some(), label.unwrap_or_else(|| recommender.label.clone()));
        crosses.push(Cross { label, is_policy, x: x(a.mean), y: y(b.mean), left, right, top, bottom });
    }
    let policies = crosses.iter().filter(|cross| cross.is_policy);
    let line = policies.map(|cross| format!("{:.1},{:.1}", cross.x, cross.y)).collect::<Vec<_>>().join(" ");
    let axis = |metric: &MetricCompared, (low, high): (f64, f64)| {
        let number = |value: f64| format!("{value:.*}", crate::cli::decimals((high - low) / 100.0));
        Axis { name: metric.name.replace('_', " "), low: number(low), high: number(high) }
    };
    let picture =
        Picture { across: axis(across, (x_low, x_high)), up: axis(up, (y_low, y_high)), crosses, line };
    draw(include_str!("frontier.svg"), picture)
}

/// From the lowest end of an interval to the highest, never empty.
fn range(metric: &MetricCompared) -> (f64, f64) {
    let known = metric.means.iter().flatten();
    let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean: &Interval| {
        (low.min(mean.low), high.max(mean.high))
    });
    if high > low { (low, high) } else { (low.min(0.0), low.min(0.0) + 1.0) }
}
