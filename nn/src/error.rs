//! What can go wrong with a network.

use std::path::PathBuf;

use crate::Compute;

/// Why a network could not be built, moved or kept. Messages read after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NnError {
    /// A device that is not there, or does not compute what it should.
    #[error("use the device `{compute}`: {reason}")]
    Device {
        /// Which was asked for.
        compute: Compute,
        /// What is in the way.
        reason: String,
    },
    /// A number that is none: the network is past saving, its last checkpoint is not.
    #[error("train on: {what} is {value}")]
    NotFinite {
        /// Which number.
        what: String,
        /// What it became.
        value: f64,
    },
    /// A training that cannot begin or go on as it was asked to.
    #[error("train: {reason}")]
    Training {
        /// What is in the way.
        reason: String,
    },
    /// A file of a checkpoint that is missing, damaged, or of another network.
    #[error("use {}: {reason}", .path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What a learner met besides: its world, its log.
    #[error(transparent)]
    Learner(Box<dyn std::error::Error + Send + Sync>),
}

impl NnError {
    /// What a learner met that is not about networks.
    pub fn learner(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Learner(Box::new(error))
    }

    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
