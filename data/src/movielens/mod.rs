//! Real ratings in: the MovieLens importer.
//!
//! **What it is for.** A simulated world is only worth believing if it can be tied to people who exist.
//! [`Ratings::load`] reads a MovieLens folder into plain arrays; [`split_by_time`] sets aside each person's
//! latest ratings, so that a model of the person can be checked on what they did next; [`habits`] sums up
//! how busy and how contrary each person is. Building a world from these is left to others.
//!
//! **What it reads.** The 100K form (`u.data`, `u.user`, `u.item`, ISO-8859-1, and `u.genre` when present)
//! and the newer csv form (`ratings.csv`, `movies.csv`, UTF-8 with or without a byte order mark). Line ends
//! may be `\n` or `\r\n`; blank lines may trail. Files are read whole into memory.
//!
//! **What it refuses.** Nothing is skipped or repaired: the first malformed line ends the load with its
//! file, line and [reason](crate::LineFault). Files that are there but hold nothing used here, such as `tags.csv`,
//! are named in [`Ratings::unread`]. Zip codes are checked for presence and dropped: no model needs them,
//! and they help to identify people. MovieLens records neither what people were shown nor when they
//! watched: a rating's time is when it was typed in, often many films in one sitting.
//!
//! **Where to start.** [`Ratings::load`].
//!
//! ```
//! use recloop_data::movielens::{Ratings, split_by_time};
//!
//! let dir = tempfile::tempdir()?;
//! std::fs::write(dir.path().join("movies.csv"), "movieId,title,genres\n7,Sabrina (1995),Comedy|Romance\n")?;
//! std::fs::write(dir.path().join("ratings.csv"), "userId,movieId,rating,timestamp\n31,7,3.5,964982703\n")?;
//!
//! let ratings = Ratings::load(dir.path())?;
//! assert_eq!(ratings.films[0].year, Some(1995));
//! assert_eq!(ratings.genre_names, ["Comedy", "Romance"]);
//! assert_eq!(split_by_time(&ratings, 0.8)?.train, [0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source and licence
//! Harper, Konstan (2015), "The MovieLens Datasets: History and Context", ACM TiiS 5(4):19. The files come
//! from <https://grouplens.org/datasets/movielens/>, for research use under the terms in each README; the
//! 100K set may not be redistributed. None of them is shipped with this crate.

mod csv_form;
mod draft;
mod habits;
mod hundred_k;
mod split;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use habits::{Habits, habits};
pub(crate) use split::n_train;
pub use split::{Split, split_by_time};

use crate::DataError;
use crate::lines::resembled;

/// A MovieLens data set as plain arrays; users and films are referred to by position.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// Everyone listed, in ascending `original_id`. Someone listed in `u.user` may have rated nothing.
    pub users: Vec<Person>,
    /// Every film listed, in ascending `original_id`, rated or not.
    pub films: Vec<Film>,
    /// Names that [`Film::genres`] points into: in published order for the 100K form (`unknown` is first),
    /// in order of first appearance in `movies.csv` for the csv form.
    pub genre_names: Vec<String>,
    /// All ratings, in ascending (`user`, `at_secs`, `film`); a user rates a film at most once.
    pub ratings: Vec<Rating>,
    /// The values that a rating can take.
    pub scale: Scale,
    /// Files of the data set found beside the ratings and left unread.
    pub unread: Vec<PathBuf>,
}

/// One rating by one user of one film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// Position in [`Ratings::users`].
    pub user: u32,
    /// Position in [`Ratings::films`].
    pub film: u32,
    /// Stars, on [`Ratings::scale`].
    pub stars: f32,
    /// When it was typed in, in seconds since 1970-01-01 UTC; never negative.
    pub at_secs: i64,
}

/// Someone who rates. The csv form tells only the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id in the files.
    pub original_id: u32,
    /// Age in years.
    pub age: Option<u8>,
    /// Gender as recorded.
    pub gender: Option<Gender>,
    /// Occupation, in the files' own words.
    pub occupation: Option<String>,
}

/// The two genders that MovieLens-100K records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// `F` in the file.
    Female,
    /// `M` in the file.
    Male,
}

/// Something to rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    /// The id in the files.
    pub original_id: u32,
    /// Title as written, year included.
    pub title: String,
    /// Year from the end of the title, else from the release date, if either tells.
    pub year: Option<u16>,
    /// Positions in [`Ratings::genre_names`], ascending; empty where none is listed.
    pub genres: Vec<usize>,
}

/// The values that a rating can take: `low`, `low + step`, …, `high` stars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The worst rating.
    pub low: f32,
    /// Distance between neighbouring ratings.
    pub step: f32,
    /// The best rating.
    pub high: f32,
}

impl Scale {
    /// Whether `stars` is one of the values of the scale.
    #[must_use]
    pub fn contains(&self, stars: f32) -> bool {
        (self.low..=self.high).contains(&stars) && ((stars - self.low) / self.step).fract() == 0.0
    }
}

impl Ratings {
    /// Reads the MovieLens data set in `dir`, in whichever form it is.
    ///
    /// # Errors
    /// [`DataError::NotMovieLens`] or [`DataError::BothMovieLensForms`] if the form cannot be told;
    /// [`DataError::Missing`], [`DataError::Empty`] or [`DataError::Read`] for a file as a whole;
    /// [`DataError::Line`] for the first malformed line.
    pub fn load(dir: &Path) -> Result<Self, DataError> {
        match (dir.join("u.data").is_file(), dir.join("ratings.csv").is_file()) {
            (true, false) => hundred_k::load(dir),
            (false, true) => csv_form::load(dir),
            (false, false) => {
                Err(DataError::NotMovieLens { dir: dir.to_owned(), looks_like: resembled(dir) })
            }
            (true, true) => Err(DataError::BothMovieLensForms { dir: dir.to_owned() }),
        }
    }
}
