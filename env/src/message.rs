//! Words between a user and the recommender.

use serde::{Deserialize, Serialize};

/// Why something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A user tells the recommender what it wants.
    Instruction,
    /// The recommender asks.
    Question,
    /// A user answers a question.
    Answer,
    /// The recommender says why it shows what it shows.
    Explanation,
    /// How the recommender came to its slate, with the tools it used: for the log, and not for the user.
    Trace,
}

/// One utterance, kept beside the row it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The row of the observation, slates or responses it comes with.
    pub row: usize,
    /// Why it was said.
    pub said: Said,
    /// The words.
    pub text: String,
}
