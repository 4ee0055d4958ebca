//! What can go wrong in an evaluation. Every message reads after "failed to".

use std::path::PathBuf;

use crate::DataError;

/// Why a log could not be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpeError {
    /// A name that is no estimator, or a hyper-parameter out of its range.
    #[error("read estimator `{text}`: {reason}")]
    Estimator {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An estimator whose inputs the log lacks.
    #[error("estimate by `{estimator}`: {reason}")]
    Lacks {
        /// Which.
        estimator: String,
        /// What it would need.
        reason: String,
    },
    /// A value that no evaluation can use.
    #[error("use row {row} of {}{}: {reason}", path.display(), group(*row_group))]
    Row {
        /// The file.
        path: PathBuf,
        /// The row group, from 0, where the file has any.
        row_group: Option<usize>,
        /// The row of the file, from 0.
        row: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A trajectory that no evaluation can use.
    #[error("use step {step} of user {user}: {reason}")]
    Trajectory {
        /// Whose.
        user: u64,
        /// The step, from 0.
        step: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A slate of a run's log that no evaluation can use.
    #[error("use the slate of user {user} at tick {tick} of {}: {reason}", dir.display())]
    Slate {
        /// The run.
        dir: PathBuf,
        /// The tick.
        tick: u32,
        /// Whose slate.
        user: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is not what the mapping says.
    #[error("evaluate {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A mapping, a declaration or a target that cannot be used.
    #[error("use {what}: {reason}")]
    Request {
        /// What was given.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A model that could not be fitted to the log.
    #[error("fit {model}: {reason}")]
    Model {
        /// Which.
        model: String,
        /// What stands in the way.
        reason: String,
    },
    /// A logger that left nothing to chance.
    #[error(
        "evaluate another policy: the logging policy is deterministic, so nothing is known of what it would not show; log with a `temperature`, or estimate by `replay` on matching rows of a random log"
    )]
    Deterministic,
    /// Statistics of different evaluations.
    #[error("merge {}: it is of another evaluation: {}", path.display(), .differences.join("; "))]
    Differs {
        /// The file that differs from the first.
        path: PathBuf,
        /// What differs, each as one phrase.
        differences: Vec<String>,
    },
    /// No rows at all.
    #[error("evaluate an empty log: it has no rows{}", but_left_out(*excluded))]
    Empty {
        /// How many were left out.
        excluded: u64,
    },
    /// A policy could not be questioned.
    #[error(transparent)]
    Policy(#[from] recloop_env::RecommendError),
    /// The log could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
}

fn group(row_group: Option<usize>) -> String {
    row_group.map_or_else(String::new, |group| format!(" (row group {group})"))
}

fn but_left_out(n: u64) -> String {
    if n == 0 { String::new() } else { format!(" but {n} that were left out") }
}
