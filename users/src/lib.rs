//! How people choose, drift, tire, leave and return.
//!
//! This crate refuses to know who recommends: a user model sees the slate it was shown and its own state, never
//! the policy behind it. It draws nothing itself either. Every random word is handed in by name, which is what
//! lets two policies meet the same users with the same luck.
//!
//! Start reading at [`choice`]: what happens between a slate and a click.

pub mod choice;
mod error;

pub use error::{ChoiceError, UserError};
