//! An import as a folder: written whole or not at all, read back with suspicion.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::feed::Tables;
use super::parquet_table::{Column, Table, write};
use super::{FeedData, ImportError};

/// `major.minor` of the folder's schema: readers take every minor of their major. 1 held no feed data and no digest.
pub(super) const SCHEMA: &str = "2.0";
pub(super) const ABOUT: &str = "import.json";
pub(super) const USERS: &str = "users.parquet";
pub(super) const ITEMS: &str = "items.parquet";
const TOPICS: &str = "topics.parquet";
/// In the order in which they are digested.
const TABLES: [&str; 3] = [USERS, ITEMS, TOPICS];

/// The part of `import.json` that is the same for every data set.
///
/// `digest` is the hexadecimal SHA-256 over the three tables (name, length and content of each) and `import.json` itself
/// less the digest: another value means other data, whatever the path is called. [`Label::load`] reads it without
/// opening the tables; loading the import checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// `major.minor` of the folder's schema.
    pub schema_version: String,
    /// What was imported.
    pub source: Source,
    /// Digest of everything in the folder.
    pub digest: String,
}

/// The files an import was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Name of the data set.
    pub dataset: String,
    /// Which of its published forms: `100k` or `csv`.
    pub form: String,
    /// The files read.
    pub files: Vec<FileRead>,
    /// Files of the data set that were there and not read.
    pub unread: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Hexadecimal SHA-256 of its content.
    pub sha256: String,
}

impl Source {
    /// Digests those of `names` that `dir` holds.
    pub(super) fn read(
        dir: &Path,
        (dataset, form): (&str, &str),
        names: &[&str],
        unread: Vec<String>,
    ) -> Result<Self, ImportError> {
        let mut files = Vec::new();
        for name in names.iter().filter(|name| dir.join(name).is_file()) {
            let content = read(&dir.join(name))?;
            let sha256 = hexadecimal(Sha256::digest(&content));
            files.push(FileRead { name: (*name).to_owned(), bytes: content.len() as u64, sha256 });
        }
        Ok(Self { dataset: dataset.to_owned(), form: form.to_owned(), files, unread })
    }
}

impl Label {
    /// Reads the label of the import in `dir`, of whichever data set.
    ///
    /// # Errors
    /// [`ImportError::NotAnImport`] without `import.json`, [`ImportError::Schema`] for another major version,
    /// [`ImportError::Damaged`] if it cannot be read.
    pub fn load(dir: &Path) -> Result<Self, ImportError> {
        Ok(labelled(dir)?.0)
    }
}

/// The label, and all of `import.json`.
fn labelled(dir: &Path) -> Result<(Label, String), ImportError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: String,
    }
    let (path, text) = about_text(dir)?;
    let Version { schema_version: found } = parse(&path, &text)?;
    if found.split('.').next() != SCHEMA.split('.').next() {
        return Err(ImportError::Schema { path, found, ours: SCHEMA.to_owned() });
    }
    Ok((parse(&path, &text)?, text))
}

pub(super) fn about_text(dir: &Path) -> Result<(PathBuf, String), ImportError> {
    let path = dir.join(ABOUT);
    match fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(ImportError::NotAnImport { dir: dir.to_owned() })
        }
        Err(cause) => Err(ImportError::Io { action: "read", path, cause }),
    }
}

pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ImportError> {
    serde_json::from_str(text)
        .map_err(|error| ImportError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// An import whose label has been read.
pub(super) struct Folder {
    dir: PathBuf,
    label: Label,
    text: String,
}

impl Folder {
    /// Finds an import of `dataset`.
    pub(super) fn open(dir: &Path, dataset: &'static str) -> Result<Self, ImportError> {
        let (label, text) = labelled(dir)?;
        if label.source.dataset == dataset {
            return Ok(Self { dir: dir.to_owned(), label, text });
        }
        let found = label.source.dataset;
        Err(ImportError::OtherDataset { dir: dir.to_owned(), wanted: dataset, found })
    }

    /// All of `import.json`.
    pub(super) fn about<A: DeserializeOwned>(&self) -> Result<A, ImportError> {
        parse(&self.dir.join(ABOUT), &self.text)
    }

    pub(super) fn tables(&self) -> Result<Tables, ImportError> {
        let read = |name| Table::read(self.dir.join(name));
        Ok(Tables { users: read(USERS)?, items: read(ITEMS)?, topics: read(TOPICS)? })
    }

    pub(super) fn damaged(&self, name: &str, reason: String) -> ImportError {
        ImportError::Damaged { path: self.dir.join(name), reason }
    }

    /// Whether a table is as long as `import.json` says.
    pub(super) fn check_rows(&self, name: &str, found: usize, expected: usize) -> Result<(), ImportError> {
        if found == expected && found > 0 {
            return Ok(());
        }
        Err(self.damaged(name, format!("it has {found} rows, {ABOUT} says {expected}")))
    }

    /// Whether everything still is what was written.
    pub(super) fn verify(&self) -> Result<(), ImportError> {
        let written = &self.label.digest;
        let found = digest(&self.dir, &self.text, written)?;
        if *written == found {
            return Ok(());
        }
        let reason = format!("its digest {written} is not that of the folder, {found}: something was edited");
        Err(self.damaged(ABOUT, reason))
    }
}

/// Digest of the tables in `dir` and of `text`, in which `own` may stand as the digest.
pub(super) fn digest(dir: &Path, text: &str, own: &str) -> Result<String, ImportError> {
    let mut hash = Sha256::new();
    for name in TABLES {
        let content = read(&dir.join(name))?;
        hash.update(format!("{name} {}\n", content.len()));
        hash.update(content);
    }
    hash.update(text.replacen(&digest_entry(own), &digest_entry(""), 1));
    Ok(hexadecimal(hash.finalize()))
}

fn digest_entry(digest: &str) -> String {
    format!("\"digest\": \"{digest}\"")
}

fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    fs::read(path).map_err(io_error("read", path))
}

/// What came of [`store`].
pub(super) struct Stored {
    pub(super) replaced: bool,
    pub(super) digest: String,
}

/// Writes an import beside `dir` and moves it there; `about` has an empty digest, which is filled in.
pub(super) fn store(
    dir: &Path,
    source: &Source,
    about: &impl Serialize,
    feed: &FeedData,
    mut users: Vec<Column>,
    mut items: Vec<Column>,
) -> Result<Stored, ImportError> {
    users.extend(feed.user_columns());
    items.extend(feed.item_columns());
    in_place_of(dir, check_vacant(dir, source)?, |fresh| {
        write(&fresh.join(USERS), users)?;
        write(&fresh.join(ITEMS), items)?;
        feed.write_topics(&fresh.join(TOPICS))?;
        write_about(fresh, about)
    })
}

/// Writes `import.json` with its digest.
fn write_about(dir: &Path, about: &impl Serialize) -> Result<String, ImportError> {
    let path = dir.join(ABOUT);
    let failed = |reason: String| ImportError::Write { path: path.clone(), reason };
    let text = serde_json::to_string_pretty(about).map_err(|error| failed(error.to_string()))?;
    let digest = digest(dir, &text, "")?;
    let text = text.replacen(&digest_entry(""), &digest_entry(&digest), 1);
    let mut file = fs::File::create(&path).map_err(io_error("write", &path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error("write", &path))?;
    Ok(digest)
}

/// Has `write` fill a new folder, then puts it in the place of `dir`, where an import stands that is to be `replaced`.
pub(super) fn in_place_of(
    dir: &Path,
    replaced: bool,
    write: impl FnOnce(&Path) -> Result<String, ImportError>,
) -> Result<Stored, ImportError> {
    let parent = parent(dir);
    fs::create_dir_all(parent).map_err(io_error("create", parent))?;
    let (fresh, old) = (beside(dir, "new"), beside(dir, "old"));
    let written = clear(&fresh).and_then(|()| {
        fs::create_dir(&fresh).map_err(io_error("create", &fresh))?;
        let digest = write(&fresh)?;
        sync_dir(&fresh)?;
        swap(dir, &fresh, &old, replaced)?;
        Ok(digest)
    });
    // What is left is a half-written import after an error, the replaced one otherwise.
    let _ = clear(if written.is_ok() { &old } else { &fresh });
    let digest = written?;
    sync_dir(parent)?;
    Ok(Stored { replaced, digest })
}

fn swap(dir: &Path, fresh: &Path, old: &Path, occupied: bool) -> Result<(), ImportError> {
    if occupied {
        clear(old)?;
        fs::rename(dir, old).map_err(io_error("replace", dir))?;
    } else if dir.is_dir() {
        fs::remove_dir(dir).map_err(io_error("replace", dir))?;
    }
    let moved = fs::rename(fresh, dir).map_err(io_error("write", dir));
    if moved.is_err() && occupied {
        // Best effort: the error that is reported is the first one.
        let _ = fs::rename(old, dir);
    }
    moved
}

/// Whether an import of the same files stands where one is to be written; refuses anything else that stands there.
pub(super) fn check_vacant(dir: &Path, source: &Source) -> Result<bool, ImportError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(false),
        Err(cause) => {
            return Err(ImportError::Io { action: "write an import to", path: dir.to_owned(), cause });
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(io_error("read", dir))?.file_name().to_string_lossy().into_owned());
    }
    found.sort();
    if let Some(foreign) = found.iter().find(|name| *name != ABOUT && !TABLES.contains(&name.as_str())) {
        return Err(ImportError::Occupied { dir: dir.to_owned(), found: foreign.clone() });
    }
    if found.is_empty() {
        return Ok(false);
    }
    // An import of an older schema may be replaced as well: it tells its source just so.
    #[derive(Deserialize)]
    struct Sourced {
        source: Source,
    }
    let told = about_text(dir).and_then(|(path, text)| parse::<Sourced>(&path, &text));
    match told {
        Ok(about) if about.source.files == source.files => Ok(true),
        _ => Err(ImportError::OtherImport { dir: dir.to_owned() }),
    }
}

/// A name next to `dir`, on the same file system, that only this process uses.
fn beside(dir: &Path, what: &str) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    parent(dir).join(format!(".{name}.{what}-{}", std::process::id()))
}

fn parent(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn clear(dir: &Path) -> Result<(), ImportError> {
    match fs::remove_dir_all(dir) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(io_error("remove", dir)(cause)),
        _ => Ok(()),
    }
}

/// Makes renames in `dir` last; a directory can be opened for that on Unix alone.
fn sync_dir(dir: &Path) -> Result<(), ImportError> {
    if cfg!(unix) {
        fs::File::open(dir).and_then(|open| open.sync_all()).map_err(io_error("write", dir))?;
    }
    Ok(())
}

pub(super) fn io_error<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(std::io::Error) -> ImportError + 'a {
    move |cause| ImportError::Io { action, path: path.to_owned(), cause }
}
