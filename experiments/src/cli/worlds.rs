//! `recloop worlds`: what there is to choose from.

use std::io::Write;

use clap::Args;
use toml::Table;

use super::{CliError, table};
use crate::{recommenders, worlds};

const EXAMPLES: &str = "\
Examples:
  recloop worlds
  recloop run interest-evolution-v0 --set candidates=5 --set slate=2
  recloop run interest-evolution-v0 --recommender dot --set recommender.temperature=0.5";

/// Lists the worlds and the recommenders there are, with their keys and defaults.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Worlds {}

impl Worlds {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        writeln!(out, "Worlds: recloop run WORLD --set KEY=VALUE\n")?;
        let mut list = table::list();
        for (name, entry) in worlds::registry().iter() {
            let data = if entry.needs_data { " Needs --data DIR." } else { "" };
            let (summary, recommender, keys) =
                (entry.summary, entry.recommender, keys(&(entry.defaults)(), &[]));
            let what = format!("{summary}; runs with {recommender} by default.{data}\n{keys}");
            list.add_row([name, &what]);
        }
        writeln!(out, "{}\n", list.trim_fmt())?;
        writeln!(out, "Recommenders: recloop run WORLD --recommender NAME --set recommender.KEY=VALUE\n")?;
        let mut list = table::list();
        for (name, entry) in recommenders::registry().iter() {
            let what = format!("{}.\n{}", entry.summary, keys(&(entry.defaults)(), entry.optional));
            list.add_row([name, what.trim_end()]);
        }
        writeln!(out, "{}", list.trim_fmt())?;
        Ok(())
    }
}

fn keys(defaults: &Table, optional: &[&str]) -> String {
    let defaults = crate::config::shortest(defaults.clone());
    let given = defaults.iter().map(|(key, value)| format!("{key} = {value}"));
    given.chain(optional.iter().map(|key| format!("{key} (optional)"))).collect::<Vec<_>>().join(", ")
}
