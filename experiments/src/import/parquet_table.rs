//! One small Parquet file as named columns, and everything that can be wrong with one.

use std::error::Error;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::ImportError;

/// A column about to be written: name, meaning, values.
pub(super) struct Column(pub &'static str, pub &'static str, pub ArrayRef);

/// Writes the columns as one row group and sees them onto the disk.
pub(super) fn write(path: &Path, columns: Vec<Column>) -> Result<(), ImportError> {
    try_write(path, columns)
        .map_err(|error| ImportError::Write { path: path.to_owned(), reason: error.to_string() })
}

fn try_write(path: &Path, columns: Vec<Column>) -> Result<(), Box<dyn Error>> {
    let field = |Column(name, meaning, values): &Column| {
        let meaning = [("meaning".to_owned(), (*meaning).to_owned())];
        Field::new(*name, values.data_type().clone(), values.is_nullable()).with_metadata(meaning)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let values = columns.into_iter().map(|Column(_, _, values)| values).collect();
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

    /// Vectors of `width` finite numbers.
    pub(super) fn vectors(&self, name: &str, width: usize) -> Result<Vec<Vec<f32>>, ImportError> {
        let row = |values: &dyn Array| {
            let values = values.as_primitive_opt::<arrow::datatypes::Float32Type>()?;
            (values.null_count() == 0).then(|| values.values().to_vec())
        };
        let vectors = self.lists(name, "List(Float32)", row)?;
        match vectors.iter().position(|vector| vector.len() != width) {
            Some(at) => {
                let found = vectors[at].len();
                Err(self.damaged(format!("column `{name}`, row {at}: {found} numbers, expected {width}")))
            }
            None => Ok(vectors),
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
