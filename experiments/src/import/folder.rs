//! An import as a folder: written whole or not at all, read back with suspicion.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tables::{read_films, read_users, write_films, write_users};
use super::{FittedFilm, FittedUser, HeldOut, ImportError};

/// `major.minor` of the folder's schema: readers take every minor of their major.
const SCHEMA: &str = "1.0";
const ABOUT: &str = "import.json";
const USERS: &str = "users.parquet";
const ITEMS: &str = "items.parquet";

/// Everything an import holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Where it comes from and how it was made.
    pub about: About,
    /// The people, in ascending original id.
    pub users: Vec<FittedUser>,
    /// The films, in ascending original id.
    pub films: Vec<FittedFilm>,
}

/// `import.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// `major.minor` of the folder's schema.
    pub schema_version: String,
    /// What was imported.
    pub source: Source,
    /// People in `users.parquet`.
    pub n_users: usize,
    /// Films in `items.parquet`.
    pub n_films: usize,
    /// Genre names, in the data set's order.
    pub genres: Vec<String>,
    /// The values a rating can take.
    pub scale: StarScale,
    /// Mean training rating μ, in stars.
    pub mean_stars: f64,
    /// Standard deviation of what the fit leaves unexplained of held-out ratings, in stars.
    pub residual_sd: f64,
    /// Which ratings were fitted.
    pub split: Split,
    /// How they were fitted.
    pub fit: Fit,
    /// How well the fit foresees the others.
    pub held_out: HeldOut,
    /// The terms of the data set, in short.
    pub licence: String,
    /// What to cite.
    pub citation: String,
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

/// The values a rating can take: `low`, `low + step`, …, `high` stars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StarScale {
    /// The worst rating.
    pub low: f32,
    /// Distance between neighbouring ratings.
    pub step: f32,
    /// The best rating.
    pub high: f32,
}

/// Which ratings were fitted: each person's earliest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Share of each person's ratings, earliest first, rounded up.
    pub train_fraction: f64,
    /// Ratings fitted.
    pub n_train: usize,
    /// Ratings held out.
    pub n_held_out: usize,
}

/// How the ratings were fitted: `ExplicitAls` with fixed penalties.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Numbers per person and film, D.
    pub factors: usize,
    /// Times that all people and all films were solved.
    pub sweeps: usize,
    /// Penalty on the factors.
    pub ridge: f32,
    /// Penalty on the biases, also the baselines'.
    pub bias_ridge: f32,
    /// Seed of the starting factors.
    pub seed: u64,
    /// They were uniform in ± this.
    pub start_scale: f32,
}

impl About {
    /// The schema this program writes.
    pub(super) fn schema() -> String {
        SCHEMA.to_owned()
    }

    /// Reads `import.json` alone: where an import comes from, without its tables.
    ///
    /// # Errors
    /// [`ImportError::NotAnImport`] without one, [`ImportError::Schema`] for another major version,
    /// [`ImportError::Damaged`] if it cannot be read.
    pub fn load(dir: &Path) -> Result<Self, ImportError> {
        let path = dir.join(ABOUT);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(ImportError::NotAnImport { dir: dir.to_owned() });
            }
            Err(cause) => return Err(ImportError::Io { action: "read", path, cause }),
        };
        #[derive(Deserialize)]
        struct Version {
            schema_version: String,
        }
        let damaged =
            |error: serde_json::Error| ImportError::Damaged { path: path.clone(), reason: error.to_string() };
        // The version first: another major may differ in everything else.
        let Version { schema_version: found } = serde_json::from_str(&text).map_err(damaged)?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&found) != major(SCHEMA) {
            return Err(ImportError::Schema { path, found, ours: Self::schema() });
        }
        serde_json::from_str(&text).map_err(damaged)
    }
}

