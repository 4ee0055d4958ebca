//! The Parquet log, importers, replay and metrics.

mod error;
pub mod movielens;

pub use error::DataError;
