//! The Parquet log, importers, replay and metrics.