impl Imported {
    /// Reads an import and checks that its parts fit together.
    ///
    /// # Errors
    /// [`ImportError::NotAnImport`], [`ImportError::Schema`]; [`ImportError::Missing`] or [`ImportError::Damaged`] for
    /// a part that is not there, truncated, foreign, or of another length than `import.json` says.
    pub fn load(dir: &Path) -> Result<Self, ImportError> {
        let about = About::load(dir)?;
        let users = read_users(dir.join(USERS), about.fit.factors)?;
        let films = read_films(dir.join(ITEMS), about.fit.factors)?;
        let imported = Self { about, users, films };
        imported.check(dir)?;
        Ok(imported)
    }

    fn check(&self, dir: &Path) -> Result<(), ImportError> {
        let damaged = |name: &str, reason: String| ImportError::Damaged { path: dir.join(name), reason };
        let about = &self.about;
        let lengths = [(USERS, self.users.len(), about.n_users), (ITEMS, self.films.len(), about.n_films)];
        for (name, found, expected) in lengths {
            if found != expected || found == 0 {
                return Err(damaged(name, format!("it has {found} rows, {ABOUT} says {expected}")));
            }
        }
        let StarScale { low, step, high } = about.scale;
        let numbers = [f64::from(low), f64::from(high), about.mean_stars, about.residual_sd];
        if !(numbers.iter().all(|number| number.is_finite()) && step > 0.0 && low < high) {
            return Err(damaged(ABOUT, "its scale, mean or residual is no rating scale's".into()));
        }
        let unknown =
            |film: &FittedFilm| film.genres.iter().find(|genre| !about.genres.contains(genre)).cloned();
        match self.films.iter().find_map(unknown) {
            Some(genre) => Err(damaged(ITEMS, format!("genre `{genre}` is not listed in {ABOUT}"))),
            None => Ok(()),
        }
    }

    /// Writes the import beside `dir` and moves it there; tells whether it took the place of an earlier one.
    pub(super) fn store(&self, dir: &Path) -> Result<bool, ImportError> {
        let occupied = check_vacant(dir, &self.about.source)?;
        let parent = parent(dir);
        fs::create_dir_all(parent).map_err(io_error("create", parent))?;
        let (fresh, old) = (beside(dir, "new"), beside(dir, "old"));
        let written = clear(&fresh).and_then(|()| self.write_parts(&fresh)).and_then(|()| {
            if occupied {
                clear(&old)?;
                fs::rename(dir, &old).map_err(io_error("replace", dir))?;
            } else if dir.is_dir() {
                fs::remove_dir(dir).map_err(io_error("replace", dir))?;
            }
            let moved = fs::rename(&fresh, dir).map_err(io_error("write", dir));
            if moved.is_err() && occupied {
                // Best effort: the error that is reported is the first one.
                let _ = fs::rename(&old, dir);
            }
            moved
        });
        // What is left is a half-written import after an error, the replaced one otherwise.
        let _ = clear(if written.is_ok() { &old } else { &fresh });
        written?;
        sync_dir(parent)?;
        Ok(occupied)
    }

    fn write_parts(&self, dir: &Path) -> Result<(), ImportError> {
        fs::create_dir(dir).map_err(io_error("create", dir))?;
        write_users(&dir.join(USERS), &self.users)?;
        write_films(&dir.join(ITEMS), &self.films)?;
        let path = dir.join(ABOUT);
        let failed = |reason: String| ImportError::Write { path: path.clone(), reason };
        let text = serde_json::to_string_pretty(&self.about).map_err(|error| failed(error.to_string()))?;
        let mut file = fs::File::create(&path).map_err(io_error("write", &path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error("write", &path))?;
        sync_dir(dir)
    }
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
    if let Some(foreign) = found.iter().find(|name| ![ABOUT, USERS, ITEMS].contains(&name.as_str())) {
        return Err(ImportError::Occupied { dir: dir.to_owned(), found: foreign.clone() });
    }
    match About::load(dir) {
        _ if found.is_empty() => Ok(false),
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
