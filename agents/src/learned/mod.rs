//! Recommenders that are trained: what a network sees, what it is, and how it learns.
//!
//! A [`Neural`] scores candidates by a [`Network`]; behind [`PlackettLuce`](crate::PlackettLuce) it is a policy with exact
//! propensities. [`Ppo`] trains it in a world.

mod advantage;
mod batch;
mod encoder;
mod experience;
mod fairness;
mod gain;
mod network;
mod neural;
mod ppo;
mod records;
mod rule;
mod slate_head;
mod stage;

#[cfg(test)]
mod tests;

pub use fairness::FairnessConfig;
pub use network::{FrozenNetwork, Network, NetworkConfig, Width};
pub use neural::{Holds, Neural};
pub use ppo::{Credit, Ppo, PpoConfig};
pub use rule::Rule;
