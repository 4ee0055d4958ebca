//! The log: every impression and its propensity in Parquet, written beside the run and read back as it was.
//!
//! A run directory holds `manifest.json` ([`Manifest`]) and `log/<table>/part-*.parquet`; [`tables`] describes every
//! column, and `docs/log.md` is printed from it. [`ParquetSink`] writes, [`LogSource`] reads back,
//! [`digest`] names the content whatever the files look like, [`verify`] reads them all.
//!
//! What only the world knows lies apart, in `truth/<table>/part-*.parquet` ([`truth_tables`]), if it is wanted at all:
//! [`LogSource::open`] does not touch it.

mod answers;
mod block;
mod difference;
mod digest;
mod document;
mod ledger;
mod manifest;
mod observing;
mod parts;
mod reader;
mod roster;
mod schema;
mod sessions;
mod shape;
mod sink;
mod source;
mod stream;
mod tables;
#[cfg(test)]
mod tests;
mod truth;
mod verify;
mod words;

pub use difference::{Difference, first_difference};
pub use digest::digest;
pub use document::document;
pub use manifest::{Manifest, PartEntry, Parts, RunState, SCHEMA_VERSION, TruthEntry};
pub use schema::{Column, Kind, Shape, Table, TableName};
pub use sink::{LogOptions, LogReceipt, LogState, ParquetSink};
pub use source::{LogSource, Replayed};
pub use tables::{tables, truth_tables};
pub use verify::verify;
