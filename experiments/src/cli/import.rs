//! `recloop import`: a world of real data.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, progress};
use crate::import::Progress;

const EXAMPLES: &str = "\
Examples:
  recloop import movielens ml-100k --out ml && recloop run movielens-v0 --data ml
  recloop import movielens ml-latest-small --out ml-small";

/// Makes a world of real data.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Import {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Reads MovieLens ratings, fits tastes to the earlier ones and says how well they explain the later ones
    #[command(after_help = EXAMPLES)]
    Movielens {
        /// The unpacked MovieLens directory: 100K (u.data …) or the csv form (ratings.csv …)
        path: PathBuf,
        /// Where to write what `recloop run movielens-v0 --data DIR` reads
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl Import {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let Source::Movielens { path, out: dir } = &self.source;
        let spinner = progress::spinner(io::stderr().is_terminal());
        let report = crate::import::movielens(path, dir, |step| spinner.set_message(doing(step)))?;
        spinner.finish_and_clear();
        writeln!(out, "{report}")?;
        writeln!(out, "Next: `recloop run movielens-v0 --data {}`.", dir.display())?;
        Ok(())
    }
}

fn doing(step: Progress) -> String {
    match step {
        Progress::Reading => "reading the ratings".into(),
        Progress::Fitting { sweep, n_sweeps, train_rmse } => {
            format!("fitting tastes: sweep {sweep} of {n_sweeps}, error {train_rmse:.3} stars")
        }
        Progress::Comparing => "comparing the fit on held-out ratings".into(),
        Progress::Writing => "writing".into(),
    }
}
