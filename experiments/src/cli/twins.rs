//! `recloop twins`: one person, one luck, two recommenders, side by side.

mod sheet;

use std::io::{self, IsTerminal, Write};

use clap::Args;
use toml::Value;

use super::runs_progress::RunsProgress;
use super::setting::Setting;
use super::{CliError, Format, print_json};
use crate::TwinsConfig;

const EXAMPLES: &str = "\
Examples:
  recloop twins feed-v0 oracle-click oracle-utility --user 7
  recloop twins feed-v0 mf linucb --user 7 --sessions 10 --slates 2
  recloop twins interest-evolution-v0 dot dot:temperature=0.5 --user 3 --seed 8 --format json

Sessions stand side by side where the terminal has 100 columns (COLUMNS=… if it does not tell), else
one after the other. The verdict is over all users of this one run; `recloop compare` speaks of other
seeds, too.";

/// Tells what the same person, with the same luck, meets under two recommenders, and what became of everybody.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Twins {
    /// The world
    world: String,
    /// The first recommender, NAME or NAME:KEY=VALUE,KEY=VALUE
    #[arg(value_name = "A")]
    first: String,
    /// The second
    #[arg(value_name = "B")]
    second: String,
    /// Whose life is told, from 0
    #[arg(long, value_name = "N")]
    user: u32,
    /// The seed [default: 7]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(i64).range(0..))]
    seed: Option<i64>,
    #[command(flatten)]
    setting: Setting,
    /// How many sessions to tell, up to the one in which the two part and on from there
    #[arg(long, value_name = "LIMIT", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    sessions: u16,
    /// How many slates of each session to tell
    #[arg(long, value_name = "LIMIT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    slates: u16,
    /// How to print the result: a table for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Twins {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let seed = self.seed.map(Value::Integer);
        let layers = self.setting.layers(Some(&self.world), [("run", "seed", seed)])?;
        let config = TwinsConfig::new(&layers, &self.first, &self.second, self.user)?;
        let mut progress = RunsProgress::new(io::stderr().is_terminal());
        let told = crate::twins(&config, &mut progress);
        progress.clear();
        let told = told?;
        if self.format == Format::Json {
            return print_json(out, &told);
        }
        let page = sheet::Page {
            sessions: self.sessions.into(),
            slates: self.slates.into(),
            columns: sheet::columns(),
        };
        writeln!(out, "{}", page.tell(&told))?;
        Ok(())
    }
}
