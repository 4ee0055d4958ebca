//! The loop everybody would otherwise write.

use crate::{
    Env, Observation, RecommendError, Recommender, ResetOptions, Slates, Step, StepError, Transition,
};

/// Why a run ended before the world did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The recommender could not act.
    #[error(transparent)]
    Recommend(#[from] RecommendError),
    /// The world refused.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Lets `policy` run `env` from `seed` until the world is over, showing every tick to `watch`.
///
/// ```
/// use recloop_env::testing::{ToyRecommender, toy_world};
/// use recloop_env::{ResetOptions, play};
/// let mut policy = ToyRecommender::default();
/// let mut reward = 0.0;
/// play(&mut toy_world(5), &mut policy, 7, &ResetOptions::default(), |t| reward += t.step.reward.iter().sum::<f32>())?;
/// assert!(reward > 0.0);
/// # Ok::<(), recloop_env::PlayError>(())
/// ```
pub fn play(
    env: &mut impl Env,
    policy: &mut dyn Recommender,
    seed: u64,
    options: &ResetOptions,
    mut watch: impl FnMut(&Transition<'_>),
) -> Result<(), PlayError> {
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    env.reset(seed, options, &mut seen)?;
    policy.begin(env.spec())?;
    while !seen.is_empty() {
        policy.recommend(&seen, &env.streams(), &mut slates)?;
        env.step(&slates, &mut step)?;
        watch(&Transition { seen: &seen, slates: &slates, step: &step });
        policy.learn(&seen, &slates, &step);
        std::mem::swap(&mut seen, &mut step.next);
    }
    Ok(())
}
