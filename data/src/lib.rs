//! The Parquet log, importers, replay, metrics, offline evaluation, and fidelity of surrogates.

mod error;
pub mod fidelity;
pub mod lastfm;
mod lines;
pub mod log;
pub mod metrics;
pub mod movielens;
pub mod obd;
pub mod ope;
mod replay;

pub use error::DataError;
pub use lines::LineFault;
pub use log::{
    LogOptions, LogReceipt, LogSource, LogState, Manifest, ParquetSink, PartEntry, Parts, Replayed, RunState,
    TruthEntry, digest, verify,
};
pub use replay::{MatchedReward, ReplayEnv, replay_policy};
