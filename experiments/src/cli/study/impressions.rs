//! `recloop study impressions`: do items reach the people they are meant for?

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use comfy_table::CellAlignment;
use toml::{Table, Value};

use crate::ConfigError;
use crate::cli::table::lined;
use crate::cli::{CliError, Format, print_json};
use crate::config::set;
use crate::study::impressions::{
    AttributeFound, CoverageFound, CurvePoint, ImpressionsConfig, ImpressionsFound, PAGE, impressions,
    percent,
};

const EXAMPLES: &str = "\
Examples:
  recloop study impressions                          both attributes, five seeds
  recloop study impressions --epsilon 1,0.1,0.01     what privacy costs
  recloop study impressions --gain 1 --out study     a gentler control, and a page about it
  recloop study impressions --set group_tilt=2       groups that differ more in what they like

The platform guesses groups and hears only noised counts; who is of which group it never learns.
--set takes the keys of `recloop worlds targeting-v0`.";

/// Whether items reach their audiences in the mix these have: without control, with it, and under fair delivery.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Impressions {
    /// On how many seeds
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u32,
    /// The first seed; the others follow it
    #[arg(long, value_name = "S", default_value_t = 7)]
    first_seed: u64,
    /// Privacy of each noised count: the first for the tables, all for the curve
    #[arg(long, value_name = "E,E,…", value_delimiter = ',', default_values_t = ImpressionsConfig::default().epsilons)]
    epsilon: Vec<f64>,
    /// How hard the control pulls, in standard deviations of a user's scores
    #[arg(long, value_name = "G", default_value_t = ImpressionsConfig::default().gain)]
    gain: f32,
    /// How often the two groups and the five are guessed rightly
    #[arg(long, value_name = "TWO,FIVE", value_delimiter = ',', default_values_t = ImpressionsConfig::default().accuracy)]
    accuracy: Vec<f64>,
    /// How long each run is, in ticks
    #[arg(long, value_name = "N", default_value_t = ImpressionsConfig::default().ticks)]
    ticks: u32,
    /// One key of the world
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where to keep the result and a page about it [default: nowhere]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Impressions {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let found = impressions(&self.config()?)?;
        if let Some(dir) = &self.out {
            found.keep(dir)?;
        }
        match self.format {
            Format::Json => print_json(out, &found)?,
            Format::Table => self.tell(out, &found)?,
        }
        Ok(())
    }

    fn config(&self) -> Result<ImpressionsConfig, ConfigError> {
        let mut layer = Table::new();
        for text in &self.set {
            set(&mut layer, text)?;
        }
        let world = match layer.remove("world") {
            Some(Value::Table(world)) => world,
            _ => Table::new(),
        };
        if let Some(stray) = layer.keys().next() {
            let reason = "a study sets keys of its world; the rest has flags".into();
            return Err(ConfigError::Value { key: stray.clone(), reason });
        }
        let given = self.accuracy.len();
        let accuracy = self.accuracy[..].try_into().map_err(|_| ConfigError::Value {
            key: "--accuracy".into(),
            reason: format!("there are two attributes, {given} values were given"),
        })?;
        Ok(ImpressionsConfig {
            world,
            seeds: (0..u64::from(self.seeds)).map(|n| self.first_seed.saturating_add(n)).collect(),
            epsilons: self.epsilon.clone(),
            gain: self.gain,
            accuracy,
            ticks: self.ticks,
            ..ImpressionsConfig::default()
        })
    }

    fn tell(&self, out: &mut dyn Write, found: &ImpressionsFound) -> Result<(), CliError> {
        let (seeds, epsilon, releases) = (found.seeds.len(), found.epsilon, found.releases);
        writeln!(
            out,
            "Items within 10 % of their audience's mix, of those counted 300 times. Means over {seeds} seeds ± half a\n\
             95 % interval; ε = {epsilon} for each impression. What a person was shown adds up, over {releases} releases."
        )?;
        for attribute in &found.attributes {
            writeln!(
                out,
                "\n{}: {}, guessed rightly {:.0} %",
                attribute.attribute,
                attribute.about,
                100.0 * attribute.accuracy
            )?;
            writeln!(out, "{}", covered(attribute, seeds))?;
            writeln!(out, "{}", costs(attribute, seeds))?;
            writeln!(out, "{}", curve(attribute, seeds))?;
        }
        if let Some(dir) = &self.out {
            writeln!(out, "\nThe page is {}.", dir.join(PAGE).display())?;
        }
        Ok(())
    }
}

fn aligned(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = lined();
    table.set_header(header);
    table.add_rows(rows);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.to_string()
}

fn covered(attribute: &AttributeFound, n: usize) -> String {
    let row = |way: &CoverageFound| {
        let not_judged = format!("{} / {}", way.not_judged[0], way.not_judged[1]);
        let shares = [&way.without, &way.controlled, &way.fair, &way.gap_closed].map(|it| percent(it, n));
        [way.name()].into_iter().chain(shares).chain([not_judged]).collect()
    };
    let header = ["coverage, %", "no control", "control", "fair", "gap closed", "not judged"];
    aligned(&header, attribute.coverage.iter().map(row))
}

fn costs(attribute: &AttributeFound, n: usize) -> String {
    let cost = &attribute.cost;
    format!(
        "Lost: {} % of relevance, {} % of clicks. Publicly undertaken: {:.1} % of items.",
        percent(&cost.relevance_lost, n),
        percent(&cost.clicks_lost, n),
        100.0 * attribute.target
    )
}

fn curve(attribute: &AttributeFound, n: usize) -> String {
    let row = |point: &CurvePoint| {
        let cells = [&point.controlled, &point.gap_closed, &point.relevance_lost].map(|it| percent(it, n));
        [point.epsilon.to_string()].into_iter().chain(cells).collect()
    };
    aligned(&["ε", "control", "gap closed", "relevance lost"], attribute.curve.iter().map(row))
}
