//! `recloop worlds`: what there is to run.

use std::io::Write;

use clap::Args;
use toml::Table;

use super::{CliError, table};
use crate::config::{shortest, unknown};
use crate::{recommenders, worlds};

const EXAMPLES: &str = "\
Examples:
  recloop worlds
  recloop worlds feed-v0                                 every key of one world
  recloop worlds linucb                                  … or of one recommender
  recloop run --set slate=5 --set rule=cfd               any of them, set
  recloop run --recommender linucb --set recommender.exploration=0.5";

/// Keys beyond which a world's are listed only when it is asked for by name.
const FEW: usize = 12;

/// Lists the worlds and the recommenders there are, with their keys and defaults.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Worlds {
    /// One world or recommender, with every key
    name: Option<String>,
}

impl Worlds {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        match &self.name {
            Some(name) => one(name, out),
            None => all(out),
        }
    }
}

fn one(name: &str, out: &mut dyn Write) -> Result<(), CliError> {
    let (worlds, recommenders) = (worlds::registry(), recommenders::registry());
    let (summary, defaults, optional) = match (worlds.find(name), recommenders.find(name)) {
        (Ok(world), _) => (world.summary, (world.defaults)(), Vec::new()),
        (_, Ok(it)) => (it.summary, (it.defaults)(), [it.own, it.optional].concat()),
        _ => {
            let known: Vec<&str> =
                worlds.iter().map(|it| it.0).chain(recommenders.iter().map(|it| it.0)).collect();
            return Err(unknown("world or recommender", name, &known).into());
        }
    };
    writeln!(out, "{name}: {summary}.\n")?;
    let mut list = table::list();
    for (key, value) in shortest(defaults) {
        list.add_row([key, value.to_string()]);
    }
    for key in optional {
        list.add_row([key, "(none unless set)"]);
    }
    Ok(writeln!(out, "{}", list.trim_fmt())?)
}

fn all(out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "Worlds: recloop run NAME --set KEY=VALUE\n")?;
    let mut list = table::list();
    for (name, entry) in worlds::registry().iter() {
        let data = if entry.needs_data { " Needs --data DIR." } else { "" };
        let (defaults, summary, recommender) = ((entry.defaults)(), entry.summary, entry.recommender);
        let keys = match defaults.len() {
            n if n > FEW => format!("{n} keys: `recloop worlds {name}` lists them"),
            _ => keys(defaults, &[]),
        };
        list.add_row([name, &format!("{summary}; runs with {recommender} by default.{data}\n{keys}")]);
    }
    writeln!(out, "{}\n", list.trim_fmt())?;
    writeln!(out, "Recommenders: recloop run WORLD --recommender NAME --set recommender.KEY=VALUE\n")?;
    let mut list = table::list();
    for (name, entry) in recommenders::registry().iter() {
        let what = format!("{}.\n{}", entry.summary, keys((entry.defaults)(), entry.own));
        list.add_row([name, what.trim_end()]);
    }
    writeln!(out, "{}\n", list.trim_fmt())?;
    writeln!(
        out,
        "Whatever ranks by scores also takes, none of it by default:\n  \
         temperature=T      draws slates (Plackett-Luce) with exact propensities\n  \
         retrieve=N         leaves N candidates to be ranked, by retriever = \"popularity\", \"recency\", \"dot\" or \"mf\"\n  \
         rerank=\"mmr\"       or \"dpp\": a slate of different items among a shortlist, by dial in [0, 1] or relevance = 1 - dial\n  \
         rerank=\"fairco\"    or \"tfrom\", \"p-mmf\", \"cpfair\", \"fairrec\": fair to creators, by dial in [0, 1]; 0 changes nothing\n  \
         waves=S            parts a tick for all but \"fairrec\": each makes up for what those before it were shown, 64 by default\n  \
         tie_seed=S         another order among equal scores"
    )?;
    Ok(())
}

fn keys(defaults: Table, optional: &[&str]) -> String {
    let defaults = shortest(defaults);
    let given = defaults.iter().map(|(key, value)| format!("{key} = {value}"));
    given.chain(optional.iter().map(|key| format!("{key} (optional)"))).collect::<Vec<_>>().join(", ")
}
