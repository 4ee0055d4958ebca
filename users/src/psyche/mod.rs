//! What goes on in a user: who they are, how they feel, what they remember, and what they make of the feed.
//!
//! Every part is a pure function of numbers, for users without and with a language model alike; a population holds the
//! numbers in arrays. Nothing here knows a world. Start at [`Mood`] for feeling, [`Memories`] for remembering, [`View`] for what
//! a user would ask for, [`Identity`] for who is asking; [`Dialogue`](crate::Dialogue) puts them into one user.

mod emotion;
mod identity;
mod logs;
mod memory;
mod mindset;
mod mood;
mod recall;
#[cfg(test)]
mod whose;

pub use emotion::Emotion;
pub use identity::{BigFive, Blocks, Identity, Life, Personal, Routine, Social};
pub use logs::{Habits, Level, Rated, habits};
pub use memory::{Memories, Memory};
pub use mindset::{View, rating};
pub use mood::{Mood, MoodLaw};
pub use recall::{Congruence, Cue, Recall};
