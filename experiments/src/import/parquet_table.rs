//! One small Parquet file as named columns, and everything that can be wrong with one.

use std::error::Error;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, PrimitiveBuilder, RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Float32Type, Schema, UInt32Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use recloop_env::Grid;

use super::ImportError;

/// A column about to be written.
pub(crate) struct Column {
    name: String,
    meaning: &'static str,
    values: ArrayRef,
}

impl Column {
    pub(crate) fn new(name: &str, meaning: &'static str, values: ArrayRef) -> Self {
        Self { name: name.to_owned(), meaning, values }
    }
}

/// The row number, which is what others refer to.
pub(super) fn numbered(n: usize) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(0..n as u32))
}

/// One vector per row.
pub(super) fn vectors(rows: &Grid<f32>) -> ArrayRef {
    let mut lists = ListBuilder::new(PrimitiveBuilder::<Float32Type>::new());
    (0..rows.rows()).for_each(|at| lists.append_value(rows.row(at).iter().copied().map(Some)));
    Arc::new(lists.finish())
}

/// Writes the columns as one row group and sees them onto the disk.
pub(crate) fn write(path: &Path, columns: Vec<Column>) -> Result<(), ImportError> {
    try_write(path, columns)
        .map_err(|error| ImportError::Write { path: path.to_owned(), reason: error.to_string() })
}

fn try_write(path: &Path, columns: Vec<Column>) -> Result<(), Box<dyn Error>> {
    let field = |Column { name, meaning, values }: &Column| {
        let meaning = [("meaning".to_owned(), (*meaning).to_owned())];
        Field::new(name, values.data_type().clone(), values.is_nullable()).with_metadata(meaning)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let values = columns.into_iter().map(|column| column.values).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), values)?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema, None)?;
    writer.write(&batch)?;
    writer.into_inner()?.sync_all()?;
    Ok(())
}

fn try_read(file: File) -> Result<RecordBatch, Box<dyn Error>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = Arc::clone(builder.schema());
    let batches = builder.build()?.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

/// A file read whole.
pub(super) struct Table {
    path: PathBuf,
    batch: RecordBatch,
}

