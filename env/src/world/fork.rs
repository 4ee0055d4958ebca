//! Forking and intervening.

use super::{Member, World};
use crate::{CohortError, UserId};

impl World {
    /// A copy that goes its own way. Items and candidates stay shared until one side changes them.
    ///
    /// Stepped alike, world and fork stay identical; call [`World::observe`] on the fork for an observation of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        let copy =
            |member: &Member| Member { cohort: member.cohort.fork(), first: member.first, n: member.n };
        Self {
            spec: self.spec.clone(),
            cohorts: self.cohorts.iter().map(copy).collect(),
            supply: self.supply.fork(),
            objective: self.objective.fork(),
            creators: self.creators.as_ref().map(super::Creators::fork),
            now: self.now.clone(),
        }
    }

    /// Sets one latent array of one user and touches nothing else: the ground of what-if questions.
    ///
    /// If the field is observable, call [`World::observe`] before the next slate.
    pub fn intervene(&mut self, user: UserId, field: &str, value: &[f32]) -> Result<(), CohortError> {
        let refused = |known: String| CohortError::Field { user, field: field.into(), known };
        let Some(member) = self.member_of(user) else {
            return Err(refused(format!("users are 0..{}", self.spec.n_users)));
        };
        let cohort = &mut self.cohorts[member].cohort;
        let names = cohort.field_names().join(", ");
        let Some(place) = cohort.field_mut(user, field) else {
            return Err(refused(format!("latent fields are {names}")));
        };
        if place.len() != value.len() {
            return Err(refused(format!("it has {} values, {} were given", place.len(), value.len())));
        }
        place.copy_from_slice(value);
        Ok(())
    }
}
