//! Lines with intervals, as svg: what studies draw.

use recloop_nn::NnError;
use serde::Serialize;

use crate::picture::draw;

/// Where the lines are, in the units of the template.
const LEFT: f64 = 70.0;
const TOP: f64 = 16.0;
const WIDTH: f64 = 430.0;
const HEIGHT: f64 = 280.0;
/// Height of an entry of the legend.
const ENTRY: f64 = 18.0;
/// Colours that stay apart in print and to most eyes (Okabe, Ito 2008, "Color universal design").
const COLOURS: [&str; 10] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#999999", "#7f3c8d", "#8c613c",
    "#11616b",
];

/// A point, with as much to each side as its interval reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Half an interval across and up; 0 draws none.
    pub(crate) half: [f64; 2],
}

/// A named line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) across: String,
    pub(crate) up: String,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Drawn<'a> {
    title: &'a str,
    across: &'a str,
    up: &'a str,
    ends: [String; 4],
    lines: Vec<DrawnLine<'a>>,
}

#[derive(Debug, Serialize)]
struct DrawnLine<'a> {
    name: &'a str,
    colour: &'static str,
    path: String,
    legend: f64,
    points: Vec<[f64; 6]>,
}

impl Chart {
    /// The chart, as svg; points that are not numbers are left out.
    pub(crate) fn svg(&self) -> Result<String, NnError> {
        let (x, y) = (Scale::of(self, |p| (p.x, p.half[0])), Scale::of(self, |p| (p.y, p.half[1])));
        let across = |value: f64| round(LEFT + WIDTH * x.share(value));
        let up = |value: f64| round(TOP + HEIGHT * (1.0 - y.share(value)));
        let place = |p: &Point| {
            let [dx, dy] = p.half;
            [across(p.x), up(p.y), across(p.x - dx), across(p.x + dx), up(p.y - dy), up(p.y + dy)]
        };
        let line = |(at, line): (usize, &'_ Line)| {
            let points: Vec<[f64; 6]> = line.known().map(place).collect();
            let path = points.iter().map(|[x, y, ..]| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
            (COLOURS[at % COLOURS.len()], path, TOP + 8.0 + ENTRY * at as f64, points)
        };
        let drawn = self.lines.iter().enumerate().map(|(at, given)| {
            let (colour, path, legend, points) = line((at, given));
            DrawnLine { name: &given.name, colour, path, legend, points }
        });
        let ends = [x.low, x.high, y.low, y.high].map(number);
        let lines = drawn.collect();
        draw(
            include_str!("chart.svg"),
            Drawn { title: &self.title, across: &self.across, up: &self.up, ends, lines },
        )
    }
}

impl Line {
    fn known(&self) -> impl Iterator<Item = &Point> {
        self.points
            .iter()
            .filter(|p| p.x.is_finite() && p.y.is_finite() && p.half.iter().all(|h| h.is_finite()))
    }
}

/// From the lowest end of an interval to the highest, never empty.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(chart: &Chart, value: impl Fn(&Point) -> (f64, f64)) -> Self {
        let ends = chart.lines.iter().flat_map(Line::known).map(value);
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (value, half)| {
            (low.min(value - half), high.max(value + half))
        });
        match (low.is_finite(), high > low) {
            (true, true) => Self { low, high },
            (true, false) => Self { low: low - 0.5, high: low + 0.5 },
            _ => Self { low: 0.0, high: 1.0 },
        }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// Three digits that count.
fn number(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    format!("{value:.*}", (2 - digits).clamp(0, 6) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_names_its_lines_and_leaves_out_what_is_no_number() {
        let point = |x, y| Point { x, y, half: [0.0, 0.1] };
        let lines = vec![
            Line {
                name: "one & only".into(),
                points: vec![point(0.0, 1.0), point(1.0, f64::NAN), point(2.0, 3.0)],
            },
            Line { name: "empty".into(), points: Vec::new() },
        ];
        let chart = Chart { title: "t".into(), across: "rounds".into(), up: "clicks".into(), lines };
        let svg = chart.svg().unwrap();
        assert!(svg.contains("one &amp; only") && svg.contains("rounds") && !svg.contains("NaN"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        let nothing = Chart { lines: Vec::new(), ..chart };
        assert!(nothing.svg().unwrap().contains("clicks"));
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        assert_eq!(
            [0.0, 12.345, 0.012_34, 1_234.0, -5.0].map(number),
            ["0.00", "12.3", "0.0123", "1234", "-5.00"]
        );
    }
}
