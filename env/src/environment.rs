//! The environment contract, and its single-user face.

use crate::{
    CohortError, CreatorError, EnvSpec, ItemId, Known, Observation, Population, SlateError, Slates,
    SnapshotError, Step, Streams, SupplyError, Tick,
};

/// How a run begins and when it is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResetOptions {
    /// Stop watching after this many ticks: trajectories still open end as truncated.
    pub horizon: Option<Tick>,
    /// Whether somebody new takes over the place of a user who is gone, at the next tick.
    pub renew: bool,
    /// Whether responses carry the user model's own choice probabilities.
    pub tell_choice_probs: bool,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The slates may not be shown; the world is where it was.
    #[error(transparent)]
    Slate(#[from] SlateError),
    /// A user model failed.
    #[error(transparent)]
    Cohort(#[from] CohortError),
    /// A creator model failed.
    #[error(transparent)]
    Creator(#[from] CreatorError),
    /// Candidates could not be drawn.
    #[error(transparent)]
    Supply(#[from] SupplyError),
    /// A snapshot did not fit.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The log that stands in for a world cannot answer.
    #[error(transparent)]
    Log(Box<dyn std::error::Error + Send + Sync>),
    /// The world was stepped before `reset`, or after an error left it half-way through a tick.
    #[error("step the world: call reset first")]
    NotReset,
    /// Everybody is gone or the horizon is reached.
    #[error("step the world: it ended at tick {}", .at.0)]
    Over {
        /// When it ended.
        at: Tick,
    },
}

/// Something that can be reset and stepped: the Gym-like contract, batched.
pub trait Env {
    /// Names, shapes and bounds.
    fn spec(&self) -> &EnvSpec;

    /// Starts over from `seed` and writes the first observation.
    fn reset(&mut self, seed: u64, options: &ResetOptions, out: &mut Observation) -> Result<(), StepError>;

    /// Shows `slates` to the rows of the latest observation and writes what comes of it.
    ///
    /// `out` is reused: keep two buffers and swap `out.next` with the observation you hold.
    fn step(&mut self, slates: &Slates, out: &mut Step) -> Result<(), StepError>;

    /// The streams of the current seed, for policies that draw.
    fn streams(&self) -> Streams;

    /// Everybody's group attributes as of the latest step, for objectives and never for policies; nothing where they are
    /// not known.
    fn population(&self) -> Option<&Population> {
        None
    }
}

/// One user's environment, for people who think in scalars. It steps the batch world beneath; it computes nothing.
///
/// ```
/// # use recloop_env::testing::toy_world;
/// use recloop_env::{Env, ItemId, ResetOptions, SingleUser};
/// let mut solo = SingleUser::new(toy_world(1)).unwrap();
/// let first = solo.reset(7, &ResetOptions::default()).unwrap();
/// let shown: Vec<ItemId> = first.candidates().iter().take(2).collect();
/// let reward = solo.step(&shown).unwrap().reward[0];
/// assert!(reward >= 0.0);
/// ```
#[derive(Debug)]
pub struct SingleUser<E> {
    env: E,
    seen: Observation,
    slates: Slates,
    step: Step,
    /// Whether the latest observation is the step's `next`, not `seen`.
    stepped: bool,
}

impl<E: Env> SingleUser<E> {
    /// Adapts a world of one user; gives a larger world back.
    pub fn new(env: E) -> Result<Self, E> {
        if env.spec().n_users != 1 {
            return Err(env);
        }
        let (seen, slates, step) = (Observation::default(), Slates::default(), Step::default());
        Ok(Self { env, seen, slates, step, stepped: false })
    }

    /// Starts over; an error if the user does not come before the horizon.
    pub fn reset(
        &mut self,
        seed: u64,
        options: &ResetOptions,
    ) -> Result<crate::ObservationRow<'_>, StepError> {
        self.stepped = false;
        self.env.reset(seed, options, &mut self.seen)?;
        self.observation().ok_or(StepError::Over { at: self.seen.tick })
    }

    /// Shows one slate and returns the step, of which the user is row 0; propensities are taken as unavailable.
    pub fn step(&mut self, slate: &[ItemId]) -> Result<&Step, StepError> {
        if std::mem::take(&mut self.stepped) {
            std::mem::swap(&mut self.seen, &mut self.step.next);
        }
        let here = self.seen.len();
        self.slates.reset(here, slate.len());
        if here > 0 {
            self.slates.items.row_mut(0).copy_from_slice(slate);
            self.slates.known[0] = Known::Unavailable;
        }
        self.env.step(&self.slates, &mut self.step)?;
        self.stepped = true;
        Ok(&self.step)
    }

    /// What the user's recommender sees now; `None` once the user is gone.
    #[must_use]
    pub fn observation(&self) -> Option<crate::ObservationRow<'_>> {
        let latest = if self.stepped { &self.step.next } else { &self.seen };
        (!latest.is_empty()).then(|| latest.row(0))
    }

    /// The world beneath.
    #[must_use]
    pub fn env(&self) -> &E {
        &self.env
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::toy_world;

    #[test]
    fn one_user_is_a_view_of_the_batch() {
        let mut solo = SingleUser::new(toy_world(1)).unwrap();
        let (mut world, mut seen, mut step) = (toy_world(1), Observation::default(), Step::default());
        let (options, mut slates) = (ResetOptions::default(), Slates::default());
        world.reset(9, &options, &mut seen).unwrap();
        assert_eq!(solo.reset(9, &options).unwrap().features(), seen.row(0).features());
        while !seen.is_empty() {
            let shown = [seen.candidates.listed(0)[3], seen.candidates.listed(0)[0]];
            slates.reset(1, 2);
            slates.items.row_mut(0).copy_from_slice(&shown);
            world.step(&slates, &mut step).unwrap();
            assert!(solo.step(&shown[..1]).is_err(), "a short slate is refused, and nothing happens");
            assert_eq!(solo.step(&shown).unwrap(), &step);
            std::mem::swap(&mut seen, &mut step.next);
            assert_eq!(solo.observation().map(|row| row.session()), seen.sessions.first().copied());
        }
        assert!(matches!(solo.step(&[ItemId(0), ItemId(1)]), Err(StepError::Over { .. })));
    }

    #[test]
    fn nobody_to_see_is_an_error_and_a_crowd_is_given_back() {
        let mut solo = SingleUser::new(toy_world(1)).unwrap();
        let at_once = ResetOptions { horizon: Some(Tick(0)), ..ResetOptions::default() };
        assert!(matches!(solo.reset(1, &at_once), Err(StepError::Over { .. })));
        assert_eq!(SingleUser::new(toy_world(2)).unwrap_err().spec().n_users, 2);
    }
}
