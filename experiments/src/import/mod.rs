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
