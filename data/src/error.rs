use std::io;
use std::path::PathBuf;

use crate::movielens::LineFault;

/// Why data could not be read or written. Messages read after "failed to" and need no chain walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A folder holds no form of MovieLens that we know.
    #[error(
        "find MovieLens ratings in {}: looked for u.data (100K form) and ratings.csv (csv form)",
        dir.display()
    )]
    NotMovieLens {
        /// The folder searched.
        dir: PathBuf,
    },
    /// A folder holds both forms of MovieLens, and picking one would be a guess.
    #[error("choose between u.data and ratings.csv in {}: keep one form per folder", dir.display())]
    BothMovieLensForms {
        /// The folder searched.
        dir: PathBuf,
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
}
