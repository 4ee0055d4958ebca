//! What can go wrong inside a user model. Every message reads after "failed to".

use thiserror::Error;

/// A user model that cannot answer.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum UserError {
    /// A choice model refused its parameters or its slate.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Items lack a feature these users look at.
    #[error("find the item feature `{name}` these users look at, as {expected}")]
    Block {
        /// The feature.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A parameter outside its range.
    #[error("set `{name}` to {value}: allowed is {allowed}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f32,
        /// The range in words.
        allowed: &'static str,
    },
    /// A file of personas that cannot be read.
    #[error("read a persona file: {0}")]
    Persona(String),
    /// A table of fitted users or items that does not have the shape it should.
    #[error("read {what}: expected {expected} values, found {found}")]
    Shape {
        /// Which table.
        what: &'static str,
        /// Values wanted.
        expected: usize,
        /// Values there.
        found: usize,
    },
}

/// A choice model that refuses its parameters or the slate before it.
///
/// Whether a slate is refused depends on its scores alone, never on luck: a bad score at the bottom of a slate is
/// an error even when the user would have clicked the top.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// A parameter outside the range in which the model is a probability law.
    #[error("build a choice model: {name} is {value}, allowed is {allowed}")]
    Parameter {
        /// Parameter as the constructor names it.
        name: &'static str,
        /// What was given.
        value: f32,
        /// The range in words.
        allowed: &'static str,
    },
    /// A score that no weight can be made of: NaN, or infinite where the model needs a finite one.
    #[error("choose from a slate: score {score} at position {position} has no finite weight")]
    Score {
        /// Slate position, 0 = top.
        position: usize,
        /// The score found there.
        score: f32,
    },
    /// A score below the minimum normaliser of a proportional model.
    #[error("choose from a slate: weight {weight} at position {position} is negative")]
    NegativeWeight {
        /// Slate position, 0 = top.
        position: usize,
        /// Score minus normaliser.
        weight: f64,
    },
    /// A click probability that is not one.
    #[error("choose from a slate: click probability {probability} at position {position} is not in [0, 1]")]
    Probability {
        /// Slate position, 0 = top.
        position: usize,
        /// The number that should have been a probability.
        probability: f64,
    },
    /// A forced choice among items that all weigh nothing (or among no items at all).
    #[error("choose from a slate: none of its {n_items} items has any weight and the choice is forced")]
    NothingToChoose {
        /// Length of the slate.
        n_items: usize,
    },
    /// Two slices that describe the same slate differ in length.
    #[error("choose from a slate: {n_scores} scores came with {found} {what}")]
    Length {
        /// What the other slice holds.
        what: &'static str,
        /// Scores given.
        n_scores: usize,
        /// Length of the other slice.
        found: usize,
    },
}
