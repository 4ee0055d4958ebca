use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::CliError;

const EXAMPLES: &str = "\
Examples:
  recloop inspect runs/interest-evolution-v0-dot-7
  recloop inspect runs/interest-evolution-v0-dot-7 --digest";

/// Shows what a log holds: tables, columns, rows and a few slates; or its digest.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Inspect {
    /// A run directory
    dir: PathBuf,
    /// Print only the SHA-256 over the rows in their canonical order, however they are cut into files
    #[arg(long)]
    digest: bool,
}

impl Inspect {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        writeln!(out, "{}", self.dir.display())?;
        Ok(())
    }
}
