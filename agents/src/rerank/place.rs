//! Building a slate from the top, item by item.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use recloop_env::ItemId;

use crate::scorer::NOT_RETRIEVED;
use crate::select::Ties;

/// What every item considered loses, given the items placed so far; never less than before.
pub(super) trait Penalty {
    /// The most that an item considered may lose.
    fn worst(&self) -> f32;

    fn loss(&self, item: usize) -> f32;

    fn place(&mut self, item: usize);
}

/// Scores and losses on one scale: `(1 − d) s − d w loss`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    dial: f32,
    /// w: how far the scores lie apart; 1 if they do not.
    spread: f32,
}

impl Scale {
    pub(super) fn of(dial: f32, scores: impl Iterator<Item = f32> + Clone) -> Self {
        Self { dial, spread: spread(scores) }
    }

    /// Kept far from what was not retrieved, however large the loss.
    pub(super) fn worth(self, score: f32, loss: f32) -> f32 {
        let worth = (1.0 - self.dial) * score - self.dial * self.spread * loss;
        worth.clamp(NOT_RETRIEVED / 2.0, -NOT_RETRIEVED / 2.0)
    }
}

/// How far scores lie apart; 1 if they do not.
pub(super) fn spread(scores: impl Iterator<Item = f32> + Clone) -> f32 {
    let spread = scores.clone().fold(f32::MIN, f32::max) - scores.fold(f32::MAX, f32::min);
    if spread > 0.0 { spread.min(f32::MAX) } else { 1.0 }
}

/// Takes a loss that does not depend on what stands above from all that may be shown and was retrieved.
pub(super) fn lose(scores: &mut [f32], scale: Scale, loss: impl Fn(usize) -> f32) {
    for (place, score) in scores.iter_mut().enumerate().filter(|(_, score)| **score > NOT_RETRIEVED) {
        *score = scale.worth(*score, loss(place));
    }
}

/// The items of a row that a slate is built from, by their places on its list.
#[derive(Debug)]
pub(super) struct Considered<'a> {
    pub(super) listed: &'a [ItemId],
    pub(super) places: Vec<usize>,
    pub(super) ties: &'a Ties,
}

impl Considered<'_> {
    pub(super) fn items(&self) -> impl Iterator<Item = ItemId> {
        self.places.iter().map(|place| self.listed[*place])
    }

    /// Places `k` of them one by one and puts into `out` what they were worth then, what the rest would be worth
    /// below, and what was not considered.
    ///
    /// As losses never shrink, an item whose worth was the largest before the last was placed, and still is, is the best:
    /// few are looked at again.
    pub(super) fn place(&self, k: usize, scale: Scale, mut penalty: impl Penalty, out: &mut [f32]) {
        let scores: Vec<f32> = self.places.iter().map(|place| out[*place]).collect();
        lose(out, scale, |_| penalty.worst() + 1.0);
        let worth = |penalty: &dyn Penalty, i: usize| scale.worth(scores[i], penalty.loss(i));
        let key = |worth: f32, i: usize| (self.ties.key(worth, self.listed[self.places[i]]), Reverse(i));
        let mut waiting: BinaryHeap<_> = (0..scores.len()).map(|i| key(worth(&penalty, i), i)).collect();
        let mut left = k;
        while left > 0
            && let Some((stale, Reverse(i))) = waiting.pop()
        {
            let now = worth(&penalty, i);
            let fresh = key(now, i);
            if fresh < (stale, Reverse(i)) {
                waiting.push(fresh);
                continue;
            }
            out[self.places[i]] = now;
            penalty.place(i);
            left -= 1;
        }
        for (_, Reverse(i)) in waiting {
            out[self.places[i]] = worth(&penalty, i);
        }
    }
}
