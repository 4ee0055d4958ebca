//! The contract kit: checks that any part, ours or a third party's, keeps the contract.

mod toy;

pub use toy::{ToyItems, ToyState, ToyUsers, toy_world};
