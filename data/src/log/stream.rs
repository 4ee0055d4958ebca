//! Tables on their way to disk: the world's thread gathers rows, another thread encodes and writes them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use recloop_env::EnvSpec;

use super::block::{Block, Fill};
use super::manifest::Parts;
use super::parts::{PartWriter, folder};
use super::reader::open;
use super::schema::{Table, TableName};
use super::sink::LogOptions;
use crate::DataError;

/// Blocks on their way to the writer: enough to keep it busy, few enough to bound memory (chosen by us).
const IN_FLIGHT: usize = 4;

/// Some tables being written.
#[derive(Debug)]
pub(super) struct Stream {
    dir: PathBuf,
    tables: Vec<Table>,
    block_rows: usize,
    /// A block being filled for every table.
    blocks: Vec<Block>,
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

impl Stream {
    /// Goes on after `parts`, which must be there; parts closed later are deleted.
    pub(super) fn begin(
        dir: &Path,
        spec: &EnvSpec,
        tables: Vec<Table>,
        parts: Parts,
        options: &LogOptions,
    ) -> Result<Self, DataError> {
        for table in &tables {
            keep_only(dir, table, &parts)?;
        }
        let parts = PartWriter::new(dir, spec, &tables, parts, options.part_rows);
        let (jobs, todo) = bounded(IN_FLIGHT);
        let (done, spare): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let work = move || work(parts, &todo, &done);
        let writer = thread::Builder::new()
            .name("log".into())
            .spawn(work)
            .map_err(|cause| DataError::Write { path: dir.into(), cause })?;
        Ok(Self {
            dir: dir.into(),
            block_rows: options.block_rows,
            blocks: tables.iter().map(Block::new).collect(),
            tables,
            jobs: Some(jobs),
            spare,
            writer: Some(writer),
        })
    }

    /// Begins to fill `rows` more rows of a table.
    pub(super) fn fill(&mut self, table: TableName, rows: usize) -> Fill<'_> {
        self.blocks[table.place()].fill(rows)
    }

    /// Whether the writing thread still writes; if not, why.
    pub(super) fn check(&mut self) -> Result<(), DataError> {
        let stopped = self.writer.as_ref().is_none_or(JoinHandle::is_finished);
        if stopped { Err(self.failure()) } else { Ok(()) }
    }

    /// Hands over the blocks that are full.
    pub(super) fn ship(&mut self) -> Result<(), DataError> {
        self.ship_at_least(self.block_rows)
    }

    /// Makes everything written so far durable and says where it is.
    pub(super) fn seal(&mut self) -> Result<Parts, DataError> {
        self.ship_at_least(1)?;
        self.ask(Job::Seal)
    }

    /// As [`Stream::seal`], at the end.
    pub(super) fn finish(mut self) -> Result<Parts, DataError> {
        self.ship_at_least(1)?;
        self.ask(Job::Finish)
    }

    fn ship_at_least(&mut self, least: usize) -> Result<(), DataError> {
        for table in 0..self.tables.len() {
            if self.blocks[table].rows >= least {
                let empty = self.spare[table].try_recv();
                let empty = empty.unwrap_or_else(|_| Block::new(&self.tables[table]));
                let full = std::mem::replace(&mut self.blocks[table], empty);
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

impl Drop for Stream {
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

/// Sees to it that a table's folder holds these parts, whole, and nothing else.
fn keep_only(dir: &Path, table: &Table, parts: &Parts) -> Result<(), DataError> {
    let kept = parts.get(table.name.as_str()).map_or(&[][..], Vec::as_slice);
    let folder = folder(dir, table.name);
    for part in kept {
        let path = folder.join(&part.file);
        if !path.exists() {
            return Err(DataError::Missing { path });
        }
        open(table, &path, part.rows)?;
    }
    let is_kept = |name: &std::ffi::OsStr| kept.iter().any(|part| *name == *part.file);
    remove_others(&folder, is_kept)
        .and_then(|()| fs::create_dir_all(&folder))
        .map_err(|cause| DataError::Write { path: folder, cause })
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
