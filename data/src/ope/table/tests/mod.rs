//! The table of decisions, by hand-made files.

mod bad;
mod lists;
mod slates;
mod types;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use super::{Mapping, Table, TableOptions, TargetSpec};
use crate::ope::{Decisions, Estimator, OpeError, Signals, SlateRows, Source, Told, Wanted, WeightSource};

pub(super) type Columns<'a> = Vec<(&'a str, ArrayRef)>;

pub(super) fn f64s(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(super) fn i64s(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

pub(super) fn words(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(super) fn rows_of(values: &[&[f64]]) -> ArrayRef {
    let rows = values.iter().map(|row| Some(row.iter().map(|value| Some(*value)).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows))
}

/// Writes a file in row groups of so many rows.
pub(super) fn write(path: &Path, columns: Columns<'_>, group: usize) -> PathBuf {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    let batch = batch.unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path.to_owned()
}

/// A file of these columns in row groups of two rows, in a folder that lives as long as the first value.
pub(super) fn file(columns: Columns<'_>) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir.path().join("log.parquet"), columns, 2);
    (dir, path)
}

pub(super) fn open(path: &Path, target: &str, options: TableOptions) -> Result<Table, OpeError> {
    Table::open(&[path.to_owned()], None, &target.parse()?, options)
}

pub(super) fn open_by(path: &Path, mapping: &str, target: &str) -> Result<Table, OpeError> {
    Table::open(&[path.to_owned()], Some(Mapping::parse(mapping)?), &target.parse()?, TableOptions::default())
}

pub(super) fn policy() -> Wanted {
    Wanted { weights: vec![WeightSource::Policy], ..Wanted::default() }
}

/// Everything that a table tells.
pub(super) fn read(table: &Table, wanted: &Wanted) -> Result<(Decisions, SlateRows, Told), OpeError> {
    let (mut all, mut slates, mut told) = (Decisions::default(), SlateRows::default(), Told::default());
    all.clear(wanted);
    for chunk in 0..table.n_chunks() {
        let own = table.signals(chunk, wanted, None, &mut |batch| {
            match batch {
                Signals::Decisions(some) => append(&mut all, some),
                Signals::Slates(some) => append_slates(&mut slates, some),
            }
            Ok(())
        })?;
        told.merge(own);
    }
    Ok((all, slates, told))
}

fn append(all: &mut Decisions, some: &Decisions) {
    all.users.extend(&some.users);
    all.levels.extend(&some.levels);
    all.positions.extend(&some.positions);
    all.rewards.extend(&some.rewards);
    all.loggers.extend(&some.loggers);
    all.weights.iter_mut().zip(&some.weights).for_each(|(all, some)| all.extend(some));
    for (all, some) in all.models.iter_mut().zip(&some.models) {
        all.logged.extend(&some.logged);
        all.expected.extend(&some.expected);
    }
}

fn append_slates(all: &mut SlateRows, some: &SlateRows) {
    all.users.extend(&some.users);
    all.slate.extend(&some.slate);
    all.pseudo.extend(&some.pseudo);
    let grids = [
        (&mut all.rewards, &some.rewards),
        (&mut all.cascade, &some.cascade),
        (&mut all.marginal, &some.marginal),
        (&mut all.logged, &some.logged),
        (&mut all.expected, &some.expected),
    ];
    for (all, some) in grids {
        if all.rows() == 0 {
            all.copy_from(some);
        } else {
            (0..some.rows()).for_each(|row| all.push_row(some.row(row)));
        }
    }
}

pub(super) fn lacks(table: &Table, estimator: &str) -> Option<String> {
    table.lacks(&estimator.parse::<Estimator>().unwrap())
}

/// Five decisions of three users.
pub(super) fn five() -> Columns<'static> {
    vec![
        ("user", i64s(&[7, 7, 8, 9, 9])),
        ("action", i64s(&[0, 1, 2, 1, 0])),
        ("position", i64s(&[0, 1, 2, 0, 1])),
        ("reward", f64s(&[1.0, 0.0, 2.0, 0.0, 1.0])),
        ("propensity", f64s(&[0.5, 0.25, 0.25, 0.5, 1.0])),
        ("new", f64s(&[0.25, 0.25, 0.5, 0.0, 0.5])),
    ]
}

/// The same with another column in place of one, or besides.
pub(super) fn with<'a>(name: &'a str, array: ArrayRef) -> Columns<'a> {
    let mut columns: Columns<'a> = five().into_iter().filter(|(own, _)| *own != name).collect();
    columns.push((name, array));
    columns
}

pub(super) fn target(text: &str) -> TargetSpec {
    text.parse().unwrap()
}
