//! `recloop study`: ready studies.

mod creators;

use std::io::Write;

use clap::{Args, Subcommand};

use super::CliError;

/// Runs a ready study: a question about ecosystems, its runs, and a page with the answer.
#[derive(Debug, Args)]
pub(super) struct Study {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Creators(creators::Creators),
}

impl Study {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        match &self.which {
            Which::Creators(creators) => creators.execute(out),
        }
    }
}
