//! `recloop study creators`: what creators earn by what they know.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::cli::runs_progress::RunsProgress;
use crate::cli::table::lined;
use crate::cli::{CliError, Format, print_json};
use crate::study::creators::{
    Corner, CreatorStudy, CreatorStudyConfig, KindFound, PAGE, RESULTS, RerankFound, Share, study_creators,
};

const EXAMPLES: &str = "\
Examples:
  recloop study creators                               the whole of it: ten seeds, some minutes
  recloop study creators --seeds 5 --out study         and keep results and a page with pictures
  recloop study creators --seeds 2 --rounds 30 --set users=200 --rerank-over none
  recloop study creators --recommenders popularity,mf --rivals cfd
  recloop study creators --format json

A few creators follow a rule among rivals who follow another; the same seeds for all, so what differs is the rule.
Then everybody follows it; then rerankers are tried with belief creators everywhere.";

/// What creators earn by what they know: belief, tables of means, simple rules and full information, under several
/// recommenders and rerankers.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Creators {
    /// On how many seeds
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u32,
    /// The first of them
    #[arg(long, value_name = "S", default_value_t = 1)]
    first_seed: u64,
    /// Rounds of each run
    #[arg(long, value_name = "N", default_value_t = 110)]
    rounds: u32,
    /// How many creators follow the rule of interest
    #[arg(long, value_name = "N", default_value_t = 10)]
    focal: usize,
    /// The rule of all others
    #[arg(long, value_name = "RULE", default_value = "random")]
    rivals: String,
    /// Under which recommenders; the first is the one of the main table
    #[arg(
        long,
        value_name = "NAME[:KEY=VALUE,…]",
        value_delimiter = ';',
        default_value = "linucb;popularity;random"
    )]
    recommenders: Vec<String>,
    /// Which recommenders the rerankers wrap; `none` leaves rerankers out
    #[arg(
        long,
        value_name = "NAME[:KEY=VALUE,…]",
        value_delimiter = ';',
        default_value = "popularity;linucb"
    )]
    rerank_over: Vec<String>,
    /// Dials of the rerankers, from 0
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0,0.25,0.5,0.75,1")]
    dials: Vec<f32>,
    /// One setting of the world, for all runs
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many runs go on at once [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Keep results and a page in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Creators {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let mut runs = RunsProgress::new(io::stderr().is_terminal());
        let found = study_creators(&self.config(), &mut runs)?;
        runs.clear();
        match self.format {
            Format::Json => print_json(out, &found)?,
            Format::Table => tell(out, &found)?,
        }
        if let (Some(dir), Format::Table) = (&self.out, self.format) {
            let dir = dir.display();
            writeln!(out, "\nEvery run is a row of {dir}/{RESULTS}; the pictures are on {dir}/{PAGE}.")?;
        }
        Ok(())
    }

    fn config(&self) -> CreatorStudyConfig {
        let bases = self.rerank_over.iter().filter(|name| *name != "none").cloned().collect();
        CreatorStudyConfig {
            n_seeds: self.seeds,
            first_seed: self.first_seed,
            rounds: self.rounds,
            focal: self.focal,
            rivals: self.rivals.clone(),
            recommenders: self.recommenders.clone(),
            bases,
            dials: self.dials.clone(),
            settings: self.set.clone(),
            jobs: self.jobs,
            out: self.out.clone(),
        }
    }
}

fn tell(out: &mut dyn Write, found: &CreatorStudy) -> Result<(), CliError> {
    let CreatorStudy { rounds, focal, rivals, recommender, .. } = found;
    let n = found.seeds.len();
    writeln!(
        out,
        "{focal} creators of each kind among {rivals} rivals, {rounds} rounds under {recommender}, {n} seeds; \
         means ± standard errors:\n"
    )?;
    kinds(out, found.creators.iter().chain(&found.nulls))?;
    for (recommender, creators) in &found.recommenders {
        writeln!(out, "\nUnder {recommender}:\n")?;
        kinds(out, creators.iter())?;
    }
    writeln!(out, "\nEverybody of a kind, under {recommender}:\n")?;
    let everybody = found.everybody.iter().map(|(kind, corner)| (kind.clone(), String::new(), corner));
    corners(out, ["kind", ""], everybody)?;
    for (base, rerankers) in &found.rerankers {
        writeln!(out, "\nBelief creators everywhere, {base} reranked:\n")?;
        let rows = rerankers.iter().flat_map(|(name, dials)| dials.iter().map(move |at| (name, at)));
        let rows =
            rows.map(|(name, RerankFound { dial, metrics, .. })| (name.clone(), dial.to_string(), metrics));
        corners(out, ["reranker", "dial"], rows)?;
    }
    writeln!(
        out,
        "\nA decision exploits if its topic is among those of the last ten own items; quintiles are of the clicks the\n\
         last item had by then. Belief's lead is over the same seeds, as a share of full information's clicks."
    )?;
    Ok(())
}

fn kinds<'a>(
    out: &mut dyn Write,
    kinds: impl Iterator<Item = (&'a String, &'a KindFound)>,
) -> Result<(), CliError> {
    let mut table = lined();
    table.set_header([
        "kind",
        "clicks",
        "× random",
        "× full information",
        "belief's lead [95 %]",
        "survival",
        "exploits, by quintile of reward",
    ]);
    for (kind, found) in kinds {
        let lead = found
            .belief_lead
            .map_or("none".into(), |it| format!("{:+.3} [{:+.3}, {:+.3}]", it.mean, it.low, it.high));
        let curve = found.exploit_share_by_reward_quintile;
        let curve = curve.map(|share| share.map_or("–".into(), |share| format!("{share:.2}"))).join(" ");
        table.add_row([
            kind.clone(),
            plus_minus(found.reward, 0),
            plus_minus(found.reward_vs_random, 2),
            plus_minus(found.reward_vs_full_information, 3),
            lead,
            plus_minus(found.survival, 2),
            curve,
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

fn corners<'a>(
    out: &mut dyn Write,
    [first, second]: [&str; 2],
    rows: impl Iterator<Item = (String, String, &'a Corner)>,
) -> Result<(), CliError> {
    let mut table = lined();
    table.set_header([
        first,
        second,
        "minutes per reader",
        "ctr",
        "creators still there",
        "Gini of exposure",
    ]);
    for (name, at, corner) in rows {
        let cell = |metric: &str, decimals| plus_minus(corner.get(metric).copied(), decimals);
        table.add_row([
            name,
            at,
            cell("dwell_minutes_per_user", 1),
            cell("ctr", 3),
            cell("creator_survival", 3),
            cell("provider_gini", 3),
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

fn plus_minus(share: Option<Share>, decimals: usize) -> String {
    share.map_or("none".into(), |it| format!("{:.decimals$} ± {:.decimals$}", it.mean, it.se))
}
