use std::io::Write;

use clap::Args;
use toml::Table;

use super::CliError;
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
        let mut list = list();
        for (name, entry) in worlds::registry().iter() {
            let data = if entry.needs_data { " Needs --data DIR." } else { "" };
            let what = format!("{}.{data}\n{}", entry.summary, keys(&(entry.defaults)(), &[]));
            list.add_row([name, &what]);
        }
        writeln!(out, "{}\n", list.trim_fmt())?;
        writeln!(out, "Recommenders: recloop run WORLD --recommender NAME --set recommender.KEY=VALUE\n")?;
        let mut list = self::list();
        for (name, entry) in recommenders::registry().iter() {
            let what = format!("{}.\n{}", entry.summary, keys(&(entry.defaults)(), entry.optional));
            list.add_row([name, what.trim_end()]);
        }
        writeln!(out, "{}", list.trim_fmt())?;
        Ok(())
    }
}

/// Names and what they stand for, wrapped at a width that also fits a page.
fn list() -> comfy_table::Table {
    let mut list = comfy_table::Table::new();
    list.load_preset(comfy_table::presets::NOTHING).set_width(100);
    list.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    list
}

fn keys(defaults: &Table, optional: &[&str]) -> String {
    let defaults = crate::config::shortest(defaults.clone());
    let given = defaults.iter().map(|(key, value)| format!("{key} = {value}"));
    given.chain(optional.iter().map(|key| format!("{key} (optional)"))).collect::<Vec<_>>().join(", ")
}
