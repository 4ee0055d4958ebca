//! The card of a checkpoint.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::CARD;
use crate::NnError;

/// What weights are and where they come from, in json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Form of the card and of what lies beside it.
    pub version: u32,
    /// What they were trained by.
    pub algorithm: String,
    /// Everything that decides the training.
    pub config: serde_json::Value,
    /// What the network reads and writes: another is refused.
    pub shape: serde_json::Value,
    /// Digest of the log they were trained on, if on one.
    pub data_digest: Option<String>,
    /// Seed of the training.
    pub seed: u64,
    /// Revision of the program.
    pub revision: String,
    /// Steps of experience so far.
    pub step: u64,
    /// The latest measures.
    pub metrics: BTreeMap<String, f64>,
}

impl Card {
    /// The form written now.
    pub const VERSION: u32 = 1;

    /// Writes it into `dir`.
    ///
    /// # Errors
    /// [`NnError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), NnError> {
        let path = dir.join(CARD);
        let text = serde_json::to_string_pretty(self).map_err(|error| refused(&path, &error))?;
        std::fs::write(&path, text + "\n").map_err(NnError::io("write", &path))
    }

    /// Reads it from `dir`.
    ///
    /// # Errors
    /// [`NnError::Io`] if there is none, [`NnError::Checkpoint`] if it is of another version or damaged.
    pub fn load(dir: &Path) -> Result<Self, NnError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let path = dir.join(CARD);
        let text = std::fs::read_to_string(&path).map_err(NnError::io("read", &path))?;
        let Version { version } = serde_json::from_str(&text).map_err(|error| refused(&path, &error))?;
        if version != Self::VERSION {
            let reason = format!("it is a card of version {version}; this program reads {}", Self::VERSION);
            return Err(NnError::Checkpoint { path, reason });
        }
        serde_json::from_str(&text).map_err(|error| refused(&path, &error))
    }
}

fn refused(path: &Path, error: &serde_json::Error) -> NnError {
    NnError::Checkpoint { path: path.into(), reason: error.to_string() }
}
