//! What can go wrong with files. Every message reads after "failed to".

use std::io;
use std::path::PathBuf;

use parquet::errors::ParquetError;
use recloop_env::StepError;

use crate::lines::LineFault;

/// Why data could not be read or written. Messages read after "failed to" and need no chain walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A folder holds no form of MovieLens that we know.
    #[error(
        "find MovieLens ratings in {}: looked for u.data (100K form) and ratings.csv (csv form){}",
        dir.display(), resemblance(*looks_like)
    )]
    NotMovieLens {
        /// The folder searched.
        dir: PathBuf,
        /// Another data set whose files are there.
        looks_like: Option<&'static str>,
    },
    /// A folder holds both forms of MovieLens, and picking one would be a guess.
    #[error("choose between u.data and ratings.csv in {}: keep one form per folder", dir.display())]
    BothMovieLensForms {
        /// The folder searched.
        dir: PathBuf,
    },
    /// A folder lacks files of Last.fm 2K.
    #[error("find Last.fm 2K in {}: it has no {}{}", dir.display(), missing.join(", no "), resemblance(*looks_like))]
    NotLastFm {
        /// The folder searched.
        dir: PathBuf,
        /// The files that are not there.
        missing: Vec<&'static str>,
        /// Another data set whose files are there.
        looks_like: Option<&'static str>,
    },
    /// A folder without a log of the Open Bandit Dataset.
    #[error(
        "find the Open Bandit Dataset in {}: looked for <policy>/<campaign>/<campaign>.csv, such as random/men/men.csv{}",
        dir.display(), resemblance(*looks_like)
    )]
    NotObd {
        /// The folder searched.
        dir: PathBuf,
        /// Another data set whose files are there.
        looks_like: Option<&'static str>,
    },
    /// A file that the others in its folder need is not there.
    #[error("find {}, which the other files in its folder need", path.display())]
    Missing {
        /// Where the file should be.
        path: PathBuf,
    },
    /// The operating system refused a read.
    #[error("read {}: {cause}", path.display())]
    Read {
        /// The file being read.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A file without a single row of data.
    #[error("read a row from {}: the file has none", path.display())]
    Empty {
        /// The file being read.
        path: PathBuf,
    },
    /// A line that breaks the format of its file.
    #[error("read {}, line {line}: {fault}", path.display())]
    Line {
        /// The file being read.
        path: PathBuf,
        /// Line number, counted from 1, header included.
        line: u64,
        /// What is wrong with the line.
        fault: LineFault,
    },
    /// A share of ratings to train on that leaves nothing, or asks for more than there is.
    #[error("keep a fraction {fraction} of each user's ratings for training: it must lie in (0, 1]")]
    TrainFraction {
        /// The fraction asked for.
        fraction: f64,
    },
    /// The operating system refused a write; parts finished before stay readable.
    #[error("write {}: {cause}", path.display())]
    Write {
        /// The file or folder being written.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A part could not be encoded.
    #[error("write {}: {cause}", path.display())]
    Encode {
        /// The part.
        path: PathBuf,
        /// What the encoder said.
        cause: ParquetError,
    },
    /// The log's own thread ended, and its error was given before.
    #[error("go on logging into {}: an earlier write failed", dir.display())]
    SinkStopped {
        /// The run directory.
        dir: PathBuf,
    },
    /// A log is begun where one is.
    #[error("begin a log in {}: it already holds one; resume it or choose another directory", dir.display())]
    Occupied {
        /// The run directory.
        dir: PathBuf,
    },
    /// A tick whose shape is not the one the world promised.
    #[error("log tick {tick}: its {what} should be {expected}, found {found}")]
    Shape {
        /// The tick.
        tick: u32,
        /// What has the wrong shape.
        what: &'static str,
        /// What the spec promises.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// Two signals, reward parts or features of one name.
    #[error(
        "log table `{table}`: two columns would be called `{column}`; rename a signal, reward part or feature"
    )]
    DuplicateColumn {
        /// The table.
        table: &'static str,
        /// The name.
        column: String,
    },
    /// A state to resume from that belongs to another world.
    #[error("resume the log in {}: its state is of a world with {found} users, not {expected}", dir.display())]
    OtherState {
        /// The run directory.
        dir: PathBuf,
        /// Users of the world.
        expected: usize,
        /// Users the state knows.
        found: usize,
    },
    /// A directory without a manifest.
    #[error("find a run in {}: there is no manifest.json; give the directory of a run", dir.display())]
    NotARun {
        /// The directory.
        dir: PathBuf,
    },
    /// A manifest that does not parse.
    #[error("read {}: {cause}; restore it from a copy, or run again", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A log of a schema this version cannot read.
    #[error(
        "read {}: its log schema is {found}, this version reads {ours} and older minors; use the version that wrote it",
        path.display()
    )]
    SchemaVersion {
        /// The file that says so.
        path: PathBuf,
        /// Its schema version.
        found: String,
        /// Ours.
        ours: &'static str,
    },
    /// A manifest that lists no parts for a table.
    #[error("read table `{table}` of {}: its manifest lists no such table; restore it from a copy, or run again", dir.display())]
    MissingTable {
        /// The run directory.
        dir: PathBuf,
        /// The table.
        table: &'static str,
    },
    /// A run whose truth was not logged.
    #[error("read the truth of {}: it was not logged; run again with the truth logged", dir.display())]
    NoTruth {
        /// The run directory.
        dir: PathBuf,
    },
    /// A part that is not a whole Parquet file.
    #[error("read {}: {cause}; the part is damaged: restore it from a copy, or run again", path.display())]
    Damaged {
        /// The part.
        path: PathBuf,
        /// What the decoder said.
        cause: ParquetError,
    },
    /// A Parquet file that is not the part the manifest speaks of.
    #[error("read {}: {reason}; put the part back that this run wrote, or run again", path.display())]
    Foreign {
        /// The part.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// A log that is asked to stand in for another run than its own.
    #[error(
        "replay {} with {asked}: it was logged with {logged}; ask for that, or run the world again",
        dir.display()
    )]
    NotThisRun {
        /// The run directory.
        dir: PathBuf,
        /// What was asked for.
        asked: String,
        /// What the log has.
        logged: String,
    },
    /// Tables that contradict each other.
    #[error("replay tick {tick} of {}: {reason}; restore the log from a copy, or run again", dir.display())]
    Inconsistent {
        /// The run directory.
        dir: PathBuf,
        /// The tick.
        tick: u32,
        /// The contradiction.
        reason: String,
    },
}

/// A log may stand in for a world: what it says, the world says.
impl From<DataError> for StepError {
    fn from(error: DataError) -> Self {
        Self::Log(Box::new(error))
    }
}

fn resemblance(looks_like: Option<&str>) -> String {
    looks_like.map_or_else(String::new, |dataset| format!("; the folder looks like {dataset}"))
}
