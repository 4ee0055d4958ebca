//! The sink: the world's thread gathers rows, another thread encodes and writes them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use recloop_env::{EnvSpec, Facts, LogSink, Transition};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::ledger::{Ledger, Memory};
use super::manifest::Parts;
use super::parts::{PartWriter, folder};
use super::reader::open;
use super::schema::{Table, TableName};
use super::tables::tables;
use crate::DataError;

/// Blocks on their way to the writer: enough to keep it busy, few enough to bound memory (chosen by us).
const IN_FLIGHT: usize = 4;

/// How a log is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// Rows gathered before they are handed to the writer.
    pub block_rows: usize,
    /// Rows after which a part is closed and the next one begun.
    pub part_rows: u64,
}

impl Default for LogOptions {
    /// Blocks of 65,536 rows (measured: smaller ones slow the encoder), parts of 16 Mi rows (about 2 GiB of slates).
    fn default() -> Self {
        Self { block_rows: 65_536, part_rows: 16 << 20 }
    }
}

/// What a finished log is known by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogReceipt {
    /// The parts of every table.
    pub parts: Parts,
    /// Slates logged.
    pub rows: u64,
}

/// Everything a sink needs to go on, and the parts that were whole when it was taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LogState {
    /// The parts of every table.
    pub parts: Parts,
    memory: Memory,
}

/// Writes a run's log as Parquet parts under `log/`.
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
    tables: Vec<Table>,
    ledger: Ledger,
    block_rows: usize,
    jobs: Option<Sender<Job>>,
    /// Blocks already written, per table.
    spare: Vec<Receiver<Block>>,
    writer: Option<JoinHandle<Result<(), DataError>>>,
}

#[derive(Debug)]
enum Job {
    Rows(usize, Block),
    Seal(Sender<Parts>),
    Finish(Sender<Parts>),
}

impl ParquetSink {
    /// Begins a log in `dir`; refuses one where a log is.
    pub fn create(dir: &Path, spec: &EnvSpec, options: &LogOptions) -> Result<Self, DataError> {
        let log = dir.join("log");
        if fs::read_dir(&log).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(DataError::Occupied { dir: dir.into() });
        }
        let state = LogState { parts: Parts::new(), memory: Memory::new(spec) };
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
        let known = tables(spec)?;
        for table in TableName::ALL {
            let kept = state.parts.get(table.as_str()).map_or(&[][..], Vec::as_slice);
            let folder = folder(dir, table.as_str());
            for part in kept {
                let path = folder.join(&part.file);
                if !path.exists() {
                    return Err(DataError::Missing { path });
                }
                open(&known[table as usize], &path, part.rows)?;
            }
            let is_kept = |name: &std::ffi::OsStr| kept.iter().any(|part| *name == *part.file);
            remove_others(&folder, is_kept)
                .map_err(|cause| DataError::Write { path: folder.clone(), cause })?;
        }
        Self::begin(dir, spec, options, state.clone())
    }

    fn begin(dir: &Path, spec: &EnvSpec, options: &LogOptions, state: LogState) -> Result<Self, DataError> {
        let tables = tables(spec)?;
        for table in &tables {
            let path = folder(dir, table.name.as_str());
            fs::create_dir_all(&path).map_err(|cause| DataError::Write { path, cause })?;
        }
        let parts = PartWriter::new(dir, spec, &tables, state.parts, options.part_rows);
        let (jobs, todo) = bounded(IN_FLIGHT);
        let (done, spare): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let work = move || work(parts, &todo, &done);
        let writer = thread::Builder::new()
            .name("log".into())
            .spawn(work)
            .map_err(|cause| DataError::Write { path: dir.into(), cause })?;
        Ok(Self {
            dir: dir.into(),
            ledger: Ledger::new(spec, &tables, state.memory),
            tables,
            block_rows: options.block_rows,
            jobs: Some(jobs),
            spare,
            writer: Some(writer),
        })
    }

    /// Makes everything written so far durable; the sink goes on with new parts.
    pub fn checkpoint(&mut self) -> Result<LogState, DataError> {
        self.ship(1)?;
        let parts = self.ask(Job::Seal)?;
        Ok(LogState { parts, memory: self.ledger.memory.clone() })
    }

    /// Hands over every block of at least `least` rows.
    fn ship(&mut self, least: usize) -> Result<(), DataError> {
        for table in 0..self.tables.len() {
            if self.ledger.blocks[table].rows >= least {
                let empty = self.spare[table].try_recv();
                let empty = empty.unwrap_or_else(|_| Block::new(&self.tables[table]));
                let full = std::mem::replace(&mut self.ledger.blocks[table], empty);
                self.send(Job::Rows(table, full))?;
            }
        }
        Ok(())
    }

    fn send(&mut self, job: Job) -> Result<(), DataError> {
        match self.jobs.as_ref().map(|jobs| jobs.send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(self.failure()),
        }
    }

    fn ask(&mut self, job: impl FnOnce(Sender<Parts>) -> Job) -> Result<Parts, DataError> {
        let (answer, parts) = bounded(1);
        self.send(job(answer))?;
        parts.recv().map_err(|_| self.failure())
    }

    /// Why the writing thread is gone.
    fn failure(&mut self) -> DataError {
        self.jobs = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => error,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(Ok(()))) | None => DataError::SinkStopped { dir: self.dir.clone() },
        }
    }
}

impl LogSink for ParquetSink {
    type Receipt = LogReceipt;
    type Error = DataError;

    fn write(&mut self, _facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), DataError> {
        if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(self.failure());
        }
        self.ledger.write(t)?;
        self.ship(self.block_rows)
    }

    fn finish(mut self) -> Result<LogReceipt, DataError> {
        self.ledger.close();
        self.ship(1)?;
        let parts = self.ask(Job::Finish)?;
        Ok(LogReceipt { parts, rows: self.ledger.memory.rows })
    }
}

impl Drop for ParquetSink {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // An error that nobody asked for any more: the log is unfinished anyway.
            let _ = writer.join();
        }
    }
}

/// What the writing thread does until the sink is gone.
fn work(mut parts: PartWriter, todo: &Receiver<Job>, done: &[Sender<Block>]) -> Result<(), DataError> {
    for job in todo {
        match job {
            Job::Rows(table, mut block) => {
                parts.write(table, &block)?;
                block.clear();
                // The sink may be gone already; then nobody needs the block.
                let _ = done[table].send(block);
            }
            Job::Seal(answer) => {
                let _ = answer.send(parts.seal_all()?);
            }
            Job::Finish(answer) => {
                let _ = answer.send(parts.finish()?);
            }
        }
    }
    Ok(())
}

/// Deletes the files of a table that are not to be kept.
fn remove_others(folder: &Path, is_kept: impl Fn(&std::ffi::OsStr) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !is_kept(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
