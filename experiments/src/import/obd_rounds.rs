//! Rounds of the Open Bandit Dataset as a Parquet file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder, UInt16Builder, UInt32Builder,
};
use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use recloop_data::obd::Round;

use super::ImportError;

/// Rows gathered before they are encoded (chosen by us).
const BATCH: usize = 8_192;
/// Rows of a row group: what `recloop evaluate` reads as half a chunk.
const ROW_GROUP: usize = 131_072;

/// The columns of rounds being gathered.
#[derive(Debug)]
struct Columns {
    timestamp: TimestampMicrosecondBuilder,
    item: UInt32Builder,
    position: UInt16Builder,
    click: BooleanBuilder,
    propensity: Float64Builder,
    user_features: Vec<StringBuilder>,
    affinity: ListBuilder<Float64Builder>,
    rows: usize,
}

impl Columns {
    fn new(n_features: usize) -> Self {
        Self {
            timestamp: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            item: UInt32Builder::new(),
            position: UInt16Builder::new(),
            click: BooleanBuilder::new(),
            propensity: Float64Builder::new(),
            user_features: (0..n_features).map(|_| StringBuilder::new()).collect(),
            affinity: ListBuilder::new(Float64Builder::new()),
            rows: 0,
        }
    }

    fn push(&mut self, round: &Round, micros: i64) {
        self.timestamp.append_value(micros);
        self.item.append_value(round.item);
        self.position.append_value(round.position);
        self.click.append_value(round.click);
        self.propensity.append_value(round.propensity);
        self.user_features
            .iter_mut()
            .zip(&round.user_features)
            .for_each(|(own, word)| own.append_value(word));
        self.affinity.values().append_slice(&round.affinities);
        self.affinity.append(true);
        self.rows += 1;
    }

    /// What was gathered; empty afterwards.
    fn batch(&mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let mut columns: Vec<(String, ArrayRef)> = vec![
            ("timestamp".into(), Arc::new(self.timestamp.finish())),
            ("item_id".into(), Arc::new(self.item.finish())),
            ("position".into(), Arc::new(self.position.finish())),
            ("click".into(), Arc::new(self.click.finish())),
            ("propensity_score".into(), Arc::new(self.propensity.finish())),
        ];
        for (at, words) in self.user_features.iter_mut().enumerate() {
            columns.push((format!("user_feature_{at}"), Arc::new(words.finish())));
        }
        columns.push(("affinity".into(), Arc::new(self.affinity.finish())));
        self.rows = 0;
        RecordBatch::try_from_iter(columns)
    }
}

/// Writes rounds in their order.
#[derive(Debug)]
pub(super) struct RoundsFile {
    path: PathBuf,
    columns: Columns,
    writer: ArrowWriter<File>,
}

impl RoundsFile {
    pub(super) fn create(path: &Path, n_features: usize) -> Result<Self, ImportError> {
        let failed = |reason: String| ImportError::Write { path: path.to_owned(), reason };
        let mut columns = Columns::new(n_features);
        let schema = columns.batch().map_err(|error| failed(error.to_string()))?.schema();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let file = File::create(path).map_err(|error| failed(error.to_string()))?;
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { path: path.to_owned(), columns, writer })
    }

    pub(super) fn push(&mut self, round: &Round, micros: i64) -> Result<(), ImportError> {
        self.columns.push(round, micros);
        if self.columns.rows < BATCH { Ok(()) } else { self.flush() }
    }

    /// Encodes the rest and sees everything onto the disk.
    pub(super) fn finish(mut self) -> Result<(), ImportError> {
        self.flush()?;
        let path = self.path;
        let failed = |reason: String| ImportError::Write { path, reason };
        let synced = self.writer.into_inner().map_err(|error| error.to_string());
        synced.and_then(|file| file.sync_all().map_err(|error| error.to_string())).map_err(failed)
    }

    fn flush(&mut self) -> Result<(), ImportError> {
        let batch = self.columns.batch().map_err(|error| error.to_string());
        let written = batch.and_then(|batch| self.writer.write(&batch).map_err(|error| error.to_string()));
        written.map_err(|reason| ImportError::Write { path: self.path.clone(), reason })
    }
}

/// Microseconds since 1970, UTC, of a time as the data set writes it.
pub(super) fn micros(text: &str) -> Option<i64> {
    string_to_timestamp_nanos(text).ok().map(|nanos| nanos.div_euclid(1_000))
}
