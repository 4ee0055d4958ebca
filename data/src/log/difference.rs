//! Where two logs part ways.

use std::path::Path;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::UInt32Type;
use serde::Serialize;

use super::digest::encode;
use super::manifest::Manifest;
use super::reader::TableReader;
use super::schema::{Kind, Table};
use super::tables::tables;
use crate::DataError;

/// The first row by which two logs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In which table.
    pub table: &'static str,
    /// At which tick, in a table that has ticks.
    pub tick: Option<u32>,
    /// Of which user, in a table that has users.
    pub user: Option<u32>,
    /// In which column; `None` if one log has no such row.
    pub column: Option<String>,
}

/// The earliest tick at which the logs in two run directories of one world differ, and there the first table, row and
/// column; `None` if they say the same.
pub fn first_difference(one: &Path, other: &Path) -> Result<Option<Difference>, DataError> {
    let (manifest, against) = (Manifest::load(one)?, Manifest::load(other)?);
    let mut first: Option<Difference> = None;
    for table in tables(&manifest.spec)? {
        let mut rows = Rows::new(TableReader::new(one, &manifest, &table)?);
        let mut others = Rows::new(TableReader::new(other, &against, &table)?);
        let found = differing(&table, &mut rows, &mut others)?;
        // A table without ticks follows from the others.
        let order = |difference: &Difference| (difference.tick.is_none(), difference.tick);
        let earlier = |found: &Difference| first.as_ref().is_none_or(|first| order(found) < order(first));
        if let Some(found) = found.filter(earlier) {
            first = Some(found);
        }
    }
    Ok(first)
}

/// The rows of a table, one at a time.
struct Rows {
    reader: TableReader,
    batch: Option<RecordBatch>,
    at: usize,
}

impl Rows {
    fn new(reader: TableReader) -> Self {
        Self { reader, batch: None, at: 0 }
    }

    /// The next row, as a batch of one.
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|batch| self.at < batch.num_rows()) {
                self.at += 1;
                return Ok(Some(batch.slice(self.at - 1, 1)));
            }
            self.batch = self.reader.next_batch()?;
            self.at = 0;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }
}

fn differing(table: &Table, rows: &mut Rows, others: &mut Rows) -> Result<Option<Difference>, DataError> {
    let at = |row: &RecordBatch, column: Option<String>| {
        let id = |name: &str| {
            let ids = row.column_by_name(name)?.as_primitive_opt::<UInt32Type>()?;
            Some(ids.value(0))
        };
        Difference { table: table.name.as_str(), tick: id("tick"), user: id("user"), column }
    };
    loop {
        let (row, other) = match (rows.next()?, others.next()?) {
            (None, None) => return Ok(None),
            (Some(row), None) | (None, Some(row)) => return Ok(Some(at(&row, None))),
            (Some(row), Some(other)) => (row, other),
        };
        let pairs = table.columns.iter().zip(row.columns().iter().zip(other.columns()));
        let unlike =
            pairs.into_iter().find(|(column, (a, b))| bytes(&column.kind, a) != bytes(&column.kind, b));
        if let Some((column, _)) = unlike {
            // Of two rows that are not of one tick and user, the earlier one lacks a partner.
            let (row, other) = (at(&row, Some(column.name.clone())), at(&other, None));
            let strangers = (row.tick, row.user) != (other.tick, other.user);
            let earlier = if (other.tick, other.user) < (row.tick, row.user) { other } else { row };
            return Ok(Some(if strangers { Difference { column: None, ..earlier } } else { earlier }));
        }
    }
}

fn bytes(kind: &Kind, array: &ArrayRef) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(kind, array, &mut bytes);
    bytes
}
