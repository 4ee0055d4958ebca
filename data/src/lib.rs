//! The Parquet log, importers, replay and metrics.

mod error;
pub mod log;
pub mod metrics;
pub mod movielens;

pub use error::DataError;
pub use log::{LogOptions, LogReceipt, LogState, Manifest, ParquetSink, PartEntry, Parts, RunState};
