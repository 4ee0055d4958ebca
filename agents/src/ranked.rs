//! Any scorer behind Plackett–Luce, with exact propensities.

use recloop_env::{
    Basis, EnvSpec, Grid, ItemId, Known, Observation, RecommendError, Recommender, Slates, Snapshot,
    SnapshotError, Step, Streams, TargetPolicy, purpose,
};

use crate::AgentError;
use crate::plackett_luce::{Scratch, check_temperature, conditional, marginals, sample};
use crate::rows::{Order, Places, fill_slates, places_above};
use crate::scorer::{Scorer, allowed_scores, basis, keep_out, not_finite, refuse_questions};

/// Draws slates by scores, with exact propensities: any [`Scorer`] becomes a policy that can be evaluated offline.
///
/// `P(j | above) = exp(s_j / τ) / Σ_{i not above} exp(s_i / τ)`; see [`plackett_luce`](crate::plackett_luce) for the
/// law and its numerics. The noise of a candidate belongs to *(user, item, tick)*, so two rankers on one seed have the
/// same luck with the same item. This lottery must be the only one: behind a scorer that
/// [is random](Scorer::is_random), propensities are unavailable.
///
/// # Shapes and units
/// - temperature τ: in units of the score; towards 0 it becomes [`Greedy`](crate::Greedy), but for ties
///
/// # Errors
/// As [`Greedy`](crate::Greedy).
///
/// ```
/// use recloop_agents::{DotProduct, PlackettLuce};
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(1), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let mut ranker = PlackettLuce::new(DotProduct::default(), 0.5)?.with_marginals(true);
/// let mut slates = Slates::default();
/// ranker.begin(world.spec())?;
/// ranker.recommend(&seen, &world.streams(), &mut slates)?;
/// // On top nothing stands above, so there the conditional propensity is the marginal.
/// let marginal = slates.marginal.as_ref().unwrap().row(0)[0];
/// assert!((slates.propensity.row(0)[0] - marginal).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PlackettLuce<S> {
    scorer: S,
    temperature: f32,
    order: Order,
    desks: Vec<Desk>,
}

/// Working memory of a block.
#[derive(Debug, Clone, Default)]
struct Desk {
    scores: Vec<f32>,
    words: Vec<u32>,
    drawn: Vec<usize>,
    marginals: Vec<f64>,
    scratch: Scratch,
}

impl<S: Scorer> PlackettLuce<S> {
    /// Ranks by `scorer` at this temperature, which must be finite and above zero.
    pub fn new(scorer: S, temperature: f32) -> Result<Self, AgentError> {
        check_temperature(temperature)?;
        Ok(Self { scorer, temperature, order: Order::default(), desks: Vec::new() })
    }

    /// What it ranks by.
    #[must_use]
    pub fn scorer(&self) -> &S {
        &self.scorer
    }

    /// What it ranks by, to change it.
    pub fn scorer_mut(&mut self) -> &mut S {
        &mut self.scorer
    }

    /// Whether slates come with their position marginals; those cost far more than the slates.
    #[must_use]
    pub fn with_marginals(mut self, wanted: bool) -> Self {
        self.order.marginals = wanted;
        self
    }
}

impl Desk {
    fn fill(&mut self, temperature: f32, listed: &[ItemId], places: Places<'_>) -> Result<(), AgentError> {
        let (k, words) = (places.items.len(), &self.words);
        self.drawn.resize(k, 0);
        let noise = |place: usize| words[place];
        sample(&self.scores, temperature, noise, &mut self.scratch, &mut self.drawn, places.propensity)?;
        for (item, &place) in places.items.iter_mut().zip(&self.drawn) {
            *item = listed[place];
        }
        if let Some(marginal) = places.marginal {
            self.marginals.resize(listed.len() * k, 0.0);
            marginals(&self.scores, temperature, k, &mut self.scratch, &mut self.marginals)?;
            for (position, (cell, &place)) in marginal.iter_mut().zip(&self.drawn).enumerate() {
                *cell = self.marginals[place * k + position];
            }
        }
        Ok(())
    }
}

impl<S: Scorer> Recommender for PlackettLuce<S> {
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
        let (scorer, temperature) = (&self.scorer, self.temperature);
        fill_slates(seen, self.order, &mut self.desks, out, |desk, row, places| {
            let listed = seen.candidates.listed(row);
            desk.scores.resize(listed.len(), 0.0);
            desk.words.resize(listed.len(), 0);
            scorer.score(seen, row, &mut desk.scores);
            keep_out(seen, row, &mut desk.scores)?;
            rng.item_words(purpose::POLICY, seen.users[row], seen.tick, listed, &mut desk.words);
            desk.fill(temperature, listed, places).map_err(|error| in_row(seen, row, error))
        })
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.scorer.learn(seen, shown, step);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        self.scorer.save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.scorer.load(from)
    }
}

impl<S: Scorer> TargetPolicy for PlackettLuce<S> {
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        refuse_questions(&self.scorer)?;
        let above = places_above(seen, row, above)?;
        let scores = allowed_scores(&self.scorer, seen, row)?;
        conditional(&scores, self.temperature, &above, out).map_err(|error| in_row(seen, row, error))
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
        let scores = allowed_scores(&self.scorer, seen, row)?;
        out.resize(slate.len(), scores.len());
        for k in 0..slate.len() {
            conditional(&scores, self.temperature, &above[..k], out.row_mut(k))
                .map_err(|error| in_row(seen, row, error))?;
        }
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
        let scores = allowed_scores(&self.scorer, seen, row)?;
        out.resize(scores.len(), k);
        marginals(&scores, self.temperature, k, &mut Scratch::default(), out.as_mut_slice())
            .map_err(|error| in_row(seen, row, error))?;
        Ok(Known::Exact)
    }
}

fn in_row(seen: &Observation, row: usize, error: AgentError) -> RecommendError {
    match error {
        AgentError::ScoreNotFinite { candidate, score } => not_finite(seen, row, candidate, score),
        AgentError::TooFewCandidates { n_candidates: candidates, n_positions: slate } => {
            RecommendError::TooFew { row, slate, candidates }
        }
        other => RecommendError::Failed { reason: other.to_string() },
    }
}
