//! Recommenders as a world meets them; what is private is tested beside its code.

mod bandits;
mod barred;
mod policies;
pub(crate) mod scene;
mod scorers;
