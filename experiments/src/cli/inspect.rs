//! `recloop inspect`: what a log holds.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use indicatif::HumanCount;
use recloop_data::log::{LogSource, Replayed, Table, digest, tables, truth_tables, verify};
use recloop_data::{Manifest, PartEntry, Parts, RunState};
use recloop_env::{Known, Transition, UserId};

use super::transcript::{first_to_speak, transcript};
use super::{CliError, table};
use crate::RunError;

const EXAMPLES: &str = "\
Examples:
  recloop inspect runs/feed-v0-mf-7
  recloop inspect runs/feed-v0-mf-7 --digest
  recloop inspect runs/feed-v0-mf-7 --user 12          what user 12 was shown, did and said
  recloop inspect runs/feed-v0-mf-7 --user 12 --visit 3";

/// Slates printed: a first look, not a dump.
const A_FEW: usize = 3;

/// Shows what a log holds: tables, columns, rows and a few slates; or its digest; or one user's life.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Inspect {
    /// A run directory
    dir: PathBuf,
    /// Print only the SHA-256 over the rows in their canonical order, however they are cut into files
    #[arg(long, conflicts_with = "user")]
    digest: bool,
    /// Print what this user was shown, did and said, visit by visit
    #[arg(long, value_name = "ID")]
    user: Option<u32>,
    /// Only this visit of the user, from 0
    #[arg(long, value_name = "N", requires = "user")]
    visit: Option<u32>,
}

impl Inspect {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        if self.digest {
            return Ok(writeln!(out, "{}", digest(&self.dir).map_err(RunError::from)?)?);
        }
        if let Some(user) = self.user {
            return transcript(out, &self.dir, UserId(user), self.visit);
        }
        // Read to its end first: a log that cannot be read is not described as if it could.
        verify(&self.dir).map_err(RunError::from)?;
        let mut source = LogSource::open(&self.dir).map_err(RunError::from)?;
        let manifest = source.manifest();
        heading(out, manifest)?;
        let talks =
            manifest.parts.get("messages").is_some_and(|parts| parts.iter().any(|part| part.rows > 0));
        for table in tables(&manifest.spec).map_err(RunError::from)? {
            describe(out, &manifest.parts, &table)?;
        }
        if let Some(truth) = &manifest.truth {
            for table in truth_tables(&manifest.spec, &truth.item_features).map_err(RunError::from)? {
                describe(out, &truth.parts, &table)?;
            }
        }
        if let Some(first) = source.next().map_err(RunError::from)? {
            writeln!(out, "The first slates:")?;
            for row in 0..first.transition.seen.len().min(A_FEW) {
                slate(out, &first, row)?;
            }
        }
        if let Some(user) = if talks { first_to_speak(&self.dir)? } else { None } {
            let dir = self.dir.display();
            writeln!(
                out,
                "\nUser {} spoke first: `recloop inspect {dir} --user {}` is what came of it.",
                user.0, user.0
            )?;
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

fn describe(out: &mut dyn Write, parts: &Parts, table: &Table) -> Result<(), CliError> {
    let (root, name) = (table.name.root(), table.name.as_str());
    let parts = parts.get(name).map_or(&[][..], Vec::as_slice);
    let rows = HumanCount(parts.iter().map(|PartEntry { rows, .. }| rows).sum());
    let files = match parts.len() {
        1 => "1 part".into(),
        n => format!("{n} parts"),
    };
    writeln!(out, "{root}/{name}: {rows} rows in {files}; a row is {}.", table.row)?;
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
fn slate(out: &mut dyn Write, tick: &Replayed<'_>, row: usize) -> Result<(), CliError> {
    let Transition { seen, slates, step } = tick.transition;
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
            let signals: String = tick.facts.spec.signals.iter().enumerate().map(signal).collect();
            format!("clicked, {:.0} s{signals}", step.responses.dwell_secs.row(row)[position])
        } else {
            "not clicked".into()
        };
        lines.add_row([format!("  {position}"), name, chance, did]);
    }
    writeln!(out, "{}", lines.trim_fmt())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;
    use crate::{RunConfig, run};

    #[test]
    fn a_damaged_part_is_said_even_where_the_first_slates_are_whole() {
        let here = tempfile::tempdir().unwrap();
        let dir = here.path().join("r");
        let config = format!(
            "[run]\nout = {dir:?}\nsteps = 3\n[world]\nname = \"long-term-satisfaction-v1\"\nusers = 4\n\
             [recommender]\nname = \"random\""
        );
        run(&RunConfig::resolve([config.parse().unwrap()]).unwrap(), &mut ()).unwrap();
        let inspect = Inspect { dir: dir.clone(), digest: false, user: None, visit: None };
        let mut said = Vec::new();
        inspect.execute(&mut said).unwrap();
        assert!(String::from_utf8(said).unwrap().contains("log/creators: 0 rows"));
        let part = dir.join("log/sessions/part-00000.parquet");
        OpenOptions::new().write(true).open(&part).unwrap().set_len(40).unwrap();
        let mut said = Vec::new();
        let error = inspect.execute(&mut said).unwrap_err();
        assert!(said.is_empty() && error.to_string().contains("part-00000.parquet"), "{error}");
    }
}
