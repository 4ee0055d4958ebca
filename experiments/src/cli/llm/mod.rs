//! `recloop llm`: language models, and what they can do.

mod probe;

use std::io::Write;

use clap::{Args, Subcommand};

use super::CliError;

/// Asks what a server of language models can do.
#[derive(Debug, Args)]
pub(super) struct Llm {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Probe(probe::Probe),
}

impl Llm {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let What::Probe(probe) = &self.what;
        probe.execute(out)
    }
}
