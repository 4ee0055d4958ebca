//! `recloop run`: the main job.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use toml::{Table, Value};

use super::llm::LlmFlags;
use super::progress::Progress;
use super::setting::Setting;
use super::{CliError, Format, print_json, table};
use crate::{ConfigError, RunConfig, RunSummary, headline};

const EXAMPLES: &str = "\
Examples:
  recloop run
  recloop run --recommender linucb --seed 3
  recloop run --users 500 --days 10 --set interference=off --set bait_weight=0
  recloop run --set recommender.temperature=0.5        slates are drawn, propensities exact
  recloop run --set recommender.retrieve=200 --set recommender.rerank=mmr
  recloop run long-term-satisfaction-v1 --recommender random --users 5000
  recloop run movielens-v0 --data ml --days 10
  recloop run --config runs/feed-v0-mf-7/config.toml --seed 8
  recloop run --out runs/long --resume
  recloop run dialogue-feed-v0 --recommender agentic     users who say what they want
  recloop run dialogue-feed-v0 --llm-users 20 --llm URL --model NAME --record answers
  recloop run dialogue-feed-v0 --llm-users 20 --model NAME --replay answers

Later settings win: defaults, then --config, then --set, then the other flags.
`recloop worlds` lists worlds and recommenders, `recloop worlds NAME` every key of one.";

/// Lets a population live with a recommender, logs every impression, and prints what came of it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// The world [default: feed-v0]
    world: Option<String>,
    /// Who fills the slates [default: the world's own, see `recloop worlds`]
    #[arg(long, value_name = "NAME")]
    recommender: Option<String>,
    #[command(flatten)]
    setting: Setting,
    /// The seed; the same seed gives the same run at any number of threads [default: 7]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(0..))]
    seed: Option<i64>,
    /// How many threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// The run directory [default: runs/WORLD-RECOMMENDER-SEED, numbered if taken]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with a run that was stopped, from its last checkpoint
    #[arg(long)]
    resume: bool,
    /// How to print the result: a table for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    // Last: its heading is over all that follows.
    #[command(flatten)]
    llm: LlmFlags,
}

impl Run {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let config = self.config()?;
        let mut progress = Progress::new(io::stderr().is_terminal());
        let play = if self.resume { crate::resume } else { crate::run };
        let summary = play(&config, &mut progress)?;
        progress.clear();
        match self.format {
            Format::Json => print_json(out, &summary),
            Format::Table => print_table(out, &summary, config.log().enabled),
        }
    }

    /// Resuming, whatever is not said again is as it was when the run began.
    fn config(&self) -> Result<RunConfig, ConfigError> {
        let out = self.out.as_ref().map(|dir| Value::from(dir.to_string_lossy().into_owned()));
        let mut layers = self.setting.layers(
            self.world.as_deref(),
            [
                ("recommender", "name", self.recommender.clone().map(Value::from)),
                ("run", "seed", self.seed.map(Value::Integer)),
                ("run", "threads", self.threads.map(|n| Value::Integer(n.into()))),
                ("run", "out", out),
            ],
        )?;
        layers.push(self.llm.layer());
        let config = self.known(&layers)?;
        if !self.resume || self.setting.has_file() {
            return Ok(config);
        }
        let begun = crate::begun_config(&config)?;
        RunConfig::resolve(begun.into_iter().chain(layers))
    }

    /// What the layers say. Resuming, a section may be begun in the layer that is still to be found.
    fn known(&self, layers: &[Table]) -> Result<RunConfig, ConfigError> {
        let mut layers = layers.to_vec();
        if self.resume && !self.setting.has_file() {
            layers.iter_mut().for_each(|layer| drop(layer.remove("llm")));
        }
        RunConfig::resolve(layers)
    }
}

pub(super) fn print_table(out: &mut dyn Write, summary: &RunSummary, logged: bool) -> Result<(), CliError> {
    let RunSummary { world, recommender, seed, user_steps, wall_secs, dir, .. } = summary;
    let rate = HumanCount((*user_steps as f64 / wall_secs.max(1e-9)) as u64);
    let steps = HumanCount(*user_steps);
    writeln!(
        out,
        "{world} with {recommender}, seed {seed}: {steps} user-steps in {wall_secs:.1} s ({rate}/s)\n"
    )?;
    let first = headline(&summary.metrics);
    writeln!(out, "{}\n", table::of(&first))?;
    if let Some(llm) = &summary.llm {
        writeln!(out, "{}\n", llm.words())?;
    }
    let (dir, n) = (dir.display(), summary.metrics.len());
    if n > first.len() {
        writeln!(out, "All {n} metrics: `recloop metrics {dir}`.")?;
    }
    if logged {
        writeln!(out, "The log is in {dir}; `recloop inspect {dir}` shows what was shown to whom.")?;
    } else {
        writeln!(out, "The numbers are in {dir}/metrics.json; no log was kept.")?;
    }
    // Not every world has an interest to score by, so nothing but `random` fits them all.
    let other = if recommender == "random" { "NAME" } else { "random" };
    writeln!(out, "Next: compare with `recloop run --config {dir}/config.toml --recommender {other}`.")?;
    Ok(())
}
