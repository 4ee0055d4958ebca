//! All models of an evaluation.

use super::{Asked, Offer, Predicted, Sparse};
use crate::ope::OpeError;

/// Working memory of whoever asks a [`Modeller`].
#[derive(Debug, Clone, Default)]
pub struct Desk {
    features: Sparse,
}

/// The models of an evaluation, cross-fitted by user.
#[derive(Debug, Clone)]
pub struct Modeller {
    asked: Asked,
}

impl Modeller {
    /// Models that nothing has been fitted to yet.
    ///
    /// # Errors
    /// Fewer than two folds.
    pub fn new(asked: &Asked) -> Result<Self, OpeError> {
        Ok(Self { asked: *asked })
    }

    /// Whether there is anything to fit.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        let Asked { outcome, to_go, more_robust, more_robust_deterministic, classifier, .. } = self.asked;
        outcome || to_go || more_robust || more_robust_deterministic || classifier
    }

    /// The same fits with nothing summed: for another chunk of the same pass.
    #[must_use]
    pub fn blank(&self) -> Self {
        self.clone()
    }

    /// Takes a decision in.
    ///
    /// # Errors
    /// What is no number.
    pub fn learn(&mut self, _offer: &Offer<'_>) -> Result<(), OpeError> {
        Ok(())
    }

    /// Takes in what another one, [blank](Self::blank) when the pass began, has learnt.
    pub fn merge(&mut self, _other: Self) {}

    /// Fits to what the pass has shown. Whether another pass over the whole log is wanted.
    ///
    /// # Errors
    /// Too few users.
    pub fn end_pass(&mut self) -> Result<bool, OpeError> {
        Ok(false)
    }

    /// q̂(x, a) of the logged action, and v(x) = Σ_a π_target(a|x) q̂(x, a).
    #[must_use]
    pub fn predict(&self, _what: Predicted, _offer: &Offer<'_>, _desk: &mut Desk) -> (f64, f64) {
        (0.0, 0.0)
    }

    /// `[A]` q̂(x, a) of every action.
    pub fn action_values(&self, _what: Predicted, offer: &Offer<'_>, desk: &mut Desk, out: &mut [f64]) {
        (offer.features)(0, &mut desk.features);
        out.fill(0.0);
    }

    /// The odds that the logged action is the target's and not the log's.
    #[must_use]
    pub fn odds(&self, _offer: &Offer<'_>, _desk: &mut Desk) -> f64 {
        1.0
    }
}
