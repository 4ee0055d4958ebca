//! What one tick brings about.

use serde::{Deserialize, Serialize};

use crate::{CreatorId, Grid, ItemId, Message, Observation, Slates, Tick, UserId};

/// What each row did with its slate.
///
/// # Shapes
/// - `click`, `dwell_secs`: `[B, K]`; dwell is 0 where not clicked
/// - `signals`: `[B, S·K]`, signal *s* of position *k* at column `s·K + k`; signals are named by the spec
/// - `choice_probs`: `[B, K]` the click probabilities the user model itself believed, when asked to tell
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Responses {
    /// Whether the item was clicked; several may be.
    pub click: Grid<bool>,
    /// Seconds spent on it.
    pub dwell_secs: Grid<f32>,
    /// Like, share, hide, rating …
    pub signals: Grid<f32>,
    /// The user model's own click probabilities.
    pub choice_probs: Option<Grid<f32>>,
    /// What the users said.
    pub replies: Vec<Message>,
}

impl Responses {
    /// Becomes `rows` silent responses to slates of `k` items with `n_signals` signals.
    pub fn reset(&mut self, rows: usize, k: usize, n_signals: usize) {
        self.click.reset(rows, k);
        self.dwell_secs.reset(rows, k);
        self.signals.reset(rows, k * n_signals);
        if let Some(probs) = &mut self.choice_probs {
            probs.reset(rows, k);
        }
        self.replies.clear();
    }

    /// Signal `s` of row `r`, one value per position.
    #[must_use]
    pub fn signal(&self, s: usize, r: usize) -> &[f32] {
        let k = self.click.width();
        &self.signals.row(r)[s * k..(s + 1) * k]
    }
}

/// What a user does after a slate.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Wants the next slate of this session after so many seconds.
    Stays(f32),
    /// Ends the session and comes back after so many seconds.
    Returns(f32),
    /// Leaves for good.
    #[default]
    Gone,
}

/// Why a trajectory has no next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The process ended: churned, or a budget is spent.
    Terminated,
    /// We stopped watching.
    Truncated,
}

/// Something that happened besides slates and responses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// An item appeared in the catalogue.
    Publish {
        /// The item.
        item: ItemId,
        /// Its maker.
        creator: CreatorId,
    },
    /// A creator arrived.
    Enter {
        /// Who.
        creator: CreatorId,
    },
    /// A creator left for good.
    Exit {
        /// Who.
        creator: CreatorId,
    },
    /// A new person took over a departed user's place.
    Renew {
        /// The place.
        user: UserId,
    },
}

/// One tick's result. Row *r* is row *r* of the observation the slates answered; `next` has rows of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// What users did.
    pub responses: Responses,
    /// `[B, R]` named parts of the reward.
    pub reward_parts: Grid<f32>,
    /// `[B]` weights · parts.
    pub reward: Vec<f32>,
    /// `[B]` whether each stays, returns later or is gone.
    pub fate: Vec<Fate>,
    /// `[B]` why the trajectory ends here, if it does.
    pub ended: Vec<Option<End>>,
    /// `[B]` where this user sits in `next`; `None` if away, gone, or renewed as somebody else.
    pub next_row: Vec<Option<usize>>,
    /// What happened besides.
    pub events: Vec<Event>,
    /// What the recommender sees next.
    pub next: Observation,
}

/// A whole tick: what was seen, what was shown, what came of it. Live and replayed transitions are this one type.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// Before.
    pub seen: &'a Observation,
    /// The action.
    pub slates: &'a Slates,
    /// After.
    pub step: &'a Step,
}

impl Transition<'_> {
    /// When.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.seen.tick
    }
}
