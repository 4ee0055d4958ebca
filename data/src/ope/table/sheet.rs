//! Small tables beside a log, csv or Parquet: probabilities of actions, descriptions of items.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::columns::hash;
use crate::ope::OpeError;

/// A small table as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Reads a table; of `FILE?COLUMN=VALUE&…` the rows that have these values.
    pub(super) fn read(text: &str) -> Result<Self, OpeError> {
        let (path, query) = match text.rsplit_once('?') {
            Some((path, query)) if !Path::new(text).exists() => (path, query),
            _ => (text, ""),
        };
        let path = PathBuf::from(path);
        let parquet = path.extension().is_some_and(|kind| kind == "parquet");
        let read = if parquet { from_parquet(&path) } else { from_csv(&path) };
        let (header, rows) = read.map_err(|reason| OpeError::File { path: path.clone(), reason })?;
        let mut sheet = Self { path, header, rows };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            sheet.keep(pair)?;
        }
        Ok(sheet)
    }

    fn keep(&mut self, pair: &str) -> Result<(), OpeError> {
        let Some((column, value)) = pair.split_once('=') else {
            return Err(self.refused(format!("`{pair}` is no filter; write it as in `?campaign=men`")));
        };
        let at = self.column(&[column])?;
        self.rows.retain(|row| row[at] == value);
        if self.rows.is_empty() {
            return Err(self.refused(format!("no row has `{value}` for `{column}`")));
        }
        Ok(())
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    pub(super) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Where the first of these columns is that there are.
    pub(super) fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|column| column == name))
    }

    /// The same, or an error that says which there are.
    pub(super) fn column(&self, names: &[&str]) -> Result<usize, OpeError> {
        self.find(names).ok_or_else(|| {
            self.refused(format!(
                "it has no column `{}`; it has {}",
                names.join("` or `"),
                self.header.join(", ")
            ))
        })
    }

    pub(super) fn number(&self, row: usize, column: usize) -> Result<f64, OpeError> {
        let text = &self.rows[row][column];
        text.trim()
            .parse()
            .map_err(|_| self.at(row, format!("`{}` is {text:?}, no number", self.header[column])))
    }

    pub(super) fn at(&self, row: usize, reason: String) -> OpeError {
        OpeError::Row { path: self.path.clone(), row_group: None, row: row as u64, reason }
    }

    pub(super) fn refused(&self, reason: String) -> OpeError {
        OpeError::File { path: self.path.clone(), reason }
    }
}

/// What an action is called that a table writes as `text`: as the log calls it, by number or by word.
pub(super) fn name_of(text: &str, worded: bool) -> Option<u64> {
    if worded { Some(hash(text.as_bytes())) } else { text.trim().parse::<i64>().ok().map(|id| id as u64) }
}

type Words = (Vec<String>, Vec<Vec<String>>);

fn from_csv(path: &Path) -> Result<Words, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| error.to_string())?;
    let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = words(reader.headers().map_err(|error| error.to_string())?);
    let rows = reader.records().map(|record| record.map(|record| words(&record)));
    Ok((header, rows.collect::<Result<_, _>>().map_err(|error| error.to_string())?))
}

fn from_parquet(path: &Path) -> Result<Words, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let header = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in reader.build().map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let columns = batch.columns().iter().map(|column| cast(column, &DataType::Utf8));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let cell = |column: &dyn Array, row| {
            if column.is_null(row) { String::new() } else { column.as_string::<i32>().value(row).to_owned() }
        };
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect()),
        );
    }
    Ok((header, rows))
}
