//! `recloop study`: questions that take many runs, one subcommand each.

mod creators;
mod impressions;

use std::io::Write;

use clap::{Args, Subcommand};

use super::CliError;

/// Answers a question that takes many runs.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Study {
    #[command(subcommand)]
    of: Of,
}

#[derive(Debug, Subcommand)]
enum Of {
    Creators(creators::Creators),
    Impressions(impressions::Impressions),
}

impl Study {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        match &self.of {
            Of::Creators(creators) => creators.execute(out),
            Of::Impressions(impressions) => impressions.execute(out),
        }
    }
}
