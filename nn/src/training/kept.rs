//! Folders that a kill at any moment leaves whole.
//!
//! A folder is written under a temporary name beside its place, synced file by file and renamed. The one it replaces is
//! moved aside for the moment between two renames and removed after the second; [`mend`] puts it back if that second
//! rename never came.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::NnError;

/// Replaces `dir` by a folder with what `fill` writes into it.
pub(super) fn publish(dir: &Path, fill: impl FnOnce(&Path) -> Result<(), NnError>) -> Result<(), NnError> {
    mend(dir)?;
    let (fresh, old) = (beside(dir, "new"), beside(dir, "old"));
    fs::create_dir_all(&fresh).map_err(NnError::io("create", &fresh))?;
    let written = fill(&fresh).and_then(|()| sync_all(&fresh));
    if written.is_err() {
        let _ = fs::remove_dir_all(&fresh);
        return written;
    }
    if dir.exists() {
        fs::rename(dir, &old).map_err(NnError::io("replace", dir))?;
    }
    fs::rename(&fresh, dir).map_err(NnError::io("write", dir))?;
    sync_names(dir.parent().unwrap_or(dir))?;
    remove(&old)
}

/// Copies the files of one folder into another.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), NnError> {
    for entry in fs::read_dir(from).map_err(NnError::io("read", from))? {
        let path = entry.map_err(NnError::io("read", from))?.path();
        let name = path.file_name().unwrap_or_default();
        fs::copy(&path, to.join(name)).map_err(NnError::io("copy", &path))?;
    }
    Ok(())
}

/// Puts right what a kill within [`publish`] left behind.
pub(super) fn mend(dir: &Path) -> Result<(), NnError> {
    remove(&beside(dir, "new"))?;
    let old = beside(dir, "old");
    if old.exists() && !dir.exists() {
        return fs::rename(&old, dir).map_err(NnError::io("restore", dir));
    }
    remove(&old)
}

/// Keeps other trainings out of `dir` for as long as the lock lives; a kill frees it. Where folders cannot be opened, and
/// on file systems without locks, there is none.
pub(super) fn lock(dir: &Path) -> Result<Option<File>, NnError> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let open = File::open(dir).map_err(NnError::io("open", dir))?;
    if let Err(TryLockError::WouldBlock) = open.try_lock() {
        let reason = "another process is training into it".into();
        return Err(NnError::Checkpoint { path: dir.into(), reason });
    }
    Ok(Some(open))
}

/// A name that sorts out of sight and cannot be that of another folder.
fn beside(dir: &Path, which: &str) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!(".{name}.{which}"))
}

fn remove(dir: &Path) -> Result<(), NnError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(NnError::io("remove", dir)(error)),
        _ => Ok(()),
    }
}

fn sync_all(dir: &Path) -> Result<(), NnError> {
    for entry in fs::read_dir(dir).map_err(NnError::io("read", dir))? {
        let path = entry.map_err(NnError::io("read", dir))?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(NnError::io("write", &path))?;
        }
    }
    sync_names(dir)
}

/// A renamed file is safe once the folder that names it is; elsewhere than on Unix a folder cannot be opened.
fn sync_names(dir: &Path) -> Result<(), NnError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|open| open.sync_all()).map_err(NnError::io("write", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &'static str) -> impl Fn(&Path) -> Result<(), NnError> {
        move |dir| {
            let path = dir.join("deep");
            fs::create_dir_all(&path).map_err(NnError::io("create", &path))?;
            fs::write(path.join("file"), text).map_err(NnError::io("write", &path))
        }
    }

    fn read(dir: &Path) -> String {
        fs::read_to_string(dir.join("deep/file")).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_new_replaces_the_old_whole() {
        let here = tempfile::tempdir().unwrap();
        let dir = here.path().join("kept");
        publish(&dir, write("one")).unwrap();
        fs::write(dir.join("stray"), "").unwrap();
        publish(&dir, write("two")).unwrap();
        assert_eq!((read(&dir).as_str(), names(&dir)), ("two", vec!["deep".to_owned()]));
        assert_eq!(names(here.path()), ["kept"]);
    }

    #[test]
    fn what_could_not_be_written_replaces_nothing() {
        let here = tempfile::tempdir().unwrap();
        let dir = here.path().join("kept");
        publish(&dir, write("one")).unwrap();
        let diverged = NnError::NotFinite { what: "a weight".into(), value: f64::NAN };
        assert!(publish(&dir, |fresh| write("two")(fresh).and(Err(diverged))).is_err());
        assert_eq!((read(&dir).as_str(), names(here.path())), ("one", vec!["kept".to_owned()]));
    }

    #[test]
    fn a_folder_has_one_training() {
        let here = tempfile::tempdir().unwrap();
        let lock = super::lock(here.path()).unwrap();
        let second = super::lock(here.path()).unwrap_err().to_string();
        assert!(second.ends_with("another process is training into it"), "{second}");
        drop(lock);
        assert!(super::lock(here.path()).is_ok());
    }

    /// Every state a kill can leave: before, within and after each of the three moves.
    #[test]
    fn a_kill_at_any_moment_leaves_one_that_can_be_read() {
        let (one, two) = (Some("one"), Some("two"));
        // (.kept.old, kept, .kept.new) and which is found afterwards.
        let cases = [
            ((None, None, two), None),
            ((None, one, two), one),
            ((one, None, two), one),
            ((one, two, None), two),
            ((None, two, None), two),
        ];
        for ((old, dir, fresh), found) in cases {
            let here = tempfile::tempdir().unwrap();
            let kept = here.path().join("kept");
            for (path, text) in
                [(beside(&kept, "old"), old), (kept.clone(), dir), (beside(&kept, "new"), fresh)]
            {
                if let Some(text) = text {
                    write(text)(&path).unwrap();
                }
            }
            mend(&kept).unwrap();
            assert_eq!(kept.exists().then(|| read(&kept)).as_deref(), found);
            assert_eq!(names(here.path()).len(), usize::from(found.is_some()));
        }
    }
}
