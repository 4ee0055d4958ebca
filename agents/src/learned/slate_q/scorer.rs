//! A scorer by which the best slate stands on top.

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step};

use super::choice::weights;
use super::slate::{Choices, SlateOptimiser};
use crate::learned::network::{COURSE, Desk, FrozenNetwork};
use crate::learned::neural::{Holds, Neural};
use crate::scorer::Scorer;

/// Scores candidates so that the K largest scores are the slate worth most, by two networks: what is gained when an item is
/// taken, and how readily it is.
///
/// As that is a matter of the whole slate, [`score_at`](Scorer::score_at) finds the best slate of the places it is asked
/// about, which behind a retriever are those retrieved.
///
/// # Source
/// Ie et al. (2019), "SlateQ: a tractable decomposition for reinforcement learning with recommendation sets".
#[derive(Debug, Clone)]
pub struct SlateScorer {
    gain: Neural,
    readiness: FrozenNetwork,
    optimiser: SlateOptimiser,
    /// K.
    k: usize,
}

impl SlateScorer {
    /// A scorer by what is gained and how readily it is taken.
    #[must_use]
    pub fn new(gain: Neural, readiness: FrozenNetwork, optimiser: SlateOptimiser) -> Self {
        Self { gain, readiness, optimiser, k: 0 }
    }

    /// A scorer for any world, that nobody has trained.
    #[must_use]
    pub fn untrained(optimiser: SlateOptimiser) -> Self {
        Self::new(Neural::untrained(), FrozenNetwork::default(), optimiser)
    }
}

impl Scorer for SlateScorer {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.k = spec.slate_size;
        self.gain.begin(spec)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let places: Vec<_> = self.offered(seen, row).into_iter().map(|(place, _)| place).collect();
        let mut scores = vec![0.0; places.len()];
        self.score_at(seen, row, &places, &mut scores);
        // The others are barred, and what is said of them is ignored.
        out.fill(0.0);
        places.iter().zip(scores).for_each(|(place, score)| out[*place] = score);
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        if !self.gain.has_begun() {
            return out.fill(f32::NAN); // for the ranker above to refuse
        }
        let (encoder, listed) = (self.gain.encoder(), seen.candidates.listed(row));
        let met = encoder.meet(seen, row, self.gain.records());
        let (mut item, mut gains, mut readiness) = (vec![0.0; encoder.width().item], Vec::new(), Vec::new());
        let (mut by_gain, mut by_readiness) = (Desk::default(), Desk::default());
        self.gain.network().meet(&met.user, &mut by_gain);
        self.readiness.meet(&met.user, &mut by_readiness);
        for place in places {
            encoder.item(seen, row, listed[*place], &met, &mut item);
            gains.push(f64::from(self.gain.network().score(&item, &mut by_gain)));
            readiness.push(self.readiness.score(&item, &mut by_readiness));
        }
        let (weight, none) = weights(&readiness, self.readiness.value(&met.user, [0.0; COURSE]));
        self.optimiser.scores(Choices { weight: &weight, gain: &gains, none }, self.k, out);
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.gain.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.gain.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        self.gain.save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.gain.load(from)
    }
}

impl Holds for SlateScorer {
    fn neural(&self) -> &Neural {
        &self.gain
    }

    fn neural_mut(&mut self) -> &mut Neural {
        &mut self.gain
    }

    fn readiness_mut(&mut self) -> Option<&mut FrozenNetwork> {
        Some(&mut self.readiness)
    }

    fn offered(&self, seen: &Observation, row: usize) -> Vec<(usize, f32)> {
        self.gain.offered(seen, row)
    }

    fn most_offered(&self, spec: &EnvSpec) -> Option<usize> {
        self.gain.most_offered(spec)
    }
}
