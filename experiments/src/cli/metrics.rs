//! `recloop metrics`: the numbers of a run, from its log alone.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;

use super::{CliError, Format, print_json, table};

const EXAMPLES: &str = "\
Examples:
  recloop metrics runs/feed-v0-mf-7
  recloop metrics runs/feed-v0-mf-7 --format json";

/// Computes a run's metrics again from its log alone.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Metrics {
    /// A run directory
    dir: PathBuf,
    /// How to print the result: a table for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Metrics {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let measured = crate::measure(&self.dir)?;
        if self.format == Format::Json {
            return print_json(out, &measured);
        }
        let (steps, dir) = (HumanCount(measured.user_steps), self.dir.display());
        if !measured.finished {
            writeln!(
                out,
                "This run did not come to its end; `recloop run --resume --out {dir}` goes on with it.\n"
            )?;
        }
        writeln!(
            out,
            "{dir}, from its log: {steps} user-steps\n\n{}",
            table::in_sections(&measured.metrics)
        )?;
        Ok(())
    }
}
