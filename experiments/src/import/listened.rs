//! What an import of Last.fm holds, and reading it back.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, StringArray, UInt16Array, UInt32Array, UInt64Array};
use arrow::datatypes::{UInt16Type, UInt32Type, UInt64Type};
use recloop_env::{Grid, Group};
use serde::{Deserialize, Serialize};

use super::folder::{self, Folder, ITEMS, USERS};
use super::parquet_table::{Column, Table, numbered, vectors};
use super::{FeedData, Geometry, ImportError, Ranking, Source};

/// The name that `import.json` gives the data set.
pub(super) const DATASET: &str = "Last.fm 2K";

/// Everything an import of Last.fm holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Listened {
    /// Where it comes from and how it was made.
    pub about: ListenedAbout,
    /// The people, in ascending original id.
    pub users: Vec<Listener>,
    /// The artists somebody listens to, in ascending original id.
    pub artists: Vec<Artist>,
    /// `[n_users, D]` fitted tastes.
    pub taste: Grid<f32>,
    /// `[n_artists, D]` fitted factors.
    pub factor: Grid<f32>,
    /// The same people and artists as a feed world takes them.
    pub feed: FeedData,
}

/// `import.json` of Last.fm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenedAbout {
    /// `major.minor` of the folder's schema.
    pub schema_version: String,
    /// What was imported.
    pub source: Source,
    /// Digest of everything in the folder; see [`Label`](super::Label).
    pub digest: String,
    /// People in `users.parquet`.
    pub n_users: usize,
    /// Artists in `items.parquet`.
    pub n_artists: usize,
    /// Artists listed whom nobody listens to; they are left out.
    pub n_unheard: usize,
    /// Dated tags.
    pub n_taggings: usize,
    /// Those of them that are of an artist whom the data does not list; they date the tagger and nothing else.
    pub n_taggings_of_nobody: usize,
    /// Links from one person to another.
    pub n_friend_links: usize,
    /// Artists whose topic is a tag they were given; the others have the topic they are nearest to.
    pub n_tagged: usize,
    /// Which counts were fitted.
    pub split: RandomSplit,
    /// How they were fitted.
    pub fit: CountFit,
    /// How well the fit finds the others.
    pub held_out: Ranking,
    /// The groups people fall into.
    pub groups: Vec<Group>,
    /// How the fitted vectors became those of a feed world.
    pub geometry: Geometry,
    /// What the data does not tell.
    pub not_in_the_data: String,
    /// The terms of the data set, in short.
    pub licence: String,
    /// What to cite.
    pub citation: String,
}

/// Which counts were fitted: a random part of each person's, since counts have no time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RandomSplit {
    /// Share of each person's artists, rounded up.
    pub train_fraction: f64,
    /// Counts fitted.
    pub n_train: usize,
    /// Counts held out.
    pub n_held_out: usize,
    /// Seed of the stream that drew them.
    pub seed: u64,
}

/// How counts were fitted: `ImplicitAls` on `ln(1 + plays)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CountFit {
    /// Numbers per person and artist, D.
    pub factors: usize,
    /// Times that all people and all artists were solved.
    pub sweeps: usize,
    /// Penalty on the factors.
    pub ridge: f32,
    /// Confidence α gained per unit of `ln(1 + plays)`.
    pub confidence_per_log_play: f32,
    /// Seed of the starting factors.
    pub seed: u64,
    /// They were uniform in ± this.
    pub start_scale: f32,
}

/// A person, and what the data tells of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listener {
    /// Their id in the data set.
    pub original_id: u32,
    /// Artists they listen to, held-out ones included; 50 at most.
    pub n_artists: u32,
    /// Tracks they played, of these artists.
    pub n_plays: u64,
    /// Mean reach percentile of their artists.
    pub mainstream: f32,
    /// People they link to.
    pub n_friends: u32,
    /// Year of their first tag, where there is a believable one.
    pub first_tag_year: Option<u16>,
}

/// An artist: a creator of the world.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Artist {
    /// Their id in the data set.
    pub original_id: u32,
    /// Their name.
    pub name: String,
    /// People who listen to them, held-out ones included.
    pub n_listeners: u32,
    /// Tracks these people played.
    pub n_plays: u64,
    /// `Σ_u (ln n_ui − mean_j ln n_uj) / (listeners + 5)`: by how much listeners prefer them to their other artists.
    pub loyalty: f32,
    /// Relative posting rate: the square root of their listeners, over its mean, so that the mean is 1.
    pub weight: f32,
}

impl Listened {
    /// Reads an import of Last.fm and checks that its parts fit together.
    ///
    /// # Errors
    /// As [`Imported::load`](super::Imported::load).
    pub fn load(dir: &Path) -> Result<Self, ImportError> {
        let folder = Folder::open(dir, DATASET)?;
        let (about, tables): (ListenedAbout, _) = (folder.about()?, folder.tables()?);
        let width = about.fit.factors;
        let listened = Self {
            users: read_users(&tables.users)?,
            artists: read_artists(&tables.items)?,
            taste: tables.users.vectors("taste", width)?,
            factor: tables.items.vectors("factor", width)?,
            feed: FeedData::read(&tables, &about.groups, width)?,
            about,
        };
        folder.check_rows(USERS, listened.users.len(), listened.about.n_users)?;
        folder.check_rows(ITEMS, listened.artists.len(), listened.about.n_artists)?;
        folder.verify()?;
        Ok(listened)
    }

