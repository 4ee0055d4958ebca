//! Real data in: from a published data set to a folder that a world can be built from.
//!
//! [`movielens`] fits people and films to MovieLens ratings, tests the fit on each person's latest ratings, and
//! writes an *import*:
//!
//! | file | one row per | holds |
//! |---|---|---|
//! | `users.parquet` | person | what the data tells of them, habits, fitted `taste` and `generosity` |
//! | `items.parquet` | film | title, year, genres, fitted `factor` and `bias` |
//! | `import.json` | – | where it came from, how it was fitted, how well, under which licence |
//!
//! Both tables open as they are in pandas, polars and DuckDB; every column carries its `meaning` in the field metadata.
//! [`Imported::load`] reads the folder back and refuses one that is damaged, incomplete or of another major schema.
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

mod compare;
mod error;
mod folder;
mod movielens;
mod parquet_table;
mod report;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

pub use compare::{Compared, HeldOut, Interval};
pub use error::ImportError;
pub use folder::{About, FileRead, Fit, Imported, Source, Split, StarScale};
pub use movielens::{Progress, movielens};
pub use report::ImportReport;
pub use tables::{FittedFilm, FittedUser};
