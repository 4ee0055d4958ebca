//! The parts of a log being read: checked against the schema, then walked tick by tick.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType, UInt8Type, UInt16Type, UInt32Type};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::manifest::{Manifest, SCHEMA_VERSION, readable};
use super::parts::folder;
use super::schema::{Column, Kind, Shape, Table};
use crate::DataError;

/// Rows decoded at once (chosen by us: a few MiB of the widest table).
const BATCH: usize = 16_384;

/// One table's rows as record batches, part after part.
pub(super) struct TableReader {
    table: Table,
    left: VecDeque<(PathBuf, u64)>,
    open: Option<(PathBuf, ParquetRecordBatchReader)>,
}

impl TableReader {
    pub(super) fn new(dir: &Path, manifest: &Manifest, table: &Table) -> Result<Self, DataError> {
        let name = table.name.as_str();
        let parts = match manifest.parts_of(table.name) {
            Some(parts) => parts,
            // The table came with a later minor.
            None if manifest.minor() < table.name.since() => &[],
            None => return Err(DataError::MissingTable { dir: dir.into(), table: name }),
        };
        let left = parts.iter().map(|part| (folder(dir, table.name).join(&part.file), part.rows)).collect();
        Ok(Self { table: table.clone(), left, open: None })
    }

    /// The next rows, their columns in the order of the schema; `None` after the last.
    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>, DataError> {
        loop {
            if let Some((path, reader)) = &mut self.open {
                match reader.next() {
                    Some(Ok(batch)) => return arrange(&self.table, path, &batch).map(Some),
                    Some(Err(cause)) => {
                        return Err(DataError::Damaged { path: path.clone(), cause: cause.into() });
                    }
                    None => self.open = None,
                }
            }
            let Some((path, rows)) = self.left.pop_front() else { return Ok(None) };
            let reader = open(&self.table, &path, rows)?;
            self.open = Some((path, reader));
        }
    }
}

/// Opens a part; refuses what is cut short, foreign, of another schema, or has other rows than the manifest counts.
pub(super) fn open(table: &Table, path: &Path, rows: u64) -> Result<ParquetRecordBatchReader, DataError> {
    let file = File::open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => DataError::Missing { path: path.into() },
        _ => DataError::Read { path: path.into(), cause },
    })?;
    let damaged = |cause| DataError::Damaged { path: path.into(), cause };
    let foreign = |reason| DataError::Foreign { path: path.into(), reason };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let about = builder.metadata().file_metadata();
    let told = |key: &str| about.key_value_metadata()?.iter().find(|pair| pair.key == key)?.value.clone();
    match told("schema_version") {
        None => return Err(foreign("it carries no schema_version, so it is no part of a log".into())),
        Some(found) if !readable(&found, SCHEMA_VERSION) => {
            return Err(DataError::SchemaVersion { path: path.into(), found, ours: SCHEMA_VERSION });
        }
        Some(_) => {}
    }
    let (name, holds) = (table.name.as_str(), told("table").unwrap_or_default());
    if holds != name {
        return Err(foreign(format!("it is a part of table `{holds}`, not of `{name}`")));
    }
    if about.num_rows() as u64 != rows {
        return Err(foreign(format!("it has {} rows, the manifest says {rows}", about.num_rows())));
    }
    for column in &table.columns {
        let expected = column.field();
        match builder.schema().field_with_name(&column.name) {
            Ok(field) if field.data_type() == expected.data_type() => {}
            Ok(field) => {
                let (name, is, meant) = (&column.name, field.data_type(), expected.data_type());
                return Err(foreign(format!("its column `{name}` is {is}, not {meant}")));
            }
            // A minor adds nullable columns only: an older log has nothing to say there.
            Err(_) if column.nullable => {}
            Err(_) => return Err(foreign(format!("it has no column `{}`", column.name))),
        }
    }
    builder.with_batch_size(BATCH).build().map_err(damaged)
}

/// Puts the columns in the order of the schema and checks what types cannot say.
fn arrange(table: &Table, path: &Path, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
    let foreign = |reason| DataError::Foreign { path: path.into(), reason };
    let arrange = |column: &Column| -> Result<ArrayRef, DataError> {
        let Some(array) = batch.column_by_name(&column.name) else {
            return Ok(new_null_array(column.field().data_type(), batch.num_rows()));
        };
        if !column.nullable && array.null_count() > 0 {
            return Err(foreign(format!("its column `{}` has nulls", column.name)));
        }
        if let Shape::Fixed(n) = column.shape
            && array.as_list::<i32>().offsets().windows(2).any(|ends| (ends[1] - ends[0]) as usize != n)
        {
            return Err(foreign(format!("its column `{}` has lists not of length {n}", column.name)));
        }
        let stray = match &column.kind {
            Kind::Word(words) => stray::<UInt8Type>(array, |word| words.contains(&word)),
            Kind::Level(levels) => {
                stray::<UInt16Type>(array, |word| levels.iter().any(|level| level == word))
            }
            _ => None,
        };
        match stray {
            Some(word) => Err(foreign(format!("its column `{}` says `{word}`", column.name))),
            None => Ok(array.clone()),
        }
    };
    let arrays = table.columns.iter().map(arrange).collect::<Result<_, _>>()?;
    RecordBatch::try_new(table.arrow(), arrays).map_err(|cause| foreign(cause.to_string()))
}

