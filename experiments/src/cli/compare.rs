//! `recloop compare`: which of several recommenders does better, and how sure that is.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use toml::Value;

use super::runs_progress::RunsProgress;
use super::setting::Setting;
use super::table::{decimals, lined};
use super::{CliError, print_json};
use crate::{CompareConfig, Comparison, Difference, Interval, MetricCompared, Verdict};

const EXAMPLES: &str = "\
Examples:
  recloop compare feed-v0 mf linucb --seeds 5
  recloop compare feed-v0 mf mf:rerank=mmr,relevance=0.8 --metrics retention_d7,provider_gini
  recloop compare feed-v0 oracle-click oracle-utility --set bait_weight=0 --out cmp
  recloop compare long-term-satisfaction-v1 random oracle-click oracle-utility --users 500
  recloop compare feed-v0 mf mf --users 200 --seeds 3     nothing differs: all zero

A seed gives every recommender the same world, people and luck, so differences are taken seed by
seed. The interval is Student's t over seeds: it speaks of other seeds of this world, too.
With --out, every finished run is kept: stopped and started again, or asked for more seeds, the
comparison runs only what is missing.";

/// Runs recommenders on the same seeds and tells what differs, with 95 % intervals.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Compare {
    /// The world
    world: String,
    /// Two or more, each NAME or NAME:KEY=VALUE,KEY=VALUE; differences are to the first
    #[arg(required = true, value_name = "RECOMMENDER")]
    recommenders: Vec<String>,
    /// On how many seeds
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u32,
    /// The first seed; the others follow it [default: 7]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(0..))]
    first_seed: Option<i64>,
    #[command(flatten)]
    setting: Setting,
    /// Only these metrics, separated by commas, or `all` [default: the headline]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    metrics: Vec<String>,
    /// How many runs go on at once [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Where to keep finished runs and comparison.json [default: nowhere]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Layout::Table)]
    format: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layout {
    Table,
    Json,
    Markdown,
}

impl Compare {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let seed = self.first_seed.map(Value::Integer);
        let layers = self.setting.layers(Some(&self.world), [("run", "seed", seed)])?;
        let config = CompareConfig {
            metrics: self.metrics.clone(),
            jobs: self.jobs,
            out: self.out.clone(),
            ..CompareConfig::new(&layers, &self.recommenders, self.seeds)?
        };
        let mut progress = RunsProgress::new(io::stderr().is_terminal());
        let comparison = crate::compare(&config, &mut progress)?;
        progress.clear();
        match self.format {
            Layout::Json => print_json(out, &comparison)?,
            layout => writeln!(out, "{}", told(&comparison, layout))?,
        }
        let runs = comparison.seeds.len() * comparison.recommenders.len();
        match comparison.failures.len() {
            0 => Ok(()),
            failed => Err(CliError::Incomplete { failed, runs }),
        }
    }
}

