//! Configs, runs and the command line.

pub mod cli;
pub mod config;
mod error;
pub mod import;
mod measure;
mod player;
pub mod recommenders;
mod run;
pub mod worlds;

pub use config::{Horizon, RunConfig};
pub use error::{ConfigError, RunError};
pub use measure::{Measured, measure};
pub use player::Player;
pub use recommenders::RecommenderEntry;
pub use run::{Counts, Observer, RunSummary, Start, begun_config, resume, run};
pub use worlds::WorldEntry;
