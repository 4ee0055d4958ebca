//! One evaluation as a self-contained page: no network, no script.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use recloop_data::ope::{Estimate, Evaluation, HEADLINE, Segment, Verdict, WeightBin};
use serde::Serialize;

const PAGE: &str = include_str!("page.html");
const CHART: &str = include_str!("chart.svg");

/// Where the axis of a chart begins and ends, in its units; names stand to the left.
const AXIS: (f64, f64) = (190.0, 700.0);
/// Height of a line of a chart.
const LINE: f64 = 24.0;
/// Height of the bars of the histogram.
const BARS: f64 = 150.0;

/// The page.
///
/// # Errors
/// None that a caller could cause: the templates are ours.
pub(super) fn of(title: &str, evaluation: &Evaluation) -> Result<String, minijinja::Error> {
    let mut pages = Environment::new();
    pages.add_template("page.html", PAGE)?;
    pages.add_template("chart.html", CHART)?;
    pages.add_function("interval_chart", |state: &minijinja::State<'_, '_>, chart: Value| {
        let drawn = state.env().get_template("chart.html")?.render(chart)?;
        Ok::<_, minijinja::Error>(Value::from_safe_string(drawn))
    });
    pages.get_template("page.html")?.render(Value::from(Serde(Page::of(title, evaluation))))
}

/// What the template reads.
#[derive(Debug, Serialize)]
struct Page<'a> {
    title: &'a str,
    about: &'a [(String, String)],
    verdict: Said,
    estimates: Chart,
    histogram: Option<Histogram>,
    diagnostics: Vec<(&'static str, String)>,
    groups: Vec<Group<'a>>,
    excluded: Vec<(&'a String, &'a u64)>,
    not_estimated: Vec<(&'a String, &'a String)>,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    name: &'a str,
    verdict: Said,
    estimates: Chart,
}

impl<'a> Page<'a> {
    fn of(title: &'a str, evaluation: &'a Evaluation) -> Self {
        let Evaluation { about, overall, groups, excluded, not_estimated, histogram, .. } = evaluation;
        let group = |(name, group): &'a (String, Segment)| Group {
            name,
            verdict: Said::of(&group.verdict),
            estimates: Chart::of(group),
        };
        Self {
            title,
            about,
            verdict: Said::of(&overall.verdict),
            estimates: Chart::of(overall),
            histogram: Histogram::of(histogram),
            diagnostics: overall.diagnostics.told(),
            groups: groups.iter().map(group).collect(),
            excluded: excluded.iter().collect(),
            not_estimated: not_estimated.iter().map(|one| (&one.estimator, &one.reason)).collect(),
        }
    }
}

/// A verdict in words and colour.
#[derive(Debug, Serialize)]
struct Said {
    class: &'static str,
    text: String,
}

impl Said {
    fn of(verdict: &Verdict) -> Self {
        let class = match verdict {
            Verdict::Reliable => "good",
            Verdict::Caution(_) => "warn",
            Verdict::Unreliable(_) => "bad",
        };
        Self { class, text: verdict.to_string() }
    }
}

