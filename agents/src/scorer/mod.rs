//! Scorers: how good each candidate looks. What to do with the scores is the ranker's business.
//!
//! Write one by implementing [`Scorer`]; [`Greedy`](crate::Greedy) and [`PlackettLuce`](crate::PlackettLuce) make a
//! recommender of it.

mod dot_product;
mod matrix_factorisation;
mod popularity;
mod recency;

pub use dot_product::DotProduct;
pub use matrix_factorisation::MatrixFactorisation;
pub use popularity::Popularity;
pub use recency::Recency;

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams};

/// Says how good each candidate of a row looks; larger is better.
///
/// A row's scores must not depend on the other rows, nor on whether the tick was prepared: what
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

    /// Scores row `row`'s candidates, in their order. A score that is not finite is refused by the ranker.
    ///
    /// # Shapes
    /// - `out`: `[C_r]`
    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]);

    /// Is told what came of the slates just shown.
    fn learn(&mut self, _seen: &Observation, _shown: &Slates, _step: &Step) {}

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

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        (**self).learn(seen, shown, step);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        (**self).save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        (**self).load(from)
    }
}

/// The scores of one row, for questions outside a tick.
pub(crate) fn scores_of(scorer: &impl Scorer, seen: &Observation, row: usize) -> Vec<f32> {
    let mut scores = vec![0.0; seen.candidates.listed(row).len()];
    scorer.score(seen, row, &mut scores);
    scores
}

pub(crate) fn not_finite(seen: &Observation, row: usize, place: usize, score: f32) -> RecommendError {
    RecommendError::Score { row, item: seen.candidates.listed(row)[place], score }
}

fn unfit(recommender: &str, spec: &EnvSpec, reason: String) -> RecommendError {
    RecommendError::Unfit { recommender: recommender.into(), world: spec.id.clone(), reason }
}

/// Refuses a world whose items are gone before anything can be learned about them.
fn need_durable(recommender: &str, spec: &EnvSpec) -> Result<(), RecommendError> {
    if spec.durable_items {
        return Ok(());
    }
    Err(unfit(recommender, spec, "its items are redrawn every tick, this needs items that stay".into()))
}

/// `a · b` in eight interleaved sums, which the compiler keeps in vector registers.
#[inline]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_dot_product_counts_every_place_once() {
        for n in [0, 1, 7, 8, 9, 33] {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected = (0..n).map(|i| i * (n - i)).sum::<i32>() as f32;
            let b: Vec<f32> = a.iter().map(|x| n as f32 - x).collect();
            assert_eq!(super::dot(&a, &b), expected);
        }
    }
}
