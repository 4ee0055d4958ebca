//! MovieLens ratings to people and films.

use std::path::Path;

use recloop_agents::factorise::{self, BiasedFactors, ExplicitAls, RatingTriples, Ridge, hashed_start};
use recloop_data::movielens::{Film, Gender, Habits, Person, Ratings, habits, split_by_time};
use recloop_env::Group;

use super::about::DATASET;
use super::films::feed;
use super::folder::{SCHEMA, check_vacant};
use super::{
    About, Fit, FittedFilm, FittedUser, Geometry, HeldOut, ImportError, ImportReport, Imported, Source,
    Split, StarScale,
};

/// As in published splits by time: four fifths to learn from.
const TRAIN_FRACTION: f64 = 0.8;

const CITATION: &str = "F. M. Harper, J. A. Konstan (2015), The MovieLens Datasets: History and Context, \
    ACM Transactions on Interactive Intelligent Systems 5(4):19, doi:10.1145/2827872";
const LICENCE_100K: &str = "GroupLens terms (see README of the data set): research use with citation; no redistribution \
    and no commercial use without permission; no endorsement implied. This folder is derived from it: keep it private.";
const LICENCE_CSV: &str = "GroupLens terms (see README of the data set): research use with citation; redistribution under \
    the same terms; no commercial use without permission; no endorsement implied.";

/// How [`movielens`] fits; the penalties are the factorisation's defaults, which were chosen on 100K.
const FIT: Fit = Fit { factors: 16, sweeps: 20, ridge: 12.0, bias_ridge: 2.0, seed: 1, start_scale: 0.1 };

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Reads the data set.
    Reading,
    /// Has finished a sweep of the factorisation.
    Fitting {
        /// Sweeps done.
        sweep: usize,
        /// Sweeps in all.
        n_sweeps: usize,
        /// Error on the ratings being fitted, in stars.
        train_rmse: f64,
    },
    /// Factorises counts, which does not tell how far it is.
    FittingCounts {
        /// Counts being fitted.
        n_counts: usize,
    },
    /// Takes over logged rounds.
    Rounds {
        /// Rounds so far, of the campaign at hand.
        n_rounds: u64,
    },
    /// Tests the models on what was held out.
    Comparing,
    /// Writes the folder.
    Writing,
}

/// Imports the MovieLens data set in `from`, in its 100K or its csv form, into the folder `to`.
///
/// Each person's earliest 80 % of ratings are factorised ([`ExplicitAls`], `stars = μ + b_u + c_i + x_u·z_i`); the rest
/// test it against the global mean, the film means and user + film biases, all with the same penalty on biases. What
/// is stored is the tested fit, whether it won or not: [`ImportReport`] says so.
///
/// # Errors
/// [`ImportError::Data`] for a data set that cannot be read (malformed lines with file, line and reason);
/// [`ImportError::Occupied`] or [`ImportError::OtherImport`] if `to` holds something else;
/// [`ImportError::TooFewHeldOut`] for a data set too small to be tested; what the disk refuses.
///
/// # Source
/// Koren, Bell & Volinsky (2009), "Matrix Factorization Techniques for Recommender Systems".
pub fn movielens(
    from: &Path,
    to: &Path,
    mut on_progress: impl FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    on_progress(Progress::Reading);
    let ratings = Ratings::load(from)?;
    let source = source(from, &ratings)?;
    // Refused now, not after the fit.
    check_vacant(to, &source)?;
    let mut imported = fit(&ratings, source, &mut on_progress)?;
    on_progress(Progress::Writing);
    let replaced = imported.store(to)?;
    Ok(ImportReport { about: imported.about, dir: to.to_owned(), replaced })
}

