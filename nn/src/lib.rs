//! Neural networks: where they run, what they are made of, how they are trained and kept.
//!
//! The only crate that knows `burn`; it knows nothing of users, items or slates. Networks are put together from
//! [`blocks`], set to reproducible weights by [`initialise`], moved by an [`Optimiser`], driven by [`training`] and
//! written as [`checkpoint`]s. A crate that writes networks of its own takes `burn` from here: `use recloop_nn::burn;`.
//!
//! Numbers are `f32`. On the CPU results are the same to the last bit at any thread count, on one kind of machine; a
//! graphics processor agrees to about 1e-4 after a step.

pub use burn;

pub mod blocks;
pub mod checkpoint;
mod device;
mod error;
mod initialise;
mod optimiser;
pub mod training;

pub use device::{Compute, Found, devices, open};
pub use error::NnError;
pub use initialise::initialise;
pub use optimiser::Optimiser;
