//! Creators who act on what they believe about their audience.
//!
//! `posterior` says what is known of a topic, `mind` what a creator carries, `decide` how it makes up its mind, and
//! `params` what can be set.

mod decide;
mod mind;
mod params;
mod posterior;
#[cfg(test)]
mod tests;

pub(crate) use decide::Circumstances;
pub use mind::TopicBelief;
pub(crate) use mind::{Lens, Minds};
pub use params::{Actions, BeliefKind, BeliefParams};
pub(crate) use posterior::Evidence;
