//! What an import of MovieLens tells of people and films beside what every import tells.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float32Array, Float64Array, ListBuilder, StringArray, StringBuilder, UInt8Array,
    UInt16Array, UInt32Array,
};
use arrow::datatypes::{Float64Type, UInt8Type, UInt16Type, UInt32Type};
use recloop_env::Grid;

use super::ImportError;
use super::parquet_table::{Column, Table, numbered, vectors};

/// A person of the data set: what it tells of them, and what the fit makes of their ratings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FittedUser {
    /// Their id in the data set.
    pub original_id: u32,
    /// Age in years, where told.
    pub age: Option<u8>,
    /// `F` or `M` as recorded, where told.
    pub gender: Option<String>,
    /// Occupation in the data set's own words, where told.
    pub occupation: Option<String>,
    /// Films they rated, held-out ratings included.
    pub n_ratings: u32,
    /// Mean squared distance of their ratings from the film's mean, in squared stars; `None` if they rated nothing.
    pub disagreement: Option<f64>,
    /// Bouts of rating, half an hour apart.
    pub n_visits: u32,
    /// Days (UTC) with a rating.
    pub n_active_days: u32,
    /// `[D]` fitted taste x.
    pub taste: Vec<f32>,
    /// Fitted bias b, in stars.
    pub generosity: f32,
}

/// A film of the data set, and what the fit makes of its ratings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FittedFilm {
    /// Its id in the data set.
    pub original_id: u32,
    /// Title as written, year included.
    pub title: String,
    /// Year, where told.
    pub year: Option<u16>,
    /// Its genres, in the data set's own words.
    pub genres: Vec<String>,
    /// `[D]` fitted factor z.
    pub factor: Vec<f32>,
    /// Fitted bias c, in stars.
    pub bias: f32,
}

pub(super) fn user_columns(users: &[FittedUser]) -> Vec<Column> {
    fn column<A: FromIterator<T> + Array + 'static, T>(
        users: &[FittedUser],
        value: impl Fn(&FittedUser) -> T,
    ) -> ArrayRef {
        Arc::new(users.iter().map(value).collect::<A>())
    }
    let text = |value: fn(&FittedUser) -> Option<&String>| {
        column::<StringArray, _>(users, move |user| value(user).cloned())
    };
    let count = |value: fn(&FittedUser) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(users.iter().map(value)))
    };
    let generosity = Float32Array::from_iter_values(users.iter().map(|user| user.generosity));
    vec![
        Column::new("user", "row number: the simulated user's id", numbered(users.len())),
        Column::new("original_id", "id in the data set", count(|user| user.original_id)),
        Column::new("age", "years", column::<UInt8Array, _>(users, |user| user.age)),
        Column::new("gender", "F or M as recorded", text(|user| user.gender.as_ref())),
        Column::new("occupation", "in the data set's own words", text(|user| user.occupation.as_ref())),
        Column::new("n_ratings", "films rated, held-out ratings included", count(|user| user.n_ratings)),
        Column::new(
            "disagreement",
            "mean squared distance from the film's mean, squared stars",
            column::<Float64Array, _>(users, |user| user.disagreement),
        ),
        Column::new("n_visits", "bouts of rating, half an hour apart", count(|user| user.n_visits)),
        Column::new("n_active_days", "UTC days with a rating", count(|user| user.n_active_days)),
        Column::new("taste", "fitted x", rows(users.iter().map(|user| &user.taste))),
        Column::new("generosity", "fitted user bias b, stars", Arc::new(generosity)),
    ]
}

pub(super) fn film_columns(films: &[FittedFilm]) -> Vec<Column> {
    let ids = UInt32Array::from_iter_values(films.iter().map(|film| film.original_id));
    let titles = StringArray::from_iter_values(films.iter().map(|film| &film.title));
    let years: UInt16Array = films.iter().map(|film| film.year).collect();
    let bias = Float32Array::from_iter_values(films.iter().map(|film| film.bias));
    let mut genres = ListBuilder::new(StringBuilder::new());
    films.iter().for_each(|film| genres.append_value(film.genres.iter().map(Some)));
    vec![
        Column::new("item", "row number: the simulated item's id", numbered(films.len())),
        Column::new("original_id", "id in the data set", Arc::new(ids)),
        Column::new("title", "as written, year included", Arc::new(titles)),
        Column::new("year", "calendar year, null where not told", Arc::new(years)),
        Column::new("genres", "in the data set's own words", Arc::new(genres.finish())),
        Column::new("factor", "fitted z", rows(films.iter().map(|film| &film.factor))),
        Column::new("bias", "fitted film bias c, stars", Arc::new(bias)),
    ]
}

fn rows<'a>(vectors_of: impl Iterator<Item = &'a Vec<f32>> + Clone) -> ArrayRef {
    let mut grid = Grid::new(vectors_of.clone().next().map_or(0, Vec::len));
    vectors_of.for_each(|row| grid.push_row(row));
    vectors(&grid)
}

/// Reads back the people, whose tastes have `width` numbers each.
pub(super) fn read_users(table: &Table, width: usize) -> Result<Vec<FittedUser>, ImportError> {
    table.check_numbered("user")?;
    let original_id = table.numbers::<UInt32Type>("original_id")?;
    let age = table.maybe::<UInt8Type>("age")?;
    let mut gender = table.maybe_texts("gender")?;
    let mut occupation = table.maybe_texts("occupation")?;
    let n_ratings = table.numbers::<UInt32Type>("n_ratings")?;
    let disagreement = table.maybe::<Float64Type>("disagreement")?;
    let n_visits = table.numbers::<UInt32Type>("n_visits")?;
    let n_active_days = table.numbers::<UInt32Type>("n_active_days")?;
    let taste = table.vectors("taste", width)?;
    let generosity = table.floats("generosity")?;
    let user = |at: usize| FittedUser {
        original_id: original_id[at],
        age: age[at],
        gender: gender[at].take(),
        occupation: occupation[at].take(),
        n_ratings: n_ratings[at],
        disagreement: disagreement[at],
        n_visits: n_visits[at],
        n_active_days: n_active_days[at],
        taste: taste.row(at).to_vec(),
        generosity: generosity[at],
    };
    Ok((0..table.n_rows()).map(user).collect())
}

/// Reads back the films, whose factors have `width` numbers each.
pub(super) fn read_films(table: &Table, width: usize) -> Result<Vec<FittedFilm>, ImportError> {
    table.check_numbered("item")?;
    let original_id = table.numbers::<UInt32Type>("original_id")?;
    let mut title = table.texts("title")?;
    let year = table.maybe::<UInt16Type>("year")?;
    let mut genres = table.text_lists("genres")?;
    let factor = table.vectors("factor", width)?;
    let bias = table.floats("bias")?;
    let film = |at: usize| FittedFilm {
        original_id: original_id[at],
        title: std::mem::take(&mut title[at]),
        year: year[at],
        genres: std::mem::take(&mut genres[at]),
        factor: factor.row(at).to_vec(),
        bias: bias[at],
    };
    Ok((0..table.n_rows()).map(film).collect())
}
