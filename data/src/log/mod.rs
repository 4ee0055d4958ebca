//! The log: every impression and its propensity in Parquet, written beside the run and read back as it was.
//!
//! A run directory holds `manifest.json` ([`Manifest`]) and `log/<table>/part-*.parquet`; [`tables`] describes every
//! column, and `docs/log.md` is printed from it. [`ParquetSink`] writes.

mod block;
mod ledger;
mod manifest;
mod parts;
mod schema;
mod sessions;
mod shape;
mod sink;
mod words;

pub use manifest::{Manifest, PartEntry, Parts, RunState, SCHEMA_VERSION};
pub use schema::{Column, Kind, Shape, Table, TableName, tables};
pub use sink::{LogOptions, LogReceipt, LogState, ParquetSink};
