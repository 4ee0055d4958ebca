//! A gym for recommender ecosystems: simulated users, creators and recommenders, logged and evaluated.
//!
//! ```
//! use recloop::{Env, Known, Observation, ResetOptions, Slates, Step};
//!
//! let mut world = recloop::make("feed-v0", &["users=100", "slate=3"])?;
//! let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
//! world.reset(7, &ResetOptions::default(), &mut seen)?;
//!
//! slates.reset(seen.len(), 3); // a row for each user who wants a slate now
//! for row in 0..seen.len() {
//!     let first = seen.row(row).candidates().iter();
//!     slates.items.row_mut(row).iter_mut().zip(first).for_each(|(place, item)| *place = item);
//!     slates.propensity.row_mut(row).fill(1.0); // always the first three candidates
//!     slates.known[row] = Known::Exact;
//! }
//! world.step(&slates, &mut step)?;
//! println!("{} minutes spent by the first to come", step.reward[0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The contracts and the engine are at the root (crate `recloop-env`); start at [`Env`]. Parts live in modules:
//! [`users`], [`creators`], [`agents`], [`data`], [`nn`], [`llm`], and [`experiments`], which holds the worlds by name and the command.

pub use recloop_agents as agents;
pub use recloop_creators as creators;
pub use recloop_data as data;
pub use recloop_env::*;
pub use recloop_experiments as experiments;
pub use recloop_llm as llm;
pub use recloop_nn as nn;
pub use recloop_users as users;

pub use recloop_experiments::worlds::make;
