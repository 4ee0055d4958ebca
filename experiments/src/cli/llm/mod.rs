//! `recloop llm`: language models, and what they can do.

mod demo;
mod flags;
mod probe;

use std::io::Write;

use clap::{Args, Subcommand};

use super::CliError;
pub(super) use flags::LlmFlags;

/// Asks what a server of language models can do.
#[derive(Debug, Args)]
pub(super) struct Llm {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Probe(probe::Probe),
    Demo(demo::Demo),
}

impl Llm {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        match &self.what {
            What::Probe(probe) => probe.execute(out),
            What::Demo(demo) => demo.execute(out),
        }
    }
}
