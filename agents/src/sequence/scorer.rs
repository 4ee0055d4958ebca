//! A trained network as a scorer.

use std::path::Path;

use recloop_env::{
    Catalogue, EnvSpec, ItemId, Observation, RecommendError, Snapshot, SnapshotError, Streams,
};
use recloop_nn::burn::tensor::Device;
use recloop_nn::{NnError, checkpoint, initialise};

use super::Design;
use super::inference::{Inference, Past, Vectors};
use super::looks::Looks;
use crate::scorer::{Offer, Scorer, need_durable, unfit};
use crate::side_by_side::{SideBySide, in_order};

/// Where the weights lie in a snapshot.
const WEIGHTS: &str = "weights";

/// Scores by what a [`SasRec`](super::SasRec) or a [`TwoTower`](super::TwoTower) has learned: `q · k_i`, the query being
/// that of the person's latest clicks. It learns nothing while it is used.
///
/// # Errors
/// `begin` refuses a world whose items do not last, that shows no history, or whose features differ from those it was
/// trained with.
#[derive(Debug, Clone)]
pub struct Retrieval<D: Design> {
    design: D,
    looks: Looks,
    inference: Inference<D::Net>,
    /// Of the items published so far, as far as a tick was prepared.
    vectors: Vectors,
    offer: Option<Offer>,
    offered: SideBySide,
    /// Who was asked about in the tick that was prepared, and the queries `[B, d]`.
    asked: Vec<Past>,
    queries: Vec<f32>,
}

impl<D: Design> Retrieval<D> {
    /// What is in a file of weights, for worlds that look like this one.
    ///
    /// # Errors
    /// [`NnError::Checkpoint`] if the file cannot be read or is of another network.
    pub fn read(design: D, spec: &EnvSpec, weights: &Path, device: &Device) -> Result<Self, NnError> {
        let looks = Looks::of(spec);
        let mut net = initialise(design.build(looks.widths(), device), 0, device);
        checkpoint::load_weights(&mut net, weights)?;
        Ok(Self::of(design, looks, &net, device))
    }

    pub(super) fn of(design: D, looks: Looks, net: &D::Net, device: &Device) -> Self {
        let inference = Inference::new(net, device, looks.widths(), design.length());
        Self {
            design,
            looks,
            inference,
            vectors: Vectors::default(),
            offer: None,
            offered: SideBySide::default(),
            asked: Vec::new(),
            queries: Vec::new(),
        }
    }

    fn forget_the_world(&mut self) {
        (self.vectors, self.offer) = (Vectors::default(), None);
        self.asked.clear();
    }

    /// What row `row` is asked about by.
    fn past(&self, seen: &Observation, row: usize) -> Past {
        let clicks = seen.row(row).history().filter(|(_, clicked)| *clicked);
        let mut items: Vec<u32> = clicks.map(|(item, _)| item.0).collect();
        items.drain(..items.len().saturating_sub(self.inference.length()));
        Past { items, seen: self.looks.user(seen.user_features.row(row)).collect() }
    }

    fn vectors(&self, catalogue: &Catalogue, ids: &[u32]) -> Vectors {
        self.inference.vectors(ids, |id, out| self.looks.write_item(catalogue, ItemId(id), out))
    }

    /// The query of a row that was not prepared.
    fn query(&self, catalogue: &Catalogue, past: Past) -> Vec<f32> {
        let vectors = self.vectors(catalogue, &past.items);
        let width = if past.items.is_empty() { self.width(catalogue) } else { vectors.width };
        self.inference.queries(&[past], width, |_, click| vectors.embedded(click))
    }

    /// d: the network need not tell, but its vectors do.
    fn width(&self, catalogue: &Catalogue) -> usize {
        if self.vectors.len() > 0 { self.vectors.width } else { self.vectors(catalogue, &[0]).width }
    }

    fn gather(&mut self, seen: &Observation) {
        if self.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
            return;
        }
        self.offer = Offer::of(seen);
        if let Some(offer) = &self.offer {
            self.offered.gather(offer.list().len(), self.vectors.width, |place, out| {
                out.copy_from_slice(self.vectors.key(offer.list()[place].index()));
            });
        }
    }

    fn score_with(&self, seen: &Observation, row: usize, query: &[f32], out: &mut [f32]) {
        if self.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
            return self.offered.dot(query, out);
        }
        let (listed, Some(catalogue)) = (seen.candidates.listed(row), seen.items.catalogue()) else { return };
        let fresh = listed.iter().filter(|item| item.index() >= self.vectors.len()).map(|item| item.0);
        let fresh = self.vectors(catalogue, &fresh.collect::<Vec<_>>());
        let mut next_fresh = 0..fresh.len();
        for (score, item) in out.iter_mut().zip(listed) {
            let key = match item.index() < self.vectors.len() {
                true => Some(self.vectors.key(item.index())),
                false => next_fresh.next().map(|place| fresh.key(place)),
            };
            *score = key.map_or(f32::NAN, |key| in_order(key, query));
        }
    }
}

impl<D: Design> Scorer for Retrieval<D> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.forget_the_world();
        need_durable(self.design.name(), spec)?;
        if spec.history.length == 0 {
            return Err(unfit(self.design.name(), spec, "it shows no history of clicks".into()));
        }
        if Looks::of(spec) != self.looks {
            let reason = "its features are not those it was trained with".into();
            return Err(unfit(self.design.name(), spec, reason));
        }
        Ok(())
    }

    fn prepare(&mut self, seen: &Observation, _rng: &Streams) -> Result<(), RecommendError> {
        let Some(catalogue) = seen.items.catalogue() else { return Ok(()) };
        let fresh: Vec<u32> = (self.vectors.len() as u32..catalogue.len() as u32).collect();
        let fresh = self.vectors(catalogue, &fresh);
        if fresh.len() > 0 {
            self.vectors.extend(fresh);
        }
        self.gather(seen);
        let mut asked = std::mem::take(&mut self.asked);
        asked.clear();
        asked.extend((0..seen.len()).map(|row| self.past(seen, row)));
        let embedded = |row: usize, click: usize| self.vectors.embedded(asked[row].items[click] as usize);
        self.queries = self.inference.queries(&asked, self.vectors.width, embedded);
        self.asked = asked;
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(catalogue) = seen.items.catalogue() else { return out.fill(f32::NAN) };
        let past = self.past(seen, row);
        if self.asked.get(row) == Some(&past) {
            let width = self.vectors.width;
            return self.score_with(seen, row, &self.queries[row * width..][..width], out);
        }
        self.score_with(seen, row, &self.query(catalogue, past), out);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let unwritten =
            |error: NnError| SnapshotError::Unwritten { name: WEIGHTS.into(), reason: error.to_string() };
        let mut snapshot = Snapshot::default();
        snapshot.put_bytes(WEIGHTS, checkpoint::weights_to_bytes(self.inference.net()).map_err(unwritten)?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let corrupt =
            |error: NnError| SnapshotError::Corrupt { name: WEIGHTS.into(), reason: error.to_string() };
        checkpoint::weights_from_bytes(self.inference.net_mut(), from.get_bytes(WEIGHTS)?)
            .map_err(corrupt)?;
        self.forget_the_world();
        Ok(())
    }
}
