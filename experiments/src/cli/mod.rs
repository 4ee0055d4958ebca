//! The `recloop` command: a thin face over the library. Whatever it does, a library call does.
//!
//! One file per subcommand holds its flags, its help and what it does; `table.rs` and `progress.rs` show results and
//! patience. Results go to stdout, everything else to stderr.

mod compare;
mod devices;
mod evaluate;
mod fidelity;
mod frontier;
mod import;
mod inspect;
mod llm;
mod metrics;
mod progress;
mod replay;
mod rows_progress;
mod run;
mod runs_progress;
mod setting;
mod study;
mod table;
mod train;
mod transcript;
mod twins;
mod worlds;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use table::decimals;

use crate::import::ImportError;
use crate::{ConfigError, RunError};

const EXAMPLES: &str = "\
Examples:
  recloop run                                          2,000 people live with a feed for 30 days
  recloop run --recommender linucb                     the same people and luck, another recommender
  recloop compare feed-v0 mf linucb --seeds 5          which keeps more users, and how sure
  recloop twins feed-v0 mf linucb --user 7             one person's life under both, side by side
  recloop train interest-evolution-ppo --out ppo       learn a policy …
  recloop run interest-evolution-v0 --recommender ppo  … and let it run
  recloop frontier feed-ppo --over fairness.creator_weight=0,1 --out fair
                                                       what fairness costs, in one picture
  recloop study creators --seeds 5                     what creators earn by what they know
  recloop study impressions                            do items reach those they are meant for?
  recloop evaluate runs/dot --target random            what another policy would have earned
  recloop metrics runs/feed-v0-mf-7                    every number of a run, from its log
  recloop inspect runs/feed-v0-mf-7                    what was shown to whom
  recloop replay runs/feed-v0-mf-7                     prove that its log can be made again
  recloop llm demo                                     users a language model decides for
  recloop llm probe http://127.0.0.1:8080              what a language model's server can do
  recloop distil panel --out surrogate                 a surrogate of the users it decided for
  recloop import movielens ml-100k --out ml            make a world of real ratings …
  recloop run movielens-v0 --data ml                   … and live in it

`recloop COMMAND --help` says more about each.";

/// A gym for recommender ecosystems: people, creators and a recommender, living together, logged and evaluated.
#[derive(Debug, Parser)]
#[command(name = "recloop", version, after_help = EXAMPLES, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Worlds(worlds::Worlds),
    Devices(devices::Devices),
    Llm(llm::Llm),
    Distil(fidelity::Distil),
    Fidelity(fidelity::Fidelity),
    Run(run::Run),
    Train(train::Train),
    Frontier(frontier::Frontier),
    Compare(compare::Compare),
    Twins(twins::Twins),
    Study(study::Study),
    Evaluate(Box<evaluate::Evaluate>),
    Import(import::Import),
    Metrics(metrics::Metrics),
    Inspect(inspect::Inspect),
    Replay(replay::Replay),
}

// Documented where it is a flag: comments here would go into every help, over ten lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("finish {failed} of {runs} runs; the result is of the others")]
    Incomplete { failed: usize, runs: usize },
    #[error("replay {}: it came out differently", .0.display())]
    NotIdentical(PathBuf),
    #[error("train in {}: at step {step}, {what}", .dir.display())]
    Diverged { dir: PathBuf, step: u64, what: String },
    #[error("start a language model with {python}: {reason}; {help}")]
    Server { python: String, reason: String, help: String },
    #[error("print the result: {0}")]
    Print(#[from] io::Error),
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Run(error.into())
    }
}

/// Runs the command given by `args`, program name first.
///
/// # Exit codes
/// 0 on success, 1 if what was asked for failed, 2 if it could not be understood.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => {
            // A closed stdout or stderr is no reason to fail.
            let _ = usage.print();
            return ExitCode::from(usage.exit_code() as u8);
        }
    };
    let mut out = io::stdout().lock();
    let done = match cli.command {
        Command::Worlds(worlds) => worlds.execute(&mut out),
        Command::Devices(devices) => devices.execute(&mut out),
        Command::Llm(llm) => llm.execute(&mut out),
        Command::Distil(distil) => distil.execute(&mut out),
        Command::Fidelity(fidelity) => fidelity.execute(&mut out),
        Command::Run(run) => run.execute(&mut out),
        Command::Train(train) => train.execute(&mut out),
        Command::Frontier(frontier) => frontier.execute(&mut out),
        Command::Compare(compare) => compare.execute(&mut out),
        Command::Study(study) => study.execute(&mut out),
        Command::Twins(twins) => twins.execute(&mut out),
        Command::Evaluate(evaluate) => evaluate.execute(&mut out),
        Command::Import(import) => import.execute(&mut out),
        Command::Metrics(metrics) => metrics.execute(&mut out),
        Command::Inspect(inspect) => inspect.execute(&mut out),
        Command::Replay(replay) => replay.execute(&mut out),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough, as in `recloop inspect DIR | head`.
        Err(CliError::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn complain(error: &CliError) {
    let mut text = format!("error: failed to {error}\n");
    if let CliError::Run(error) = error
        && let Some(help) = error.help()
    {
        text.push_str(&format!("help: {help}\n"));
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

fn print_json(out: &mut dyn Write, value: &impl serde::Serialize) -> Result<(), CliError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
