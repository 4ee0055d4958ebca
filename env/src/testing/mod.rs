//! The contract kit: checks that any part, ours or a third party's, keeps the contract; one line each.
//!
//! A check plays small worlds and returns the first [`ContractBreach`] with the law, tick and row that prove it; in a
//! test, `unwrap` it. It finds broken laws, not wrong numbers: what a model *means* is for its own tests.
//!
//! `toy_*` are tiny worlds and parts to check things against.

mod breach;
mod compare;
mod creators;
mod env;
mod feed;
mod play;
mod recommender;
mod shape;
mod sink;
#[cfg(test)]
mod tests;
mod toy;
mod users;

pub use breach::ContractBreach;
pub use creators::check_creators;
pub use env::{check_env, check_world};
pub use feed::{ToyCreators, ToyRecommender, toy_feed, toy_shelf};
pub use recommender::check_recommender;
pub use sink::check_sink;
pub use toy::{ToyItems, ToyState, ToyUsers, toy_world};
pub use users::check_users;
