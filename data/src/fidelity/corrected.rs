//! What a panel would have come to, by a surrogate and an audit.

use serde::{Deserialize, Serialize};

use super::FidelityError;
use crate::metrics::Estimate;

/// One user: what the surrogate says of their life, and what the panel says, if it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Audited {
    /// f: the outcome of a life by the surrogate.
    pub guess: f64,
    /// π: how likely the user was to be audited, in (0, 1]; decided before anything was known of their life.
    pub pi: f64,
    /// y: the outcome of a life by the panel; `None` for those who were not audited.
    pub told: Option<f64>,
}

/// A mean over users as the panel would have lived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// μ̂, with the standard error over other users and other audits.
    pub estimate: Estimate,
    /// Its standard error over other audits of the same users.
    pub audit_se: f64,
    /// How far the surrogate is off, `Σ_audit (y − f)/π / U`.
    pub rectifier: Estimate,
    /// How many were audited.
    pub n_audited: u64,
}

/// The difference estimator over U users, of whom each was audited independently with its own known probability:
///
/// `μ̂ = (1/U) Σ f_u + (1/U) Σ_audit (y_u − f_u)/π_u`
///
/// It is the mean of `z_u = f_u + 1(u audited)(y_u − f_u)/π_u`, whose expectation over audits is y_u whatever f is: a bad surrogate costs
/// width, never truth.
///
/// - over other users and audits: `Var̂ = Σ (z_u − z̄)² / (U(U − 1))`, of which [`Estimate::interval`] makes 95 %
/// - over other audits of the same users: `Var̂ = Σ_audit (1 − π_u)/π_u² (y_u − f_u)² / U²`
///
/// # Shapes and units
/// - `users`: `[U]`; the estimate in units of the outcome
///
/// # Errors
/// Numbers that are not finite, π outside (0, 1], fewer than two audited.
///
/// # Source
/// Särndal, Swensson, Wretman (1992), "Model assisted survey sampling", chapter 6, for the estimator; Angelopoulos, Bates, Fannjiang, Jordan,
/// Zrnic (2023), "Prediction-powered inference", for guesses by a learned model.
///
/// ```
/// use recloop_data::fidelity::{Audited, corrected};
/// let user = |guess, told| Audited { guess, pi: 0.5, told };
/// let found = corrected(&[user(1.0, Some(2.0)), user(1.0, None), user(3.0, Some(4.0)), user(3.0, None)])?;
/// // 2 by the surrogate, and two that are off by 1, for twice as many: (2 + 2)/4.
/// assert_eq!((found.estimate.mean, found.rectifier.mean), (3.0, 1.0));
/// # Ok::<(), recloop_data::fidelity::FidelityError>(())
/// ```
pub fn corrected(users: &[Audited]) -> Result<Corrected, FidelityError> {
    for (row, user) in users.iter().enumerate() {
        let number = |what, value, allowed| FidelityError::Number { what, row, value, allowed };
        if !(user.pi > 0.0 && user.pi <= 1.0) {
            return Err(number("probability of being audited", user.pi, "(0, 1]"));
        }
        let outcomes = [user.guess, user.told.unwrap_or_default()];
        if let Some(value) = outcomes.into_iter().find(|value| !value.is_finite()) {
            return Err(number("outcome", value, "any finite number"));
        }
    }
    let off = |user: &Audited| user.told.map_or(0.0, |told| (told - user.guess) / user.pi);
    let n_audited = users.iter().filter(|user| user.told.is_some()).count();
    if n_audited < 2 {
        let (what, of) = ("a panel with its surrogate", "audited users");
        return Err(FidelityError::TooFew { what, of, found: n_audited, needed: 2 });
    }
    let by_audits: f64 = users.iter().map(|user| (1.0 - user.pi) * off(user).powi(2)).sum();
    Ok(Corrected {
        estimate: Estimate::mean(users.iter().map(|user| user.guess + off(user))),
        audit_se: by_audits.sqrt() / users.len() as f64,
        rectifier: Estimate::mean(users.iter().map(off)),
        n_audited: n_audited as u64,
    })
}

/// What the surrogate alone says, `(1/U) Σ f_u`: its interval is about other users of the surrogate, and knows nothing of the panel.
#[must_use]
pub fn uncorrected(users: &[Audited]) -> Estimate {
    Estimate::mean(users.iter().map(|user| user.guess))
}
