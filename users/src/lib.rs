//! How people choose, drift, tire, leave and return.
//!
//! This crate refuses to know who recommends: a user model sees the slate it was shown and its own state, never
//! the policy behind it. All its randomness comes from named streams, which is what lets two policies meet the same
//! users with the same luck.
//!
//! Start reading at [`choice`]: what happens between a slate and a click. Then [`InterestEvolution`], a whole user.

pub mod choice;
mod dialogue;
mod error;
mod feed;
mod interest_evolution;
mod interest_exploration;
mod long_term_satisfaction;
pub mod minds;
mod normal;
pub mod psyche;
mod readers;

pub use dialogue::{Dialogue, DialogueParams, DialogueState, Instructions, PsycheState};
pub use error::{ChoiceError, UserError};
pub use feed::{Feed, FeedParams, FeedState, GroupShares, People, PeopleTable};
pub use interest_evolution::{InterestEvolution, InterestEvolutionParams, InterestEvolutionState};
pub use interest_exploration::{InterestExploration, InterestExplorationParams, InterestExplorationState};
pub use long_term_satisfaction::{
    LongTermSatisfaction, LongTermSatisfactionParams, LongTermSatisfactionState,
};
pub use readers::{Readers, ReadersParams, ReadersState};

use choice::Luck;
use recloop_env::{BlockAt, BlockKind, CohortError, Layout, Shown, Streams, UserId, purpose};

/// The block these users look at, as a vector of any length.
fn block(layout: &Layout, name: &'static str) -> Result<BlockAt, UserError> {
    layout.find(name).ok_or(UserError::Block { name, expected: "a block of any kind" })
}

/// The dense block these users look at.
fn dense_block(layout: &Layout, name: &'static str) -> Result<BlockAt, UserError> {
    match layout.find(name) {
        Some(at) if matches!(at.kind, BlockKind::Dense { .. }) => Ok(at),
        _ => Err(UserError::Block { name, expected: "numbers" }),
    }
}

/// The luck of row `i` with its slate: a word for each item, written to `words`, and one for clicking nothing.
#[inline]
fn luck<'w>(shown: &Shown<'_>, i: usize, rng: &Streams, words: &'w mut [u32]) -> Luck<'w> {
    let (user, tick) = (shown.scene.rows.users[i], shown.scene.rows.tick);
    rng.item_words(purpose::CHOICE, user, tick, shown.slate(i), words);
    Luck { items: words, none: rng.block(purpose::CHOICE_NONE, user, tick, 0)[0] }
}

/// A choice that was refused, with whose it was.
fn refused(user: UserId, error: ChoiceError) -> CohortError {
    CohortError::User { user, source: Box::new(error) }
}

/// Which of several weights holds the quantile `p` of their sum; one that weighs nothing never does.
fn category(weights: impl Iterator<Item = f64> + Clone, p: f64) -> usize {
    let (mut left, mut category) = (p * weights.clone().sum::<f64>(), 0);
    for (at, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        category = at;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    category
}