fn fit(
    ratings: &Ratings,
    source: Source,
    on_progress: &mut impl FnMut(Progress),
) -> Result<Imported, ImportError> {
    let split = split_by_time(ratings, TRAIN_FRACTION)?;
    let (train, test) = (Columns::of(ratings, &split.train), Columns::of(ratings, &split.held_out));
    let matrix = factorise::Ratings::new(train.triples(), ratings.users.len(), ratings.films.len())?;
    let (ridge, bias_ridge) = (Ridge::Fixed(FIT.ridge), Ridge::Fixed(FIT.bias_ridge));
    let als = ExplicitAls { factors: FIT.factors, sweeps: FIT.sweeps, ridge, bias_ridge };
    let factors = als.fit(&matrix, hashed_start(FIT.seed, FIT.start_scale), |sweep, train_rmse| {
        on_progress(Progress::Fitting { sweep, n_sweeps: FIT.sweeps, train_rmse });
    })?;
    on_progress(Progress::Comparing);
    let models = [
        ("global mean", &BiasedFactors::global_mean(&matrix)?),
        ("film mean", &BiasedFactors::item_mean(&matrix, FIT.bias_ridge)?),
        ("user + film bias", &BiasedFactors::user_and_item_bias(&matrix, FIT.bias_ridge, FIT.sweeps)?),
        ("factorisation", &factors),
    ];
    let held_out = HeldOut::compare(test.triples(), &models)?;
    let split = Split {
        train_fraction: TRAIN_FRACTION,
        n_train: split.train.len(),
        n_held_out: split.held_out.len(),
    };
    let habits = habits(ratings);
    let (feed, geometry) = feed(ratings, &habits, &factors);
    let fitted = (factors.mean(), feed.groups.clone(), geometry);
    let users = ratings.users.iter().zip(&habits).enumerate();
    let films = ratings.films.iter().enumerate();
    Ok(Imported {
        about: about(ratings, source, split, held_out, fitted),
        users: users.map(|(at, (person, habits))| user(person, habits, factors.user(at))).collect(),
        films: films.map(|(at, listed)| film(listed, &ratings.genre_names, factors.item(at))).collect(),
        feed,
    })
}

/// Some of the ratings, as the factorisation wants them.
struct Columns {
    users: Vec<u32>,
    items: Vec<u32>,
    stars: Vec<f32>,
}

impl Columns {
    fn of(ratings: &Ratings, chosen: &[usize]) -> Self {
        let chosen = || chosen.iter().map(|&at| &ratings.ratings[at]);
        Self {
            users: chosen().map(|rating| rating.user).collect(),
            items: chosen().map(|rating| rating.film).collect(),
            stars: chosen().map(|rating| rating.stars).collect(),
        }
    }

    fn triples(&self) -> RatingTriples<'_> {
        RatingTriples { users: &self.users, items: &self.items, ratings: &self.stars }
    }
}

fn user(person: &Person, habits: &Habits, (taste, generosity): (&[f32], f32)) -> FittedUser {
    let letter = |gender| match gender {
        Gender::Female => "F".to_owned(),
        Gender::Male => "M".to_owned(),
    };
    FittedUser {
        original_id: person.original_id,
        age: person.age,
        gender: person.gender.map(letter),
        occupation: person.occupation.clone(),
        n_ratings: habits.n_ratings as u32,
        disagreement: habits.disagreement,
        n_visits: habits.n_visits as u32,
        n_active_days: habits.n_active_days as u32,
        taste: taste.to_vec(),
        generosity,
    }
}

fn film(listed: &Film, genre_names: &[String], (factor, bias): (&[f32], f32)) -> FittedFilm {
    FittedFilm {
        original_id: listed.original_id,
        title: listed.title.clone(),
        year: listed.year,
        genres: listed.genres.iter().map(|&genre| genre_names[genre].clone()).collect(),
        factor: factor.to_vec(),
        bias,
    }
}

fn about(
    ratings: &Ratings,
    source: Source,
    split: Split,
    held_out: HeldOut,
    (mean_stars, groups, geometry): (f64, Vec<Group>, Geometry),
) -> About {
    let licence = if source.form == "csv" { LICENCE_CSV } else { LICENCE_100K };
    let scale = StarScale { low: ratings.scale.low, step: ratings.scale.step, high: ratings.scale.high };
    About {
        schema_version: SCHEMA.to_owned(),
        source,
        digest: String::new(),
        n_users: ratings.users.len(),
        n_films: ratings.films.len(),
        genres: ratings.genre_names.clone(),
        scale,
        mean_stars,
        residual_sd: held_out.residual_sd,
        split,
        fit: FIT,
        held_out,
        groups,
        geometry,
        licence: licence.to_owned(),
        citation: CITATION.to_owned(),
    }
}

/// Names and digests of the files that [`Ratings::load`] reads.
fn source(from: &Path, ratings: &Ratings) -> Result<Source, ImportError> {
    let (form, names) = if from.join("u.data").is_file() {
        ("100k", ["u.data", "u.user", "u.item", "u.genre"].as_slice())
    } else {
        ("csv", ["ratings.csv", "movies.csv"].as_slice())
    };
    let name = |path: &std::path::PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    Source::read(from, (DATASET, form), names, ratings.unread.iter().filter_map(name).collect())
}
