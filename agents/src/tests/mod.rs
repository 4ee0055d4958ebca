//! Recommenders as a world meets them; what is private is tested beside its code.

mod policies;
mod scene;
mod scorers;
