//! Batches of a chunk as checked lanes.

use std::ops::Range;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::Table;
use super::check::Fault;
use super::columns::{Column, Lanes, Number, Role, ids};
use super::files::{Chunk, LogFile};
use crate::ope::{OpeError, Told};

/// Rows of a batch: a few columns of it fit into a processor's cache (chosen by us).
const BATCH: usize = 8_192;
/// The same where there are lists.
const BATCH_OF_LISTS: usize = 1_024;
/// A slate of more rows than this is none (chosen by us).
const LONGEST_SLATE: usize = 65_536;

impl Table {
    /// Hands over the rows of a chunk that can be used; where they are slates, whole ones: all that begin in the chunk.
    pub(super) fn scan(
        &self,
        chunk: &Chunk,
        columns: &[Column],
        told: &mut Told,
        visit: &mut Visit<'_>,
    ) -> Result<(), OpeError> {
        let file = &self.files[chunk.file];
        let mut pass = Pass { table: self, file, columns, lanes: Lanes::default() };
        if let Some(slate) = &self.mapping.slate {
            return pass.slates(chunk, slate, told, visit);
        }
        let mut at = file.start(chunk.groups.start);
        for batch in pass.read(chunk.groups.clone())? {
            let batch = batch.map_err(|error| file.damaged(&error))?;
            pass.hand(&batch, at, told, visit)?;
            at += batch.num_rows() as u64;
        }
        Ok(())
    }
}

/// Takes what can be used.
type Visit<'a> = dyn FnMut(&LogFile, &mut Lanes, &mut Told) -> Result<(), OpeError> + 'a;

/// One pass over a chunk.
struct Pass<'a> {
    table: &'a Table,
    file: &'a LogFile,
    columns: &'a [Column],
    lanes: Lanes,
}

impl Pass<'_> {
    fn read(&self, groups: Range<usize>) -> Result<ParquetRecordBatchReader, OpeError> {
        let lists = self.columns.iter().any(|column| matches!(column.role, Role::List(_)));
        let names = self.columns.iter().map(|column| column.name.as_str());
        self.file.read(groups, names, if lists { BATCH_OF_LISTS } else { BATCH })
    }

    /// Hands over the slates that begin in a chunk: the last may end in the next.
    fn slates(
        &mut self,
        chunk: &Chunk,
        slate: &str,
        told: &mut Told,
        visit: &mut Visit<'_>,
    ) -> Result<(), OpeError> {
        let (file, first) = (self.file, chunk.groups.start);
        let mut slates = Whole { file, slate, held: None, at: file.start(first), before: None };
        if let Some(group) = first.checked_sub(1) {
            slates.before = ids_of(file, &file.last_row(group, slate)?, slate)?.pop();
        }
        let end = file.start(chunk.groups.end);
        for batch in self.read(first..file.n_groups())? {
            let (whole, at) = slates.take(batch.map_err(|error| file.damaged(&error))?, end)?;
            self.hand(&whole, at, told, visit)?;
            if slates.at >= end {
                return Ok(());
            }
        }
        let at = slates.at;
        slates.held.map_or(Ok(()), |rest| self.hand(&rest, at, told, visit))
    }

    /// Checks a batch whose first row is row `from` of the file, and hands it over less what is to be left out.
    fn hand(
        &mut self,
        batch: &RecordBatch,
        from: u64,
        told: &mut Told,
        visit: &mut Visit<'_>,
    ) -> Result<(), OpeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.lanes.rows.clear();
        self.lanes.rows.extend(from..from + batch.num_rows() as u64);
        self.fill(batch)?;
        let mut faults = self.table.faults(self.columns, &self.lanes);
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.at);
            faults.dedup_by_key(|fault| fault.at);
            let first = &faults[0];
            if !self.table.options.skip_invalid {
                return Err(self.file.row_error(from + first.at as u64, first.told.clone()));
            }
            self.leave_out(batch, from, &faults, told)?;
        }
        if self.lanes.len() == 0 { Ok(()) } else { visit(self.file, &mut self.lanes, told) }
    }

    fn fill(&mut self, batch: &RecordBatch) -> Result<(), OpeError> {
        let levels = self.table.levels.as_ref();
        self.lanes.fill(batch, self.columns, levels).map_err(|error| self.file.damaged(&error))?;
        self.table.reward.fill(&mut self.lanes).map_err(|reason| self.file.told(reason))
    }

    fn leave_out(
        &mut self,
        batch: &RecordBatch,
        from: u64,
        faults: &[Fault],
        told: &mut Told,
    ) -> Result<(), OpeError> {
        let mut keep = vec![true; batch.num_rows()];
        for fault in faults {
            keep[fault.at] = false;
            told.excluded.count(&fault.kind);
            let propensity = self.lanes.number(Number::Propensity).get(fault.at);
            told.support.zero_propensity += u64::from(propensity == Some(&0.0));
        }
        self.lanes.rows.clear();
        self.lanes.rows.extend((from..).zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| row));
        let rest = filter_record_batch(batch, &BooleanArray::from(keep))
            .map_err(|error| self.file.damaged(&error))?;
        self.fill(&rest)
    }
}

/// Cuts batches where slates begin.
struct Whole<'a> {
    file: &'a LogFile,
    slate: &'a str,
    /// Rows whose slate may go on.
    held: Option<RecordBatch>,
    /// The row of the file that `held` begins with, or the next batch.
    at: u64,
    /// The slate that began in the chunk before.
    before: Option<u64>,
}

impl Whole<'_> {
    /// Takes a batch in; gives the slates that are whole now and begin before row `end`, and the row where they do.
    fn take(&mut self, batch: RecordBatch, end: u64) -> Result<(RecordBatch, u64), OpeError> {
        let damaged = |error| self.file.damaged(&error);
        let mut batch = match self.held.take() {
            Some(held) => concat_batches(&batch.schema(), [&held, &batch]).map_err(damaged)?,
            None => batch,
        };
        let mut slates = ids_of(self.file, &batch, self.slate)?;
        if let Some(before) = self.before {
            let other = slates.iter().position(|slate| *slate != before).unwrap_or(slates.len());
            batch = batch.slice(other, batch.num_rows() - other);
            slates.drain(..other);
            self.at += other as u64;
            if !slates.is_empty() {
                self.before = None;
            }
        }
        let begins = |row: usize| row == 0 || slates[row] != slates[row - 1];
        let from = self.at;
        let cut = match (0..slates.len()).find(|row| from + *row as u64 >= end && begins(*row)) {
            Some(after) => after,
            None => (0..slates.len()).rfind(|row| begins(*row)).unwrap_or(0),
        };
        let rest = batch.slice(cut, batch.num_rows() - cut);
        if rest.num_rows() > LONGEST_SLATE {
            let reason =
                format!("its slate has more than {LONGEST_SLATE} rows: is `{}` its column?", self.slate);
            return Err(self.file.row_error(from + cut as u64, reason));
        }
        self.at += cut as u64;
        self.held = Some(rest);
        Ok((batch.slice(0, cut), from))
    }
}

fn ids_of(file: &LogFile, batch: &RecordBatch, column: &str) -> Result<Vec<u64>, OpeError> {
    let mut out = Vec::with_capacity(batch.num_rows());
    if let Some(array) = batch.column_by_name(column) {
        ids(array, &mut out).map_err(|error| file.damaged(&error))?;
    }
    Ok(out)
}
