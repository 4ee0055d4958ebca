//! The door to what no policy may see.

use super::World;
use super::observe::by_cohort;
use crate::{Goal, ItemId, ItemView, Scene, UserId};

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
        let now = &self.world.now;
        let Some((member, rows)) =
            by_cohort(&self.world.cohorts, &now.users).find(|(_, rows)| r < rows.first + rows.len())
        else {
            return false;
        };
        let scene = Scene {
            tick: now.tick,
            rows,
            candidates: &now.candidates,
            items: &now.items,
            latent: &now.latent,
        };
        member.cohort.appraise(&scene, r - rows.first, goal, items, out)
    }
}
