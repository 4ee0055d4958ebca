//! The recommender's action.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Candidates, Grid, ItemId, Message, Said, UserId};

/// Longest slate a world may show: user models keep one slate's scores on the stack (chosen by us).
pub const MAX_SLATE: usize = 128;

/// Rows checked by one task.
const ROWS_PER_TASK: usize = 2048;

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
        let checked = users
            .par_iter()
            .enumerate()
            .with_min_len(ROWS_PER_TASK)
            .map(|(r, user)| self.check_row(*user, candidates, r));
        // The first bad row, whichever thread finds one first.
        if let Some(refused) = checked.find_first(Result::is_err) {
            return refused;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SetId;

    const USERS: [UserId; 2] = [UserId(4), UserId(7)];

    /// Two rows, each showing items 3 and 1 out of 0..5, with propensities ⅕ and ¼.
    fn slates() -> Slates {
        let mut slates = Slates::default();
        slates.reset(2, 2);
        for r in 0..2 {
            slates.items.row_mut(r).copy_from_slice(&[ItemId(3), ItemId(1)]);
            slates.propensity.row_mut(r).copy_from_slice(&[0.2, 0.25]);
            slates.known[r] = Known::Exact;
        }
        slates
    }

    fn check(edit: impl FnOnce(&mut Slates)) -> Result<(), SlateError> {
        let mut slates = slates();
        edit(&mut slates);
        slates.check(&USERS, &Candidates::shared(SetId(0), (0..5).map(ItemId).collect()), 2)
    }

    fn say(row: usize, said: Said) -> Message {
        Message { row, said, text: "?".into() }
    }

    #[test]
    fn what_may_be_shown_passes() {
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(
            check(|slates| slates.marginal = Some(Grid::from_vec(vec![0.2; 4], 2, 2).unwrap())),
            Ok(())
        );
        let talk = |slates: &mut Slates| {
            slates.messages = vec![say(1, Said::Question), say(0, Said::Question), say(1, Said::Explanation)];
        };
        assert_eq!(check(talk), Ok(()));
        let unknown = |slates: &mut Slates| {
            slates.known[1] = Known::Unavailable;
            slates.propensity.row_mut(1)[0] = f64::NAN;
        };
        assert_eq!(check(unknown), Ok(()));
        assert_eq!(slates().slate_propensity(0), Some(0.05));
    }

    #[test]
    fn what_may_not_be_shown_is_refused_by_name() {
        let (user, item) = (USERS[1], ItemId(3));
        let twice = SlateError::Duplicate { row: 1, user, item, first: 0, second: 1 };
        assert_eq!(check(|slates| slates.items.row_mut(1)[1] = item), Err(twice));
        let item = ItemId(5);
        let stranger = SlateError::NotACandidate { row: 1, user, item, position: 0 };
        assert_eq!(check(|slates| slates.items.row_mut(1)[0] = item), Err(stranger));
        let impossible = SlateError::Propensity { row: 0, position: 1, value: 0.0 };
        assert_eq!(check(|slates| slates.propensity.row_mut(0)[1] = 0.0), Err(impossible));
        let marginal = Grid::from_vec(vec![0.2, 0.2, 0.2, 2.0], 2, 2);
        let impossible = SlateError::Propensity { row: 1, position: 1, value: 2.0 };
        assert_eq!(check(|slates| slates.marginal = marginal), Err(impossible));
    }

    #[test]
    fn shapes_and_messages_that_do_not_fit_are_refused() {
        let rows = SlateError::Rows { expected: 2, found: 1 };
        assert_eq!(check(|slates| slates.known.truncate(1)), Err(rows.clone()));
        assert_eq!(check(|slates| slates.marginal = Some(Grid::zeros(1, 2))), Err(rows));
        let length = SlateError::Length { expected: 2, found: 3 };
        assert_eq!(check(|slates| slates.marginal = Some(Grid::zeros(2, 3))), Err(length));
        let nowhere = SlateError::Message { message: 0, row: 2 };
        assert_eq!(check(|slates| slates.messages.push(say(2, Said::Explanation))), Err(nowhere));
        let again = SlateError::Message { message: 2, row: 1 };
        let ask =
            |slates: &mut Slates| slates.messages = [1, 0, 1].map(|row| say(row, Said::Question)).to_vec();
        assert_eq!(check(ask), Err(again));
    }
}
