//! The run directory: where a run's files lie and how they get there whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::{self, RunConfig};
use crate::{ConfigError, RunError};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.json";
const RECOMMENDER: &str = "recommender.postcard";
/// How the names of checkpoints begin.
pub(crate) const CHECKPOINT: &str = "tick-";

/// One run's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunDir(PathBuf);

impl RunDir {
    /// Makes the directory of a new run, under a free name if the config gives none; a run already there is refused.
    pub(crate) fn claim(config: &RunConfig) -> Result<Self, RunError> {
        let (dir, given) = match config.out() {
            Some(dir) => (Self(dir.into()), true),
            None => (Self::free(config)?, false),
        };
        if given && dir.is_used() {
            return Err(RunError::Occupied { dir: dir.0 });
        }
        fs::create_dir_all(dir.checkpoints()).map_err(failed("create", &dir.checkpoints()))?;
        Ok(dir)
    }

    /// Where the run of this config was begun: the directory it names, else the latest under the default name.
    pub(crate) fn begun(config: &RunConfig) -> Option<Self> {
        let latest = || numbered(config).take_while(|dir| dir.exists()).last();
        config.out().map(Path::to_owned).or_else(latest).map(Self).filter(Self::is_used)
    }

    /// Creates, rather than finds free, so that two runs started at once do not share a directory.
    fn free(config: &RunConfig) -> Result<Self, RunError> {
        for dir in numbered(config) {
            let parent = dir.parent().unwrap_or(Path::new(""));
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
            match fs::create_dir(&dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other.map(|()| Self(dir.clone())).map_err(failed("create", &dir)),
            }
        }
        unreachable!("there is always another number")
    }

    /// Keeps other processes out of this directory for as long as the lock lives.
    pub(crate) fn lock(&self) -> Result<Lock, RunError> {
        let dir = File::open(&self.0).map_err(failed("open", &self.0))?;
        match dir.try_lock() {
            Ok(()) => Ok(Lock(dir)),
            Err(TryLockError::WouldBlock) => Err(RunError::Busy { dir: self.0.clone() }),
            Err(TryLockError::Error(cause)) => Err(failed("lock", &self.0)(cause)),
        }
    }

    /// The directory of a run that is there already.
    pub(crate) fn of(dir: &Path) -> Self {
        Self(dir.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    fn is_used(&self) -> bool {
        [CONFIG, "manifest.json", "log"].iter().any(|name| self.0.join(name).exists())
    }

    pub(crate) fn write_config(&self, config: &RunConfig) -> Result<(), RunError> {
        let note = "# Every setting of this run. `recloop run --config` with this file repeats it.\n\n";
        let table = toml::to_string(&config.to_table()).expect("a config is plain data");
        store(&self.0.join(CONFIG), format!("{note}{table}").as_bytes())
    }

    /// Whether it says how its run came about: a log that was written by other means does not.
    pub(crate) fn has_config(&self) -> bool {
        self.0.join(CONFIG).exists()
    }

    /// The settings a run was begun with.
    pub(crate) fn read_config(&self) -> Result<toml::Table, ConfigError> {
        config::read_layer(&self.0.join(CONFIG))
    }

    pub(crate) fn metrics(&self) -> PathBuf {
        self.0.join(METRICS)
    }

    /// What the recommender had learned in the end; a run that goes on has it in its checkpoint.
    pub(crate) fn recommender(&self) -> PathBuf {
        self.0.join(RECOMMENDER)
    }

    /// Drops a log that no manifest counts yet.
    pub(crate) fn drop_log(&self) -> Result<(), RunError> {
        let log = self.0.join("log");
        match fs::remove_dir_all(&log) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &log)(error)),
            _ => Ok(()),
        }
    }

    /// Drops what is needed only to go on; what cannot be dropped does no harm.
    pub(crate) fn drop_checkpoints(&self) {
        for entry in fs::read_dir(self.checkpoints()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(CHECKPOINT) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Somebody else's files keep the folder.
        let _ = fs::remove_dir(self.checkpoints());
    }
}

/// A run directory that is in use; released when dropped, even by a kill.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// `runs/<world>-<recommender>-<seed>`, then the same with -2, -3, …
fn numbered(config: &RunConfig) -> impl Iterator<Item = PathBuf> {
    let base = format!("{}-{}-{}", config.world(), config.recommender(), config.seed());
    (1u32..).map(move |n| match n {
        1 => Path::new("runs").join(&base),
        n => Path::new("runs").join(format!("{base}-{n}")),
    })
}

/// Writes a file that is there whole or not at all, even if the power fails.
pub(crate) fn store(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    store_by(path, |file| file.write_all(bytes).map_err(failed("write", path)))
}

/// The same for a file too large to be held whole.
pub(crate) fn store_by(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut file = File::create(&fresh).map_err(failed("write", path))?;
    write(&mut file)?;
    let keep = || {
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_parent(path)
    };
    keep().map_err(failed("write", path))
}

/// A rename lasts once the directory is on disk; only Unix lets a directory be synced.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        // A bare file name has an empty parent: it lies here.
        Some(parent) if cfg!(unix) && parent.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError + use<> {
    let path = path.to_owned();
    move |cause| RunError::Io { action, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_in_use_is_refused_and_free_again_afterwards() {
        let here = tempfile::tempdir().unwrap();
        let dir = RunDir(here.path().into());
        let lock = dir.lock().unwrap();
        assert!(matches!(dir.lock(), Err(RunError::Busy { .. })));
        drop(lock);
        assert!(dir.lock().is_ok());
    }

    #[test]
    fn only_checkpoints_are_dropped() {
        let here = tempfile::tempdir().unwrap();
        let dir = RunDir(here.path().into());
        fs::create_dir(dir.checkpoints()).unwrap();
        fs::write(dir.checkpoints().join("tick-0000000001.postcard"), "").unwrap();
        fs::write(dir.checkpoints().join("notes.txt"), "mine").unwrap();
        dir.drop_checkpoints();
        let left: Vec<_> =
            fs::read_dir(dir.checkpoints()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["notes.txt"]);
    }
}
