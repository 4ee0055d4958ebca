//! `movielens-v0`: the people and films of a MovieLens import, and a click that is ours.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use recloop_env::{
    Block, CreatorId, Grid, Layout, NewItem, Objective, OpenShelf, Part, Sharded, Supply, World,
};
use recloop_users::{FittedTaste, FittedTasteParams, TasteTable};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use toml::Table;

use super::{clicks, part, read, table_of};
use crate::ConfigError;
use crate::import::{About, FittedFilm, FittedUser, Imported};

const ID: &str = "movielens-v0";

/// Keys of `movielens-v0`, a world made of an [import](crate::import) of MovieLens ratings.
///
/// # What comes from the data
/// The people and what they rate: taste, generosity, the films' factors and biases, the mean, the rating scale and
/// the size of the residual, all from a factorisation of each person's earlier ratings. The films with
/// titles, genres and years. Person `u` and film `i` are rows `u` and `i` of the import, where their original ids are;
/// beyond the number of people, users repeat them from the start, each with their own luck.
///
/// # What is ours
/// MovieLens tells neither what people were shown, nor what they passed over, nor when they came and went. So: that
/// everybody may be shown every film at every tick, watched ones too; that one click at most follows a slate, by a
/// logit of predicted stars (`logit_per_star`, `click_threshold_stars`); that the residual is normal and drawn anew
/// for every rating; that nobody tires, changes or leaves. One tick is one slate, not a time. MovieLens has no makers
/// either: every film has creator 0, so measures over creators mean nothing here.
///
/// # What a recommender sees
/// Film blocks `genres` `[G]` (1 where listed), `year` `[1]` and `year_known` `[1]` (a film without a year stands at
/// the median year), titles, clicks; with `observe_taste` also the user feature `interest` `[D]`. Signal and
/// reward part `rating` (weight 0) hold the stars given to the clicked film; the reward is clicks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovielensConfig {
    /// How many users: a number, or `"all"` for the import's people, each once.
    pub users: Users,
    /// Items per slate.
    pub slate: usize,
    /// Clicked items a recommender sees of the past.
    pub history: usize,
    /// Log-odds of a click per predicted star.
    pub logit_per_star: f32,
    /// Predicted stars at which one film is as attractive as clicking nothing.
    pub click_threshold_stars: f32,
    /// Whether recommenders see the fitted taste: then they know people as well as the world does.
    pub observe_taste: bool,
}

impl Default for MovielensConfig {
    /// Chosen by us, so that neither end is saturated: on MovieLens-100K a random slate of 10 is clicked .38 of the
    /// time, the films with the highest bias .75, each person's own best films .78.
    fn default() -> Self {
        Self {
            users: Users::All,
            slate: 10,
            history: 20,
            logit_per_star: 2.0,
            click_threshold_stars: 5.0,
            observe_taste: false,
        }
    }
}

/// How many users a world made from people has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// Everybody once; `"all"` in a config.
    All,
    /// This many: the first of them, or everybody over and over.
    Count(usize),
}

impl Serialize for Users {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::All => to.serialize_str("all"),
            Self::Count(n) => to.serialize_u64(n as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NumberOrAll;
        impl de::Visitor<'_> for NumberOrAll {
            type Value = Users;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of users, or \"all\"")
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Users, E> {
                // Ids are 32 bits wide.
                let n = u32::try_from(n).map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))?;
                Ok(Users::Count(n as usize))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Users, E> {
                match word {
                    "all" => Ok(Users::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        from.deserialize_any(NumberOrAll)
    }
}

pub(super) fn defaults() -> Table {
    table_of::<MovielensConfig>()
}

pub(super) fn build(table: &Table, data: Option<&Path>) -> Result<World, ConfigError> {
    let config: MovielensConfig = read(table)?;
    let dir = data.ok_or_else(|| ConfigError::NoData { world: ID.into() })?;
    let imported = Imported::load(dir).map_err(part("the people and films of its data"))?;
    let n_users = match config.users {
        Users::All => imported.users.len(),
        Users::Count(n) => n,
    };
    let shelf = shelf(&imported);
    let params = FittedTasteParams {
        logit_per_star: config.logit_per_star,
        click_threshold_stars: config.click_threshold_stars,
        observe_taste: config.observe_taste,
    };
    let tastes = Arc::new(tastes(&imported.about, &imported.users));
    let users = FittedTaste::new(params, tastes, &latent(&imported.about)).map_err(part("users"))?;
    let rating = Part::Signal { name: "rating".into(), at: 0 };
    let world = World::builder(ID)
        .cohort(Sharded::new(users, n_users))
        .supply(Supply::Shelf(Box::new(shelf)))
        .slate_size(config.slate)
        .history(clicks(config.history))
        .objective(Objective::new().with(Part::Clicks, 1.0).with(rating, 0.0))
        .build()?;
    Ok(world)
}

fn tastes(about: &About, users: &[FittedUser]) -> TasteTable {
    let mut taste = Grid::zeros(users.len(), about.fit.factors);
    for (at, user) in users.iter().enumerate() {
        taste.row_mut(at).copy_from_slice(&user.taste);
    }
    TasteTable {
        mean_stars: about.mean_stars as f32,
        scale: (about.scale.low, about.scale.step, about.scale.high),
        residual_sd: about.residual_sd as f32,
        taste,
        generosity: users.iter().map(|user| user.generosity).collect(),
    }
}

fn latent(about: &About) -> Layout {
    let any = (f32::NEG_INFINITY, f32::INFINITY);
    Layout::new(vec![
        Block::dense("factor", about.fit.factors, any, "film vector of the factorisation"),
        Block::dense("bias", 1, any, "stars above the mean"),
    ])
}

fn shelf(imported: &Imported) -> OpenShelf {
    let Imported { about, films, .. } = imported;
    let mut years: Vec<u16> = films.iter().filter_map(|film| film.year).collect();
    years.sort_unstable();
    let year = |at: usize| years.get(at).copied().map_or(0.0, f32::from);
    let (first, median, last) = (year(0), year(years.len() / 2), year(years.len().saturating_sub(1)));
    let genres = format!("1 where listed, of {}", about.genres.join(", "));
    let observed = Layout::new(vec![
        Block::dense("genres", about.genres.len(), (0.0, 1.0), &genres),
        Block::dense("year", 1, (first, last), "calendar year; the median where not known"),
        Block::dense("year_known", 1, (0.0, 1.0), "1 where the year is known"),
    ]);
    let stock = films.iter().map(|film| item(film, &about.genres, median)).collect();
    OpenShelf::new(observed, latent(about), stock, None)
}

fn item(film: &FittedFilm, genres: &[String], median_year: f32) -> NewItem {
    let mut dense: Vec<f32> =
        genres.iter().map(|genre| f32::from(u8::from(film.genres.contains(genre)))).collect();
    dense.push(film.year.map_or(median_year, f32::from));
    dense.push(f32::from(u8::from(film.year.is_some())));
    let latent_dense = film.factor.iter().copied().chain([film.bias]).collect();
    NewItem { creator: CreatorId(0), title: film.title.clone(), dense, latent_dense, ..NewItem::default() }
}

#[cfg(test)]
mod tests;
