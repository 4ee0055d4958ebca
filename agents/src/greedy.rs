//! The best K by score.

use recloop_env::{
    Basis, EnvSpec, Grid, ItemId, Known, Observation, RecommendError, Recommender, Slates, Snapshot,
    SnapshotError, Step, Streams, TargetPolicy,
};

use crate::rows::{Order, Places, fill_slates, places_above};
use crate::scorer::{Scorer, allowed_scores, basis, keep_out, refuse_questions};
use crate::select::{Pick, Selection, Ties, select};

/// Shows the K candidates with the highest scores, best on top.
///
/// Every propensity is 1: the slate is a function of the observation. Not so for a scorer that
/// [is random](Scorer::is_random): then they are unavailable. Items of equal score stand in an order that is
/// drawn once per run, one word per item ([`purpose::TIE`](recloop_env::purpose::TIE)), never per position or row. A
/// clone, or a fresh one given the snapshot, is the frozen policy for evaluation.
///
/// # Errors
/// A score that is not finite; a row with fewer candidates than places; a world the scorer refuses.
#[derive(Debug, Clone)]
pub struct Greedy<S> {
    scorer: S,
    order: Order,
    ties: Ties,
    desks: Vec<Desk>,
}

/// Working memory of a block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk {
    scores: Vec<f32>,
    selection: Selection,
}

impl Desk {
    /// Fills one slate with the best of what `score` says of the row's candidates.
    pub(crate) fn fill(
        &mut self,
        seen: &Observation,
        row: usize,
        ties: &Ties,
        places: Places<'_>,
        score: impl FnOnce(&mut [f32]) -> Result<(), RecommendError>,
    ) -> Result<(), RecommendError> {
        let (listed, k) = (seen.candidates.listed(row), places.items.len());
        self.scores.resize(listed.len(), 0.0);
        score(&mut self.scores)?;
        keep_out(seen, row, &mut self.scores)?;
        let best = select(&self.scores, listed, ties, k, &mut self.selection);
        for (item, pick) in places.items.iter_mut().zip(best) {
            *item = listed[pick.place];
        }
        places.propensity.fill(1.0);
        if let Some(marginal) = places.marginal {
            marginal.fill(1.0);
        }
        Ok(())
    }
}

impl<S: Scorer> Greedy<S> {
    /// Ranks by `scorer`.
    #[must_use]
    pub fn new(scorer: S) -> Self {
        Self { scorer, order: Order::default(), ties: Ties::default(), desks: Vec::new() }
    }

    /// What it ranks by.
    #[must_use]
    pub fn scorer(&self) -> &S {
        &self.scorer
    }

    /// Whether slates come with their position marginals.
    #[must_use]
    pub fn with_marginals(mut self, wanted: bool) -> Self {
        self.order.marginals = wanted;
        self
    }

    /// The order among equal scores is drawn from this seed in place of the run's.
    #[must_use]
    pub fn with_tie_seed(mut self, seed: u64) -> Self {
        self.ties = Ties::of_seed(seed);
        self
    }

    /// The places of the `k` best candidates.
    fn best(&self, seen: &Observation, row: usize, k: usize) -> Result<Vec<Pick>, RecommendError> {
        if k == 0 {
            return Ok(Vec::new());
        }
        let (scores, mut memory) = (allowed_scores(&self.scorer, seen, row)?, Selection::default());
        Ok(select(&scores, seen.candidates.listed(row), &self.ties, k, &mut memory).to_vec())
    }
}

impl<S: Scorer> Recommender for Greedy<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        (self.order.k, self.order.blind) = (spec.slate_size, self.scorer.is_random());
        self.scorer.begin(spec)
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        self.scorer.prepare(seen, rng)?;
        self.ties.prepare(seen, rng);
        let (scorer, ties) = (&self.scorer, &self.ties);
        fill_slates(seen, self.order, &mut self.desks, out, |desk, row, places| {
            desk.fill(seen, row, ties, places, |scores| {
                scorer.score(seen, row, scores);
                Ok(())
            })
        })
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.scorer.learn(seen, shown, step);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        self.ties.save(&mut snapshot);
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.ties.load(from)?;
        self.scorer.load(&from.part("scorer"))
    }
}

impl<S: Scorer> TargetPolicy for Greedy<S> {
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        refuse_questions(&self.scorer)?;
        let above = places_above(seen, row, above)?;
        let best = self.best(seen, row, above.len() + 1)?;
        point_at_next(&best, &above, out);
        Ok(())
    }

    fn along(
        &self,
        seen: &Observation,
        row: usize,
        slate: &[ItemId],
        out: &mut Grid<f64>,
    ) -> Result<(), RecommendError> {
        refuse_questions(&self.scorer)?;
        // Nothing stands below the last.
        let above = places_above(seen, row, &slate[..slate.len().saturating_sub(1)])?;
        let best = self.best(seen, row, slate.len())?;
        out.resize(slate.len(), seen.candidates.listed(row).len());
        (0..slate.len()).for_each(|k| point_at_next(&best[..=k], &above[..k], out.row_mut(k)));
        Ok(())
    }

    fn basis(&self) -> Basis {
        basis(&self.scorer)
    }

    fn marginals(
        &self,
        seen: &Observation,
        row: usize,
        k: usize,
        out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        if self.scorer.is_random() {
            return Ok(Known::Unavailable);
        }
        let candidates = seen.candidates.row(row).len();
        if candidates < k {
            return Err(RecommendError::TooFew { row, slate: k, candidates });
        }
        out.reset(seen.candidates.listed(row).len(), k);
        for (position, pick) in self.best(seen, row, k)?.into_iter().enumerate() {
            out.row_mut(pick.place)[position] = 1.0;
        }
        Ok(Known::Exact)
    }
}

/// All mass on the best that does not stand above. Of the best one more than stand above, at least one does not.
fn point_at_next(best: &[Pick], above: &[usize], out: &mut [f64]) {
    out.fill(0.0);
    if let Some(next) = best.iter().find(|pick| !above.contains(&pick.place)) {
        out[next.place] = 1.0;
    }
}
