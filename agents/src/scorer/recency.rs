//! The newest first.

use recloop_env::{EnvSpec, Observation, RecommendError};

use super::{Scorer, need_durable};

/// Scores an item by minus its age, in ticks: the newest first.
///
/// # Errors
/// `begin` refuses a world whose items are redrawn every tick: they are all of one age.
///
/// ```
/// use recloop_agents::{Greedy, Recency};
/// use recloop_env::{Env, Recommender, testing::toy_world};
///
/// let refused = Greedy::new(Recency).begin(toy_world(1).spec()).unwrap_err();
/// assert!(refused.to_string().contains("redrawn every tick"));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Recency;

impl Scorer for Recency {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        need_durable("recency", spec)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(catalogue) = seen.items.catalogue() else { return out.fill(f32::NAN) };
        for (score, &item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            *score = catalogue.published(item).0 as f32 - seen.tick.0 as f32;
        }
    }
}
