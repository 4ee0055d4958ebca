//! `recloop train`: a policy from a world, or from a log.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use recloop_data::Manifest;
use recloop_nn::Compute;
use recloop_nn::training::{End, Outcome, Progress, Watch};
use toml::{Table, Value};

use super::progress::spinner;
use super::{CliError, decimals};
use crate::config::{put, set};
use crate::train::{self, Ground, TrainConfig, ready_configs, training_layer};
use crate::{ConfigError, RunError};

const EXAMPLES: &str = "\
Examples:
  recloop train                                        list the ready configs
  recloop train long-term-satisfaction-ppo --out healthy
  recloop train interest-evolution-ppo --steps 5000000 --seed 2 --out ppo
  recloop train interest-evolution-slate-q --out slate-q --resume
  recloop train mine.toml --set ppo.gamma=0.9 --set network.hidden=[32] --out mine
  recloop run interest-evolution-v0 --recommender ppo

From what another policy has logged, and nothing else:
  recloop run interest-evolution-v0 --recommender random --out logged
  recloop train iql --log logged --out better
  recloop train cloning --log logged --out same
  recloop train fitted-q --log logged --set fitted-q.target=dot --out worth
  recloop run interest-evolution-v0 --recommender better
  recloop run interest-evolution-v0 --recommender same --set recommender.temperature=1

From the order in which people clicked:
  recloop run feed-v0 --recommender familiar --out clicked
  recloop train sasrec --log clicked --out sasrec
  recloop compare feed-v0 popularity familiar sasrec

Sections of a config: [world] and [run] as in `recloop run`, then [train], [network], and that of the
algorithm: [ppo], [slate-q] or [dqn]; [behaviour-cloning], [cql], [iql], [fitted-q] or [reinforce];
[sasrec] or [two-tower], which have the sizes of their networks among their keys.";

/// Trains a policy in a world, or from a log, and leaves it in a folder that runs wherever a recommender does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Train {
    /// A ready config or a file; without one the ready configs are listed
    config: Option<String>,
    /// The world [default: the config's]
    #[arg(long, value_name = "NAME", conflicts_with = "log")]
    world: Option<String>,
    /// The run whose log to learn from, for what learns from logs
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// One setting, such as ppo.gamma=0.9; a KEY without a section is the world's
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Steps of experience in all: slates learned from, or clicks; those of a log once with every pass
    /// [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    steps: Option<i64>,
    /// The seed [default: 7]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(0..))]
    seed: Option<i64>,
    /// Where to compute: cpu, or gpu in builds that know one
    #[arg(long, value_name = "DEVICE", default_value_t = Compute::Cpu)]
    device: Compute,
    /// The folder of the training
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with a training that was stopped, from its last checkpoint
    #[arg(long)]
    resume: bool,
}

impl Train {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let Some(name) = &self.config else { return list(out) };
        let config = TrainConfig::resolve([training_layer(name)?, self.layer()?])?;
        let dir = self.out.clone().unwrap_or_else(|| {
            let stem = PathBuf::from(name).file_stem().map(PathBuf::from).unwrap_or_default();
            PathBuf::from("runs").join(format!("{}-{}", stem.display(), config.seed()))
        });
        let mut bar = Bar::new(io::stderr().is_terminal());
        let outcome = train::train(&config, self.device, self.resume, &dir, &mut bar)?;
        bar.finish();
        if let End::Diverged { step, what } = outcome.end {
            return Err(CliError::Diverged { dir, step, what });
        }
        tell(out, &config, &outcome, bar.last.as_deref(), &dir.display().to_string())
    }

    fn layer(&self) -> Result<Table, ConfigError> {
        let mut layer = Table::new();
        for text in &self.set {
            set(&mut layer, text)?;
        }
        let flags = [
            ("world", "name", self.world.clone().map(Value::from)),
            ("train", "log", self.log.as_ref().map(|dir| Value::from(dir.to_string_lossy().into_owned()))),
            ("train", "steps", self.steps.map(Value::Integer)),
            ("run", "seed", self.seed.map(Value::Integer)),
        ];
        for (section, key, value) in flags {
            if let Some(value) = value {
                put(&mut layer, section, key, value);
            }
        }
        Ok(layer)
    }
}

fn list(out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "Ready configs:\n")?;
    for (name, text) in ready_configs().iter() {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        writeln!(out, "  {name:36} {about}")?;
    }
    writeln!(out, "\nTrain with one: `recloop train NAME --out DIR`; `recloop train --help` says more.")?;
    Ok(())
}

fn tell(
    out: &mut dyn Write,
    config: &TrainConfig,
    outcome: &Outcome,
    last: Option<&str>,
    dir: &str,
) -> Result<(), CliError> {
    let Outcome { step, round, wall_secs, .. } = outcome;
    let (steps, seed) = (HumanCount(*step), config.seed());
    let (ground, world) = match config.ground() {
        Ground::World(run) => (run.world().to_owned(), run.world().to_owned()),
        Ground::Log { dir, .. } => {
            (format!("The log in {}", dir.display()), Manifest::load(dir).map_err(RunError::from)?.world)
        }
    };
    writeln!(out, "{ground}, seed {seed}: {steps} steps in {round} rounds, {wall_secs:.1} s")?;
    if let Some(last) = last {
        writeln!(out, "Last round: {last}")?;
    }
    writeln!(out, "\nThe policy is in {dir}/policy, how the training went in {dir}/curve.svg.")?;
    writeln!(out, "Next: let it run with `recloop run {world} --recommender {dir}`.")?;
    Ok(())
}

/// What there is to see while it learns.
pub(super) struct Bar {
    bar: ProgressBar,
    last: Option<String>,
}

impl Bar {
    pub(super) fn new(watched: bool) -> Self {
        let bar = spinner(watched);
        if watched {
            bar.set_style(ProgressStyle::with_template("{bar:24} {msg}").expect("a template of ours"));
        }
        Self { bar, last: None }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn round(&mut self, progress: &Progress<'_>) {
        let number = |(name, value): &(&str, f64)| {
            format!("{} {value:.*}", name.replace('_', " "), decimals(value.abs() / 100.0))
        };
        let measures = progress.measures.values.iter().map(number).collect::<Vec<_>>().join(" · ");
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.step.min(progress.total));
        let rate = HumanCount(progress.steps_per_sec as u64);
        let left =
            HumanDuration(Duration::try_from_secs_f64(progress.left_secs.max(0.0)).unwrap_or_default());
        let step = HumanCount(progress.step);
        self.bar.set_message(format!("step {step} · {measures} · {rate} steps/s · {left} left"));
        self.last = Some(measures);
    }
}
