//! Users whose decisions are made by something other than equations: a language model, or a network that learned from one.
//!
//! A [`Mind`] decides, [`Minded`] users live by it: bodies are those of [`Dialogue`](crate::Dialogue) users, with their interests,
//! moods, memories, habits and absences, and where a mind has nothing to say the body decides for itself. Start at [`Facing`]: all that a mind
//! is told.

mod chat;
mod minded;
mod prompt;
mod state;
pub mod surrogate;
#[cfg(test)]
mod tests;

use recloop_env::{CohortError, Instruction, ItemId, Streams, Tick, UserId};
use recloop_llm::Tokens;
use serde::{Deserialize, Serialize};

pub use chat::ChatMind;
pub use minded::{MOST_SLATES, Minded};
pub use state::{MINDSET_CHARS, MindState, MindedState};

use crate::psyche::{Identity, Mood};

/// Somebody in front of a slate, as far as a mind is told.
#[derive(Debug, Clone)]
pub struct Facing<'a> {
    /// Who.
    pub user: UserId,
    /// When.
    pub tick: Tick,
    /// The user's own clock: hours since the start of the world.
    pub now_hours: f32,
    /// Who they were when they came: it never changes, so that prompts share it.
    pub identity: &'a Identity,
    /// How they feel.
    pub mood: Mood,
    /// How they feel when nothing happens.
    pub baseline: Mood,
    /// Recent impressions of each topic, `[T]`: the body's fatigue.
    pub fatigue: &'a [f32],
    /// What comes to mind, best first.
    pub memories: Vec<Remembered>,
    /// Their running view of the feed, in their own words; empty at first.
    pub mindset: &'a str,
    /// Slates seen in this session.
    pub slates_seen: u32,
    /// Whether they may still say what they want instead of leaving.
    pub may_speak: bool,
    /// `[K]` what is shown, position 0 first.
    pub offers: Vec<Offer<'a>>,
    /// `[T]` what topics are called.
    pub topics: &'a [String],
}

/// A topic once met, and how that felt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Remembered {
    /// Which.
    pub topic: u16,
    /// How it felt, in [−1, 1].
    pub felt: f32,
    /// How long ago.
    pub hours_ago: f32,
}

/// One item of a slate, as it presents itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer<'a> {
    /// Which.
    pub item: ItemId,
    /// What it is called, by whoever made it: not to be trusted.
    pub title: &'a str,
    /// What it is about.
    pub topic: u16,
    /// Standard deviations of popularity.
    pub appeal: f32,
    /// What it promises to this body, in log-odds of a click.
    pub promise: f32,
}

/// What is done about one item.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Act {
    /// Seconds of watching; `None` is passing it over.
    pub watches_secs: Option<f32>,
    /// What is said of it; only of what is watched.
    pub verdict: Option<Verdict>,
}

/// What somebody says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Good.
    Like,
    /// Not again.
    Hide,
}

/// What somebody does after a slate.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Wants another.
    Stays,
    /// Closes the app.
    Leaves,
    /// Says what is wanted instead, and stays for that.
    Asks(Instruction),
}

/// What somebody does with a slate and makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// `[K]`.
    pub acts: Vec<Act>,
    /// How worthwhile the feed is now, in [0, 1]: (stars − 1)/4.
    pub satisfaction: f32,
    /// Whether they feel better (1), as before (0) or worse (−1).
    pub feeling: f32,
    /// Their view of the feed from now on; `None` leaves it as it was.
    pub mindset: Option<String>,
    /// And then.
    pub next: Next,
}

/// What a mind came to, and what that cost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thought {
    /// What to do; `None` where the mind failed, and the body decides.
    pub decision: Option<Decision>,
    /// What it cost.
    pub tokens: Tokens,
}

/// Probabilities of what somebody does with a slate.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// `[K]` of watching each item.
    pub watches: Vec<f32>,
    /// Of leaving afterwards.
    pub leaves: f32,
}

/// Something that decides for users.
///
/// It decides by what it is told alone: what one user does depends on no other user of the batch.
pub trait Mind: Send + Sync {
    /// What it is called, in accounts and errors.
    fn name(&self) -> &str;

    /// Decides for all of them at once, in order.
    ///
    /// # Errors
    /// Only what must stop the run, such as a spent budget; a decision that failed is a [`Thought`] without one.
    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError>;

    /// How likely it thinks each thing is, where it knows.
    fn laws(&self, _faced: &[Facing<'_>]) -> Option<Vec<Law>> {
        None
    }
}

impl<M: Mind + ?Sized> Mind for std::sync::Arc<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError> {
        (**self).decide(faced, rng)
    }

    fn laws(&self, faced: &[Facing<'_>]) -> Option<Vec<Law>> {
        (**self).laws(faced)
    }
}
