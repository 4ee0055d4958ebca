//! The sink: ticks become rows, rows become parts.

use std::fs;
use std::path::{Path, PathBuf};

use recloop_env::{EnvSpec, Facts, LogSink, Transition};
use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Memory};
use super::manifest::{Parts, TruthEntry};
use super::schema::TableName;
use super::shape;
use super::stream::Stream;
use super::tables::tables;
use super::truth::TruthLedger;
use crate::DataError;

/// How a log is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// Rows gathered before they are handed to the writer.
    pub block_rows: usize,
    /// Rows after which a part is closed and the next one begun.
    pub part_rows: u64,
    /// Whether what only the world knows is written beside the log, under `truth/`; settled when the log begins.
    pub truth: bool,
}

impl Default for LogOptions {
    /// Blocks of 65,536 rows (measured: smaller ones slow the encoder), parts of 16 Mi rows (about 2 GiB of slates).
    fn default() -> Self {
        Self { block_rows: 65_536, part_rows: 16 << 20, truth: false }
    }
}

/// What a finished log is known by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogReceipt {
    /// The parts of every table.
    pub parts: Parts,
    /// What is beside the log, if that was wanted and there was a tick.
    pub truth: Option<TruthEntry>,
    /// Slates logged.
    pub rows: u64,
}

/// Everything a sink needs to go on, and the parts that were whole when it was taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LogState {
    /// The parts of every table.
    pub parts: Parts,
    /// What is beside the log so far.
    pub truth: Option<TruthEntry>,
    wants_truth: bool,
    memory: Memory,
}

/// Writes a run's log as Parquet parts under `log/` and, if wanted, its truth under `truth/`.
///
/// A part carries its name only when it is whole and on disk, so whatever ends the process leaves readable parts; which
/// of them count is what the [`Manifest`](super::Manifest) says. A sink dropped without [`LogSink::finish`] removes
/// what it has not finished.
///
/// # Errors
/// What the writing thread meets is returned by the next call, `finish` included; afterwards the sink is stopped.
///
/// ```
/// use recloop_data::log::{LogOptions, ParquetSink};
/// use recloop_env::{Env, Known, LogSink, Observation, ResetOptions, Slates, Step, Transition, testing::toy_world};
///
/// let dir = tempfile::tempdir().unwrap();
/// let (mut world, mut seen, mut step) = (toy_world(5), Observation::default(), Step::default());
/// let mut sink = ParquetSink::create(dir.path(), world.spec(), &LogOptions::default()).unwrap();
/// world.reset(1, &ResetOptions::default(), &mut seen).unwrap();
/// let mut slates = Slates::default();
/// slates.reset(5, 2);
/// slates.known.fill(Known::Unavailable);
/// (0..5).for_each(|r| slates.items.row_mut(r).copy_from_slice(&seen.candidates.listed(r)[..2]));
/// world.step(&slates, &mut step).unwrap();
/// sink.write(&world.facts(), &Transition { seen: &seen, slates: &slates, step: &step }).unwrap();
/// let receipt = sink.finish().unwrap();
/// assert_eq!(receipt.rows, 5);
/// assert!(dir.path().join("log/slates/part-00000.parquet").exists());
/// ```
#[derive(Debug)]
pub struct ParquetSink {
    dir: PathBuf,
    spec: EnvSpec,
    options: LogOptions,
    ledger: Ledger,
    /// Begun with the first tick: only then is it known what is latent in an item.
    truth: Option<TruthLedger>,
}

impl ParquetSink {
    /// Begins a log in `dir`; refuses one where a log is.
    pub fn create(dir: &Path, spec: &EnvSpec, options: &LogOptions) -> Result<Self, DataError> {
        let log = dir.join(TableName::Slates.root());
        if fs::read_dir(&log).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(DataError::Occupied { dir: dir.into() });
        }
        let wants_truth = options.truth;
        let state = LogState { parts: Parts::new(), truth: None, wants_truth, memory: Memory::new(spec) };
        Self::begin(dir, spec, options, state)
    }

    /// Goes on from `state`: parts closed later are deleted, and the ticks after it are to be written again.
    pub fn resume(
        dir: &Path,
        spec: &EnvSpec,
        options: &LogOptions,
        state: &LogState,
    ) -> Result<Self, DataError> {
        let (expected, found) = (spec.n_users, state.memory.n_users());
        if expected != found {
            return Err(DataError::OtherState { dir: dir.into(), expected, found });
        }
        Self::begin(dir, spec, options, state.clone())
    }

    fn begin(dir: &Path, spec: &EnvSpec, options: &LogOptions, state: LogState) -> Result<Self, DataError> {
        let options = LogOptions { truth: state.wants_truth, ..options.clone() };
        let log = Stream::begin(dir, spec, tables(spec)?, state.parts, &options)?;
        let truth = state.truth.map(|entry| TruthLedger::begin(dir, spec, entry, &options)).transpose()?;
        let ledger = Ledger::new(spec, log, state.memory);
        Ok(Self { dir: dir.into(), spec: spec.clone(), options, ledger, truth })
    }

    /// Makes everything written so far durable; the sink goes on with new parts.
    pub fn checkpoint(&mut self) -> Result<LogState, DataError> {
        Ok(LogState {
            parts: self.ledger.log.seal()?,
            truth: self.truth.as_mut().map(TruthLedger::seal).transpose()?,
            wants_truth: self.options.truth,
            memory: self.ledger.memory.clone(),
        })
    }

    /// The truth's ledger, begun if this is the first tick.
    fn truth(&mut self, facts: &Facts<'_>) -> Result<&mut TruthLedger, DataError> {
        match &mut self.truth {
            Some(truth) => Ok(truth),
            none => {
                let items = facts.hindsight.and_then(|truth| truth.items);
                let item_features = items.map(|items| items.layout().clone()).unwrap_or_default();
                let entry = TruthEntry { item_features, parts: Parts::new() };
                Ok(none.insert(TruthLedger::begin(&self.dir, &self.spec, entry, &self.options)?))
            }
        }
    }
}

impl LogSink for ParquetSink {
    type Receipt = LogReceipt;
    type Error = DataError;

    fn write(&mut self, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), DataError> {
        self.ledger.log.check()?;
        shape::check(&self.spec, facts, t)?;
        if self.options.truth {
            shape::check_truth(&self.spec, facts, t)?;
            let known = self.ledger.memory.n_items();
            self.truth(facts)?.write(facts, t, known)?;
        }
        self.ledger.write(facts, t);
        self.ledger.log.ship()
    }

    fn finish(mut self) -> Result<LogReceipt, DataError> {
        self.ledger.close();
        let rows = self.ledger.memory.rows;
        let truth = self.truth.map(TruthLedger::finish).transpose()?;
        Ok(LogReceipt { parts: self.ledger.log.finish()?, truth, rows })
    }
}
