//! A mean for every action at every position.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fold::Sums;
use super::{RewardModel, Sparse};

/// How many rows the mean of the position counts for in that of an action (chosen by us: the log of an action is heard
/// over it from ten rows on).
pub(super) const PRIOR: f64 = 10.0;

/// The mean reward of every action at every position, drawn to the mean of the position.
///
/// `q̂(a, k) = (Σ w r + m w̄ r̄_k) / (Σ w + m w̄)` over the rows of action a at position k, where r̄_k is the weighted mean of
/// the position, w̄ the mean weight of all rows and m = 10 the prior count. An action that was never seen gets r̄_k, a
/// position that was never seen the mean of everything.
///
/// # Assumptions
/// Rewards depend on the action and its position alone.
///
/// # Source
/// Efron & Morris (1975), "Data analysis using Stein's estimator and its generalizations", with a fixed in place of an
/// estimated prior strength.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MeanTable {
    actions: Vec<((u16, u64), f64)>,
    positions: Vec<(u16, f64)>,
    mean: f64,
}

impl RewardModel for MeanTable {
    fn predict(&self, action: u64, position: u16, _x: &Sparse) -> f64 {
        let of = |key| self.actions.binary_search_by_key(key, |(key, _)| *key).map(|at| self.actions[at].1);
        of(&(position, action)).unwrap_or_else(|_| {
            let at = self.positions.binary_search_by_key(&position, |(position, _)| *position);
            at.map_or(self.mean, |at| self.positions[at].1)
        })
    }
}

/// Weights and weighted rewards.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Pair {
    weight: f64,
    reward: f64,
}

impl Pair {
    fn add(&mut self, other: Self) {
        self.weight += other.weight;
        self.reward += other.reward;
    }

    /// The mean, with `strength` of `prior` mixed in.
    fn mean(self, prior: f64, strength: f64) -> f64 {
        let weight = self.weight + strength;
        if weight > 0.0 { (self.reward + strength * prior) / weight } else { prior }
    }
}

/// Sums by position and action.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    count: f64,
    sums: BTreeMap<(u16, u64), Pair>,
}

impl Sums for Tally {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        other.sums.iter().for_each(|(key, pair)| self.sums.entry(*key).or_default().add(*pair));
    }
}

impl Tally {
    pub(super) fn add(&mut self, action: u64, position: u16, weight: f64, reward: f64) {
        self.count += 1.0;
        self.sums.entry((position, action)).or_default().add(Pair { weight, reward: weight * reward });
    }

    pub(super) fn fit(&self, prior: f64) -> MeanTable {
        let mut all = Pair::default();
        let mut positions = BTreeMap::<u16, Pair>::new();
        for ((position, _), pair) in &self.sums {
            all.add(*pair);
            positions.entry(*position).or_default().add(*pair);
        }
        let mean = all.mean(0.0, 0.0);
        let strength = if self.count > 0.0 { prior * all.weight / self.count } else { 0.0 };
        let positions: BTreeMap<_, _> =
            positions.into_iter().map(|(position, pair)| (position, pair.mean(mean, 0.0))).collect();
        let shrunk = |(key, pair): (&(u16, u64), &Pair)| (*key, pair.mean(positions[&key.0], strength));
        let actions = self.sums.iter().map(shrunk).collect();
        MeanTable { actions, positions: positions.into_iter().collect(), mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[(u64, u16, f64, f64)]) -> Tally {
        let mut tally = Tally::default();
        rows.iter()
            .for_each(|(action, position, weight, reward)| tally.add(*action, *position, *weight, *reward));
        tally
    }

    const ROWS: [(u64, u16, f64, f64); 5] =
        [(7, 0, 1.0, 1.0), (7, 0, 3.0, 0.0), (8, 0, 2.0, 5.0), (7, 1, 2.0, 4.0), (9, 1, 2.0, 2.0)];

    #[test]
    fn means_by_hand() {
        let table = tally(&ROWS).fit(10.0);
        let of = |action, position| table.predict(action, position, &Sparse::default());
        // Mean weight 10/5 = 2, so the prior weighs 20. Position 0: (1 + 0 + 10)/6; position 1: (8 + 4)/4.
        let top = 11.0 / 6.0;
        let cases = [
            (of(7, 0), (1.0 + 20.0 * top) / 24.0),
            (of(8, 0), (10.0 + 20.0 * top) / 22.0),
            (of(7, 1), (8.0 + 60.0) / 22.0),
            (of(9, 0), top),
            (of(8, 1), 3.0),
            (of(7, 2), 23.0 / 10.0),
        ];
        for (value, expected) in cases {
            assert!((value - expected).abs() < 1e-12, "{value} for {expected}");
        }
    }

    #[test]
    fn chunks_add_up_and_without_a_prior_means_are_plain() {
        let mut merged = tally(&ROWS[..2]);
        merged.merge(&tally(&ROWS[2..]));
        assert_eq!(merged.fit(10.0), tally(&ROWS).fit(10.0));
        assert_eq!(merged.fit(0.0).predict(7, 0, &Sparse::default()), 0.25);
    }

    #[test]
    fn scaling_all_weights_changes_nothing() {
        let scaled = ROWS.map(|(action, position, weight, reward)| (action, position, 8.0 * weight, reward));
        assert_eq!(tally(&scaled).fit(10.0), tally(&ROWS).fit(10.0));
    }

    #[test]
    fn nothing_at_all_is_expected_of_nothing() {
        assert_eq!(Tally::default().fit(10.0).predict(1, 0, &Sparse::default()), 0.0);
        assert_eq!(tally(&[(1, 0, 0.0, 9.0)]).fit(10.0).predict(1, 0, &Sparse::default()), 0.0);
    }
}
