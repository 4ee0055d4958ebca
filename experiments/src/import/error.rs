//! What can go wrong when data become a world. Every message reads after "failed to".

use std::io;
use std::path::PathBuf;

use recloop_agents::AgentError;
use recloop_data::DataError;

/// Why data could not be made into an import, or an import not be read. Messages read after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The data set cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The data cannot be factorised.
    #[error("fit tastes to the data: {0}")]
    Fit(#[from] AgentError),
    /// Too few people rated enough for the fit to be tested.
    #[error(
        "test the fit: {n_users} people have something to hold out, at least 2 are needed (5 ratings or artists give one)"
    )]
    TooFewHeldOut {
        /// People with something held out.
        n_users: usize,
    },
    /// The output directory holds something that is not an import.
    #[error("write an import to {}: it holds `{found}`, which is not part of one", dir.display())]
    Occupied {
        /// The directory.
        dir: PathBuf,
        /// The first thing found there, by name.
        found: String,
    },
    /// The output directory holds an import of other data.
    #[error("write an import to {}: it holds an import of other files; remove it first, or name another folder", dir.display())]
    OtherImport {
        /// The directory.
        dir: PathBuf,
    },
    /// A directory that was to be read is not an import.
    #[error(
        "find an import in {}: it has no import.json; `recloop import movielens PATH --out DIR` makes one, or `import lastfm`",
        dir.display()
    )]
    NotAnImport {
        /// The directory.
        dir: PathBuf,
    },
    /// An import of another data set than the one asked for.
    #[error("find {wanted} in {}: it holds an import of {found}", dir.display())]
    OtherDataset {
        /// The directory.
        dir: PathBuf,
        /// The data set asked for.
        wanted: &'static str,
        /// The one that was imported.
        found: String,
    },
    /// A part of an import is not there.
    #[error("find {}, a part of the import; importing the data again restores it", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// An import written by another major version.
    #[error("read {}: its schema version is {found}, this program reads {ours}; import the data again", path.display())]
    Schema {
        /// The file that tells.
        path: PathBuf,
        /// What it tells.
        found: String,
        /// What can be read.
        ours: String,
    },
    /// A part of an import that is damaged, or does not fit the others.
    #[error("read {}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused.
    #[error("{action} {}: {cause}", path.display())]
    Io {
        /// What was to be done, such as `write`.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A table could not be written.
    #[error("write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}
