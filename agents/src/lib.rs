//! Recommenders: baselines, learned scorers and stochastic rankers.
//!
//! A [`Scorer`] says how good each candidate looks; [`Greedy`] shows the best, [`PlackettLuce`] draws by the scores
//! with exact propensities. [`RandomSlates`] needs no scores and [`OracleRanker`] reads the truth. The mathematics is
//! in [`plackett_luce`] and [`factorise`].

mod error;
pub mod factorise;
mod greedy;
mod oracle;
pub mod plackett_luce;
mod random;
mod ranked;
mod rows;
mod scorer;
mod select;

#[cfg(test)]
mod tests;

pub use error::AgentError;
pub use greedy::Greedy;
pub use oracle::OracleRanker;
pub use random::RandomSlates;
pub use ranked::PlackettLuce;
pub use scorer::{DotProduct, MatrixFactorisation, Popularity, Recency, Scorer};
