//! Recommenders: baselines, learned scorers and stochastic rankers.
//!
//! Start at [`plackett_luce`] for how scores become a slate with a known propensity, and at [`factorise`] for
//! how ratings or clicks become scores.

mod error;
pub mod factorise;
pub mod plackett_luce;

pub use error::AgentError;
