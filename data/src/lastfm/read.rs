//! The five files, line by line.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use super::{Date, Listening, Named, Plays, Tagging};
use crate::DataError;
use crate::lines::{Encoding, LineFault, Table, exactly, misread, parse, parse_id, present, resembled};

/// The files of the data set, all of which are needed.
pub const FILES: [&str; 5] =
    ["artists.dat", "tags.dat", "user_artists.dat", "user_taggedartists.dat", "user_friends.dat"];

const USERS_FILE: &str = "user_artists.dat";

impl Listening {
    /// Reads the Last.fm 2K data set in `dir`.
    ///
    /// # Errors
    /// [`DataError::NotLastFm`] naming every file that is missing; [`DataError::Empty`] or [`DataError::Read`] for a
    /// file as a whole; [`DataError::Line`] for the first malformed line.
    pub fn load(dir: &Path) -> Result<Self, DataError> {
        let missing: Vec<_> = FILES.into_iter().filter(|name| !dir.join(name).is_file()).collect();
        if !missing.is_empty() {
            return Err(DataError::NotLastFm { dir: dir.to_owned(), missing, looks_like: resembled(dir) });
        }
        let [artists, tags, user_artists, taggings, friends] = FILES;
        let artists = read_artists(&Table::read(dir.join(artists), Encoding::Utf8)?)?;
        let tags = read_tags(&Table::read(dir.join(tags), Encoding::Latin1)?)?;
        let plays = read_plays(&Table::read(dir.join(user_artists), Encoding::Utf8)?, &artists)?;
        let users: BTreeSet<u32> = plays.iter().map(|plays| plays.user).collect();
        let users = Places(users.into_iter().collect());
        let known = Known { users, artists: Places::of(&artists), tags: Places::of(&tags) };
        let taggings = read_taggings(&Table::read(dir.join(taggings), Encoding::Utf8)?, &known)?;
        let friends = read_friends(&Table::read(dir.join(friends), Encoding::Utf8)?, &known.users)?;
        Ok(Self { plays: known.placed(plays), users: known.users.0, artists, tags, taggings, friends })
    }
}

/// Ids in ascending order; an id's position is what the arrays refer to it by.
struct Places(Vec<u32>);

impl Places {
    fn of(named: &[Named]) -> Self {
        Self(named.iter().map(|named| named.original_id).collect())
    }

    fn find(&self, id: u32) -> Option<u32> {
        self.0.binary_search(&id).ok().map(|at| at as u32)
    }

    fn get(&self, what: &'static str, id: u32, file: &'static str) -> Result<u32, LineFault> {
        self.find(id).ok_or(LineFault::Unlisted { what, id, file })
    }
}

struct Known {
    users: Places,
    artists: Places,
    tags: Places,
}

impl Known {
    /// Positions for the ids that [`read_plays`] let through.
    fn placed(&self, mut plays: Vec<Plays>) -> Vec<Plays> {
        const CHECKED: &str = "`read_plays` lets only listed ids through";
        for plays in &mut plays {
            plays.user = self.users.find(plays.user).expect(CHECKED);
            plays.artist = self.artists.find(plays.artist).expect(CHECKED);
        }
        plays.sort_unstable();
        plays
    }
}

fn read_artists(table: &Table) -> Result<Vec<Named>, DataError> {
    let mut named = BTreeMap::new();
    table.each_line_below("id\tname\turl\tpictureURL", |line| {
        let [id, name, url, _picture] = cut(line)?;
        present("url", url)?;
        list(&mut named, "artist", id, name)
    })?;
    Ok(named.into_values().collect())
}

fn read_tags(table: &Table) -> Result<Vec<Named>, DataError> {
    let mut named = BTreeMap::new();
    table.each_line_below("tagID\ttagValue", |line| {
        let [id, name] = cut(line)?;
        list(&mut named, "tag", id, name)
    })?;
    Ok(named.into_values().collect())
}

fn list(named: &mut BTreeMap<u32, Named>, what: &'static str, id: &str, name: &str) -> Result<(), LineFault> {
    let id = parse_id(if what == "tag" { "tag id" } else { "artist id" }, id)?;
    let name = present("name", name)?.to_owned();
    match named.insert(id, Named { original_id: id, name }) {
        Some(_) => Err(LineFault::Relisted { what, id }),
        None => Ok(()),
    }
}

/// Ids instead of positions: this file says who the users are.
fn read_plays(table: &Table, artists: &[Named]) -> Result<Vec<Plays>, DataError> {
    let artists = Places::of(artists);
    let (mut plays, mut met) = (Vec::new(), HashSet::new());
    table.each_line_below("userID\tartistID\tweight", |line| {
        let [user, artist, count] = cut(line)?;
        let (user, artist) = (parse_id("user id", user)?, parse_id("artist id", artist)?);
        artists.get("artist", artist, "artists.dat")?;
        const COUNT: &str = "a whole number above zero";
        let wanted = parse("weight", count, COUNT)?;
        if wanted == 0 {
            return Err(misread("weight", count, COUNT));
        }
        if !met.insert((user, artist)) {
            return Err(LineFault::Repeated { record: format!("user {user} listens to artist {artist}") });
        }
        plays.push(Plays { user, artist, count: wanted });
        Ok(())
    })?;
    Ok(plays)
}

fn read_taggings(table: &Table, known: &Known) -> Result<Vec<Tagging>, DataError> {
    let (mut taggings, mut met) = (Vec::new(), HashSet::new());
    table.each_line_below("userID\tartistID\ttagID\tday\tmonth\tyear", |line| {
        let [user, artist, tag, day, month, year] = cut(line)?;
        let [user, artist, tag] =
            [parse_id("user id", user)?, parse_id("artist id", artist)?, parse_id("tag id", tag)?];
        let on = date(day, month, year)?;
        if !met.insert((user, artist, tag)) {
            let record = format!("user {user} tags artist {artist} with tag {tag}");
            return Err(LineFault::Repeated { record });
        }
        taggings.push(Tagging {
            user: known.users.get("user", user, USERS_FILE)?,
            on,
            artist: known.artists.find(artist),
            tag: known.tags.get("tag", tag, "tags.dat")?,
        });
        Ok(())
    })?;
    taggings.sort_unstable();
    Ok(taggings)
}

fn date(day: &str, month: &str, year: &str) -> Result<Date, LineFault> {
    let parsed = match (year.parse(), month.parse(), day.parse()) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day),
        _ => None,
    };
    parsed.ok_or_else(|| {
        misread("day, month and year", &format!("{day} {month} {year}"), "a day of the calendar")
    })
}

fn read_friends(table: &Table, users: &Places) -> Result<Vec<(u32, u32)>, DataError> {
    let mut friends = BTreeSet::new();
    table.each_line_below("userID\tfriendID", |line| {
        let [from, to] = cut(line)?;
        let (from, to) = (parse_id("user id", from)?, parse_id("friend id", to)?);
        let link = (users.get("user", from, USERS_FILE)?, users.get("friend", to, USERS_FILE)?);
        if from == to {
            return Err(misread("friend id", &to.to_string(), "somebody else"));
        }
        if !friends.insert(link) {
            return Err(LineFault::Repeated { record: format!("user {from} befriends user {to}") });
        }
        Ok(())
    })?;
    Ok(friends.into_iter().collect())
}

/// Blanks around a field are not part of it: the published counts have some.
fn cut<const N: usize>(line: &str) -> Result<[&str; N], LineFault> {
    exactly(line.split('\t').map(str::trim).collect())
}
