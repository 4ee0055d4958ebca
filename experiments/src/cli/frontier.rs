//! `recloop frontier`: what one aim costs another.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use recloop_nn::Compute;
use toml::Table;

use super::compare::{plus_minus, signed};
use super::runs_progress::RunsProgress;
use super::table::lined;
use super::train::Bar;
use super::{CliError, Format, print_json};
use crate::ConfigError;
use crate::config::{put, set};
use crate::frontier::{Frontier as Found, FrontierConfig, PICTURE, frontier};
use crate::train::training_layer;

const EXAMPLES: &str = "\
Examples:
  recloop frontier feed-ppo --over fairness.creator_weight=0,0.3,1 --out frontier
  recloop frontier feed-ppo --over fairness.creator_evenness=0.3,0.5,0.7 --out constrained
  recloop frontier long-term-satisfaction-ppo --over ppo.gamma=0,0.9,0.99 --out patience \\
    --metrics reward_per_user,click_rate

Stopped and started again, it goes on where it was: finished trainings and runs are kept in --out.
The policies are compared on seeds that no training has seen.";

/// Trains a policy for every value of a setting and compares them: what one aim costs another.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Frontier {
    /// A ready config of `recloop train`, or a file
    config: String,
    /// The setting to move, and two values or more
    #[arg(long, value_name = "KEY=V1,V2,…")]
    over: String,
    /// One setting of all trainings, as in `recloop train`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Steps of experience of each training [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    steps: Option<i64>,
    /// On how many seeds the policies are compared
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u32,
    /// The first of these seeds
    #[arg(long, value_name = "S", default_value_t = 101)]
    first_seed: u64,
    /// Metrics to compare by, separated by commas; the picture shows the first two
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "dwell_minutes_per_user,provider_gini,retention_d7,creator_survival"
    )]
    metrics: Vec<String>,
    /// Recommenders to compare beside the policies
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    beside: Vec<String>,
    /// Where to compute: cpu, or gpu in builds that know one
    #[arg(long, value_name = "DEVICE", default_value_t = Compute::Cpu)]
    device: Compute,
    /// The folder that everything is kept in
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Frontier {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let config = self.config()?;
        let watched = io::stderr().is_terminal();
        let (mut bar, mut runs) = (Bar::new(watched), RunsProgress::new(watched));
        let found = frontier(&config, &mut bar, &mut runs)?;
        bar.finish();
        runs.clear();
        match self.format {
            Format::Json => print_json(out, &found)?,
            Format::Table => self.tell(out, &found)?,
        }
        match found.comparison.failures.len() {
            0 => Ok(()),
            failed => {
                let runs = found.comparison.seeds.len() * found.comparison.recommenders.len();
                Err(CliError::Incomplete { failed, runs })
            }
        }
    }

    fn config(&self) -> Result<FrontierConfig, ConfigError> {
        let unreadable = || ConfigError::Value {
            key: "--over".into(),
            reason: format!("`{}` is not KEY=V1,V2, such as fairness.creator_weight=0,1", self.over),
        };
        let (key, values) = self.over.split_once('=').ok_or_else(unreadable)?;
        let mut layer = Table::new();
        for text in &self.set {
            set(&mut layer, text)?;
        }
        if let Some(steps) = self.steps {
            put(&mut layer, "train", "steps", steps);
        }
        Ok(FrontierConfig {
            layers: vec![training_layer(&self.config)?, layer],
            key: key.into(),
            values: values.split(',').map(|value| value.trim().to_owned()).collect(),
            n_seeds: self.seeds,
            first_seed: self.first_seed,
            metrics: self.metrics.clone(),
            beside: self.beside.clone(),
            device: self.device,
            out: self.out.clone(),
        })
    }

    fn tell(&self, out: &mut dyn Write, found: &Found) -> Result<(), CliError> {
        let comparison = &found.comparison;
        let mut table = lined();
        let names = comparison.metrics.iter().map(|metric| metric.name.replace('_', " "));
        table.set_header(std::iter::once(found.key.clone()).chain(names));
        for (at, recommender) in comparison.recommenders.iter().enumerate() {
            let label = found.values.get(at).unwrap_or(&recommender.label).clone();
            let means = comparison.metrics.iter().map(|metric| metric.means[at]);
            let cells = means.map(|mean| mean.map_or("none".into(), |mean| plus_minus(&mean)));
            table.add_row(std::iter::once(label).chain(cells));
        }
        writeln!(out, "{}, means over {} seeds ± half a 95 % interval:\n", comparison.world, self.seeds)?;
        writeln!(out, "{table}\n\nLess the first, seed by seed:\n")?;
        let mut table = lined();
        table.set_header(["", "metric", "difference", "95 % interval"]);
        for (at, recommender) in comparison.recommenders.iter().enumerate().skip(1) {
            let label = found.values.get(at).unwrap_or(&recommender.label);
            for metric in &comparison.metrics {
                let Some(interval) = metric.differences[at - 1].interval else { continue };
                let (mean, bounds) = signed(&interval);
                table.add_row([label.clone(), metric.name.clone(), mean, bounds]);
            }
        }
        let dir = self.out.display();
        writeln!(
            out,
            "{table}\n\nThe picture is {dir}/{PICTURE}; each policy is in {dir}/{}=VALUE.",
            found.key
        )?;
        Ok(())
    }
}
