//! The best K by the truth: a bound, not a policy.

use recloop_env::{EnvSpec, Goal, Observation, Oracle, RecommendError, Slates, Streams, Truth};

use crate::greedy::Desk;
use crate::rows::{Order, fill_slates};
use crate::select::Ties;

/// Shows the K candidates that the truth ranks highest: an upper mark for policies, and none itself.
///
/// What is ranked by is the user model's own appraisal of a [`Goal`]; ties fall as for [`Greedy`](crate::Greedy).
///
/// # Errors
/// A goal that the users of a row have no notion of; an appraisal that is not finite; too few candidates.
///
/// ```
/// use recloop_agents::OracleRanker;
/// use recloop_env::{Env, Goal, Observation, Oracle, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(3), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let (mut oracle, mut slates) = (OracleRanker::new(Goal::Click), Slates::default());
/// oracle.begin(world.spec())?;
/// oracle.recommend(&seen, &world.truth(), &world.streams(), &mut slates)?;
/// assert_eq!(slates.propensity.row(2), [1.0, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OracleRanker {
    goal: Goal,
    order: Order,
    ties: Ties,
    desks: Vec<Desk>,
}

impl OracleRanker {
    /// An oracle that maximises `goal`, slate by slate.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        Self { goal, order: Order::default(), ties: Ties::default(), desks: Vec::new() }
    }
}

impl Oracle for OracleRanker {
    fn goal(&self) -> Goal {
        self.goal
    }

    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.order.k = spec.slate_size;
        Ok(())
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        truth: &Truth<'_>,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        self.ties.prepare(seen, rng);
        let (ties, goal) = (&self.ties, self.goal);
        fill_slates(seen, self.order, &mut self.desks, out, |desk, row, places| {
            desk.fill(seen, row, ties, places, |scores| {
                let known = truth.appraise(row, goal, seen.candidates.listed(row), scores);
                let lacking = || format!("the users of row {row} have no notion of {goal:?}");
                known.then_some(()).ok_or_else(|| RecommendError::Failed { reason: lacking() })
            })
        })
    }
}
