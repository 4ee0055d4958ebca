//! `recloop import`: a world of real data.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, progress};
use crate::import::Progress;

const EXAMPLES: &str = "\
Examples:
  recloop import movielens ml-100k --out ml && recloop run movielens-v0 --data ml
  recloop import movielens ml-latest-small --out ml-small
  recloop import lastfm hetrec2011-lastfm-2k --out lastfm && recloop run lastfm-v0 --data lastfm";
const MOVIELENS: &str = "\
Examples:
  recloop import movielens ml-100k --out ml && recloop run movielens-v0 --data ml
  recloop import movielens ml-latest-small --out ml-small";
const LASTFM: &str = "\
Example:
  recloop import lastfm hetrec2011-lastfm-2k --out lastfm && recloop run lastfm-v0 --data lastfm";

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
    #[command(after_help = MOVIELENS)]
    Movielens {
        /// The unpacked MovieLens directory: 100K (u.data …) or the csv form (ratings.csv …)
        path: PathBuf,
        /// Where to write what `recloop run movielens-v0 --data DIR` reads
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Reads Last.fm 2K listening counts, fits tastes to most of them and says how well they find the others
    #[command(after_help = LASTFM)]
    Lastfm {
        /// The unpacked HetRec 2011 Last.fm directory (user_artists.dat …)
        path: PathBuf,
        /// Where to write what `recloop run lastfm-v0 --data DIR` reads
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl Import {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let spinner = progress::spinner(io::stderr().is_terminal());
        let tell = |step| spinner.set_message(doing(step));
        let (report, world, dir) = match &self.source {
            Source::Movielens { path, out } => {
                (crate::import::movielens(path, out, tell)?.to_string(), "movielens-v0", out)
            }
            Source::Lastfm { path, out } => {
                (crate::import::lastfm(path, out, tell)?.to_string(), "lastfm-v0", out)
            }
        };
        spinner.finish_and_clear();
        writeln!(out, "{report}")?;
        writeln!(out, "Next: `recloop run {world} --data {}`.", dir.display())?;
        Ok(())
    }
}

fn doing(step: Progress) -> String {
    match step {
        Progress::Reading => "reading the data".into(),
        Progress::Fitting { sweep, n_sweeps, train_rmse } => {
            format!("fitting tastes: sweep {sweep} of {n_sweeps}, error {train_rmse:.3} stars")
        }
        Progress::FittingCounts { n_counts } => format!("fitting tastes to {n_counts} listening counts"),
        Progress::Comparing => "comparing the fit on what was held out".into(),
        Progress::Writing => "writing".into(),
    }
}
