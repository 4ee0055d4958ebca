//! Scorers: how good each candidate looks. What to do with the scores is the ranker's business.
//!
//! Write one by implementing [`Scorer`]; [`Greedy`](crate::Greedy) and [`PlackettLuce`](crate::PlackettLuce) make a
//! recommender of it. [`TwoStage`], [`Reranked`](crate::Reranked) and [`FairRec`](crate::FairRec) make new scorers of given ones.

mod dot_product;
mod familiar;
mod lin_ucb;
mod matrix_factorisation;
mod offer;
mod popularity;
mod recency;
mod thompson;
mod two_stage;

pub use dot_product::DotProduct;
pub use familiar::Familiar;
pub use lin_ucb::LinUcb;
pub use matrix_factorisation::{MatrixFactorisation, Refit};
pub(crate) use offer::Offer;
pub use popularity::Popularity;
pub use recency::Recency;
pub use thompson::ThompsonSampling;
pub(crate) use two_stage::NOT_RETRIEVED;
pub use two_stage::TwoStage;

use recloop_env::{
    Basis, EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams,
};

use crate::select;

/// Says how good each candidate of a row looks; larger is better.
///
/// A row's scores must not depend on the other rows (but for [`FairRec`](crate::FairRec), which divides a tick among them), nor on whether the tick was prepared: what
/// [`prepare`](Scorer::prepare) hoists out of the rows is a matter of speed, except that it is also where a model is
/// retrained.
///
/// ```
/// use recloop_agents::{Greedy, Scorer};
/// use recloop_env::{EnvSpec, Observation, RecommendError};
///
/// /// Prefers what was drawn first.
/// #[derive(Debug, Clone)]
/// struct FirstCome;
///
/// impl Scorer for FirstCome {
///     fn begin(&mut self, _spec: &EnvSpec) -> Result<(), RecommendError> {
///         Ok(())
///     }
///
///     fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
///         for (score, item) in out.iter_mut().zip(seen.candidates.listed(row)) {
///             *score = -(item.0 as f32);
///         }
///     }
/// }
///
/// let recommender = Greedy::new(FirstCome);
/// ```
pub trait Scorer: Send + Sync {
    /// Gets ready for a world, with nothing learned; refuses one it cannot work in.
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError>;

    /// Gets ready for the rows of one tick.
    fn prepare(&mut self, _seen: &Observation, _rng: &Streams) -> Result<(), RecommendError> {
        Ok(())
    }

    /// Scores the items [listed](recloop_env::Candidates::listed) for row `row`, in their order. What is said of those
    /// barred to it is ignored; any other score that is not finite is refused by the ranker.
    ///
    /// # Shapes
    /// - `out`: `[C_r]`
    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]);

    /// Scores the listed items at some places only, to the same bits unless a score depends on what else is on offer; for
    /// scorers too dear to ask about all.
    ///
    /// # Shapes
    /// - `places`, `out`: `[N]`
    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        let mut all = vec![0.0; seen.candidates.listed(row).len()];
        self.score(seen, row, &mut all);
        out.iter_mut().zip(places).for_each(|(score, place)| *score = all[*place]);
    }

    /// Whether a score depends on luck. The lottery then comes before the ranking, and how likely a slate was is not
    /// known to anybody.
    fn is_random(&self) -> bool {
        false
    }

    /// Is told what came of the slates just shown.
    fn learn(&mut self, _seen: &Observation, _shown: &Slates, _step: &Step) {}

    /// Whether scores depend on what was [learned](Scorer::learn), so that the policy is only known with a snapshot.
    fn learns(&self) -> bool {
        false
    }

    /// Everything learned so far; the default is for a scorer that learns nothing.
    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    /// Goes back to a snapshot.
    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

impl<S: Scorer + ?Sized> Scorer for Box<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        (**self).begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        (**self).prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        (**self).score(seen, row, out);
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        (**self).score_at(seen, row, places, out);
    }

    fn is_random(&self) -> bool {
        (**self).is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        (**self).learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        (**self).learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        (**self).save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        (**self).load(from)
    }
}

/// Makes sure that a row's scores are numbers, and puts −∞ where it may not be shown the item.
pub(crate) fn keep_out(seen: &Observation, row: usize, scores: &mut [f32]) -> Result<(), RecommendError> {
    let barred = || seen.candidates.barred_places(row);
    barred().for_each(|place| scores[place] = 0.0);
    if let Some(place) = select::not_finite(scores) {
        return Err(not_finite(seen, row, place, scores[place]));
    }
    barred().for_each(|place| scores[place] = f32::NEG_INFINITY);
    Ok(())
}

/// The scores of one row, −∞ where it may not be shown the item; for questions outside a tick.
pub(crate) fn allowed_scores(
    scorer: &impl Scorer,
    seen: &Observation,
    row: usize,
) -> Result<Vec<f32>, RecommendError> {
    let mut scores = vec![0.0; seen.candidates.listed(row).len()];
    scorer.score(seen, row, &mut scores);
    keep_out(seen, row, &mut scores)?;
    Ok(scores)
}

/// A policy whose scores are drawn has no distribution that could be told.
pub(crate) fn refuse_questions(scorer: &impl Scorer) -> Result<(), RecommendError> {
    if scorer.is_random() {
        let reason = "its scores are drawn at random, so how likely it shows what is not known".into();
        return Err(RecommendError::Failed { reason });
    }
    Ok(())
}

/// What a policy that ranks by `scorer` rests on.
pub(crate) fn basis(scorer: &impl Scorer) -> Basis {
    match (scorer.is_random(), scorer.learns()) {
        (true, _) => Basis::Luck,
        (false, true) => Basis::Experience,
        (false, false) => Basis::Observation,
    }
}

pub(crate) fn not_finite(seen: &Observation, row: usize, place: usize, score: f32) -> RecommendError {
    RecommendError::Score { row, item: seen.candidates.listed(row)[place], score }
}

pub(crate) fn unfit(recommender: &str, spec: &EnvSpec, reason: String) -> RecommendError {
    RecommendError::Unfit { recommender: recommender.into(), world: spec.id.clone(), reason }
}

/// Refuses a world whose items are gone before anything can be learned about them.
pub(crate) fn need_durable(recommender: &str, spec: &EnvSpec) -> Result<(), RecommendError> {
    if spec.durable_items {
        return Ok(());
    }
    Err(unfit(recommender, spec, "its items are redrawn every tick, this needs items that stay".into()))
}
