//! Creators who come from data.

use recloop_env::{SnapshotError, normalise};

use crate::CreatorsError;
use crate::params::MAX_POSTS_PER_DAY;
use crate::roster::{Identity, Roster, corrupt};

/// A creator read from data, such as an artist.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenCreator {
    /// What people read.
    pub name: String,
    /// Home topic.
    pub topic: u16,
    /// `[D]` own style; its direction counts, and all zeros mean to have none.
    pub style: Vec<f32>,
    /// Mean quality, in \[0, 1\].
    pub quality: f32,
    /// Mean bait, in \[0, 1\].
    pub bait: f32,
    /// Mean items a day.
    pub posts_per_day: f32,
}

impl GivenCreator {
    pub(crate) fn identity(&self, at: u32) -> Identity {
        let mut style = self.style.clone();
        normalise(&mut style);
        let Self { topic, quality, bait, posts_per_day, .. } = *self;
        Identity { home: topic, name: at, quality, bait, posts_per_day, style }
    }

    /// Refuses what no creator can be.
    fn check(&self, creator: usize, n_topics: usize, dim: usize) -> Result<(), CreatorsError> {
        let numbers = [
            ("topic", f32::from(self.topic), n_topics as f32 - 1.0),
            ("quality", self.quality, 1.0),
            ("bait", self.bait, 1.0),
            ("posts_per_day", self.posts_per_day, MAX_POSTS_PER_DAY),
        ];
        let refuse = |what, value, allowed| {
            Err(CreatorsError::Given { creator, name: self.name.clone(), what, value, allowed })
        };
        if let Some((what, value, high)) = numbers.into_iter().find(|(_, x, high)| !(0.0..=*high).contains(x))
        {
            return refuse(what, value, format!("[0, {high}]"));
        }
        if self.style.len() != dim {
            return refuse("number of style dimensions", self.style.len() as f32, format!("{dim}"));
        }
        match self.style.iter().find(|x| !x.is_finite()) {
            Some(x) => refuse("style", *x, "a finite number".into()),
            None => Ok(()),
        }
    }
}

/// The table if all of its creators can be.
pub(crate) fn checked(
    table: Vec<GivenCreator>,
    n_topics: usize,
    dim: usize,
) -> Result<Vec<GivenCreator>, CreatorsError> {
    for (at, creator) in table.iter().enumerate() {
        creator.check(at, n_topics, dim)?;
    }
    Ok(table)
}

/// Refuses a roster that names places the table does not have.
pub(crate) fn check_names(roster: &Roster, table: &[GivenCreator]) -> Result<(), SnapshotError> {
    let mut names = (0..roster.len()).map(|at| roster.name(at));
    match names.find(|name| !table.is_empty() && *name as usize >= table.len()) {
        Some(name) => Err(corrupt("name", &format!("there is no given creator {name}"))),
        None => Ok(()),
    }
}
