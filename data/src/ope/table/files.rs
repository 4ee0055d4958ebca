//! The files of a log, cut into chunks of row groups.

use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};

use super::columns::{Column, hash, mix};
use super::mapping::refused;
use crate::ope::OpeError;

/// A chunk has at least as many rows, if its file has (chosen by us: large enough that merging costs nothing).
const CHUNK: u64 = 262_144;

/// A Parquet file of decisions.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// The first row of each row group, and how many rows there are.
    starts: Vec<u64>,
    /// Tells its rows from those of other files.
    salt: u64,
}

/// Some row groups of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) file: usize,
    pub(super) groups: Range<usize>,
}

/// The files that `log` is: a Parquet file, or those of a directory by name, less `besides`.
pub(super) fn find(log: &Path, besides: &[PathBuf]) -> Result<Vec<PathBuf>, OpeError> {
    let told = |reason: String| OpeError::File { path: log.to_owned(), reason };
    if log.is_dir() {
        let entries = fs::read_dir(log).map_err(|error| told(error.to_string()))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| told(error.to_string()))?.path();
            if path.extension().is_some_and(|kind| kind == "parquet") && !besides.contains(&path) {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(told("there is no Parquet file in it".into()));
        }
        return Ok(files);
    }
    if log.extension().is_some_and(|kind| kind == "csv") {
        let hint = "a csv is not read directly; make Parquet of it (of the Open Bandit Dataset: `recloop import obd DIR --out DIR`)";
        return Err(told(hint.into()));
    }
    Ok(vec![log.to_owned()])
}

impl LogFile {
    pub(super) fn open(path: PathBuf) -> Result<Self, OpeError> {
        let told = |reason: String| OpeError::File { path: path.clone(), reason };
        let file = File::open(&path).map_err(|error| told(error.to_string()))?;
        let metadata = ArrowReaderMetadata::load(&file, Default::default()).map_err(|error| {
            let mut magic = [0; 4];
            let begun = File::open(&path).and_then(|mut file| file.read_exact(&mut magic)).is_ok();
            told(if begun && magic == *b"PAR1" {
                format!("it is cut short or damaged ({error}); restore it from a copy")
            } else {
                format!("it is not Parquet ({error})")
            })
        })?;
        let groups = metadata.metadata().row_groups();
        let mut starts = vec![0];
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut salt = hash(name.as_bytes());
        for group in groups {
            starts.push(starts.last().unwrap_or(&0) + group.num_rows() as u64);
            // Not its path: what a file tells must not depend on where it lies.
            salt = mix(salt ^ mix(group.num_rows() as u64) ^ group.compressed_size() as u64);
        }
        Ok(Self { path, metadata, starts, salt })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// What a column holds, if it is there.
    pub(super) fn kind(&self, column: &str) -> Option<&DataType> {
        self.schema().column_with_name(column).map(|(_, field)| field.data_type())
    }

    pub(super) fn n_groups(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn start(&self, group: usize) -> u64 {
        self.starts[group]
    }

    /// A row as a user of its own.
    #[inline]
    pub(super) fn nobody(&self, row: u64) -> u64 {
        mix(self.salt.wrapping_add(row.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Row groups together until they are large enough.
    pub(super) fn chunks(&self, file: usize) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut from = 0;
        for group in 0..self.n_groups() {
            if self.starts[group + 1] - self.starts[from] >= CHUNK || group + 1 == self.n_groups() {
                chunks.push(Chunk { file, groups: from..group + 1 });
                from = group + 1;
            }
        }
        chunks
    }

    pub(super) fn row_error(&self, row: u64, reason: String) -> OpeError {
        let group = self.starts.partition_point(|start| *start <= row).checked_sub(1);
        OpeError::Row { path: self.path.clone(), row_group: group, row, reason }
    }

    pub(super) fn told(&self, reason: String) -> OpeError {
        OpeError::File { path: self.path.clone(), reason }
    }

    /// Whether every column is there and holds what it is for.
    pub(super) fn check(&self, columns: &[Column]) -> Result<(), OpeError> {
        let schema = self.schema();
        for Column { role, name } in columns {
            let Some((_, field)) = schema.column_with_name(name) else {
                let there: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(self.told(format!("it has no column `{name}`; it has {}", there.join(", "))));
            };
            if let Some(wanted) = role.refuses(field.data_type()) {
                let kind = field.data_type();
                return Err(self.told(format!("column `{name}` should hold {wanted}, it holds {kind}")));
            }
        }
        Ok(())
    }

    /// Reads these columns of some row groups.
    pub(super) fn read<'a>(
        &self,
        groups: Range<usize>,
        columns: impl Iterator<Item = &'a str>,
        batch: usize,
    ) -> Result<ParquetRecordBatchReader, OpeError> {
        self.reader(groups, columns, batch)?.build().map_err(|error| self.damaged(&error))
    }

    /// The last row of a row group.
    pub(super) fn last_row(&self, group: usize, column: &str) -> Result<RecordBatch, OpeError> {
        let n = (self.starts[group + 1] - self.starts[group]) as usize;
        let last = RowSelection::from(vec![RowSelector::skip(n.saturating_sub(1)), RowSelector::select(1)]);
        let reader = self.reader(group..group + 1, std::iter::once(column), 1)?;
        let mut reader = reader.with_row_selection(last).build().map_err(|error| self.damaged(&error))?;
        match reader.next() {
            Some(row) => row.map_err(|error| self.damaged(&error)),
            None => Err(self.told(format!("row group {group} is empty"))),
        }
    }

    fn reader<'a>(
        &self,
        groups: Range<usize>,
        columns: impl Iterator<Item = &'a str>,
        batch: usize,
    ) -> Result<ParquetRecordBatchReaderBuilder<File>, OpeError> {
        let file = File::open(&self.path).map_err(|error| self.told(error.to_string()))?;
        let roots: Vec<usize> = columns.filter_map(|name| self.schema().index_of(name).ok()).collect();
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        Ok(reader.with_projection(mask).with_row_groups(groups.collect()).with_batch_size(batch))
    }

    pub(super) fn damaged(&self, error: &dyn std::fmt::Display) -> OpeError {
        self.told(format!("it is damaged ({error}); restore it from a copy"))
    }
}

/// Opens the files of a log.
pub(super) fn open(paths: &[PathBuf], besides: &[PathBuf]) -> Result<Vec<LogFile>, OpeError> {
    let mut files = Vec::new();
    for log in paths {
        for path in find(log, besides)? {
            files.push(LogFile::open(path)?);
        }
    }
    if files.is_empty() {
        return Err(refused("a log", "no file was given".into()));
    }
    Ok(files)
}
