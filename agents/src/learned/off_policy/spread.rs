//! Scores in units of how far they lie apart.

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams};

use crate::learned::network::FrozenNetwork;
use crate::learned::neural::{Holds, Neural};
use crate::moments::moments;
use crate::scorer::{NOT_RETRIEVED, Scorer};

/// The scores of a row less their mean, over their standard deviation and a temperature: how much chance has a say then
/// depends neither on the unit of rewards nor on how far values have been learned.
#[derive(Debug, Clone)]
pub(crate) struct Spread<S> {
    pub(crate) scorer: S,
    pub(crate) temperature: f32,
}

impl<S: Holds> Scorer for Spread<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.scorer.prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
        spread(out, self.temperature);
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        self.scorer.save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.scorer.load(from)
    }
}

fn spread(scores: &mut [f32], temperature: f32) {
    let (mean, sd) = moments(scores.iter().copied().filter(|score| *score > NOT_RETRIEVED));
    // Scores that are all the same stay so.
    let unit = f64::from(temperature) * if sd > 0.0 { sd } else { 1.0 };
    for score in scores.iter_mut().filter(|score| **score > NOT_RETRIEVED) {
        *score = ((f64::from(*score) - mean) / unit) as f32;
    }
}

impl<S: Holds> Holds for Spread<S> {
    fn neural(&self) -> &Neural {
        self.scorer.neural()
    }

    fn neural_mut(&mut self) -> &mut Neural {
        self.scorer.neural_mut()
    }

    fn readiness_mut(&mut self) -> Option<&mut FrozenNetwork> {
        self.scorer.readiness_mut()
    }

    fn offered(&self, seen: &Observation, row: usize) -> Vec<(usize, f32)> {
        self.scorer.offered(seen, row)
    }

    fn most_offered(&self, spec: &EnvSpec) -> Option<usize> {
        self.scorer.most_offered(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_lie_one_apart_and_what_is_not_retrieved_stays_out() {
        let mut scores = [1.0, NOT_RETRIEVED, 5.0, 3.0];
        spread(&mut scores, 0.5);
        let sd = (8.0_f32 / 3.0).sqrt();
        for (found, expected) in scores.iter().zip([-4.0 / sd, NOT_RETRIEVED, 4.0 / sd, 0.0]) {
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} {expected}");
        }
        let mut equal = [7.0; 3];
        spread(&mut equal, 0.5);
        assert_eq!(equal, [0.0; 3]);
    }
}
