//! Whether somebody may stand in for somebody else: a surrogate for a panel of language-model users.
//!
//! Two questions, two answers; neither needs a world, both are arithmetic on what people did.
//!
//! - *What would the panel have come to?* [`corrected()`] takes everybody's outcome by the surrogate, adds what an audit of whole users says it
//!   is wrong by, and has an interval that covers however bad the surrogate is.
//! - *Is the surrogate like the panel?* [`Evidence::judge`] holds both against [`Gates`] and tells a [`Verdict`] for each, beside a floor:
//!   how unlike itself the panel is.
//!
//! The unit is the **user**, with all decisions of a life, never the decision: an audit of single decisions is valid only at the states
//! that the surrogate visits.

mod agreement;
mod calibration;
mod corrected;
mod divergence;
mod evidence;
mod gates;
mod halves;
mod lengths;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, agreement, tau_b};
pub use calibration::{Calibration, calibration};
pub use corrected::{Audited, Corrected, corrected, uncorrected};
pub use divergence::{Counts, Divergence, jensen_shannon};
pub use evidence::{Evidence, Lived};
pub use gates::{Fidelity, Gates, Ruling, Verdict};
pub use lengths::kolmogorov_smirnov;

/// Why a comparison cannot be made. Messages read after "failed to".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FidelityError {
    /// Too little to say anything.
    #[error("compare {what}: {found} {of}, it takes {needed} at least")]
    TooFew {
        /// What was to be compared.
        what: &'static str,
        /// What there are too few of.
        of: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A number that cannot be.
    #[error("use the {what} of row {row}: it is {value}, allowed is {allowed}")]
    Number {
        /// Which number.
        what: &'static str,
        /// Whose, in the order given.
        row: usize,
        /// What it is.
        value: f64,
        /// The range in words.
        allowed: &'static str,
    },
    /// Two sides of different shape.
    #[error("compare {what}: there are {one} and {other}")]
    Shape {
        /// What there should be as many of.
        what: &'static str,
        /// Of the first.
        one: usize,
        /// Of the other.
        other: usize,
    },
}
