//! Checkpoints: everything a run needs to go on as if it had never stopped.
//!
//! A checkpoint gets a name of its own and is on disk before the manifest that counts its ticks replaces the last one;
//! the manifest's `ticks` say which checkpoint holds. So a kill at any moment leaves the old pair or the new one.
//!
//! The file is a sequence of records, each a length and that many bytes of postcard: a [`Head`], the arrays of the
//! world, those of the recommender; of a run that came to its end, the last of these alone are kept, in a file of their
//! own. SHA-256 of all that comes last. Records are written and read one at a time, so a
//! checkpoint takes no second copy of the world; the checksum is verified before the first record is believed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use postcard::ser_flavors::{Flavor, Size};
use recloop_data::LogState;
use recloop_env::{Array, Snapshot, SnapshotError, SnapshotSink, SnapshotSource};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::directory::{CHECKPOINT, RunDir, failed, store_by};
use super::{Counts, Partial};
use crate::RunError;
use crate::playing::Playing;

/// Bytes of SHA-256 behind a checkpoint: a damaged one must not pass for another past.
const CHECKSUM: usize = 32;

/// The first record: all that is neither world nor recommender.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head<'a> {
    pub(super) log: Option<LogState>,
    pub(super) metrics: Cow<'a, Partial>,
    pub(super) counts: Counts,
}

/// Writes the checkpoint of a run.
pub(super) fn write(dir: &RunDir, head: &Head<'_>, playing: &Playing) -> Result<(), RunError> {
    let path = path(dir, head.counts.ticks);
    store_by(&path, |file| {
        let mut records = Writer::new(&mut *file);
        records.put_record(head).map_err(failed("write", &path))?;
        playing.save_to(&mut records).map_err(|error| match error {
            SnapshotError::Unwritten { reason, .. } => failed("write", &path)(io::Error::other(reason)),
            other => other.into(),
        })?;
        records.finish().map_err(failed("write", &path))
    })
}

/// Opens the checkpoint after `ticks`, whole as it was written: its head, and the arrays to read from then on.
pub(super) fn open(dir: &RunDir, ticks: u32) -> Result<(Head<'static>, Reader), RunError> {
    let path = path(dir, ticks);
    let mut records = Reader::verified(&path).map_err(|cause| corrupt(&path, cause.to_string()))?;
    match records.next_record() {
        Ok(Some(head)) => Ok((head, records)),
        Ok(None) => Err(corrupt(&path, "it is empty".into())),
        Err(cause) => Err(corrupt(&path, cause.to_string())),
    }
}

/// Keeps what a recommender had learned when its run came to its end.
pub(super) fn keep(dir: &RunDir, snapshot: &Snapshot) -> Result<(), RunError> {
    let path = dir.recommender();
    store_by(&path, |file| {
        let mut records = Writer::new(&mut *file);
        let mut arrays = snapshot.arrays.iter();
        arrays.try_for_each(|array| records.put_record(array)).map_err(failed("write", &path))?;
        records.finish().map_err(failed("write", &path))
    })
}

/// What [`keep`] kept.
pub(super) fn kept(dir: &RunDir) -> Result<Snapshot, RunError> {
    let path = dir.recommender();
    let read = || {
        let (mut records, mut snapshot) = (Reader::verified(&path)?, Snapshot::default());
        while let Some(array) = records.next_record()? {
            snapshot.arrays.push(array);
        }
        Ok(snapshot)
    };
    read().map_err(failed("read", &path))
}

/// Deletes the checkpoint after `ticks`, which a later manifest has made useless.
pub(super) fn forget(dir: &RunDir, ticks: u32) {
    let _ = fs::remove_file(path(dir, ticks));
}

fn path(dir: &RunDir, ticks: u32) -> PathBuf {
    dir.checkpoints().join(format!("{CHECKPOINT}{ticks:010}.postcard"))
}

fn corrupt(path: &Path, reason: String) -> RunError {
    RunError::Checkpoint { path: path.into(), reason }
}

/// Writes records and hashes what it writes.
struct Writer<W: Write> {
    out: BufWriter<Hashed<W>>,
}

impl<W: Write> Writer<W> {
    fn new(out: W) -> Self {
        Self { out: BufWriter::new(Hashed { out, hash: Sha256::new() }) }
    }

    /// Measures the record first, so that even a large one is never held.
    fn put_record(&mut self, value: &impl Serialize) -> io::Result<()> {
        let n_bytes = postcard::serialize_with_flavor(value, Size::default()).map_err(io::Error::other)?;
        self.out.write_all(&(n_bytes as u64).to_le_bytes())?;
        let mut failed = None;
        let bytes = Bytes { out: &mut self.out, failed: &mut failed };
        let written = postcard::serialize_with_flavor(value, bytes);
        failed.map_or(written.map_err(io::Error::other), Err)
    }

    fn finish(self) -> io::Result<()> {
        let Hashed { mut out, hash } = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.write_all(&hash.finalize())
    }
}

/// Postcard straight into a writer, whose own errors postcard has no word for.
struct Bytes<'a, W> {
    out: &'a mut W,
    failed: &'a mut Option<io::Error>,
}

impl<W: Write> Flavor for Bytes<'_, W> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.out.write_all(bytes).map_err(|cause| {
            *self.failed = Some(cause);
            postcard::Error::SerializeBufferFull
        })
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl<W: Write> SnapshotSink for Writer<W> {
    fn put(&mut self, array: Array) -> Result<(), SnapshotError> {
        self.put_record(&array)
            .map_err(|cause| SnapshotError::Unwritten { name: array.name, reason: cause.to_string() })
    }
}

struct Hashed<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads records that are known to be the ones written.
#[derive(Debug)]
pub(super) struct Reader {
    /// Ends where the checksum begins.
    records: io::Take<BufReader<File>>,
}

impl Reader {
    fn verified(path: &Path) -> io::Result<Self> {
        let damaged = || io::Error::other("it is damaged: its checksum does not fit");
        let mut file = File::open(path)?;
        let n_bytes = file.metadata()?.len().checked_sub(CHECKSUM as u64).ok_or_else(damaged)?;
        let mut hashed = Hashed { out: io::sink(), hash: Sha256::new() };
        io::copy(&mut (&mut file).take(n_bytes), &mut hashed)?;
        let mut checksum = [0; CHECKSUM];
        file.read_exact(&mut checksum)?;
        if hashed.hash.finalize().as_slice() != checksum {
            return Err(damaged());
        }
        file.rewind()?;
        Ok(Self { records: BufReader::new(file).take(n_bytes) })
    }

    fn next_record<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        if self.records.limit() == 0 {
            return Ok(None);
        }
        let mut n_bytes = [0; 8];
        self.records.read_exact(&mut n_bytes)?;
        let mut record = Vec::new();
        (&mut self.records).take(u64::from_le_bytes(n_bytes)).read_to_end(&mut record)?;
        postcard::from_bytes(&record).map(Some).map_err(io::Error::other)
    }
}

impl SnapshotSource for Reader {
    fn next_array(&mut self) -> Result<Option<Array>, SnapshotError> {
        let corrupt = |cause: io::Error| SnapshotError::Corrupt {
            name: "the next array".into(),
            reason: cause.to_string(),
        };
        self.next_record().map_err(corrupt)
    }
}
