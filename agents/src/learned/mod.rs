//! Recommenders that are trained: what a network sees, what it is, and how it learns.
//!
//! A [`Neural`] scores candidates by a [`Network`]; behind [`PlackettLuce`](crate::PlackettLuce) it is a policy with exact
//! propensities. [`Ppo`] trains it in a world, [`offline`] from a log. [`slate_q()`] and
//! [`dqn()`] learn what slates are worth; the former acts through a [`SlateScorer`].

mod advantage;
mod batch;
mod dqn;
mod encoder;
mod experience;
mod fairness;
mod gain;
mod loss;
mod network;
mod neural;
mod off_policy;
pub mod offline;
mod ppo;
mod records;
mod rounds;
mod rule;
mod slate_head;
mod slate_q;
mod stage;

#[cfg(test)]
mod tests;

pub use dqn::dqn;
pub use fairness::FairnessConfig;
pub use network::{FrozenNetwork, Network, NetworkConfig, Width};
pub use neural::{Holds, Neural};
pub use off_policy::{Backup, ReplayConfig};
pub use ppo::{Credit, Ppo, PpoConfig};
pub use rule::Rule;
pub use slate_q::{SlateNets, SlateOptimiser, SlateScorer, slate_q};
