//! The log: every impression and its propensity in Parquet, written beside the run and read back as it was.
//!
//! A run directory holds `manifest.json` ([`Manifest`]) and `log/<table>/part-*.parquet`; [`tables`] describes every
//! column, and `docs/log.md` is printed from it. [`ParquetSink`] writes, [`LogSource`] reads back,
//! [`digest`] names the content whatever the files look like.

mod answers;
mod block;
mod digest;
mod document;
mod ledger;
mod manifest;
mod observing;
mod parts;
mod reader;
mod schema;
mod sessions;
mod shape;
mod sink;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod words;

pub use digest::digest;
pub use document::document;
pub use manifest::{Manifest, PartEntry, Parts, RunState, SCHEMA_VERSION};
pub use schema::{Column, Kind, Shape, Table, TableName};
pub use sink::{LogOptions, LogReceipt, LogState, ParquetSink};
pub use source::{LogSource, Replayed};
pub use tables::tables;
