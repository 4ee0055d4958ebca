//! Who chooses: recommenders, oracles, and policies that evaluation can question.

use crate::snapshot::{Snapshot, SnapshotError};
use crate::{EnvSpec, Goal, Grid, ItemId, Known, Observation, Slates, Step, Streams, Truth};

/// A recommender could not act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecommendError {
    /// A score that is not a number.
    #[error("rank for row {row}: item {} scored {score}", .item.0)]
    Score {
        /// The row.
        row: usize,
        /// The item.
        item: ItemId,
        /// Its score.
        score: f32,
    },
    /// Fewer candidates than places.
    #[error("fill a slate of {slate} for row {row}: it has {candidates} candidates")]
    TooFew {
        /// The row.
        row: usize,
        /// Slate size.
        slate: usize,
        /// Candidates there are.
        candidates: usize,
    },
    /// A world this recommender cannot work in.
    #[error("use `{recommender}` in `{world}`: {reason}")]
    Unfit {
        /// Which recommender.
        recommender: String,
        /// Which world.
        world: String,
        /// What is lacking.
        reason: String,
    },
    /// Anything else.
    #[error("recommend: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// A recommender: sees an observation and nothing else, shows slates, may learn from what comes of it.
///
/// What it answers one row must not depend on who else is in the batch.
pub trait Recommender: Send {
    /// Gets ready for a world; refuses one it cannot work in.
    fn begin(&mut self, _spec: &EnvSpec) -> Result<(), RecommendError> {
        Ok(())
    }

    /// Fills one slate for every row of `seen`.
    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError>;

    /// Is told what came of the slates just shown.
    fn learn(&mut self, _seen: &Observation, _shown: &Slates, _step: &Step) {}

    /// Everything learned so far.
    fn save(&self) -> Result<Snapshot, SnapshotError>;

    /// Goes back to a snapshot.
    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError>;
}

impl<R: Recommender + ?Sized> Recommender for Box<R> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        (**self).begin(spec)
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        (**self).recommend(seen, rng, out)
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

/// A recommender that cheats: it reads the truth, so it bounds what can be had and is no policy.
pub trait Oracle: Send {
    /// What it maximises.
    fn goal(&self) -> Goal;

    /// Gets ready for a world.
    fn begin(&mut self, _spec: &EnvSpec) -> Result<(), RecommendError> {
        Ok(())
    }

    /// Fills one slate for every row of `seen`.
    fn recommend(
        &mut self,
        seen: &Observation,
        truth: &Truth<'_>,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError>;
}

/// What a policy's choice rests on besides the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: built anew from its parameters, it is the same policy.
    Observation,
    /// What it has learned: without a snapshot it is the policy of no run.
    Experience,
    /// Scores that are drawn, so that nobody knows how likely a slate is: questions are refused.
    Luck,
}

/// A frozen snapshot of a stochastic policy that offline evaluation can question.
pub trait TargetPolicy: Send + Sync {
    /// P(next item | the items `above` are already on the slate), over row `row`'s candidates in their order.
    ///
    /// # Shapes
    /// - `out`: `[C_r]`; sums to 1, and is 0 for the items above
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError>;

    /// The [distribution](TargetPolicy::distribution) at every position of `slate`, given the items of `slate` above it:
    /// for policies that can spare themselves to score a row once for each position.
    ///
    /// # Shapes
    /// - `slate`: `[K]`, distinct candidates
    /// - `out`: becomes `[K, C_r]`
    fn along(
        &self,
        seen: &Observation,
        row: usize,
        slate: &[ItemId],
        out: &mut Grid<f64>,
    ) -> Result<(), RecommendError> {
        out.resize(slate.len(), seen.candidates.listed(row).len());
        (0..slate.len()).try_for_each(|k| self.distribution(seen, row, &slate[..k], out.row_mut(k)))
    }

    /// What its choice rests on besides the observation.
    fn basis(&self) -> Basis {
        Basis::Observation
    }

    /// P(candidate at position), `[C_r, K]`, where the policy can compute it.
    fn marginals(
        &self,
        _seen: &Observation,
        _row: usize,
        _k: usize,
        _out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        Ok(Known::Unavailable)
    }
}
