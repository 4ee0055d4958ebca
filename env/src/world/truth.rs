//! The door to what no policy may see.

use super::World;
use super::observe::by_cohort;
use crate::{Crowd, Goal, Grid, ItemId, ItemView, Rows, Shown, Slates, Terms, UserId};

/// A world's latent state, to read: for oracles, for welfare accounting, for tests.
///
/// It is a type of its own so that nothing which is handed an [`Observation`](crate::Observation) can reach it.
#[derive(Debug, Clone, Copy)]
pub struct Truth<'a> {
    world: &'a World,
}

impl World {
    /// The latent state behind the current observation.
    #[must_use]
    pub fn truth(&self) -> Truth<'_> {
        Truth { world: self }
    }
}

impl<'a> Truth<'a> {
    /// What only the world knows of the items on offer.
    #[must_use]
    pub fn items(&self) -> &'a ItemView {
        &self.world.now.latent
    }

    /// What everybody did with the items on offer.
    #[must_use]
    pub fn crowd(&self) -> &'a Crowd {
        &self.world.now.crowd
    }

    /// `[B, A]` what the slates of the last step were really worth, by the accounts of the spec.
    #[must_use]
    pub fn accounts(&self) -> &'a Grid<f32> {
        &self.world.now.accounts
    }

    /// One user's values of one latent array.
    #[must_use]
    pub fn user(&self, user: UserId, field: &str) -> Option<&'a [f32]> {
        let member = self.world.member_of(user)?;
        self.world.cohorts[member].cohort.field(user, field)
    }

    /// The names of the latent arrays of `user`'s cohort.
    #[must_use]
    pub fn fields(&self, user: UserId) -> Vec<String> {
        let member = self.world.member_of(user);
        member.map(|at| self.world.cohorts[at].cohort.field_names()).unwrap_or_default()
    }

    /// Scores row `r`'s `items` by what an oracle wants; `false` if its users have no such notion.
    #[must_use]
    pub fn appraise(&self, r: usize, goal: Goal, items: &[ItemId], out: &mut [f32]) -> bool {
        let Some((member, rows)) = self.cohort_of(r) else { return false };
        member.cohort.appraise(&self.world.now.scene(rows), r - rows.first, goal, items, out)
    }

    /// Why row `r` would click or pass over what `slates` shows at `position`: terms named by its user model, for
    /// slates not stepped yet.
    #[must_use]
    pub fn explain(&self, slates: &Slates, r: usize, position: usize) -> Terms {
        let Some((member, rows)) = self.cohort_of(r) else { return Terms::new() };
        let shown = Shown { scene: self.world.now.scene(rows), slates };
        member.cohort.explain(&shown, r - rows.first, position, &self.world.now.rng)
    }

    fn cohort_of(&self, r: usize) -> Option<(&'a super::Member, Rows<'a>)> {
        by_cohort(&self.world.cohorts, &self.world.now).find(|(_, rows)| r < rows.first + rows.len())
    }
}
