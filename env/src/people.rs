//! Who lives in a world: what fairness is measured by, and no policy sees.

use serde::{Deserialize, Serialize};

use crate::{Grid, Tick, UserId};

/// One attribute by which people are grouped, such as an age band.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// What it can be.
    pub levels: Vec<String>,
}

impl Group {
    /// An attribute with these levels.
    #[must_use]
    pub fn new(name: &str, levels: &[&str]) -> Self {
        Self { name: name.into(), levels: levels.iter().map(|level| (*level).into()).collect() }
    }
}

/// The group attributes of everybody.
///
/// They are for measuring, not for recommending: an [`Observation`](crate::Observation) has them only if the user
/// model shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Population {
    groups: Vec<Group>,
    /// `[n_users, G]`.
    levels: Grid<u16>,
}

impl Population {
    /// `n_users` people, each of the first level of every group.
    #[must_use]
    pub fn new(groups: Vec<Group>, n_users: usize) -> Self {
        Self { levels: Grid::zeros(n_users, groups.len()), groups }
    }

    /// The attributes there are.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many people there are.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.levels.rows()
    }

    /// `[G]` the level of each attribute of `user`.
    #[must_use]
    pub fn levels(&self, user: UserId) -> &[u16] {
        self.levels.row(user.index())
    }

    /// The level of attribute `g` of `user`.
    #[must_use]
    pub fn level(&self, user: UserId, g: usize) -> u16 {
        self.levels(user)[g]
    }

    /// The same, to write.
    pub fn levels_mut(&mut self, user: UserId) -> &mut [u16] {
        self.levels.row_mut(user.index())
    }
}

/// A creator as the world's books know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatorFact {
    /// What people read.
    pub name: String,
    /// When it arrived.
    pub entered: Tick,
    /// When it left for good.
    pub left: Option<Tick>,
}
