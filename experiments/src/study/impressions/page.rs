//! The study as a self-contained page: no network, no script.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use recloop_data::metrics::Counted;
use serde::Serialize;

use super::{AttributeFound, CoverageFound, CurvePoint, ImpressionsFound};
use crate::Interval;

/// Where the axes begin and end, across and up.
const ACROSS: (f64, f64) = (190.0, 700.0);
const UP: (f64, f64) = (215.0, 10.0);
/// Height of a line of a chart.
const LINE: f64 = 20.0;

/// The page.
///
/// # Errors
/// None that a caller could cause: the template is ours.
pub(super) fn of(found: &ImpressionsFound) -> Result<String, minijinja::Error> {
    let mut pages = Environment::new();
    pages.add_template("page.html", include_str!("page.html"))?;
    pages.get_template("page.html")?.render(Value::from(Serde(Page::of(found))))
}

#[derive(Debug, Serialize)]
struct Page {
    n_seeds: usize,
    epsilon: f64,
    releases: u32,
    gain: f32,
    ticks: Vec<Tick>,
    levels: Vec<Tick>,
    attributes: Vec<Shown>,
}

/// A labelled place on an axis.
#[derive(Debug, Serialize)]
struct Tick {
    x: f64,
    y: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    about: String,
    accuracy: String,
    height: f64,
    target: String,
    target_x: f64,
    marks: Vec<Mark>,
    rows: Vec<Vec<String>>,
    relevance_lost: String,
    clicks_lost: String,
    covered: String,
    lost: String,
    points: Vec<Tick>,
}

/// One coverage with its interval.
#[derive(Debug, Serialize)]
struct Mark {
    name: String,
    class: &'static str,
    y: f64,
    x: f64,
    low: f64,
    high: f64,
    value: String,
}

impl Page {
    fn of(found: &ImpressionsFound) -> Self {
        let fifths = || (0..=5).map(|fifth| f64::from(fifth) / 5.0);
        let tick =
            |share: f64| Tick { x: across(share), y: up(share), label: format!("{:.0}", 100.0 * share) };
        Self {
            n_seeds: found.seeds.len(),
            epsilon: found.epsilon,
            releases: found.releases,
            gain: found.gain,
            ticks: fifths().map(tick).collect(),
            levels: fifths().map(tick).collect(),
            attributes: found.attributes.iter().map(|one| Shown::of(one, found.seeds.len())).collect(),
        }
    }
}

impl Shown {
    fn of(found: &AttributeFound, n: usize) -> Self {
        let ways = found.coverage.iter().flat_map(|way| {
            let of = [(&way.without, "without"), (&way.controlled, "controlled"), (&way.fair, "fair")];
            of.map(|(interval, class)| (way, *interval, class))
        });
        let known = ways.filter_map(|(way, interval, class)| Some((way, interval?, class)));
        let marks: Vec<Mark> =
            known.enumerate().map(|(at, (way, of, class))| Mark::of(at, way, of, class)).collect();
        let x = |point: &CurvePoint| across(place(point.epsilon, &found.curve));
        let line = |of: fn(&CurvePoint) -> Option<Interval>| {
            let points = found.curve.iter().filter_map(|point| Some((x(point), up(of(point)?.mean))));
            points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
        };
        let point = |point: &CurvePoint| Tick { x: x(point), y: UP.0, label: point.epsilon.to_string() };
        Self {
            name: found.attribute.clone(),
            about: found.about.clone(),
            accuracy: format!("{:.0}", 100.0 * found.accuracy),
            height: LINE * (marks.len() as f64 + 0.6) + 22.0,
            target: format!("{:.1}", 100.0 * found.target),
            target_x: across(found.target),
            rows: found.coverage.iter().map(|way| row(way, n)).collect(),
            relevance_lost: percent(&found.cost.relevance_lost, n),
            clicks_lost: percent(&found.cost.clicks_lost, n),
            covered: line(|point| point.controlled),
            lost: line(|point| point.relevance_lost),
            points: found.curve.iter().map(point).collect(),
            marks,
        }
    }
}

impl Mark {
    fn of(at: usize, way: &CoverageFound, of: Interval, class: &'static str) -> Self {
        // Each way is named once, beside its first mark.
        let name = if class == "without" { way.name() } else { String::new() };
        let (x, low, high) = (across(of.mean), across(of.low), across(of.high));
        Self { name, class, y: LINE * (at as f64 + 0.7), x, low, high, value: percent(&Some(of), of.n) }
    }
}

fn row(way: &CoverageFound, n: usize) -> Vec<String> {
    let shares = [&way.without, &way.controlled, &way.fair, &way.gap_closed].map(|it| percent(it, n));
    let not_judged = format!("{} / {}", way.not_judged[0], way.not_judged[1]);
    [way.name()].into_iter().chain(shares).chain([not_judged]).collect()
}

impl CoverageFound {
    /// `impressions, by item`.
    #[must_use]
    pub fn name(&self) -> String {
        let counted = match self.counted {
            Counted::Impressions => "impressions",
            Counted::People => "people",
        };
        format!("{counted}, {}", if self.by_volume { "by volume" } else { "by item" })
    }
}

/// `41.2 ± 3.0`: a share in per cent, with half its interval; and over how many seeds it is, if not over all `n`.
pub(crate) fn percent(share: &Option<Interval>, n: usize) -> String {
    let Some(share) = share else { return "none".into() };
    let of = if share.n < n { format!(" (of {})", share.n) } else { String::new() };
    format!("{:.1} ± {:.1}{of}", 100.0 * share.mean, 100.0 * share.half())
}

/// Shares beyond 0 and 1, as the ends of intervals may be, are drawn at the edge.
fn across(share: f64) -> f64 {
    round(ACROSS.0 + share.clamp(0.0, 1.0) * (ACROSS.1 - ACROSS.0))
}

fn up(share: f64) -> f64 {
    round(UP.0 + share.clamp(0.0, 1.0) * (UP.1 - UP.0))
}

/// Where ε lies between the first and the last of a curve, on a logarithmic scale; in the middle if it is alone.
fn place(epsilon: f64, curve: &[CurvePoint]) -> f64 {
    let ends = curve.first().zip(curve.last()).map(|(first, last)| (first.epsilon.ln(), last.epsilon.ln()));
    match ends {
        Some((low, high)) if high > low => (epsilon.ln() - low) / (high - low),
        _ => 0.5,
    }
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
