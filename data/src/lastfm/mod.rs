//! Real listening in: the Last.fm 2K importer.
//!
//! **What it is for.** Musicians are creators: whom people listen to, how often, and under which tags, makes a world
//! whose creators have names. [`Listening::load`] reads the folder into plain arrays; [`habits`] sums up how busy,
//! how mainstream and how connected each person is; [`split_at_random`] sets aside some of each person's artists.
//!
//! **What it reads.** All five files of the HetRec 2011 release: `artists.dat` (UTF-8), `tags.dat` (ISO-8859-1),
//! `user_artists.dat`, `user_taggedartists.dat` and `user_friends.dat`; fields are cut by tabs, blanks around
//! one are not part of it, line ends may be `\n` or `\r\n`, blank lines may trail. The dated `user_taggedartists.dat` is read, not its twin
//! `user_taggedartists-timestamps.dat`.
//!
//! **What it refuses.** The first malformed line ends the load with its file, line and [reason](crate::LineFault); so
//! does an id that the file which should define it does not list, and a record that stands there twice. A person is
//! whoever listens: to tag or to befriend without listening is refused. There is one exception, because the published files need
//! it: an artist that only `user_taggedartists.dat` knows (390 of them, in 1,538 assignments) stays as a
//! [`Tagging`] of [no artist](Tagging::artist), since it still dates the tagger. Nothing is skipped or repaired.
//! Addresses of pages and pictures are dropped: nothing is made of them.
//!
//! **What is not in the data.** Listening counts carry no time, and reach no further than each person's 50 most
//! played artists. There is no gender, age or country. Tags are dated to the day in the files, but most stand on the
//! first of a month; [`Habits::first_tag_year`] says what is made of dates before there were tags.
//!
//! **Where to start.** [`Listening::load`].
//!
//! ```
//! use recloop_data::lastfm::{Listening, habits};
//!
//! let dir = tempfile::tempdir()?;
//! for (name, text) in [
//!     ("artists.dat", "id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://x/Duran+Duran\t\n"),
//!     ("tags.dat", "tagID\ttagValue\n24\tpop\n"),
//!     ("user_artists.dat", "userID\tartistID\tweight\n2\t51\t13883\n3\t51\t228\n"),
//!     ("user_taggedartists.dat", "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t24\t1\t4\t2009\n"),
//!     ("user_friends.dat", "userID\tfriendID\n2\t3\n3\t2\n"),
//! ] {
//!     std::fs::write(dir.path().join(name), text)?;
//! }
//!
//! let listening = Listening::load(dir.path())?;
//! assert_eq!(listening.artists[0].name, "Duran Duran");
//! assert_eq!(listening.plays[1].count, 228);
//! assert_eq!(habits(&listening)[0].first_tag_year, Some(2009));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source and licence
//! Cantador, Brusilovsky, Kuflik (2011), "2nd Workshop on Information Heterogeneity and Fusion in Recommender Systems
//! (HetRec 2011)", RecSys 2011. The files come from <https://grouplens.org/datasets/hetrec-2011/>, for
//! non-commercial use under the terms of Last.fm. None of them is shipped with this crate.

mod habits;
mod read;
mod split;
#[cfg(test)]
mod tests;

pub use habits::{Habits, habits};
pub use read::FILES;
pub use split::split_at_random;

pub use crate::movielens::Split;

/// Last.fm 2K as plain arrays; users, artists and tags are referred to by position.
#[derive(Clone, Debug, PartialEq)]
pub struct Listening {
    /// The id in the files of everyone who listens, ascending.
    pub users: Vec<u32>,
    /// Every artist listed, in ascending `original_id`, listened to or not.
    pub artists: Vec<Named>,
    /// Every tag listed, in ascending `original_id`, used or not.
    pub tags: Vec<Named>,
    /// Who listened to whom, in ascending (`user`, `artist`); a pair stands once.
    pub plays: Vec<Plays>,
    /// Who tagged whom with what, in ascending (`user`, `on`, `artist`, `tag`).
    pub taggings: Vec<Tagging>,
    /// Links (from, to) in ascending order, directed as listed; the published file lists both directions.
    pub friends: Vec<(u32, u32)>,
}

/// An artist or a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id in the files.
    pub original_id: u32,
    /// The name, as written.
    pub name: String,
}

/// How often one person played one artist, at no known time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plays {
    /// Position in [`Listening::users`].
    pub user: u32,
    /// Position in [`Listening::artists`].
    pub artist: u32,
    /// Tracks played, above zero.
    pub count: u32,
}

/// One tag that one person put on one artist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tagging {
    /// Position in [`Listening::users`].
    pub user: u32,
    /// The day that the files give, believable or not.
    pub on: Date,
    /// Position in [`Listening::artists`]; `None` for an artist whom `artists.dat` does not list.
    pub artist: Option<u32>,
    /// Position in [`Listening::tags`].
    pub tag: u32,
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// The day, if the calendar has it.
    ///
    /// ```
    /// use recloop_data::lastfm::Date;
    /// assert!(Date::new(2008, 2, 29).is_some() && Date::new(2009, 2, 29).is_none());
    /// ```
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let n_days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        (1..=n_days).contains(&day).then_some(Self { year, month, day })
    }
}
