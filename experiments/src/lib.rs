//! Configs, runs and the command line.

mod error;
pub mod worlds;

pub use error::{ConfigError, RunError};
