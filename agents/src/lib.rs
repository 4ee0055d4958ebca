//! Recommenders: baselines, learned scorers and stochastic rankers.
//!
//! A [`Scorer`] says how good each candidate looks; [`Greedy`] shows the best, [`PlackettLuce`] draws by the scores
//! with exact propensities; [`Reranked`], [`FairRec`] and [`TwoStage`] wrap scorers. [`RandomSlates`] needs no scores and [`OracleRanker`] reads the
//! truth. The mathematics is in [`plackett_luce`] and [`factorise`].

pub mod agentic;
mod cholesky;
mod error;
pub mod factorise;
mod greedy;
pub mod impressions;
pub mod learned;
mod linear;
mod moments;
mod oracle;
pub mod plackett_luce;
mod random;
mod ranked;
mod rerank;
mod rows;
mod scorer;
mod select;
pub mod sequence;
mod side_by_side;

#[cfg(test)]
mod tests;

pub use error::AgentError;
pub use greedy::Greedy;
pub use linear::{LinearReward, Reward};
pub use oracle::OracleRanker;
pub use random::RandomSlates;
pub use ranked::PlackettLuce;
pub use rerank::{FairRec, Rerank, Reranked};
pub use scorer::{
    DotProduct, Familiar, LinUcb, MatrixFactorisation, Popularity, Recency, Refit, Scorer, ThompsonSampling,
    TwoStage,
};
