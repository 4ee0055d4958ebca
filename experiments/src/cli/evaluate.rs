//! `recloop evaluate`: what another policy would have earned, from a log alone.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use comfy_table::{CellAlignment, Table};
use indicatif::HumanCount;
use recloop_data::ope::model::ModelKind;
use recloop_data::ope::{Declared, Estimate, Evaluation, HEADLINE, Request, Segment, SequenceOptions};

use super::rows_progress::RowsProgress;
use super::{CliError, Format, print_json, table};
use crate::evaluate::{EvaluateConfig, Evaluated, Made};

const EXAMPLES: &str = "\
Examples:
  recloop evaluate runs/dot --target dot:temperature=0.5 --reward click --by age
  recloop evaluate runs/dot --target random --target run:runs/mf --estimators sips,rips
  recloop evaluate runs/dot --target dot:temperature=0.5 --scores q --estimators dr,seq-dr
  recloop evaluate log.parquet --columns map.toml --target column:pi --estimators 'dr,dros(5)'
  recloop evaluate obd/random/men --target table:obd/targets/random_action_dist.csv?campaign=men
  recloop evaluate part-1.parquet --columns map.toml --target column:pi --partial 1.sums
  recloop evaluate --merge 1.sums 2.sums 3.sums --html page.html

A target is a recommender (NAME:KEY=VALUE,…), the frozen recommender of a run (run:DIR), a column of
the log (column:NAME: its probability of the logged action, or of all actions), a table
(table:FILE?COLUMN=VALUE), or what the mapping names (columns).
docs/offline-evaluation.md has every estimator with its formula, and what the diagnostics mean.";

/// Says what another policy would have earned, from a log alone, how sure that is, and whether to believe it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Evaluate {
    /// A run directory, a Parquet file of decisions, or a directory of such files
    #[arg(required_unless_present = "merge")]
    log: Option<PathBuf>,
    /// The policy in question; several are ranked [default: the columns that the mapping gives the target]
    #[arg(long, value_name = "SPEC")]
    target: Vec<String>,
    /// Which estimators, separated by commas [default: all that the log allows]
    #[arg(long, value_name = "LIST")]
    estimators: Option<String>,
    /// A column, or arithmetic over columns, such as 'click + dwell_secs / 60' [default: the log's reward]
    #[arg(long, value_name = "COLUMN|EXPR")]
    reward: Option<String>,
    /// The range that rewards are known to lie in: what lies outside is refused, and bounds rest on it
    #[arg(long, value_name = "LO,HI", value_parser = range, allow_hyphen_values = true)]
    reward_range: Option<(f64, f64)>,
    /// A number no propensity is below: bounds of unclipped estimators rest on it
    #[arg(long, value_name = "P")]
    min_propensity: Option<f64>,
    /// A number of rows no user exceeds: bounds rest on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_rows_per_user: Option<u32>,
    /// Also evaluates every level of this column, or of this group of the world's users
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Which columns of the log mean what [default: columns.toml beside the log]
    #[arg(long, value_name = "MAPPING.toml")]
    columns: Option<PathBuf>,
    /// Leaves out rows that cannot be used and counts them, in place of refusing the log
    #[arg(long)]
    skip_invalid: bool,
    /// What predicts rewards where the log brings no predictions along
    #[arg(long, value_enum, default_value_t = Model::Linear)]
    model: Model,
    /// A policy of `recloop train`, such as fitted-q from another log, whose scores the model is told besides the features
    #[arg(long, value_name = "DIR")]
    scores: Option<PathBuf>,
    /// How much the next decision of a user counts, against this one, for estimators over trajectories
    #[arg(long, value_name = "GAMMA", default_value_t = 1.0)]
    discount: f64,
    /// How many decisions of a user make a trajectory [default: all]
    #[arg(long, value_name = "H", value_parser = clap::value_parser!(u32).range(1..))]
    horizon: Option<u32>,
    /// Writes the sums of this shard to a file, to be merged with those of others
    #[arg(long, value_name = "FILE", conflicts_with = "merge")]
    partial: Option<PathBuf>,
    /// Merges the sums of shards, in place of reading a log
    #[arg(long, value_name = "FILES", num_args = 1.., conflicts_with_all = ["log", "target", "estimators", "reward", "by", "columns", "scores"])]
    merge: Vec<PathBuf>,
    /// Also writes a page to look at
    #[arg(long, value_name = "FILE", conflicts_with = "partial")]
    html: Option<PathBuf>,
    /// How many threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// How to print the result: a table for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Model {
    /// The mean reward of each action at each position
    Mean,
    /// Ridge regression
    Linear,
    /// Logistic regression, for rewards between 0 and 1
    Logistic,
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let ends = text
        .split_once(',')
        .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    match ends {
        Some((low, high)) if f64::is_finite(low) && f64::is_finite(high) && low < high => Ok((low, high)),
        _ => Err("write two numbers, the lower first, as in 0,1".into()),
    }
}

