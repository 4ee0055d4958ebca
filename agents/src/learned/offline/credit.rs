//! What slates were worth, along the log.

use recloop_nn::NnError;

use super::super::advantage::{Advantages, Discount, advantages, scale_of};
use super::logged::Logged;

impl Logged {
    /// λ-returns over what `value` says of the users, `[N]`, rewards times `scale`: see [`advantages`]. Where nobody watched
    /// any longer, the advantage is none.
    pub(super) fn credit(&self, value: &[f32], discount: Discount, scale: f32) -> Advantages {
        advantages(&self.taken, value, &self.spec, discount, scale)
    }

    /// One over the standard deviation of what the slates brought from there on: what rewards are multiplied by.
    pub(super) fn scale(&self, gamma: f64) -> f32 {
        scale_of(&self.taken, &self.spec, Discount { gamma, lambda: 1.0 })
    }

    /// Refuses a log that lacks propensities.
    pub(super) fn check_known(&self) -> Result<(), NnError> {
        self.unknown.clone().map_or(Ok(()), |unknown| Err(NnError::learner(unknown)))
    }

    /// Each user's first slate.
    pub(super) fn first(&self) -> Vec<u32> {
        let mut is_first = vec![true; self.len()];
        self.taken.next.iter().flatten().for_each(|next| is_first[*next as usize] = false);
        (0..self.len() as u32).filter(|row| is_first[*row as usize]).collect()
    }
}