impl Table {
    pub(super) fn read(path: PathBuf) -> Result<Self, ImportError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(ImportError::Missing { path }),
            Err(cause) => return Err(ImportError::Io { action: "read", path, cause }),
        };
        match try_read(file) {
            Ok(batch) => Ok(Self { path, batch }),
            Err(error) => Err(ImportError::Damaged { path, reason: error.to_string() }),
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.batch.num_rows()
    }

    pub(super) fn damaged(&self, reason: String) -> ImportError {
        ImportError::Damaged { path: self.path.clone(), reason }
    }

    /// Numbers that may be absent.
    pub(super) fn maybe<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<Vec<Option<T::Native>>, ImportError> {
        let wanted = T::DATA_TYPE;
        let values = self.column(name)?;
        let values =
            values.as_primitive_opt::<T>().ok_or_else(|| self.mistyped(name, values, &wanted.to_string()))?;
        Ok(values.iter().collect())
    }

    /// Numbers of which each row has one.
    pub(super) fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<Vec<T::Native>, ImportError> {
        self.every(name, self.maybe::<T>(name)?)
    }

    /// Texts that may be absent.
    pub(super) fn maybe_texts(&self, name: &str) -> Result<Vec<Option<String>>, ImportError> {
        let values = self.column(name)?;
        let texts = values.as_string_opt::<i32>().ok_or_else(|| self.mistyped(name, values, "Utf8"))?;
        Ok(texts.iter().map(|text| text.map(str::to_owned)).collect())
    }

    /// Texts of which each row has one.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, ImportError> {
        self.every(name, self.maybe_texts(name)?)
    }

    /// Finite numbers of which each row has one.
    pub(super) fn floats(&self, name: &str) -> Result<Vec<f32>, ImportError> {
        let values = self.numbers::<Float32Type>(name)?;
        self.check_finite(name, values.chunks(1))?;
        Ok(values)
    }

    /// The same, from `low` to `high`.
    pub(super) fn within(&self, name: &str, low: f32, high: f32) -> Result<Vec<f32>, ImportError> {
        let values = self.floats(name)?;
        match values.iter().position(|value| !(low..=high).contains(value)) {
            Some(at) => {
                let found = values[at];
                Err(self.damaged(format!("column `{name}`, row {at}: {found} is not from {low} to {high}")))
            }
            None => Ok(values),
        }
    }

    /// Vectors of `width` finite numbers.
    pub(super) fn vectors(&self, name: &str, width: usize) -> Result<Grid<f32>, ImportError> {
        let row = |values: &dyn Array| {
            let values = values.as_primitive_opt::<Float32Type>()?;
            (values.null_count() == 0).then(|| values.values().to_vec())
        };
        let vectors = self.lists(name, "List(Float32)", row)?;
        if let Some(at) = vectors.iter().position(|vector| vector.len() != width) {
            let found = vectors[at].len();
            return Err(self.damaged(format!("column `{name}`, row {at}: {found} numbers, expected {width}")));
        }
        self.check_finite(name, vectors.iter().map(Vec::as_slice))?;
        let mut rows = Grid::new(width);
        vectors.iter().for_each(|vector| rows.push_row(vector));
        Ok(rows)
    }

    fn check_finite<'a>(
        &self,
        name: &str,
        mut rows: impl Iterator<Item = &'a [f32]>,
    ) -> Result<(), ImportError> {
        match rows.position(|row| !row.iter().all(|value| value.is_finite())) {
            Some(at) => Err(self.damaged(format!("column `{name}`, row {at}: a number is not finite"))),
            None => Ok(()),
        }
    }

    /// A table that was sorted otherwise would give every id to somebody else.
    pub(super) fn check_numbered(&self, name: &str) -> Result<(), ImportError> {
        let ids = self.numbers::<UInt32Type>(name)?;
        match ids.iter().enumerate().find(|&(at, &id)| at != id as usize) {
            Some((at, id)) => Err(self.damaged(format!("column `{name}`, row {at}: it is {id}, not {at}"))),
            None => Ok(()),
        }
    }

    /// Lists of texts.
    pub(super) fn text_lists(&self, name: &str) -> Result<Vec<Vec<String>>, ImportError> {
        let row = |values: &dyn Array| {
            let texts = values.as_string_opt::<i32>()?;
            texts.iter().map(|text| text.map(str::to_owned)).collect()
        };
        self.lists(name, "List(Utf8)", row)
    }

    fn lists<T>(
        &self,
        name: &str,
        wanted: &str,
        row: impl Fn(&dyn Array) -> Option<Vec<T>>,
    ) -> Result<Vec<Vec<T>>, ImportError> {
        let values = self.column(name)?;
        let mistyped = || self.mistyped(name, values, wanted);
        let lists = values.as_list_opt::<i32>().ok_or_else(mistyped)?;
        let lists: Vec<_> = lists.iter().map(|list| list.map(|list| row(&*list))).collect();
        self.every(name, lists)?.into_iter().collect::<Option<_>>().ok_or_else(mistyped)
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, ImportError> {
        self.batch.column_by_name(name).ok_or_else(|| self.damaged(format!("it has no column `{name}`")))
    }

    fn mistyped(&self, name: &str, found: &ArrayRef, wanted: &str) -> ImportError {
        let found: &DataType = found.data_type();
        self.damaged(format!("column `{name}` holds {found}, expected {wanted} without gaps"))
    }

    fn every<T>(&self, name: &str, values: Vec<Option<T>>) -> Result<Vec<T>, ImportError> {
        let absent = values.iter().position(Option::is_none);
        match absent {
            Some(at) => Err(self.damaged(format!("column `{name}`, row {at}: nothing is there"))),
            None => Ok(values.into_iter().flatten().collect()),
        }
    }
}
