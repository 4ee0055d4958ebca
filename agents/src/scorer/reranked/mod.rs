//! Scores that know what stands above: slates of different items.

mod penalty;
#[cfg(test)]
mod tests;

use recloop_env::{
    BlockAt, EnvSpec, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams,
};

use super::two_stage::NOT_RETRIEVED;
use super::{Scorer, keep_out, unfit};
use crate::AgentError;
use crate::select::{Ties, shortlist};
use penalty::{Likeness, MostAlike, Penalty, Spanned};

/// What items are compared by: the first of these blocks that they have.
const BLOCKS: [&str; 3] = ["embedding", "factor", "topic"];

/// What an item loses for being like those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diversity {
    /// Maximal marginal relevance: its largest likeness to any item above, negative ones counting as 0.
    ///
    /// Source: Carbonell, Goldstein (1998), "The use of MMR, diversity-based reranking for reordering documents and
    /// producing summaries".
    Mmr,
    /// Greedy mode of a determinantal point process: `−ln d²`, where `d²` is the share of the item that those above do
    /// not span, by an incremental Cholesky factorisation. Adding up, a slate Y has `λ Σ r + (1 − λ) ln det S_Y`, of the
    /// likenesses S.
    ///
    /// Source: Chen, Zhang, Zhou (2018), "Fast greedy MAP inference for determinantal point process to improve
    /// recommendation diversity".
    Dpp,
}

/// Takes from a scorer's scores what an item loses for being like those above it, in a slate built greedily from the
/// scorer's N best: `s'_i = λ s_i − (1 − λ) w loss(i | above)`.
///
/// w is the spread of the N best scores, so λ weighs relevance on a scale of 0 to 1, whatever the scorer's unit; it is 1
/// where they are all equal. The score of a placed item is what it was worth when it was placed, of the rest of the N
/// what it would be worth below the slate, and of all others as if they were copies of an item above. These never rise
/// from place to place, so [`Greedy`](crate::Greedy) shows the items in the order they were placed, with propensity 1,
/// and [`PlackettLuce`](crate::PlackettLuce) draws around that order, with exact propensities. With λ = 1 the scores are
/// the scorer's own, to the bit.
///
/// # Shapes and units
/// - λ in [0, 1]; the score stays in the scorer's unit, so a temperature keeps its meaning
/// - likeness: the cosine of the items' `embedding`, else `factor`, else `topic` (whether it is the same)
///
/// # Numerics
/// `f32`; d² in `f64`, not below 1e-6. Time: C to find the N best, then N·K likenesses.
///
/// # Errors
/// `begin` refuses a world whose items have none of the blocks, and what the scorer refuses.
///
/// ```
/// use recloop_agents::{Diversity, DotProduct, Greedy, Reranked};
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(3), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let different = Reranked::new(DotProduct::default(), Diversity::Mmr, 0.01, 100)?;
/// let (mut ranker, mut slates) = (Greedy::new(different), Slates::default());
/// ranker.begin(world.spec())?;
/// ranker.recommend(&seen, &world.streams(), &mut slates)?;
/// let topic = seen.items.layout().find("topic").unwrap();
/// let [first, second] = [0, 1].map(|position| seen.row(0).code(topic, slates.items.row(0)[position]));
/// assert_ne!(first, second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reranked<S> {
    scorer: S,
    diversity: Diversity,
    relevance: f32,
    shortlist: usize,
    slate_size: usize,
    block: Option<BlockAt>,
    ties: Ties,
}

impl<S: Scorer> Reranked<S> {
    /// Reranks the best `shortlist`, at least 1, with λ = `relevance`.
    pub fn new(
        scorer: S,
        diversity: Diversity,
        relevance: f32,
        shortlist: usize,
    ) -> Result<Self, AgentError> {
        if !(0.0..=1.0).contains(&relevance) {
            return Err(AgentError::Share { name: "relevance", value: relevance });
        }
        if shortlist == 0 {
            return Err(AgentError::Setting { name: "shortlist", value: 0.0 });
        }
        let ties = Ties::default();
        Ok(Self { scorer, diversity, relevance, shortlist, slate_size: 0, block: None, ties })
    }

    /// Places the shortlisted items one by one and puts into `out` what they were worth.
    fn rerank(&self, items: &Shortlist<'_>, mut penalty: impl Penalty, out: &mut [f32]) {
        let (n, spread) = (items.places.len(), items.spread(out));
        let worth = |score: f32, loss: f32| self.relevance * score - (1.0 - self.relevance) * spread * loss;
        let scores: Vec<f32> = items.places.iter().map(|place| out[*place]).collect();
        for score in out.iter_mut().filter(|score| **score > NOT_RETRIEVED) {
            *score = worth(*score, penalty.worst());
        }
        let mut waiting: Vec<usize> = (0..n).collect();
        for _ in 0..self.slate_size.min(n) {
            let key = |i: usize| self.ties.key(worth(scores[i], penalty.loss(i)), items.item(i));
            let best = (0..waiting.len()).max_by_key(|at| key(waiting[*at])).unwrap_or(0);
            let placed = waiting.remove(best);
            out[items.places[placed]] = worth(scores[placed], penalty.loss(placed));
            penalty.place(placed, &items.likeness);
        }
        for i in waiting {
            out[items.places[i]] = worth(scores[i], penalty.loss(i));
        }
    }
}

/// The best N of a row.
struct Shortlist<'a> {
    listed: &'a [ItemId],
    places: Vec<usize>,
    likeness: Likeness,
}

impl Shortlist<'_> {
    fn item(&self, i: usize) -> ItemId {
        self.listed[self.places[i]]
    }

    /// How far the scores lie apart; 1 if they do not.
    fn spread(&self, scores: &[f32]) -> f32 {
        let of = self.places.iter().map(|place| scores[*place]);
        let spread = of.clone().fold(f32::MIN, f32::max) - of.fold(f32::MAX, f32::min);
        if spread > 0.0 { spread.min(f32::MAX) } else { 1.0 }
    }
}

impl<S: Scorer> Scorer for Reranked<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        let lacking =
            || unfit("rerank", spec, format!("items have none of the blocks `{}`", BLOCKS.join("`, `")));
        let found = BLOCKS.iter().find_map(|name| spec.item_features.find(name));
        self.block = Some(found.ok_or_else(lacking)?);
        self.slate_size = spec.slate_size;
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.ties.prepare(seen, rng);
        self.scorer.prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(block) = self.block else { return out.fill(f32::NAN) };
        self.scorer.score(seen, row, out);
        if keep_out(seen, row, out).is_err() {
            return; // left as it is, for the ranker to refuse
        }
        let (listed, mut places) = (seen.candidates.listed(row), Vec::with_capacity(self.shortlist));
        shortlist(out, listed, &self.ties, self.shortlist, &mut places);
        places.retain(|place| out[*place] > NOT_RETRIEVED);
        let likeness = Likeness::of(seen, row, block, places.iter().map(|place| listed[*place]));
        let items = Shortlist { listed, places, likeness };
        match self.diversity {
            Diversity::Mmr => self.rerank(&items, MostAlike::new(items.places.len()), out),
            Diversity::Dpp => self.rerank(&items, Spanned::new(items.places.len()), out),
        }
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
