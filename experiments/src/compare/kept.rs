//! What is kept of a comparison: every finished run at once, the result in the end.
//!
//! A comparison that was stopped, or gets more seeds or recommenders, runs only what is missing.

use std::fs;
use std::path::PathBuf;

use recloop_data::metrics::Named;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Comparison, PlannedRun};
use crate::run::{failed, store};
use crate::{RunConfig, RunError};

/// A directory of finished runs.
pub(super) struct Kept {
    dir: PathBuf,
}

/// One finished run.
#[derive(Serialize, Deserialize)]
struct Record {
    /// What ran it: another version may come to other numbers.
    version: String,
    config: Table,
    metrics: Vec<Named>,
}

impl Kept {
    pub(super) fn open(dir: PathBuf) -> Result<Self, RunError> {
        let runs = dir.join("runs");
        fs::create_dir_all(&runs).map_err(failed("create", &runs))?;
        Ok(Self { dir })
    }

    /// What this run came to, if it was finished by this version.
    pub(super) fn read(&self, run: &PlannedRun) -> Result<Option<Vec<Named>>, RunError> {
        let path = self.path(run);
        // What is not there, or is no record, is run anew.
        let Ok(bytes) = fs::read(&path) else { return Ok(None) };
        let Ok(record) = serde_json::from_slice::<Record>(&bytes) else { return Ok(None) };
        let differences = run.config.differences(&RunConfig::resolve([record.config])?);
        if !differences.is_empty() {
            return Err(RunError::OtherComparison { path, differences });
        }
        Ok((record.version == version()).then_some(record.metrics))
    }

    pub(super) fn write(&self, run: &PlannedRun, metrics: &[Named]) -> Result<(), RunError> {
        let (version, config) = (version(), run.config.to_table());
        let record = Record { version, config, metrics: metrics.to_vec() };
        store(&self.path(run), &serde_json::to_vec_pretty(&record).expect("a record is plain data"))
    }

    pub(super) fn conclude(&self, comparison: &Comparison) -> Result<(), RunError> {
        let text = serde_json::to_vec_pretty(comparison).expect("a comparison is plain data");
        store(&self.dir.join("comparison.json"), &text)
    }

    fn path(&self, run: &PlannedRun) -> PathBuf {
        let fits = |c: char| c.is_alphanumeric() || "-._=".contains(c);
        let name: String = run.label.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        self.dir.join("runs").join(format!("{name}-{}.json", run.config.seed()))
    }
}

fn version() -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), option_env!("RECLOOP_REVISION").unwrap_or_default())
}
