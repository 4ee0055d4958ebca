//! `movielens-v0`: the people and films of a MovieLens import, living as the users of a feed do.

use recloop_env::{Block, CreatorId, Layout, NewItem, OpenShelf, Sharded, Supply, World};
use recloop_users::{Feed, FeedParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::feed::FeedRules;
use super::keys::{Keys, merged};
use super::people::{Users, population};
use super::{Given, part, table_of};
use crate::ConfigError;
use crate::import::{FittedFilm, Imported};

const ID: &str = "movielens-v0";

/// Keys of `movielens-v0` beside those of [`FeedRules`] and [`FeedParams`].
///
/// # What comes from the data
/// The people: interest from a factorisation of each person's earlier ratings, activity and conformity from their own
/// history, age band, gender and occupation where the data has them. The films: vector, main genre as topic, titles,
/// genres, years, and two stand-ins defined by us: quality is the percentile of the fitted film bias, bait is how far
/// a film's popularity percentile exceeds that. User `u` and film `i` are rows `u` and `i` of the import; beyond
/// the number of people, users repeat them, each with their own luck.
///
/// # What is taken from `feed-v0`
/// Everything MovieLens does not tell, which is what happens between a person and a slate: exposure, examination, clicks,
/// dwell, likes and hides, fatigue, trust, satisfaction, sessions, returns and churn. Films have no makers in the data and
/// none here: every film is of creator 0, nobody publishes, and there is no provider side to measure.
///
/// # What a recommender sees
/// Film blocks `topic` (main genre), `embedding` `[D]`, `genres` `[G]` (1 where listed), `year` `[1]` and `year_known`
/// `[1]` (a film without a year stands at the median year), titles, clicks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovielensConfig {
    /// How many users: a number, or `"all"` for the import's people, each once.
    pub users: Users,
}

impl Default for MovielensConfig {
    fn default() -> Self {
        Self { users: Users::All }
    }
}

pub(super) fn defaults() -> Table {
    merged([table_of::<MovielensConfig>(), table_of::<FeedRules>(), table_of::<FeedParams>()])
}

pub(super) fn build(table: &Table, given: &Given<'_>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let config: MovielensConfig = keys.take(table_of::<MovielensConfig>())?;
    let rules: FeedRules = keys.take(table_of::<FeedRules>())?;
    let params: FeedParams = keys.take(table_of::<FeedParams>())?;
    keys.end()?;
    let dir = given.data.ok_or_else(|| ConfigError::NoData { world: ID.into() })?;
    let imported = Imported::load(dir).map_err(part("the people and films of its data"))?;
    let (observed, latent) = (observed(&imported), latent());
    let users =
        Feed::new(params, population(&imported.feed), &observed, &latent).map_err(part("the users"))?;
    let shelf = OpenShelf::new(observed, latent, stock(&imported), None);
    let cohort = Sharded::new(users, config.users.count(imported.users.len()));
    Ok(rules.builder(ID).cohort(cohort).supply(Supply::Shelf(Box::new(shelf))).build()?)
}

fn latent() -> Layout {
    let share = |name, meaning| Block::dense(name, 1, (0.0, 1.0), meaning);
    Layout::new(vec![
        share("quality", "percentile of the fitted film bias"),
        share("bait", "how far popularity exceeds quality, in percentiles"),
    ])
}

/// The years known, ascending.
fn years(films: &[FittedFilm]) -> Vec<u16> {
    let mut years: Vec<u16> = films.iter().filter_map(|film| film.year).collect();
    years.sort_unstable();
    years
}

fn observed(imported: &Imported) -> Layout {
    let Imported { about, films, feed, .. } = imported;
    let years = years(films);
    let year = |year: Option<&u16>| year.copied().map_or(0.0, f32::from);
    let genres = format!("1 where listed, of {}", about.genres.join(", "));
    let any = (f32::NEG_INFINITY, f32::INFINITY);
    Layout::new(vec![
        Block::category("topic", feed.topics.len() as u16, "main genre"),
        Block::dense("embedding", feed.embedding.width(), any, "film vector, from the factorisation"),
        Block::dense("genres", about.genres.len(), (0.0, 1.0), &genres),
        Block::dense(
            "year",
            1,
            (year(years.first()), year(years.last())),
            "calendar year; the median where not known",
        ),
        Block::dense("year_known", 1, (0.0, 1.0), "1 where the year is known"),
    ])
}

fn stock(imported: &Imported) -> Vec<NewItem> {
    let Imported { about, films, feed, .. } = imported;
    let years = years(films);
    let median = years.get(years.len() / 2).copied().map_or(0.0, f32::from);
    let item = |(i, film): (usize, &FittedFilm)| {
        let mut dense = feed.embedding.row(i).to_vec();
        dense.extend(about.genres.iter().map(|genre| f32::from(u8::from(film.genres.contains(genre)))));
        dense.push(film.year.map_or(median, f32::from));
        dense.push(f32::from(u8::from(film.year.is_some())));
        NewItem {
            creator: CreatorId(0),
            title: film.title.clone(),
            dense,
            codes: vec![feed.topic[i]],
            latent_dense: vec![feed.quality[i], feed.bait[i]],
            ..NewItem::default()
        }
    };
    films.iter().enumerate().map(item).collect()
}

#[cfg(test)]
mod tests;
