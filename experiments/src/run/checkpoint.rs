//! Checkpoints: everything a run needs to go on as if it had never stopped.
//!
//! A checkpoint gets a name of its own and is on disk before the manifest that counts its ticks replaces the last one;
//! the manifest's `ticks` say which checkpoint holds. So a kill at any moment leaves the old pair or the new one.

use std::fs;
use std::path::PathBuf;

use recloop_data::LogState;
use recloop_env::Snapshot;
use serde::{Deserialize, Serialize};

use super::directory::{RunDir, store};
use super::{Counts, Partial};
use crate::RunError;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) world: Snapshot,
    pub(super) player: Snapshot,
    pub(super) log: Option<LogState>,
    pub(super) metrics: Partial,
    pub(super) counts: Counts,
}

impl Checkpoint {
    pub(super) fn write(&self, dir: &RunDir) -> Result<(), RunError> {
        let path = path(dir, self.counts.ticks);
        let bytes = postcard::to_allocvec(self).map_err(corrupt(&path))?;
        store(&path, &bytes)
    }

    pub(super) fn read(dir: &RunDir, ticks: u32) -> Result<Self, RunError> {
        let path = path(dir, ticks);
        let bytes = fs::read(&path)
            .map_err(|cause| RunError::Checkpoint { path: path.clone(), reason: cause.to_string() })?;
        postcard::from_bytes(&bytes).map_err(corrupt(&path))
    }

    /// Deletes the checkpoint after `ticks`, which a later manifest has made useless.
    pub(super) fn forget(dir: &RunDir, ticks: u32) {
        let _ = fs::remove_file(path(dir, ticks));
    }
}

fn path(dir: &RunDir, ticks: u32) -> PathBuf {
    dir.checkpoints().join(format!("tick-{ticks:010}.postcard"))
}

fn corrupt(path: &std::path::Path) -> impl FnOnce(postcard::Error) -> RunError + use<> {
    let path = path.to_owned();
    move |error| RunError::Checkpoint { path, reason: error.to_string() }
}
