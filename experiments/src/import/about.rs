//! What an import of MovieLens holds, and reading it back.

use std::path::Path;

use recloop_env::Group;
use serde::{Deserialize, Serialize};

use super::folder::{self, ABOUT, Folder, ITEMS, USERS};
use super::tables::{film_columns, read_films, read_users, user_columns};
use super::{FeedData, FittedFilm, FittedUser, Geometry, HeldOut, ImportError, Source};

/// The name that `import.json` gives the data set.
pub(super) const DATASET: &str = "MovieLens";

/// Everything an import of MovieLens holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Where it comes from and how it was made.
    pub about: About,
    /// The people, in ascending original id.
    pub users: Vec<FittedUser>,
    /// The films, in ascending original id.
    pub films: Vec<FittedFilm>,
    /// The same people and films as a feed world takes them.
    pub feed: FeedData,
}

/// `import.json` of MovieLens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// `major.minor` of the folder's schema.
    pub schema_version: String,
    /// What was imported.
    pub source: Source,
    /// Digest of everything in the folder; see [`Label`](super::Label).
    pub digest: String,
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
    /// The groups people fall into.
    pub groups: Vec<Group>,
    /// How the fitted vectors became those of a feed world.
    pub geometry: Geometry,
    /// The terms of the data set, in short.
    pub licence: String,
    /// What to cite.
    pub citation: String,
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

impl Imported {
    /// Reads an import of MovieLens and checks that its parts fit together.
    ///
    /// # Errors
    /// [`ImportError::NotAnImport`], [`ImportError::Schema`], [`ImportError::OtherDataset`]; [`ImportError::Missing`] or
    /// [`ImportError::Damaged`] for a part that is not there, truncated, foreign, edited, or of another length than
    /// `import.json` says.
    pub fn load(dir: &Path) -> Result<Self, ImportError> {
        let folder = Folder::open(dir, DATASET)?;
        let (about, tables): (About, _) = (folder.about()?, folder.tables()?);
        let width = about.fit.factors;
        let users = read_users(&tables.users, width)?;
        let films = read_films(&tables.items, width)?;
        let feed = FeedData::read(&tables, &about.groups, width)?;
        let imported = Self { about, users, films, feed };
        imported.check(&folder)?;
        folder.verify()?;
        Ok(imported)
    }

    fn check(&self, folder: &Folder) -> Result<(), ImportError> {
        let about = &self.about;
        folder.check_rows(USERS, self.users.len(), about.n_users)?;
        folder.check_rows(ITEMS, self.films.len(), about.n_films)?;
        let StarScale { low, step, high } = about.scale;
        let numbers = [f64::from(low), f64::from(high), about.mean_stars, about.residual_sd];
        if !(numbers.iter().all(|number| number.is_finite()) && step > 0.0 && low < high) {
            return Err(folder.damaged(ABOUT, "its scale, mean or residual is no rating scale's".into()));
        }
        let unknown =
            |film: &FittedFilm| film.genres.iter().find(|genre| !about.genres.contains(genre)).cloned();
        match self.films.iter().find_map(unknown) {
            Some(genre) => Err(folder.damaged(ITEMS, format!("genre `{genre}` is not listed in {ABOUT}"))),
            None => Ok(()),
        }
    }

    /// Writes the import to `dir`; tells whether it took the place of an earlier one.
    pub(super) fn store(&mut self, dir: &Path) -> Result<bool, ImportError> {
        let (users, films) = (user_columns(&self.users), film_columns(&self.films));
        let stored = folder::store(dir, &self.about.source, &self.about, &self.feed, users, films)?;
        self.about.digest = stored.digest;
        Ok(stored.replaced)
    }
}