    /// Writes the import to `dir`; tells whether it took the place of an earlier one.
    pub(super) fn store(&mut self, dir: &Path) -> Result<bool, ImportError> {
        let (users, artists) = (self.user_columns(), self.artist_columns());
        let stored = folder::store(dir, &self.about.source, &self.about, &self.feed, users, artists)?;
        self.about.digest = stored.digest;
        Ok(stored.replaced)
    }

    fn user_columns(&self) -> Vec<Column> {
        let users = &self.users;
        let count = |value: fn(&Listener) -> u32| -> ArrayRef {
            Arc::new(UInt32Array::from_iter_values(users.iter().map(value)))
        };
        let plays = UInt64Array::from_iter_values(users.iter().map(|user| user.n_plays));
        let mainstream = Float32Array::from_iter_values(users.iter().map(|user| user.mainstream));
        let years: UInt16Array = users.iter().map(|user| user.first_tag_year).collect();
        vec![
            Column::new("user", "row number: the simulated user's id", numbered(users.len())),
            Column::new("original_id", "id in the data set", count(|user| user.original_id)),
            Column::new("n_artists", "artists listened to, 50 at most", count(|user| user.n_artists)),
            Column::new("n_plays", "tracks played, of these artists", Arc::new(plays)),
            Column::new("mainstream", "mean reach percentile of these artists", Arc::new(mainstream)),
            Column::new("n_friends", "people linked to", count(|user| user.n_friends)),
            Column::new("first_tag_year", "null where no tag is believably dated", Arc::new(years)),
            Column::new("taste", "fitted x", vectors(&self.taste)),
        ]
    }

    fn artist_columns(&self) -> Vec<Column> {
        let artists = &self.artists;
        let count = |value: fn(&Artist) -> u32| -> ArrayRef {
            Arc::new(UInt32Array::from_iter_values(artists.iter().map(value)))
        };
        let float = |value: fn(&Artist) -> f32| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(artists.iter().map(value)))
        };
        let names = StringArray::from_iter_values(artists.iter().map(|artist| &artist.name));
        let plays = UInt64Array::from_iter_values(artists.iter().map(|artist| artist.n_plays));
        vec![
            Column::new("item", "row number: the simulated creator's id", numbered(artists.len())),
            Column::new("original_id", "id in the data set", count(|artist| artist.original_id)),
            Column::new("name", "as written", Arc::new(names)),
            Column::new("n_listeners", "people who listen to them", count(|artist| artist.n_listeners)),
            Column::new("n_plays", "tracks these people played", Arc::new(plays)),
            Column::new(
                "loyalty",
                "mean log plays above each listener's own mean, shrunk",
                float(|artist| artist.loyalty),
            ),
            Column::new("weight", "relative posting rate, mean 1", float(|artist| artist.weight)),
            Column::new("factor", "fitted z", vectors(&self.factor)),
        ]
    }
}

fn read_users(table: &Table) -> Result<Vec<Listener>, ImportError> {
    table.check_numbered("user")?;
    let original_id = table.numbers::<UInt32Type>("original_id")?;
    let n_artists = table.numbers::<UInt32Type>("n_artists")?;
    let n_plays = table.numbers::<UInt64Type>("n_plays")?;
    let mainstream = table.within("mainstream", 0.0, 1.0)?;
    let n_friends = table.numbers::<UInt32Type>("n_friends")?;
    let first_tag_year = table.maybe::<UInt16Type>("first_tag_year")?;
    let user = |at: usize| Listener {
        original_id: original_id[at],
        n_artists: n_artists[at],
        n_plays: n_plays[at],
        mainstream: mainstream[at],
        n_friends: n_friends[at],
        first_tag_year: first_tag_year[at],
    };
    Ok((0..table.n_rows()).map(user).collect())
}

fn read_artists(table: &Table) -> Result<Vec<Artist>, ImportError> {
    table.check_numbered("item")?;
    let original_id = table.numbers::<UInt32Type>("original_id")?;
    let mut name = table.texts("name")?;
    let n_listeners = table.numbers::<UInt32Type>("n_listeners")?;
    let n_plays = table.numbers::<UInt64Type>("n_plays")?;
    let loyalty = table.floats("loyalty")?;
    let weight = table.within("weight", 0.0, f32::MAX)?;
    let artist = |at: usize| Artist {
        original_id: original_id[at],
        name: std::mem::take(&mut name[at]),
        n_listeners: n_listeners[at],
        n_plays: n_plays[at],
        loyalty: loyalty[at],
        weight: weight[at],
    };
    Ok((0..table.n_rows()).map(artist).collect())
}