/// Estimates with intervals, one below the other.
#[derive(Debug, Serialize)]
struct Chart {
    height: f64,
    ticks: Vec<Tick>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Tick {
    x: f64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    y: f64,
    x: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    value: String,
    interval: String,
    se: String,
    class: &'static str,
    verdict: String,
}

impl Chart {
    fn of(segment: &Segment) -> Self {
        let estimates = &segment.estimators;
        let ends = |estimate: &Estimate| {
            let interval = estimate.ci.get(HEADLINE);
            [estimate.value, interval.map(|ci| ci.low), interval.and_then(|ci| ci.high)]
        };
        let shown = estimates.iter().flat_map(ends).flatten().filter(|value| value.is_finite());
        let (low, high) = shown
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let scale = Scale::over(low, high);
        let row = |(at, estimate)| Row::of(estimate, LINE * (at as f64 + 0.7), &scale);
        Self {
            height: LINE * (estimates.len() as f64 + 0.6) + 22.0,
            ticks: scale.ticks(),
            rows: estimates.iter().enumerate().map(row).collect(),
        }
    }
}

impl Row {
    fn of(estimate: &Estimate, y: f64, scale: &Scale) -> Self {
        let interval = estimate.ci.get(HEADLINE);
        let decimals = estimate.se.map_or(4, crate::cli::decimals);
        let number = |value: f64| format!("{value:.decimals$}");
        let Said { class, text } = Said::of(&estimate.verdict);
        let high = interval.and_then(|ci| ci.high);
        Self {
            name: estimate.name.clone(),
            y,
            x: estimate.value.and_then(|value| scale.x(value)),
            low: interval.and_then(|ci| scale.x(ci.low)).filter(|_| high.is_some()),
            high: high.and_then(|high| scale.x(high)),
            value: estimate.value.map_or("none".into(), number),
            interval: interval.map_or("unknown".into(), |ci| {
                format!("{} … {}", number(ci.low), ci.high.map_or("?".into(), number))
            }),
            se: estimate.se.map_or("unknown".into(), number),
            class,
            verdict: text,
        }
    }
}

/// A linear axis with round ticks.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    fn over(low: f64, high: f64) -> Self {
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let span = if high > low { high - low } else { low.abs().max(1.0) * 0.1 };
        // The largest of 1, 2 and 5 times a power of ten that gives at least four ticks.
        let rough = span / 4.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let step = [5.0, 2.0, 1.0].into_iter().map(|digit| digit * power).find(|step| *step <= rough);
        let step = step.unwrap_or(power);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step.max(f64::MIN_POSITIVE),
            step,
        }
    }

    fn x(&self, value: f64) -> Option<f64> {
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        share.is_finite().then(|| round(AXIS.0 + share * (AXIS.1 - AXIS.0)))
    }

    fn ticks(&self) -> Vec<Tick> {
        let n = ((self.high - self.low) / self.step).round().clamp(1.0, 12.0) as usize;
        let decimals = (-self.step.log10().floor()).clamp(0.0, 12.0) as usize;
        let tick = |at: usize| {
            let value = self.low + self.step * at as f64;
            Some(Tick { x: self.x(value)?, label: format!("{value:.decimals$}") })
        };
        (0..=n).filter_map(tick).collect()
    }
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// Rows by weight, both on logarithmic scales.
#[derive(Debug, Serialize)]
struct Histogram {
    height: f64,
    base: f64,
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    label: String,
}

impl Histogram {
    fn of(bins: &[WeightBin]) -> Option<Self> {
        let most = bins.iter().map(|bin| bin.count).max()?;
        let (base, width) = (BARS + 10.0, (660.0 / bins.len() as f64).min(60.0));
        let bar = |(at, WeightBin { from, to, count }): (usize, &WeightBin)| {
            let height = BARS * (1.0 + *count as f64).ln() / (1.0 + most as f64).ln();
            let label = format!("{count} rows with weights from {from:.3} to {to:.3}");
            let x = 45.0 + width * at as f64;
            Bar {
                x: round(x),
                y: round(base - height),
                width: round(width * 0.9),
                height: round(height),
                label,
            }
        };
        let every = bins.len().div_ceil(8);
        let tick = |(at, WeightBin { from, .. }): (usize, &WeightBin)| Tick {
            x: round(45.0 + width * at as f64),
            label: if (0.01..1e4).contains(from) || *from == 0.0 {
                format!("{from:.2}")
            } else {
                format!("{from:.0e}")
            },
        };
        Some(Self {
            height: base + 24.0,
            base,
            bars: bins.iter().enumerate().map(bar).collect(),
            ticks: bins.iter().enumerate().step_by(every).map(tick).collect(),
        })
    }
}
