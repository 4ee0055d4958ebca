//! A network as a scorer.

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step};

use super::encoder::Encoder;
use super::network::{Desk, FrozenNetwork, Width};
use super::records::Records;
use crate::scorer::{Scorer, unfit};

/// Scores candidates by a trained [`Network`](super::Network).
///
/// With the same weights it is the same policy: it acts on the observation alone, and where items last, on counts of what
/// everybody did with each of them and with others of its creator.
///
/// # Errors
/// `begin` refuses a world whose features are not as many as those of the world it was trained in.
#[derive(Debug, Clone)]
pub struct Neural {
    network: FrozenNetwork,
    width: Width,
    encoder: Encoder,
    records: Records,
}

impl Neural {
    /// A scorer with these weights, which take rows of these widths.
    #[must_use]
    pub fn new(network: FrozenNetwork, width: Width) -> Self {
        Self { network, width, encoder: Encoder::default(), records: Records::default() }
    }

    /// A scorer for any world, that nobody has trained: what a learner begins with.
    #[must_use]
    pub fn untrained() -> Self {
        Self::new(FrozenNetwork::default(), Width::default())
    }

    /// How many numbers describe a user and an item of a world.
    ///
    /// # Errors
    /// A world whose items show nothing a network could tell them apart by.
    pub fn width(spec: &EnvSpec) -> Result<Width, RecommendError> {
        Encoder::of(spec).map(|encoder| encoder.width()).map_err(|reason| unfit("the network", spec, reason))
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    pub(crate) fn network(&self) -> &FrozenNetwork {
        &self.network
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    /// Whether its weights fit the world it is in, if it is in one.
    pub(crate) fn has_begun(&self) -> bool {
        self.encoder.width() == self.width
    }

    /// Acts with other weights from now on.
    pub(crate) fn set(&mut self, network: FrozenNetwork) {
        (self.network, self.width) = (network, self.encoder.width());
    }

    fn score_each(
        &self,
        seen: &Observation,
        row: usize,
        places: impl Iterator<Item = usize>,
        out: &mut [f32],
    ) {
        let (width, listed) = (self.encoder.width(), seen.candidates.listed(row));
        if !self.has_begun() {
            return out.fill(f32::NAN); // no world was begun: for the ranker above to refuse
        }
        let (mut item, mut desk) = (vec![0.0; width.item], Desk::default());
        let met = self.encoder.meet(seen, row, &self.records);
        self.network.meet(&met.user, &mut desk);
        for (score, place) in out.iter_mut().zip(places) {
            self.encoder.item(seen, row, listed[place], &met, &mut item);
            *score = self.network.score(&item, &mut desk);
        }
    }
}

impl Scorer for Neural {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        let encoder = Encoder::of(spec).map_err(|reason| unfit("the network", spec, reason))?;
        let is_trained = self.width != Width::default();
        if is_trained && encoder.width() != self.width {
            let (here, there) = (encoder.width(), self.width);
            let reason = format!(
                "it was trained on {} numbers of a user and {} of an item; here there are {} and {}",
                there.user, there.item, here.user, here.item
            );
            return Err(unfit("the network", spec, reason));
        }
        (self.encoder, self.records) = (encoder, Records::of(spec));
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.score_each(seen, row, 0..out.len(), out);
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        self.score_each(seen, row, places.iter().copied(), out);
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.records.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.records.told() > 0
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(self.records.save())
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.records.load(from)
    }
}

/// A scorer in which a network has the last word, such as a [`Neural`] behind a retriever: what can be trained.
pub trait Holds: Scorer {
    /// The network's part.
    fn neural(&self) -> &Neural;

    /// The network's part, to give it other weights.
    fn neural_mut(&mut self) -> &mut Neural;

    /// What says how readily items are taken, where anything does.
    fn readiness_mut(&mut self) -> Option<&mut FrozenNetwork> {
        None
    }

    /// The places among row `row`'s listed items that are ranked, and what is added to the network's score of each.
    fn offered(&self, seen: &Observation, row: usize) -> Vec<(usize, f32)>;

    /// The most places that may be ranked for a row, where a world says how many candidates there can be.
    fn most_offered(&self, spec: &EnvSpec) -> Option<usize>;
}

impl Holds for Neural {
    fn neural(&self) -> &Neural {
        self
    }

    fn neural_mut(&mut self) -> &mut Neural {
        self
    }

    fn offered(&self, seen: &Observation, row: usize) -> Vec<(usize, f32)> {
        let n = seen.candidates.listed(row).len();
        let mut is_offered = vec![true; n];
        seen.candidates.barred_places(row).for_each(|place| is_offered[place] = false);
        (0..n).filter(|place| is_offered[*place]).map(|place| (place, 0.0)).collect()
    }

    fn most_offered(&self, spec: &EnvSpec) -> Option<usize> {
        spec.max_candidates
    }
}
