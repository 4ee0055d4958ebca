//! A picture of a metric log: how each measure went, step by step.

use std::path::Path;

use recloop_nn::NnError;
use serde::Serialize;

use crate::picture::draw;

/// Columns of the log that are no measures of the learner.
const OWN: [&str; 3] = ["step", "round", "wall_secs"];
/// Where the curves are, in the units of the template.
const LEFT: f64 = 70.0;
const TOP: f64 = 22.0;
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 110.0;
/// From one panel to the next.
const PANEL: usize = 150;

#[derive(Debug, Serialize)]
struct Panel {
    name: String,
    top: usize,
    low: String,
    high: String,
    last: String,
    points: String,
}

#[derive(Debug, Serialize)]
struct Picture {
    panels: Vec<Panel>,
    height: usize,
    steps: f64,
}

/// The picture of the metric log at `path`, as svg.
///
/// # Errors
/// A log that cannot be read.
pub(super) fn of(path: &Path) -> Result<String, NnError> {
    let (names, rows) = read(path).map_err(NnError::learner)?;
    let steps = rows.last().map_or(0.0, |row| row[0]);
    let measures = names.iter().enumerate().filter(|(_, name)| !OWN.contains(&name.as_str()));
    let panels: Vec<Panel> = measures
        .enumerate()
        .map(|(place, (column, name))| {
            panel(name, place * PANEL, steps, rows.iter().map(|row| (row[0], row[column])))
        })
        .collect();
    let height = panels.len() * PANEL + 24;
    draw(include_str!("curve.svg"), Picture { panels, height, steps })
}

fn read(path: &Path) -> Result<(Vec<String>, Vec<Vec<f64>>), csv::Error> {
    let mut log = csv::Reader::from_path(path)?;
    let names = log.headers()?.iter().map(str::to_owned).collect();
    let rows = log.deserialize().collect::<Result<_, _>>()?;
    Ok((names, rows))
}

fn panel(name: &str, top: usize, steps: f64, points: impl Iterator<Item = (f64, f64)> + Clone) -> Panel {
    let values = points.clone().map(|(_, value)| value);
    let (low, high) = values
        .clone()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let span = if high > low { high - low } else { 1.0 };
    let place = |(step, value): (f64, f64)| {
        let (x, y) = (LEFT + WIDTH * step / steps.max(1.0), TOP + HEIGHT * (1.0 - (value - low) / span));
        format!("{x:.1},{y:.1}")
    };
    let points = points.map(place).collect::<Vec<_>>().join(" ");
    let number = |value: f64| format!("{value:.*}", crate::cli::decimals(value.abs() / 100.0));
    let last = values.last().unwrap_or_default();
    Panel { name: name.into(), top, low: number(low), high: number(high), last: number(last), points }
}
