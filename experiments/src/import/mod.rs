//! Real data in: from a published data set to a folder that a world can be built from.
//!
//! [`movielens`] fits people and films to MovieLens ratings and tests the fit on each person's latest ratings;
//! [`lastfm`] fits people and artists to Last.fm listening counts and tests the fit on artists kept from it. Both write an
//! *import*:
//!
//! | file | one row per | holds |
//! |---|---|---|
//! | `users.parquet` | person | what the data tells of them, habits, the fit; `interest`, `activity`, `conformity`, groups |
//! | `items.parquet` | film or artist | title or name, the fit; `embedding`, `topic`, `quality`, `bait` |
//! | `topics.parquet` | topic | its `name` and `centre` |
//! | `import.json` | – | where it came from, how it was fitted, how well, under which licence, and the digest of it all |
//!
//! [`obd`] is of another kind: it takes over logged rounds of the Open Bandit Dataset, for offline evaluation.
//!
//! All tables open as they are in pandas, polars and DuckDB; every column carries its `meaning` in the field metadata.
//! [`Imported::load`] and [`Listened::load`] read a folder back and refuse one that is damaged, edited, incomplete, of
//! other data or of another major schema. What a feed world needs of either is one [`FeedData`]. [`Label::load`] tells
//! the digest by which a run knows its data again.
//!
//! An import is complete or absent: it is written beside its place and then renamed. A folder that holds anything else is
//! never touched; importing the same files again replaces the import, importing others over it is refused.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let (from, to) = (dir.path().join("small"), dir.path().join("imported"));
//! # std::fs::create_dir(&from)?;
//! # let films = (0..5).map(|film| format!("{film},Film {film} (1999),Drama\n")).collect::<String>();
//! # std::fs::write(from.join("movies.csv"), format!("movieId,title,genres\n{films}"))?;
//! # let pairs = (0..10).map(|at| (at / 5, at % 5));
//! # let rated = pairs.map(|(user, film)| format!("{user},{film},{}.5,{film}\n", (user + film) % 5));
//! # let rated = rated.collect::<String>();
//! # std::fs::write(from.join("ratings.csv"), format!("userId,movieId,rating,timestamp\n{rated}"))?;
//! use recloop_experiments::import::{Imported, movielens};
//!
//! let report = movielens(&from, &to, |_progress| ())?;
//! println!("{report}");
//! let imported = Imported::load(&to)?;
//! assert_eq!(imported.films[0].title, "Film 0 (1999)");
//! // Two people rated five films each: four to learn from, one to be tested on.
//! assert_eq!((report.about.split.n_train, report.about.held_out.n_ratings), (8, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod about;
mod artists;
mod compare;
mod error;
mod feed;
mod films;
mod folder;
mod geometry;
mod groups;
mod lastfm;
#[cfg(test)]
mod lastfm_tests;
mod listened;
mod listened_report;
mod movielens;
mod obd;
mod obd_rounds;
#[cfg(test)]
mod obd_tests;
mod parquet_table;
mod proxies;
mod ranking;
mod report;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

pub use about::{About, Fit, Imported, Split, StarScale};
pub use compare::{Compared, HeldOut, Interval};
pub use error::ImportError;
pub use feed::FeedData;
pub use folder::{FileRead, Label, Source};
pub use geometry::Geometry;
pub use lastfm::lastfm;
pub use listened::{Artist, CountFit, Listened, ListenedAbout, Listener, RandomSplit};
pub use listened_report::ListenedReport;
pub use movielens::{Progress, movielens};
pub use obd::{ImportedLog, ObdReport, obd};
pub(crate) use parquet_table::{Column, write as write_columns};
pub use ranking::{Ranked, Ranking};
pub use report::ImportReport;
pub use tables::{FittedFilm, FittedUser};
