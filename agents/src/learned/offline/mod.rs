//! Learning from a log alone: nobody plays, nothing is tried out.
//!
//! A [`Collector`] turns the transitions of a log into a [`Logged`]; [`learner`] makes what learns from it by a [`Method`].
//! A round is a pass over the log. Where returns are learned, what later slates are worth is computed once, at the
//! beginning of a round, by the weights of that moment; within the round it is regression on numbers that stand still, and
//! nothing but weights and moments has to be kept to go on.
//!
//! Q is that of a slate and falls apart into its user and its items: `Q(u, A) = v(u, c) + (ρ/K) Σ_{i∈A} s(u, i)`, s and v
//! the scores and the value of one [`Network`](super::Network), in standard deviations of the logged return. The best slate
//! is then the K best scores, and what was learned ranks like any other network. Slates differ by far less than users and
//! the time they have left; ρ = .05 makes that a difference of scores that Adam finds as fast as it finds the value.
//!
//! A value can learn the returns of a log's users by heart, as those of one user differ by little but what is left to come;
//! then nothing remains for slates to explain. Where users are few, keep `hidden` small: 2,000 of them, with 70 slates each,
//! teach a value of 16 units far more about slates than one of 64 and 64.
//!
//! The last slate of a user whom nobody watched any longer is not learned from: what came of it is not in the log.
//!
//! ```
//! use recloop_agents::RandomSlates;
//! use recloop_agents::learned::offline::{Collector, CqlConfig, Method, Pace, learner};
//! use recloop_agents::learned::{NetworkConfig, Neural};
//! use recloop_env::{Env, ResetOptions, play, testing::toy_world};
//! use recloop_nn::{Compute, open};
//!
//! let mut world = toy_world(20);
//! let mut log = Collector::new(world.spec(), 7, Neural::untrained())?;
//! let mut taken = Ok(());
//! play(&mut world, &mut RandomSlates::default(), 7, &ResetOptions::default(), |tick| {
//!     taken = std::mem::replace(&mut taken, Ok(())).and_then(|()| log.take(tick));
//! })?;
//! taken?;
//! let (method, network) = (Method::Cql(CqlConfig::default()), NetworkConfig::default());
//! let mut learner = learner(&method, &Pace::default(), &network, log.finish()?, 1, &open(Compute::Cpu)?)?;
//! assert_eq!(learner.round()?.steps, 20 * 12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cloning;
mod credit;
mod critic;
mod iql;
mod lesson;
mod logged;
mod reinforce;
mod trained;

#[cfg(test)]
mod tests;

pub use cloning::CloningConfig;
pub use critic::{CqlConfig, FittedQConfig};
pub use iql::IqlConfig;
pub use lesson::{Method, Pace, learner};
pub use logged::{Collector, Logged};
pub use reinforce::ReinforceConfig;

/// ρ: what a score of 1 is worth, in standard deviations of the return (chosen by us).
const SPREAD: f64 = 0.05;
