//! A data set while its files are being read: everything still goes by the files' own ids.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Film, Person, Rating, Ratings, Scale};
use crate::lines::{LineFault, misread, parse, parse_id};

/// What both forms accumulate. Ordered maps, so that positions follow ids whatever the order of the lines.
pub(super) struct Draft {
    scale: Scale,
    users: BTreeMap<u32, Person>,
    films: BTreeMap<u32, Film>,
    /// Ids instead of positions until [`Draft::finish`].
    ratings: Vec<Rating>,
    rated: HashSet<(u32, u32)>,
}

impl Draft {
    pub(super) fn new(scale: Scale) -> Self {
        Self { scale, users: BTreeMap::new(), films: BTreeMap::new(), ratings: vec![], rated: HashSet::new() }
    }

    pub(super) fn list_user(&mut self, person: Person) -> Result<(), LineFault> {
        let id = person.original_id;
        match self.users.insert(id, person) {
            Some(_) => Err(LineFault::Relisted { what: "user", id }),
            None => Ok(()),
        }
    }

    pub(super) fn list_film(&mut self, film: Film) -> Result<(), LineFault> {
        let id = film.original_id;
        match self.films.insert(id, film) {
            Some(_) => Err(LineFault::Relisted { what: "film", id }),
            None => Ok(()),
        }
    }

    /// Lists whoever rates, for the form that has no user file.
    pub(super) fn meet_user(&mut self, id: u32) {
        self.users.entry(id).or_insert(Person { original_id: id, age: None, gender: None, occupation: None });
    }

    /// Takes a rating whose `user` and `film` are ids from the files.
    pub(super) fn rate(&mut self, rating: Rating) -> Result<(), LineFault> {
        let Rating { user, film, stars, .. } = rating;
        if !self.scale.contains(stars) {
            return Err(LineFault::OffScale { stars, scale: self.scale });
        }
        if !self.users.contains_key(&user) {
            return Err(LineFault::Unlisted { what: "user", id: user, file: "the user file" });
        }
        if !self.films.contains_key(&film) {
            return Err(LineFault::Unlisted { what: "film", id: film, file: "the film file" });
        }
        if !self.rated.insert((user, film)) {
            return Err(LineFault::Repeated { record: format!("user {user} rates film {film}") });
        }
        self.ratings.push(rating);
        Ok(())
    }

    /// Turns ids into positions and puts the ratings in order.
    pub(super) fn finish(self, genre_names: Vec<String>, unread: Vec<PathBuf>) -> Ratings {
        let user_ids: Vec<u32> = self.users.keys().copied().collect();
        let film_ids: Vec<u32> = self.films.keys().copied().collect();
        let mut ratings = self.ratings;
        for rating in &mut ratings {
            rating.user = position(&user_ids, rating.user);
            rating.film = position(&film_ids, rating.film);
        }
        ratings.sort_unstable_by_key(|rating| (rating.user, rating.at_secs, rating.film));
        Ratings {
            users: self.users.into_values().collect(),
            films: self.films.into_values().collect(),
            genre_names,
            ratings,
            scale: self.scale,
            unread,
        }
    }
}

fn position(ids: &[u32], id: u32) -> u32 {
    ids.binary_search(&id).expect("`rate` lets only listed ids through") as u32
}

/// Reads the four fields that both forms give a rating, in the order that both give them.
pub(super) fn rating<T: AsRef<str>>([user, film, stars, at]: &[T; 4]) -> Result<Rating, LineFault> {
    const SECONDS: &str = "a whole number of seconds since 1970";
    let at_secs = parse("timestamp", at.as_ref(), SECONDS)?;
    if at_secs < 0 {
        return Err(misread("timestamp", at.as_ref(), SECONDS));
    }
    Ok(Rating {
        user: parse_id("user id", user.as_ref())?,
        film: parse_id("film id", film.as_ref())?,
        stars: parse("rating", stars.as_ref(), "a number")?,
        at_secs,
    })
}

/// The year in a title's closing parentheses, as in `Sabrina (1995)`.
pub(super) fn year_in_title(title: &str) -> Option<u16> {
    title.trim_end().strip_suffix(')')?.rsplit_once('(').and_then(|(_, inner)| year(inner))
}

/// Four digits and nothing else.
pub(super) fn year(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Those of `names` that `dir` holds.
pub(super) fn found(dir: &Path, names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| dir.join(name)).filter(|path| path.is_file()).collect()
}
