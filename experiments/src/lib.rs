//! Configs, runs and the command line.

mod error;

pub use error::{ConfigError, RunError};
