//! The latest rounds that were played.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;
use recloop_env::{ItemId, Streams, Tick, purpose};
use recloop_nn::burn::module::Module;
use recloop_nn::{NnError, checkpoint};

use crate::learned::experience::Experience;
use crate::learned::fairness::Weights;

/// A round, and the weights it was played by.
pub(super) struct Played<N> {
    pub(super) round: u32,
    /// What fairness weighed.
    pub(super) weights: Weights,
    pub(super) nets: N,
    pub(super) taken: Experience,
}

/// The latest rounds, oldest first.
pub(super) struct Replay<N> {
    rounds: VecDeque<Played<N>>,
    /// How many are kept.
    kept: usize,
}

impl<N: Module> Replay<N> {
    pub(super) fn new(kept: usize) -> Self {
        Self { rounds: VecDeque::new(), kept: kept.max(1) }
    }

    pub(super) fn push(&mut self, played: Played<N>) {
        while self.rounds.len() >= self.kept {
            self.rounds.pop_front();
        }
        self.rounds.push_back(played);
    }

    pub(super) fn rounds(&self) -> impl Iterator<Item = &Played<N>> {
        self.rounds.iter()
    }

    /// The experience of the round at a place.
    pub(super) fn taken(&self, place: usize) -> &Experience {
        &self.rounds[place].taken
    }

    /// The experience of the round played last.
    pub(super) fn latest(&self) -> &Experience {
        self.taken(self.rounds.len() - 1)
    }

    /// Every row once, in batches from one round each, in random order: the place of the round, and the rows.
    pub(super) fn batches(&self, batch: usize, luck: &Streams, epoch: u32) -> Vec<(usize, Vec<u32>)> {
        let mut draws = luck.at(purpose::TRAINING, ItemId(epoch), Tick(1));
        let mut batches = Vec::new();
        for (place, played) in self.rounds.iter().enumerate() {
            let mut rows = played.taken.rows();
            rows.shuffle(&mut draws);
            batches.extend(rows.chunks(batch).map(|rows| (place, rows.to_vec())));
        }
        batches.shuffle(&mut draws);
        batches
    }

    /// Writes the weights by which the rounds were played that a later round will still learn from, and names those rounds.
    pub(super) fn save(&self, dir: &Path) -> Result<Vec<(u32, Weights)>, NnError> {
        let outlived = self.rounds.len().saturating_sub(self.kept - 1);
        let later = self.rounds.iter().skip(outlived);
        later
            .map(|played| {
                checkpoint::save_weights(&played.nets, &weights(dir, played.round))
                    .map(|()| (played.round, played.weights))
            })
            .collect()
    }
}

/// Where the weights are by which a round was played.
pub(super) fn weights(dir: &Path, round: u32) -> PathBuf {
    dir.join(format!("played-{round}.safetensors"))
}
