//! The parts of a log being written: a part is under its own name only once it is whole and on disk.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use recloop_env::EnvSpec;
use sha2::{Digest, Sha256};

use super::block::Block;
use super::digest::hex;
use super::manifest::{PartEntry, Parts, SCHEMA_VERSION, put};
use super::schema::{Column, Kind, Shape, Table, TableName};
use crate::DataError;

/// Rows per row group: large enough for dictionaries to pay, small enough to stream (measured: 64k–128k are fastest).
const ROW_GROUP: usize = 131_072;

/// Bytes gathered before the operating system is called.
const BUFFER: usize = 1 << 20;

/// Writes blocks into parts.
pub(super) struct PartWriter {
    dir: PathBuf,
    tables: Vec<Table>,
    properties: Vec<WriterProperties>,
    open: Vec<Option<Open>>,
    parts: Parts,
    part_rows: u64,
}

/// A part not yet whole.
struct Open {
    path: PathBuf,
    writer: ArrowWriter<BufWriter<Hashed<File>>>,
    rows: u64,
}

/// Passes bytes on and knows their SHA-256.
pub(super) struct Hashed<W> {
    to: W,
    sha256: Sha256,
}

impl<W> Hashed<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, sha256: Sha256::new() }
    }

    /// In hex.
    pub(super) fn sha256(self) -> String {
        hex(self.sha256)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.sha256.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Where a table's parts lie.
pub(super) fn folder(dir: &Path, table: TableName) -> PathBuf {
    dir.join(table.root()).join(table.as_str())
}

impl PartWriter {
    pub(super) fn new(
        dir: &Path,
        spec: &EnvSpec,
        tables: &[Table],
        mut parts: Parts,
        part_rows: u64,
    ) -> Self {
        let spec = serde_json::to_string(spec).expect("a spec is plain data");
        for table in tables {
            parts.entry(table.name.as_str().into()).or_default();
        }
        Self {
            dir: dir.into(),
            tables: tables.to_vec(),
            properties: tables.iter().map(|table| properties(table, &spec)).collect(),
            open: tables.iter().map(|_| None).collect(),
            parts,
            part_rows,
        }
    }

    /// Adds a block's rows to the table's open part; closes it if it is full.
    pub(super) fn write(&mut self, table: usize, block: &Block) -> Result<(), DataError> {
        let path = self.path(table);
        let fail = |cause| failed(&path, cause);
        let batch = block.batch().map_err(|cause| fail(cause.into()))?;
        let part = match &mut self.open[table] {
            Some(part) => part,
            none => none.insert(Open::begin(&path, &self.tables[table], &self.properties[table])?),
        };
        part.writer.write(&batch).map_err(fail)?;
        part.rows += block.rows as u64;
        if part.rows >= self.part_rows { self.seal(table) } else { Ok(()) }
    }

    /// Makes everything written so far durable and says where it is.
    pub(super) fn seal_all(&mut self) -> Result<Parts, DataError> {
        (0..self.tables.len()).try_for_each(|table| self.seal(table))?;
        Ok(self.parts.clone())
    }

    /// As [`PartWriter::seal_all`], at the end: a table without rows gets a part too, so that every folder reads.
    pub(super) fn finish(&mut self) -> Result<Parts, DataError> {
        for table in 0..self.tables.len() {
            if self.open[table].is_none() && self.parts[self.name(table)].is_empty() {
                let path = self.path(table);
                self.open[table] = Some(Open::begin(&path, &self.tables[table], &self.properties[table])?);
            }
        }
        self.seal_all()
    }

    fn seal(&mut self, table: usize) -> Result<(), DataError> {
        let Some(part) = self.open[table].take() else { return Ok(()) };
        let entry = part.seal()?;
        self.parts.entry(self.name(table).into()).or_default().push(entry);
        Ok(())
    }

    fn name(&self, table: usize) -> &'static str {
        self.tables[table].name.as_str()
    }

    /// Where the table's next part belongs.
    fn path(&self, table: usize) -> PathBuf {
        let n = self.parts[self.name(table)].len();
        folder(&self.dir, self.tables[table].name).join(format!("part-{n:05}.parquet"))
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        for part in self.open.iter_mut().filter_map(Option::take) {
            // What cannot be removed keeps a name that nobody takes for a part.
            let _ = fs::remove_file(unfinished(&part.path));
        }
    }
}

impl Open {
    fn begin(path: &Path, table: &Table, properties: &WriterProperties) -> Result<Self, DataError> {
        let fresh = unfinished(path);
        let file = File::create(&fresh).map_err(|cause| DataError::Write { path: fresh.clone(), cause })?;
        let to = BufWriter::with_capacity(BUFFER, Hashed::new(file));
        let writer = ArrowWriter::try_new(to, table.arrow(), Some(properties.clone()))
            .map_err(|cause| failed(path, cause))?;
        Ok(Self { path: path.into(), writer, rows: 0 })
    }

    fn seal(self) -> Result<PartEntry, DataError> {
        let Self { path, writer, rows } = self;
        let buffer = writer.into_inner().map_err(|cause| failed(&path, cause))?;
        let last = || {
            let whole = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            whole.to.sync_all()?;
            put(&unfinished(&path), &path)?;
            Ok(whole.sha256())
        };
        let sha256 = last().map_err(|cause| DataError::Write { path: path.clone(), cause })?;
        let file = path.file_name().expect("a part has a name").to_string_lossy().into_owned();
        Ok(PartEntry { file, rows, sha256: Some(sha256) })
    }
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("parquet.tmp")
}

/// The operating system's own error, where that is what stopped the encoder.
fn failed(path: &Path, cause: ParquetError) -> DataError {
    let path = path.to_owned();
    match cause {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(cause) => DataError::Write { path, cause: *cause },
            Err(other) => DataError::Encode { path, cause: ParquetError::External(other) },
        },
        cause => DataError::Encode { path, cause },
    }
}

/// How a table is encoded: the fastest of the forms measured that does not grow the file.
///
/// Integers are delta-packed, codes and words dictionary-encoded. Answers and propensities, which repeat themselves, are
/// under Snappy; features are not, for they do not shrink (measured: a third of the writer's time for 4 % of the bytes).
/// Statistics only where readers filter, no page index.
fn properties(table: &Table, spec: &str) -> WriterProperties {
    let about = [("schema_version", SCHEMA_VERSION), ("table", table.name.as_str()), ("spec", spec)];
    let about = about.map(|(key, value)| KeyValue::new(key.into(), value.to_owned()));
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_key_value_metadata(Some(about.to_vec()));
    for column in &table.columns {
        let path = leaf(column);
        builder = match column.kind {
            Kind::U16 | Kind::Word(_) | Kind::Level(_) => builder.set_column_dictionary_enabled(path, true),
            Kind::U32 | Kind::U64 => builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            Kind::F32 if column.name.starts_with("feature_") => builder,
            Kind::F32 | Kind::F64 | Kind::Bool | Kind::Text => {
                builder.set_column_compression(path, Compression::SNAPPY)
            }
        };
        if ["tick", "user"].contains(&column.name.as_str()) {
            builder = builder.set_column_statistics_enabled(leaf(column), EnabledStatistics::Chunk);
        }
    }
    builder.build()
}

/// The path of a column's values. A dotted string would name a column that does not exist, and be ignored.
fn leaf(column: &Column) -> ColumnPath {
    let mut path = vec![column.name.clone()];
    if column.shape != Shape::One {
        path.extend(["list".into(), "element".into()]);
    }
    path.into()
}
