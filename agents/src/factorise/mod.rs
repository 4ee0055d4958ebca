//! Factorisation: what people like, from what they rated or clicked, as a short vector per user and per item.
//!
//! [`ExplicitAls`] reads graded ratings and predicts a rating; [`ImplicitAls`] reads counts (clicks, plays)
//! and predicts a preference. Both alternate between exact ridge solutions for all users and for all items,
//! so there is no learning rate, and both give the same bits at any thread count.
//! [`BiasedFactors::global_mean`], [`BiasedFactors::item_mean`] and [`BiasedFactors::user_and_item_bias`] are
//! the baselines that a factorisation has to beat; [`rmse`] compares them.
//!
//! Refuses ratings that are not finite, counts not above zero and indices outside the matrix. A user or an
//! item without ratings is not an error: its vector and its bias are zero, which is what the penalty asks for.
//!
//! ```
//! use recloop_agents::factorise::{ExplicitAls, RatingTriples, Ratings, hashed_start, rmse};
//!
//! let (users, items) = (&[0, 0, 1, 1], &[0, 1, 0, 1]);
//! let triples = RatingTriples { users, items, ratings: &[5.0, 1.0, 4.0, 2.0] };
//! let ratings = Ratings::new(triples, 3, 2)?;
//! let config = ExplicitAls { factors: 1, ..ExplicitAls::default() };
//! let model = config.fit(&ratings, hashed_start(7, 0.1), |_sweep, _train_rmse| ())?;
//! // User 2 rated nothing: the items' own averages decide.
//! assert!(model.predict(2, 0) > model.predict(2, 1));
//! assert!(rmse(triples, |user, item| model.predict(user, item))? < 1.6);
//! # Ok::<(), recloop_agents::AgentError>(())
//! ```

mod explicit;
mod implicit;
mod normal;
mod ratings;

pub use explicit::{BiasedFactors, ExplicitAls};
pub use implicit::{ImplicitAls, ImplicitFactors};
pub use normal::Ridge;
pub use ratings::{RatingTriples, Ratings};

use recloop_env::{ItemId, Streams, Tick, purpose, unit_f32};

use crate::AgentError;

/// Root of the mean squared difference between ratings and predictions.
///
/// # Errors
/// No ratings.
pub fn rmse(triples: RatingTriples<'_>, predict: impl Fn(usize, usize) -> f64) -> Result<f64, AgentError> {
    if triples.ratings.is_empty() {
        return Err(AgentError::NoRatings);
    }
    let squares =
        triples.iter().map(|(user, item, rating)| (f64::from(rating) - predict(user, item)).powi(2));
    Ok((squares.sum::<f64>() / triples.ratings.len() as f64).sqrt())
}

/// Starting factors uniform in `[−scale, scale)`, a pure function of seed, row and factor
/// ([`purpose::MODEL_INIT`]).
///
/// ```
/// use recloop_agents::factorise::hashed_start;
///
/// let start = hashed_start(7, 0.1);
/// assert_eq!(start(3, 1), start(3, 1));
/// assert!(start(3, 1) != start(1, 3) && start(3, 1).abs() <= 0.1);
/// ```
pub fn hashed_start(seed: u64, scale: f32) -> impl Fn(usize, usize) -> f32 {
    let rng = Streams::new(seed);
    move |row, factor| scale * (2.0 * unit_f32(word(&rng, row, factor)) - 1.0)
}

pub(crate) fn word(rng: &Streams, row: usize, factor: usize) -> u32 {
    rng.item_word(purpose::MODEL_INIT, ItemId(row as u32), Tick(0), ItemId(factor as u32))
}

#[cfg(test)]
mod tests;
