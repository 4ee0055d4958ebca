//! From a slate to a click: the choice models every world shares.
//!
//! | Model | Clicks per slate | Weight of an item with score `s` |
//! |---|---|---|
//! | [`MultinomialLogit`] | at most one | `e^s`, against `e^m` for no click |
//! | [`MultinomialProportional`] | at most one | `s − n`, against `m − n` for no click |
//! | [`Cascade`] | at most one | clicked with `a·k·e^s` or `a·k·(s − n)` once reached |
//! | [`PositionBased`] | any number | clicked with its own probability once examined |
//!
//! Each model offers `probabilities`, its exact law, and `choose` (or `clicks`), one outcome of that law. The
//! functions are pure, allocate nothing, and take slices in slate order (position 0 on top).
//!
//! # Luck belongs to the item, not to the position
//! The caller hands in one 32-bit word per item, named by *(user, item, tick)*. A reranked slate then carries the
//! same words in another order, so what changes between two rankings is the ranking. The two multinomial models
//! choose by an exponential race (see [`Luck`]): permute scores and words together and the same *item* wins. In
//! the other two, order matters by definition, but an item is willing or unwilling wherever it stands.
//!
//! # Numerics
//! Choosing uses `+ − × ÷`, comparisons and a logarithm of our own, never the platform's `ln` or `exp`: the same
//! words choose the same item on every target. `probabilities` calls `f64::exp`, whose last bit may differ between
//! platforms. Words are discrete, so the probability of an outcome deviates from the law by up to
//! `(K + 1)·2⁻³²`, and of two alternatives that tie (once in 2³² for equal weights) the upper one wins.
//!
//! # Refuses
//! NaN, negative weights, probabilities above one, and a forced choice among nothing: see
//! [`ChoiceError`].

mod cascade;
mod logit;
mod luck;
mod position;
mod proportional;
#[cfg(test)]
mod trials;

pub use cascade::{Cascade, CascadeGain};
pub use logit::MultinomialLogit;
pub use luck::Luck;
pub use position::PositionBased;
pub use proportional::MultinomialProportional;

use crate::ChoiceError;

/// Zipping slices of unequal length would silently shorten the slate.
#[inline]
fn check_length(what: &'static str, n_scores: usize, found: usize) -> Result<(), ChoiceError> {
    if n_scores == found { Ok(()) } else { Err(ChoiceError::Length { what, n_scores, found }) }
}

#[inline]
fn check_parameter(
    name: &'static str,
    value: f32,
    allowed: &'static str,
    ok: bool,
) -> Result<(), ChoiceError> {
    if ok { Ok(()) } else { Err(ChoiceError::Parameter { name, value, allowed }) }
}

#[inline]
fn check_min_normalizer(n: f32) -> Result<(), ChoiceError> {
    check_parameter("min_normalizer", n, "(-inf, 0]", n.is_finite() && n <= 0.0)
}

/// `score − min_normalizer`, the weight of an item in both proportional models.
#[inline]
fn proportional_weight(position: usize, score: f32, min_normalizer: f32) -> Result<f64, ChoiceError> {
    let weight = f64::from(score) - f64::from(min_normalizer);
    if (0.0..f64::INFINITY).contains(&weight) {
        Ok(weight)
    } else if score.is_finite() {
        Err(ChoiceError::NegativeWeight { position, weight })
    } else {
        Err(ChoiceError::Score { position, score })
    }
}

#[inline]
fn check_probability(position: usize, probability: f64) -> Result<f64, ChoiceError> {
    if (0.0..=1.0).contains(&probability) {
        Ok(probability)
    } else {
        Err(ChoiceError::Probability { position, probability })
    }
}