/// A word that some row says and that is not `known`.
fn stray<K: ArrowDictionaryKeyType>(array: &ArrayRef, known: impl Fn(&str) -> bool) -> Option<&str> {
    let array = array.as_dictionary::<K>();
    let said = array.values().as_string::<i32>();
    // A dictionary may hold what no row says: that of a column of nulls holds an empty word.
    let strange: Vec<_> = said.iter().map(|word| !word.is_some_and(&known)).collect();
    let key = array.keys().iter().flatten().find(|key| strange[key.as_usize()])?;
    Some(said.value(key.as_usize()))
}

/// A table whose rows are read tick by tick.
pub(super) struct Cursor {
    reader: TableReader,
    batch: Option<RecordBatch>,
    at: usize,
}

impl Cursor {
    pub(super) fn new(reader: TableReader) -> Self {
        Self { reader, batch: None, at: 0 }
    }

    /// The tick of the next row; `None` after the last.
    pub(super) fn tick(&mut self) -> Result<Option<u32>, DataError> {
        loop {
            match &self.batch {
                Some(batch) if self.at < batch.num_rows() => {
                    return Ok(Some(batch.column(0).as_primitive::<UInt32Type>().value(self.at)));
                }
                _ => (self.batch, self.at) = (self.reader.next_batch()?, 0),
            }
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }

    /// The next rows of `tick` that lie together; `None` after the last of them.
    pub(super) fn run(&mut self, tick: u32) -> Result<Option<Run<'_>>, DataError> {
        if self.tick()? != Some(tick) {
            return Ok(None);
        }
        let batch = self.batch.as_ref().expect("a row has a batch");
        let ticks = &batch.column(0).as_primitive::<UInt32Type>().values()[self.at..];
        let rows = self.at..self.at + ticks.iter().take_while(|other| **other == tick).count();
        self.at = rows.end;
        Ok(Some(Run { batch, rows }))
    }
}

/// Some rows of one tick. Columns are asked for by name and type, which [`arrange`] has checked.
#[derive(Clone)]
pub(super) struct Run<'a> {
    batch: &'a RecordBatch,
    rows: Range<usize>,
}

impl<'a> Run<'a> {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn column(&self, name: &str) -> &'a ArrayRef {
        self.batch.column_by_name(name).expect("readers ask for columns of the schema")
    }

    /// All values of the rows, list after list, and where they lie.
    fn flat(&self, name: &str) -> (&'a ArrayRef, Range<usize>) {
        let column = self.column(name);
        let Some(list) = column.as_list_opt::<i32>() else { return (column, self.rows.clone()) };
        let ends = list.offsets();
        (list.values(), ends[self.rows.start] as usize..ends[self.rows.end] as usize)
    }

    /// All values of a column without nulls.
    pub(super) fn values<T: ArrowPrimitiveType>(&self, name: &str) -> &'a [T::Native] {
        let (array, range) = self.flat(name);
        &array.as_primitive::<T>().values()[range]
    }

    pub(super) fn bools(&self, name: &str) -> impl Iterator<Item = bool> + use<'a> {
        let (array, range) = self.flat(name);
        range.map(|i| array.as_boolean().value(i))
    }

    pub(super) fn optional<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> impl Iterator<Item = Option<T::Native>> + use<'a, T> {
        let array = self.column(name).as_primitive::<T>();
        self.rows.clone().map(|i| array.is_valid(i).then(|| array.value(i)))
    }

    /// One list per row, or none.
    pub(super) fn lists<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> impl Iterator<Item = Option<&'a [T::Native]>> + use<'a, T> {
        let list = self.column(name).as_list::<i32>();
        let (values, ends) = (list.values().as_primitive::<T>().values(), list.offsets());
        self.rows
            .clone()
            .map(move |i| list.is_valid(i).then(|| &values[ends[i] as usize..ends[i + 1] as usize]))
    }

    /// The codes of words.
    pub(super) fn words(&self, name: &str, words: &[&str]) -> impl Iterator<Item = Option<u8>> + use<'a> {
        let code = |found: &str| words.iter().position(|word| *word == found).map(|at| at as u8);
        self.codes::<UInt8Type, u8>(name, &code)
    }

    /// The codes of levels.
    pub(super) fn levels(&self, name: &str, levels: &[String]) -> impl Iterator<Item = u16> + use<'a> {
        let code = |found: &str| levels.iter().position(|level| level == found).map(|at| at as u16);
        self.codes::<UInt16Type, u16>(name, &code).map(Option::unwrap_or_default)
    }

    fn codes<K: ArrowDictionaryKeyType, C: Copy>(
        &self,
        name: &str,
        code: &dyn Fn(&str) -> Option<C>,
    ) -> impl Iterator<Item = Option<C>> + use<'a, K, C> {
        let array = self.column(name).as_dictionary::<K>();
        let known = |found: Option<&str>| found.and_then(code);
        let codes: Vec<_> = array.values().as_string::<i32>().iter().map(known).collect();
        self.rows.clone().map(move |i| array.key(i).and_then(|key| codes[key]))
    }

    /// Texts; where there is none, an empty one.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let array = self.column(name).as_string::<i32>();
        self.rows.clone().map(|i| if array.is_valid(i) { array.value(i) } else { "" })
    }
}
