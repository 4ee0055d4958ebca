//! The recommender's action.

use serde::{Deserialize, Serialize};

use crate::{Candidates, Grid, ItemId, Message, Said, UserId};

/// Longest slate a world may show: user models keep one slate's scores on the stack (chosen by us).
pub const MAX_SLATE: usize = 128;

/// How well a propensity is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Computed from the policy's own law.
    Exact,
    /// Estimated from this many simulated draws.
    Estimated {
        /// How many draws.
        draws: u32,
    },
    /// Not known; the numbers beside it mean nothing and are logged as null.
    #[default]
    Unavailable,
}

/// What is shown to each row, and how likely it was to be shown.
///
/// # Shapes
/// - `items`, `propensity`: `[B, K]`, position 0 on top
/// - `marginal`: `[B, K]` where the policy can compute it
/// - `known`: `[B]`
///
/// `propensity[r, k]` is P(item k | the items above it): a row's product is the slate propensity, its running product
/// the cascade propensity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slates {
    /// What is shown.
    pub items: Grid<ItemId>,
    /// P(item at k | items above it).
    pub propensity: Grid<f64>,
    /// P(this item at position k), over all slates.
    pub marginal: Option<Grid<f64>>,
    /// How well the propensities are known.
    pub known: Vec<Known>,
    /// Explanations, and at most one question per row.
    pub messages: Vec<Message>,
}

/// Why slates were refused. Nothing happened: the world is where it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SlateError {
    /// Another number of rows than the observation has.
    #[error("show slates: {found} rows were given for {expected} users")]
    Rows {
        /// Rows of the observation.
        expected: usize,
        /// Rows given.
        found: usize,
    },
    /// Another length than the world's slate.
    #[error("show slates: the world shows {expected} items, {found} were given")]
    Length {
        /// The world's slate size.
        expected: usize,
        /// Items given per row.
        found: usize,
    },
    /// The same item twice.
    #[error("show slates: row {row} ({user:?}) shows item {} at positions {first} and {second}", .item.0)]
    Duplicate {
        /// The row.
        row: usize,
        /// Its user.
        user: UserId,
        /// The item.
        item: ItemId,
        /// Where it stands first.
        first: usize,
        /// Where it stands again.
        second: usize,
    },
    /// An item this row may not be shown.
    #[error("show slates: row {row} ({user:?}) shows item {} at position {position}, which is not a candidate", .item.0)]
    NotACandidate {
        /// The row.
        row: usize,
        /// Its user.
        user: UserId,
        /// The item.
        item: ItemId,
        /// Where it stands.
        position: usize,
    },
    /// A propensity that is no probability, though it is said to be known.
    #[error("show slates: row {row} position {position} has propensity {value}, which is not in (0, 1]")]
    Propensity {
        /// The row.
        row: usize,
        /// The position.
        position: usize,
        /// What was given.
        value: f64,
    },
    /// A message for a row that is not there, or a second question for one row.
    #[error("show slates: message {message} cannot be delivered to row {row}")]
    Message {
        /// Which message.
        message: usize,
        /// Its row.
        row: usize,
    },
}

impl Slates {
    /// Becomes `rows` empty slates of `k` items, to be filled.
    pub fn reset(&mut self, rows: usize, k: usize) {
        self.items.resize(rows, k);
        self.propensity.resize(rows, k);
        self.known.clear();
        self.known.resize(rows, Known::Unavailable);
        self.marginal = None;
        self.messages.clear();
    }

    /// Checks that these slates may be shown to `users`, who have these `candidates`.
    pub fn check(
        &self,
        users: &[UserId],
        candidates: &Candidates,
        slate_size: usize,
    ) -> Result<(), SlateError> {
        let rows = users.len();
        for found in [self.items.rows(), self.propensity.rows(), self.known.len()] {
            if found != rows {
                return Err(SlateError::Rows { expected: rows, found });
            }
        }
        for found in [self.items.width(), self.propensity.width()] {
            if found != slate_size {
                return Err(SlateError::Length { expected: slate_size, found });
            }
        }
        if let Some(marginal) = &self.marginal {
            if marginal.rows() != rows {
                return Err(SlateError::Rows { expected: rows, found: marginal.rows() });
            }
            if marginal.width() != slate_size {
                return Err(SlateError::Length { expected: slate_size, found: marginal.width() });
            }
        }
        for (r, &user) in users.iter().enumerate() {
            self.check_row(user, candidates, r)?;
        }
        self.check_messages(rows)
    }

    fn check_row(&self, user: UserId, candidates: &Candidates, r: usize) -> Result<(), SlateError> {
        let items = self.items.row(r);
        for (position, &item) in items.iter().enumerate() {
            if candidates.place(r, item).is_none() {
                return Err(SlateError::NotACandidate { row: r, user, item, position });
            }
            if let Some(first) = items[..position].iter().position(|other| *other == item) {
                return Err(SlateError::Duplicate { row: r, user, item, first, second: position });
            }
        }
        if self.known[r] == Known::Unavailable {
            return Ok(());
        }
        let marginals = self.marginal.as_ref().map_or(&[][..], |marginal| marginal.row(r));
        for (at, &value) in self.propensity.row(r).iter().chain(marginals).enumerate() {
            if !(value > 0.0 && value <= 1.0 + 1e-9) {
                return Err(SlateError::Propensity { row: r, position: at % items.len(), value });
            }
        }
        Ok(())
    }

    fn check_messages(&self, rows: usize) -> Result<(), SlateError> {
        let mut asked = Vec::new();
        for (message, said) in self.messages.iter().enumerate() {
            if said.row >= rows {
                return Err(SlateError::Message { message, row: said.row });
            }
            if said.said == Said::Question {
                asked.push((said.row, message));
            }
        }
        asked.sort_unstable();
        let twice = asked.windows(2).find(|pair| pair[0].0 == pair[1].0);
        twice.map_or(Ok(()), |pair| Err(SlateError::Message { message: pair[1].1, row: pair[1].0 }))
    }

    /// Probability of showing row `r`'s whole slate in this order, if known.
    #[must_use]
    pub fn slate_propensity(&self, r: usize) -> Option<f64> {
        (self.known[r] != Known::Unavailable).then(|| self.propensity.row(r).iter().product())
    }
}
