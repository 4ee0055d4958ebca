//! The form of MovieLens-100K (1998): `u.data`, `u.user`, `u.item`, and `u.genre` when present.

use std::path::{Path, PathBuf};

use super::draft::{self, Draft};
use super::{Film, Gender, Person, Ratings, Scale};
use crate::DataError;
use crate::lines::{Encoding, LineFault, Table, exactly, misread, parse, parse_id, present};

const SCALE: Scale = Scale { low: 1.0, step: 1.0, high: 5.0 };

/// Genres in flag order, as the data set's README publishes them.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// `u.info` repeats counts, `u.occupation` repeats what `u.user` says.
const UNREAD: [&str; 2] = ["u.info", "u.occupation"];

pub(super) fn load(dir: &Path) -> Result<Ratings, DataError> {
    let table = |name| Table::read(dir.join(name), Encoding::Latin1);
    let genre_names = genre_names(dir.join("u.genre"))?;
    let mut draft = Draft::new(SCALE);
    table("u.user")?.each_line(|line| draft.list_user(person(line)?))?;
    table("u.item")?.each_line(|line| draft.list_film(film(line, genre_names.len())?))?;
    table("u.data")?.each_line(|line| draft.rate(draft::rating(&exactly(line.split('\t').collect())?)?))?;
    Ok(draft.finish(genre_names, draft::found(dir, &UNREAD)))
}

/// Reads `name|position` lines; the positions must count up from 0, because flags are matched by position.
fn genre_names(path: PathBuf) -> Result<Vec<String>, DataError> {
    if !path.is_file() {
        return Ok(GENRES.map(str::to_owned).to_vec());
    }
    let mut names: Vec<String> = Vec::new();
    Table::read(path, Encoding::Latin1)?.each_line(|line| {
        let [name, at] = exactly(line.split('|').collect())?;
        if parse("genre position", at, "a whole number") != Ok(names.len()) {
            return Err(misread("genre position", at, "the next one, counting from 0"));
        }
        if names.iter().any(|known| known == name) {
            return Err(misread("genre", name, "a new name"));
        }
        names.push(present("genre", name)?.to_owned());
        Ok(())
    })?;
    Ok(names)
}

fn person(line: &str) -> Result<Person, LineFault> {
    let [id, age, gender, occupation, zip] = exactly(line.split('|').collect())?;
    present("zip code", zip)?;
    Ok(Person {
        original_id: parse_id("user id", id)?,
        age: Some(parse("age", age, "a whole number of years below 256")?),
        gender: Some(match gender {
            "F" => Gender::Female,
            "M" => Gender::Male,
            _ => return Err(misread("gender", gender, "F or M")),
        }),
        occupation: Some(present("occupation", occupation)?.to_owned()),
    })
}

fn film(line: &str, n_genres: usize) -> Result<Film, LineFault> {
    let fields: Vec<&str> = line.split('|').collect();
    let count = LineFault::FieldCount { expected: 5 + n_genres, found: fields.len() };
    let Some(([id, title, released, _video, _url], flags)) = fields.split_first_chunk() else {
        return Err(count);
    };
    if flags.len() != n_genres {
        return Err(count);
    }
    let released = release_year(released)?;
    let mut genres = Vec::new();
    for (genre, &flag) in flags.iter().enumerate() {
        match flag {
            "0" => {}
            "1" => genres.push(genre),
            _ => return Err(misread("genre flag", flag, "0 or 1")),
        }
    }
    Ok(Film {
        original_id: parse_id("film id", id)?,
        title: present("title", title)?.to_owned(),
        year: draft::year_in_title(title).or(released),
        genres,
    })
}

/// The year of a date such as `01-Jan-1995`; one published film has no date.
fn release_year(date: &str) -> Result<Option<u16>, LineFault> {
    if date.is_empty() {
        return Ok(None);
    }
    match date.rsplit_once('-').and_then(|(_, end)| draft::year(end)) {
        Some(year) => Ok(Some(year)),
        None => Err(misread("release date", date, "of the form 01-Jan-1995")),
    }
}
