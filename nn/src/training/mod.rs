//! One loop for everything that learns: rounds, a metric log, checkpoints, resuming, stopping early or in time.
//!
//! What a round is belongs to the [`Learner`]: an epoch over a log, or a batch of episodes and the updates on them.

use std::path::Path;

use crate::NnError;

/// What a round came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// Steps of experience the round used.
    pub steps: u64,
    /// Named numbers, the same names every round; `reward`, `loss` and `entropy` where there are such.
    pub values: Vec<(&'static str, f64)>,
}

/// Something that learns in rounds.
///
/// A round must depend on nothing but the state that [`save`](Learner::save) writes and the number of rounds before it:
/// then a training that was killed and resumed ends as one that was not.
pub trait Learner {
    /// Gathers experience, learns from it, and tells how it went.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if it diverged; whatever its world or log says.
    fn round(&mut self) -> Result<Measures, NnError>;

    /// Writes everything a later round depends on into an empty directory: weights, moments, memory.
    ///
    /// # Errors
    /// Files that cannot be written.
    fn save(&self, dir: &Path) -> Result<(), NnError>;

    /// Goes back to what was saved.
    ///
    /// # Errors
    /// Files that are missing, damaged, or of another network.
    fn load(&mut self, dir: &Path) -> Result<(), NnError>;
}
