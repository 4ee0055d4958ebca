//! `recloop inspect`: what a log holds.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use recloop_data::log::{LogSource, Replayed, Table, digest, tables};
use recloop_data::{Manifest, PartEntry, RunState};
use recloop_env::{EnvSpec, Known};

use super::{CliError, table};
use crate::RunError;

const EXAMPLES: &str = "\
Examples:
  recloop inspect runs/interest-evolution-v0-dot-7
  recloop inspect runs/interest-evolution-v0-dot-7 --digest";

/// Slates printed: a first look, not a dump.
const A_FEW: usize = 3;

/// Shows what a log holds: tables, columns, rows and a few slates; or its digest.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Inspect {
    /// A run directory
    dir: PathBuf,
    /// Print only the SHA-256 over the rows in their canonical order, however they are cut into files
    #[arg(long)]
    digest: bool,
}

impl Inspect {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        if self.digest {
            return Ok(writeln!(out, "{}", digest(&self.dir).map_err(RunError::from)?)?);
        }
        // Opened first: a log that cannot be read is not described as if it could.
        let mut source = LogSource::open(&self.dir).map_err(RunError::from)?;
        heading(out, source.manifest())?;
        for table in tables(&source.manifest().spec).map_err(RunError::from)? {
            describe(out, source.manifest(), &table)?;
        }
        let spec = source.manifest().spec.clone();
        if let Some(first) = source.next().map_err(RunError::from)? {
            writeln!(out, "The first slates:")?;
            for row in 0..first.seen.len().min(A_FEW) {
                slate(out, &spec, first, row)?;
            }
        }
        Ok(())
    }
}

fn heading(out: &mut dyn Write, manifest: &Manifest) -> Result<(), CliError> {
    let Manifest { world, recommender, seed, schema_version, .. } = manifest;
    let ticks = HumanCount(manifest.ticks.into());
    let state = match manifest.state {
        RunState::Finished => format!("finished after {ticks} ticks"),
        RunState::Running => {
            format!("running or killed; {ticks} ticks are safe, `recloop run --resume` goes on")
        }
        RunState::Failed => format!("failed; {ticks} ticks are safe, `recloop run --resume` goes on"),
    };
    writeln!(out, "{world} with {recommender}, seed {seed}: {state}. Log schema {schema_version}.\n")?;
    Ok(())
}

fn describe(out: &mut dyn Write, manifest: &Manifest, table: &Table) -> Result<(), CliError> {
    let name = table.name.as_str();
    let parts = manifest.parts.get(name).map_or(&[][..], Vec::as_slice);
    let rows = HumanCount(parts.iter().map(|PartEntry { rows, .. }| rows).sum());
    let files = match parts.len() {
        1 => "1 part".into(),
        n => format!("{n} parts"),
    };
    writeln!(out, "log/{name}: {rows} rows in {files}; a row is {}.", table.row)?;
    let mut columns = table::list();
    for column in &table.columns {
        let null = if column.nullable { "?" } else { "" };
        columns.add_row([
            &column.name,
            &format!("{}{null}", column.type_name()),
            column.unit,
            &column.meaning,
        ]);
    }
    writeln!(out, "{}\n", columns.trim_fmt())?;
    Ok(())
}

/// One slate for a person: what was shown, how likely that was, and what came of it.
fn slate(out: &mut dyn Write, spec: &EnvSpec, replayed: &Replayed, row: usize) -> Result<(), CliError> {
    let Replayed { seen, slates, step } = replayed;
    let (user, visit) = (seen.users[row].0, seen.sessions[row].visit());
    writeln!(out, "\n  tick {}, user {user}, visit {visit}: reward {:.2}", seen.tick.0, step.reward[row])?;
    let mut lines = table::list();
    for (position, &item) in slates.items.row(row).iter().enumerate() {
        let title =
            seen.items.catalogue().map(|catalogue| catalogue.title(item)).filter(|title| !title.is_empty());
        let name = title.map_or_else(|| format!("item {}", item.0), ToOwned::to_owned);
        let chance = match slates.known[row] {
            Known::Unavailable => "P unknown".into(),
            _ => format!("P {:.4}", slates.propensity.row(row)[position]),
        };
        let did = if step.responses.click.row(row)[position] {
            let signal = |(s, name)| format!(", {name} {:.2}", step.responses.signal(s, row)[position]);
            let signals: String = spec.signals.iter().enumerate().map(signal).collect();
            format!("clicked, {:.0} s{signals}", step.responses.dwell_secs.row(row)[position])
        } else {
            "not clicked".into()
        };
        lines.add_row([format!("  {position}"), name, chance, did]);
    }
    writeln!(out, "{}", lines.trim_fmt())?;
    Ok(())
}
