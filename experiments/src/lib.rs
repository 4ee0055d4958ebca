//! Configs, runs and the command line.

pub mod cli;
mod compare;
pub mod config;
mod error;
pub mod evaluate;
pub mod fidelity;
pub mod frontier;
pub mod import;
mod measure;
pub mod models;
mod picture;
mod player;
mod playing;
pub mod recommenders;
mod replay;
mod run;
pub mod study;
mod target;
pub mod train;
mod truth;
mod twins;
pub mod worlds;

pub use compare::{
    CompareConfig, Compared, Comparison, Contender, Difference, Failure, Interval, MetricCompared,
    PlannedRun, RunsObserver, Verdict, compare,
};
pub use config::{Horizon, RunConfig};
pub use error::{ConfigError, RunError};
pub use measure::{HEADLINE, Measured, headline, measure};
pub use models::{LlmConfig, LlmReport, Models};
pub use player::{Player, Policy};
pub use playing::{Playing, Visitor};
pub use recommenders::RecommenderEntry;
pub use replay::{ReplayReport, replay};
pub use run::{Counts, Observer, RunSummary, Start, begun_config, resume, run};
pub use target::{TargetFault, logger, target};
pub use truth::{RewardOf, TrueValue, horizon_value, step_value};
pub use twins::{ItemTold, Life, Measure, Outcome, SessionTold, SlateTold, Twins, TwinsConfig, twins};
pub use worlds::WorldEntry;