impl Evaluate {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let progress = RowsProgress::new(io::stderr().is_terminal());
        let made = crate::evaluate::make(&self.config()?, &|pass| progress.pass(pass));
        progress.clear();
        match made? {
            Made::Partial { path, rows } => {
                let (rows, path) = (HumanCount(rows), path.display());
                writeln!(
                    out,
                    "The sums of {rows} rows are in {path}; `recloop evaluate --merge {path} …` puts shards together."
                )?;
            }
            Made::Evaluated(all) => self.tell(out, &all)?,
        }
        Ok(())
    }

    fn config(&self) -> Result<EvaluateConfig, CliError> {
        let declared = Declared {
            reward_range: self.reward_range,
            min_propensity: self.min_propensity,
            max_rows_per_user: self.max_rows_per_user,
        };
        let model = match self.model {
            Model::Mean => ModelKind::MeanTable,
            Model::Linear => ModelKind::Linear,
            Model::Logistic => ModelKind::Logistic,
        };
        let horizon = self.horizon.map(|steps| steps as usize);
        let sequence = SequenceOptions { discount: self.discount, horizon, ..SequenceOptions::default() };
        let estimators = self.estimators.as_deref().map(crate::evaluate::estimators).transpose()?;
        Ok(EvaluateConfig {
            log: self.log.clone(),
            targets: self.target.clone(),
            columns: self.columns.clone(),
            reward: self.reward.clone(),
            by: self.by.clone(),
            scores: self.scores.clone(),
            skip_invalid: self.skip_invalid,
            request: Request { estimators, declared, model, sequence, ..Request::default() },
            partial: self.partial.clone(),
            merge: self.merge.clone(),
            html: self.html.clone(),
            threads: self.threads.map_or(0, usize::from),
        })
    }

    fn tell(&self, out: &mut dyn Write, all: &[Evaluated]) -> Result<(), CliError> {
        if self.format == Format::Json {
            return match all {
                [one] => print_json(out, &one.evaluation),
                several => print_json(out, &crate::evaluate::Ranked::of(several)),
            };
        }
        for one in all {
            tell_one(out, one)?;
        }
        if all.len() > 1 {
            writeln!(out, "{}\n", crate::evaluate::Ranked::of(all))?;
        }
        if let Some(page) = &self.html {
            writeln!(out, "The same to look at: {}.", page.display())?;
        }
        Ok(())
    }
}

fn tell_one(out: &mut dyn Write, one: &Evaluated) -> Result<(), CliError> {
    let Evaluation { overall, groups, positions, excluded, not_estimated, .. } = &one.evaluation;
    writeln!(out, "{}\n\n{}\n", one.title, estimates(overall))?;
    let mut list = table::list();
    for (what, value) in overall.diagnostics.told() {
        list.add_row([what, &value]);
    }
    writeln!(out, "{list}\n")?;
    for (position, diagnostics) in positions {
        writeln!(out, "position {position}: {}", diagnostics.line())?;
    }
    for (name, group) in groups {
        writeln!(out, "\n{name}: {}\n{}", group.diagnostics.line(), estimates(group))?;
        writeln!(out, "verdict for {name}: {}", group.verdict)?;
    }
    for (reason, n) in excluded {
        writeln!(out, "left out: {} rows, {reason}", HumanCount(*n))?;
    }
    if !not_estimated.is_empty() {
        let names: Vec<_> = not_estimated.iter().map(|one| one.estimator.as_str()).collect();
        writeln!(
            out,
            "\nNot estimated: {}; ask for one with `--estimators` to learn what it needs.",
            names.join(", ")
        )?;
    }
    writeln!(out, "\nverdict: {}\n", overall.verdict)?;
    Ok(())
}

fn estimates(segment: &Segment) -> String {
    let mut list = table::lined();
    list.set_header(["estimator", "value", "95 % interval", "verdict"]);
    segment.estimators.iter().for_each(|estimate| {
        list.add_row(row(estimate));
    });
    align(&mut list);
    list.to_string()
}

fn align(list: &mut Table) {
    for column in list.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn row(estimate: &Estimate) -> [String; 4] {
    let decimals = estimate.se.map_or(4, table::decimals);
    let number = |value: f64| format!("{value:.decimals$}");
    let interval = estimate.ci.get(HEADLINE).map_or("unknown".into(), |ci| {
        format!("{} … {}", number(ci.low), ci.high.map_or("?".into(), number))
    });
    let value = estimate.value.map_or("none".into(), number);
    [estimate.name.clone(), value, interval, estimate.verdict.in_short().to_owned()]
}
