//! Checkpoints: everything a run needs to go on as if it had never stopped.
//!
//! A checkpoint gets a name of its own and is on disk before the manifest that counts its ticks replaces the last one;
//! the manifest's `ticks` say which checkpoint holds. So a kill at any moment leaves the old pair or the new one.

use std::fs;
use std::path::{Path, PathBuf};

use recloop_data::LogState;
use recloop_env::Snapshot;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::directory::{CHECKPOINT, RunDir, store};
use super::{Counts, Partial};
use crate::RunError;

/// Bytes of SHA-256 behind a checkpoint: a damaged one must not pass for another past.
const CHECKSUM: usize = 32;

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
        let mut bytes = postcard::to_allocvec(self).map_err(|error| corrupt(&path, error.to_string()))?;
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        store(&path, &bytes)
    }

    pub(super) fn read(dir: &RunDir, ticks: u32) -> Result<Self, RunError> {
        let path = path(dir, ticks);
        let bytes = fs::read(&path).map_err(|cause| corrupt(&path, cause.to_string()))?;
        match bytes.split_last_chunk::<CHECKSUM>() {
            Some((body, checksum)) if Sha256::digest(body).as_slice() == checksum => {
                postcard::from_bytes(body).map_err(|error| corrupt(&path, error.to_string()))
            }
            _ => Err(corrupt(&path, "it is damaged: its checksum does not fit".into())),
        }
    }

    /// Deletes the checkpoint after `ticks`, which a later manifest has made useless.
    pub(super) fn forget(dir: &RunDir, ticks: u32) {
        let _ = fs::remove_file(path(dir, ticks));
    }
}

fn path(dir: &RunDir, ticks: u32) -> PathBuf {
    dir.checkpoints().join(format!("{CHECKPOINT}{ticks:010}.postcard"))
}

fn corrupt(path: &Path, reason: String) -> RunError {
    RunError::Checkpoint { path: path.into(), reason }
}