/// The whole result for people.
fn told(comparison: &Comparison, layout: Layout) -> String {
    let Comparison { world, seeds, recommenders, metrics, .. } = comparison;
    let (first, last) =
        (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
    let mut parts = vec![format!(
        "{world}: {} recommenders, each on seeds {first} to {last}. Means over seeds ± half a 95 % interval:",
        recommenders.len()
    )];
    parts.push(means(comparison, layout));
    let Some((first, others)) = recommenders.split_first() else { return parts.join("\n\n") };
    for (at, other) in others.iter().enumerate() {
        let (name, than) = (&other.label, &first.label);
        parts.push(format!("{name} − {than}, seed by seed:"));
        parts.push(differences(metrics, at, layout));
        if metrics.iter().all(|metric| metric.differences[at].verdict == Verdict::Identical) {
            parts.push(format!("{name} and {than} are identical in every metric, on every seed."));
        }
        let words: Vec<String> =
            metrics.iter().filter_map(|metric| in_words(metric, at, name, than)).collect();
        parts.extend((!words.is_empty()).then(|| words.join("\n")));
    }
    parts.extend(footnote(comparison));
    parts.join("\n\n")
}

fn sheet(layout: Layout, header: Vec<String>) -> Table {
    let mut sheet = lined();
    if layout == Layout::Markdown {
        sheet.load_preset(presets::ASCII_MARKDOWN);
    }
    sheet.set_header(header);
    sheet
}

fn means(comparison: &Comparison, layout: Layout) -> String {
    let labels = comparison.recommenders.iter().map(|compared| compared.label.clone());
    let mut sheet = sheet(layout, ["metric".to_owned()].into_iter().chain(labels).collect());
    for metric in &comparison.metrics {
        let cell = |mean: &Option<Interval>| mean.map_or("none".into(), |mean| plus_minus(&mean));
        sheet.add_row([metric.name.clone()].into_iter().chain(metric.means.iter().map(cell)));
    }
    sheet.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    sheet.to_string()
}

fn differences(metrics: &[MetricCompared], at: usize, layout: Layout) -> String {
    let header = ["metric", "difference", "95 % interval", "n", "verdict"];
    let mut sheet = sheet(layout, header.map(str::to_owned).to_vec());
    for metric in metrics {
        let Difference { interval, verdict } = metric.differences[at];
        let [mean, bounds, n] = interval.map_or(["none", "unknown", "0"].map(str::to_owned), |interval| {
            let (mean, bounds) = signed(&interval);
            [mean, bounds, interval.n.to_string()]
        });
        let verdict = match verdict {
            Verdict::Identical => "identical",
            Verdict::Higher => "higher *",
            Verdict::Lower => "lower *",
            Verdict::Open => "not told apart",
            Verdict::Unknown => "too few pairs",
        };
        sheet.add_row([metric.name.clone(), mean, bounds, n, verdict.to_owned()]);
    }
    for column in sheet.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    sheet.to_string()
}

/// What marks mean, and how many of them luck alone would make.
fn footnote(comparison: &Comparison) -> Option<String> {
    let verdicts = comparison.metrics.iter().flat_map(|metric| &metric.differences);
    let tested = verdicts.filter(|difference| difference.verdict != Verdict::Identical).count();
    let mut note = "* The interval leaves out zero.".to_owned();
    // Chosen by us: among fewer, luck is not yet to be expected.
    if tested >= 10 {
        let lucky = tested as f64 * 0.05;
        note.push_str(&format!(
            " Were there no difference at all, about {lucky:.1} of {tested} would be marked by luck:\n\
             for a claim, name its metric beforehand with --metrics and try fresh seeds with --first-seed."
        ));
    }
    (tested > 0).then_some(note)
}

/// `0.412 ± 0.003`.
pub(super) fn plus_minus(interval: &Interval) -> String {
    let decimals = decimals(interval.half());
    format!("{:.decimals$} ± {:.decimals$}", interval.mean, interval.half())
}

/// `+0.10` and `[+0.06, +0.14]`.
pub(super) fn signed(interval: &Interval) -> (String, String) {
    let decimals = decimals(interval.half());
    let number = |value: f64| if value == 0.0 { "0".into() } else { format!("{value:+.decimals$}") };
    (number(interval.mean), format!("[{}, {}]", number(interval.low), number(interval.high)))
}

/// Metrics that have words of their own: what a recommender does when they are higher, and when they are lower.
const WORDS: &[(&str, &str, &str)] = &[
    ("retention_d7", "keeps more users for a week", "keeps fewer users for a week"),
    ("dwell_minutes_per_user", "holds users for more minutes", "holds users for fewer minutes"),
    ("sessions_per_user", "is visited more often", "is visited less often"),
    ("click_rate", "gets more slates clicked", "gets fewer slates clicked"),
    ("reward_per_user", "earns more reward per user", "earns less reward per user"),
    ("creator_survival", "keeps more creators", "keeps fewer creators"),
    ("provider_gini", "spreads exposure less evenly", "spreads exposure more evenly"),
    ("welfare_initial", "serves first interests better", "serves first interests worse"),
];

/// `mf keeps more users for a week than random: +0.10 [+0.06, +0.14], n = 10 seeds`.
fn in_words(metric: &MetricCompared, at: usize, name: &str, than: &str) -> Option<String> {
    let (_, more, less) = WORDS.iter().find(|(known, ..)| *known == metric.name)?;
    let Difference { interval, verdict } = metric.differences[at];
    let said = match verdict {
        Verdict::Higher => format!("{name} {more} than {than}"),
        Verdict::Lower => format!("{name} {less} than {than}"),
        Verdict::Open => format!("{name} and {than} are not told apart in {}", metric.name),
        Verdict::Identical | Verdict::Unknown => return None,
    };
    let interval = interval?;
    let (mean, bounds) = signed(&interval);
    Some(format!("{said}: {mean} {bounds}, n = {} seeds.", interval.n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, differences: &[f64]) -> MetricCompared {
        let first: Vec<_> = differences.iter().map(|_| Some(1.0)).collect();
        let other: Vec<_> = differences.iter().map(|difference| Some(1.0 + difference)).collect();
        let difference = Difference::paired(&first, &other);
        MetricCompared { name: name.into(), values: vec![], means: vec![], differences: vec![difference] }
    }

    #[test]
    fn sentences_say_no_more_than_the_interval() {
        let said = |differences: &[f64]| in_words(&metric("retention_d7", differences), 0, "mf", "random");
        // Mean 0.25, deviations ∓1/16: standard error 1/16, t(1) = 12.706.
        let open = said(&[0.1875, 0.3125]).unwrap();
        assert_eq!(
            open,
            "mf and random are not told apart in retention_d7: +0.25 [-0.54, +1.04], n = 2 seeds."
        );
        // Mean 0.1, deviations ∓0.01, 0: se 0.01 / √3, t(2) 4.303.
        let more = said(&[0.09, 0.1, 0.11]).unwrap();
        assert_eq!(more, "mf keeps more users for a week than random: +0.100 [+0.075, +0.125], n = 3 seeds.");
        let fewer = said(&[-0.09, -0.1, -0.11]).unwrap();
        assert!(fewer.starts_with("mf keeps fewer users for a week than random: -0.100"), "{fewer}");
        assert_eq!(said(&[0.0, 0.0]), None);
        assert_eq!(in_words(&metric("made_up", &[1.0, 1.1]), 0, "mf", "random"), None);
    }

    #[test]
    fn identical_runs_are_shown_as_plain_zeros() {
        let interval = Interval { mean: 0.0, low: 0.0, high: 0.0, n: 3 };
        assert_eq!(signed(&interval), ("0".to_owned(), "[0, 0]".to_owned()));
    }
}
