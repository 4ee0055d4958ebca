//! Rows per second of an evaluation, beside merely decoding the same columns.
//!
//! `RECLOOP_ROWS` sets how many rows there are (a million unless set).

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int32Array, RecordBatch, UInt8Array,
    UInt32Array,
};
use arrow::datatypes::{DataType, Field};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;
use recloop_data::ope::table::{Table, TableOptions};
use recloop_data::ope::{Estimator, Request, evaluate};

/// Actions there are.
const ACTIONS: usize = 80;
/// Rows written at once, and rows of a row group.
const PART: usize = 1 << 18;
/// Every estimator that weights alone make, and what it decodes.
const WEIGHED: [&str; 4] = ["ips", "snips", "clipped-ips(10)", "sg-ips(0.1)"];
const COLUMNS: [&str; 6] = ["user", "action", "position", "reward", "propensity", "pi"];

/// The next word of a fixed stream: what the numbers are does not matter, that they do not repeat does.
fn word(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// `n` rows of tenfold users, with a list of probabilities over all actions if asked for.
fn batch(first: usize, n: usize, listed: bool) -> RecordBatch {
    let mut state = first as u64 + 1;
    let users: Vec<u32> = (0..n).map(|_| (word(&mut state) % 260_000) as u32).collect();
    let actions: Vec<i32> = (0..n).map(|_| (word(&mut state) % ACTIONS as u64) as i32).collect();
    let chance = |action: i32| (1.0 + f64::from(action)) / (ACTIONS * (ACTIONS + 1) / 2) as f64;
    let rewards = (0..n).map(|_| f32::from(u8::from(word(&mut state).is_multiple_of(10))));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(UInt32Array::from(users))),
        ("position", Arc::new(UInt8Array::from_iter_values((0..n).map(|row| (row % 3) as u8)))),
        ("reward", Arc::new(Float32Array::from_iter_values(rewards))),
        (
            "propensity",
            Arc::new(Float64Array::from_iter_values(actions.iter().map(|_| 1.0 / ACTIONS as f64))),
        ),
        ("pi", Arc::new(Float64Array::from_iter_values(actions.iter().map(|action| chance(*action))))),
        ("action", Arc::new(Int32Array::from(actions))),
    ];
    if listed {
        let all = (0..n).flat_map(|_| (0..ACTIONS as i32).map(chance));
        let field = Arc::new(Field::new("item", DataType::Float64, false));
        let values = Arc::new(Float64Array::from_iter_values(all));
        columns.push(("pi_all", Arc::new(FixedSizeListArray::new(field, ACTIONS as i32, values, None))));
    }
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn write(path: &Path, n: usize, listed: bool) {
    let schema = batch(0, 1, listed).schema();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(PART)).build();
    let file = File::create(path).expect("a scratch file");
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).expect("a schema of ours");
    for first in (0..n).step_by(PART) {
        writer.write(&batch(first, PART.min(n - first), listed)).expect("room on the disk");
    }
    writer.close().expect("room on the disk");
}

/// Decodes columns, row groups in parallel, and looks at nothing.
fn decode(path: &Path, columns: &[&str]) -> usize {
    let file = File::open(path).expect("it was written");
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default()).expect("a Parquet file");
    let mask =
        ProjectionMask::columns(metadata.metadata().file_metadata().schema_descr(), columns.iter().copied());
    let decode = |group: usize| {
        let file = File::open(path).expect("it was written");
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
        let reader =
            builder.with_projection(mask.clone()).with_row_groups(vec![group]).with_batch_size(8_192);
        let batches =
            reader.build().expect("a Parquet file").map(|batch| black_box(batch.expect("whole")).num_rows());
        batches.sum::<usize>()
    };
    (0..metadata.metadata().num_row_groups()).into_par_iter().map(decode).sum()
}

fn evaluated(path: &Path, target: &str) -> f64 {
    let table =
        Table::open(&[path.into()], None, &target.parse().expect("a target"), TableOptions::default());
    let table = table.expect("a table of decisions");
    let estimators: Vec<Estimator> = WEIGHED.iter().map(|name| name.parse().expect("an estimator")).collect();
    let request = Request { estimators: Some(estimators), ..Request::default() };
    let evaluation = evaluate(&table, &request, &|_| ()).expect("a log without faults");
    evaluation.overall.diagnostics.mean_weight
}

fn rows_per_second(bench: &mut Criterion) {
    let n = std::env::var("RECLOOP_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let folder = std::env::temp_dir().join(format!("recloop-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    let file = |name: &str, n: usize, listed: bool| -> PathBuf {
        let path = folder.join(name);
        write(&path, n, listed);
        path
    };
    for (what, target, listed, n) in
        [("a number", "column:pi", false, n), ("a list of 80", "column:pi_all", true, n / 10)]
    {
        let path = file(&format!("{listed}.parquet"), n, listed);
        let mut columns = COLUMNS.to_vec();
        columns[5] = target.trim_start_matches("column:");
        let mut group = bench.benchmark_group(format!("evaluate, target as {what}"));
        group.throughput(Throughput::Elements(n as u64)).sample_size(10);
        let lists: Vec<_> = columns
            .iter()
            .map(|name| if listed && *name == "pi_all" { "pi_all.list.item" } else { name })
            .collect();
        group.bench_function("decode", |b| b.iter(|| decode(&path, &lists)));
        group.bench_function("evaluate", |b| b.iter(|| evaluated(&path, target)));
        group.finish();
    }
    let _ = std::fs::remove_dir_all(folder);
}

criterion_group!(benches, rows_per_second);
criterion_main!(benches);
