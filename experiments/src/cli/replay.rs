//! `recloop replay`: whether a run's config gives its log, bit by bit.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use recloop_data::log::Difference;

use super::progress::Progress;
use super::{CliError, Format, print_json};
use crate::ReplayReport;

const EXAMPLES: &str = "\
Examples:
  recloop replay runs/feed-v0-mf-7
  recloop replay runs/feed-v0-mf-7 --format json

The run is executed again from its own config.toml in a scratch directory, at any number of threads.
Exit code 1 if its log comes out differently; then the first row that differs is named.";

/// Executes a run again and proves that its log is bit-identical.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Replay {
    /// A run directory
    dir: PathBuf,
    /// How to print the result: a few lines for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Replay {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let mut progress = Progress::new(io::stderr().is_terminal());
        let report = crate::replay(&self.dir, &mut progress)?;
        progress.clear();
        match self.format {
            Format::Json => print_json(out, &report)?,
            Format::Table => writeln!(out, "{}", told(&report))?,
        }
        if report.identical { Ok(()) } else { Err(CliError::NotIdentical(self.dir.clone())) }
    }
}

fn told(report: &ReplayReport) -> String {
    let (dir, steps) = (report.dir.display(), HumanCount(report.user_steps));
    let done = format!("{dir}: {steps} user-steps executed again in {:.1} s", report.wall_secs);
    let Some(difference) = &report.first_difference else {
        return format!("{done}\nThe log is bit-identical, sha256 {}", report.digest);
    };
    let mut lines = vec![
        done,
        format!("The log differs: sha256 {} was written, {} came out", report.digest, report.replayed),
        format!("First difference: {}", place(difference)),
    ];
    if report.written_by != report.replayed_by {
        lines
            .push(format!("It was written by version {}, this is {}", report.written_by, report.replayed_by));
    }
    lines.join("\n")
}

/// `log/slates, tick 12, user 7, column items`.
fn place(Difference { table, tick, user, column }: &Difference) -> String {
    let tick = tick.map(|tick| format!(", tick {tick}"));
    let user = user.map(|user| format!(", user {user}"));
    let column = column.as_ref().map_or(", a row that only one log has".into(), |c| format!(", column {c}"));
    format!("log/{table}{}{}{column}", tick.unwrap_or_default(), user.unwrap_or_default())
}
