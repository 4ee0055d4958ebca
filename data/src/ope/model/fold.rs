//! Users cut into groups, and sums kept for each.

use recloop_env::philox4x32;
use serde::{Deserialize, Serialize};

/// Keeps the groups apart from other uses of the cipher.
const PURPOSE: u32 = u32::from_be_bytes(*b"fold");

/// The group of a user: a fixed hash, so that it depends on nobody else.
pub(super) fn fold_of(user: u64, n: usize) -> usize {
    let [word, ..] = philox4x32([user as u32, (user >> 32) as u32, PURPOSE, 0], [0; 2]);
    ((u64::from(word) * n as u64) >> 32) as usize
}

/// Statistics that add up.
pub(super) trait Sums: Clone + Default {
    fn merge(&mut self, other: &Self);
}

/// Sums of each group of users.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Folds<S>(Vec<S>);

impl<S: Sums> Folds<S> {
    pub(super) fn new(n: usize) -> Self {
        Self(vec![S::default(); n])
    }

    pub(super) fn blank(&self) -> Self {
        Self::new(self.0.len())
    }

    pub(super) fn of(&mut self, fold: usize) -> &mut S {
        &mut self.0[fold]
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(here, there)| here.merge(there));
    }

    /// What everybody else comes to, group by group. The others are added up rather than one subtracted from all: then no
    /// digit of a prediction can depend on those it is made for.
    pub(super) fn others(&self) -> impl Iterator<Item = S> + '_ {
        (0..self.0.len()).map(|left_out| {
            let mut sum = S::default();
            let others = self.0.iter().enumerate().filter(|(fold, _)| *fold != left_out);
            others.for_each(|(_, sums)| sum.merge(sums));
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_of_like_size_and_stay_as_they_are() {
        let mut sizes = [0_i32; 3];
        (0..30_000).for_each(|user| sizes[fold_of(user, 3)] += 1);
        // A group's size has a standard deviation of √(30,000 · ⅓ · ⅔) = 82: five of them.
        assert!(sizes.iter().all(|size| (size - 10_000).abs() < 410), "{sizes:?}");
        // Partial results of different machines are merged: the hash must never change.
        assert_eq!([0, 1, 2, u64::MAX].map(|user| fold_of(user, 1_000)), [175, 352, 767, 82]);
    }
}
