//! `recloop distil` and `recloop fidelity`: a surrogate of a panel, and what may be claimed of it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use recloop_data::fidelity::Gates;
use recloop_users::minds::surrogate::SurrogateConfig;

use super::progress::spinner;
use super::{CliError, Format, decimals, print_json, table};
use crate::fidelity::{Judged, distil, fidelity};

const DISTIL_EXAMPLES: &str = "\
Examples:
  recloop run dialogue-feed-v0 --users 200 --llm-users 200 --llm URL --model NAME --record answers --out panel
  recloop distil panel --out surrogate
  recloop run dialogue-feed-v0 --users 2000 --llm-users 200 --set surrogate=surrogate \\
              --llm URL --model NAME --record more --out audited
  recloop fidelity audited

Nothing is asked: the run is lived again from its recording, and every decision of its users is written down.";

const FIDELITY_EXAMPLES: &str = "\
Examples:
  recloop fidelity audited
  recloop fidelity audited-mf audited-linucb audited-dot audited-recency audited-random
                                                       … and whether it ranks recommenders alike

The first run is judged; the others have other recommenders in the same world. docs/fidelity.md explains every number.";

/// Makes a surrogate of the users a language model decided for, from the recording of their run.
#[derive(Debug, Args)]
#[command(after_help = DISTIL_EXAMPLES)]
pub(super) struct Distil {
    /// The directory of a run with `--llm-users` and `--record`
    run: PathBuf,
    /// Where the surrogate goes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Distil {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let bar = spinner(io::stderr().is_terminal());
        bar.set_message("living the run again, then learning from it");
        let taught = distil(&self.run, &SurrogateConfig::default(), &self.out)?;
        bar.finish_and_clear();
        let (dir, told) = (self.out.display(), &taught.told);
        writeln!(
            out,
            "{} decisions of {} users; {} learned from, {} held out.",
            taught.lessons, taught.users, told.learned, told.held_out
        )?;
        writeln!(out, "The surrogate is in {dir}: `--set surrogate={dir}` lets others live by it.")?;
        Ok(writeln!(
            out,
            "Whether it may stand in for the model, a run with both and `recloop fidelity` will tell."
        )?)
    }
}

/// Judges a surrogate against the panel that lived beside it, and corrects what users came to by an audit.
#[derive(Debug, Args)]
#[command(after_help = FIDELITY_EXAMPLES)]
pub(super) struct Fidelity {
    /// Runs with `--llm-users` and a surrogate, logged with their truth
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// How to print the result: a table for people, one JSON object for programs
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Fidelity {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let bar = spinner(io::stderr().is_terminal());
        bar.set_message("reading the panel's lives, and living the surrogate's");
        let judged = fidelity(&self.runs, &Gates::default())?;
        bar.finish_and_clear();
        match self.format {
            Format::Json => print_json(out, &judged),
            Format::Table => tell(out, &judged),
        }
    }
}

fn tell(out: &mut dyn Write, judged: &Judged) -> Result<(), CliError> {
    let Judged { n_panel, n_users, fallback_share, fidelity, outcomes } = judged;
    writeln!(out, "A model decided for {n_panel} of {n_users} users, for life.")?;
    if *fallback_share > 0.0 {
        let percent = 100.0 * fallback_share;
        writeln!(
            out,
            "Of {percent:.1} % of their slates it said nothing, and they decided by themselves: the panel is so much less the model's."
        )?;
    }
    writeln!(out, "\n{fidelity}\n")?;
    let mut list = table::list();
    list.set_header(["outcome", "by the surrogate", "as by the model", "95 % interval", "surrogate off by"]);
    for it in outcomes {
        let places = decimals(it.corrected.estimate.se);
        let number = |x: f64| format!("{x:.places$}");
        let (low, high) = it.corrected.estimate.interval();
        list.add_row([
            it.outcome.to_owned(),
            number(it.uncorrected.mean),
            number(it.corrected.estimate.mean),
            format!("{} … {}", number(low), number(high)),
            number(-it.corrected.rectifier.mean),
        ]);
    }
    Ok(writeln!(out, "{}", list.trim_fmt())?)
}
