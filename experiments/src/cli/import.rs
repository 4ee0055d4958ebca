//! `recloop import`: a world, or a log, of real data.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CliError, progress};
use crate::import::Progress;

const EXAMPLES: &str = "\
Examples:
  recloop import movielens ml-100k --out ml && recloop run movielens-v0 --data ml
  recloop import movielens ml-latest-small --out ml-small
  recloop import lastfm hetrec2011-lastfm-2k --out lastfm && recloop run lastfm-v0 --data lastfm
  recloop import obd open_bandit_dataset --out obd";
const MOVIELENS: &str = "\
Examples:
  recloop import movielens ml-100k --out ml && recloop run movielens-v0 --data ml
  recloop import movielens ml-latest-small --out ml-small";
const LASTFM: &str = "\
Example:
  recloop import lastfm hetrec2011-lastfm-2k --out lastfm && recloop run lastfm-v0 --data lastfm";

const OBD: &str = "\
Example:
  recloop import obd open_bandit_dataset --out obd";

/// Makes a world, or a log to evaluate by, of real data.
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
    /// Takes over the Open Bandit Dataset: what two policies showed, with its propensities
    #[command(after_help = OBD)]
    Obd {
        /// The unpacked directory, with <policy>/<campaign>/<campaign>.csv
        path: PathBuf,
        /// Where to write logs that `recloop evaluate` reads
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl Import {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let spinner = progress::spinner(io::stderr().is_terminal());
        let tell = |step| spinner.set_message(doing(step));
        let run = |world: &str, dir: &Path| format!("recloop run {world} --data {}", dir.display());
        let (report, next) = match &self.source {
            Source::Movielens { path, out } => {
                (crate::import::movielens(path, out, tell)?.to_string(), run("movielens-v0", out))
            }
            Source::Lastfm { path, out } => {
                (crate::import::lastfm(path, out, tell)?.to_string(), run("lastfm-v0", out))
            }
            Source::Obd { path, out } => {
                let report = crate::import::obd(path, out, tell)?;
                (report.to_string(), report.next())
            }
        };
        spinner.finish_and_clear();
        writeln!(out, "{report}")?;
        writeln!(out, "Next: `{next}`.")?;
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
        Progress::Rounds { n_rounds } => format!("taking over rounds: {n_rounds}"),
        Progress::Comparing => "comparing the fit on what was held out".into(),
        Progress::Writing => "writing".into(),
    }
}
