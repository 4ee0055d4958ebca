//! The laws of sinks.

use super::breach::{ContractBreach, Law};
use super::play::{Play, SEED, TICKS};
use crate::{Env, Known, LogSink, Message, ResetOptions, Said, Transition, World};

/// Writes a run of `world` into a sink and finishes it; hands out the receipt for further checks.
///
/// Law: a sink keeps every transition a world can bring about: known and unknown propensities, with and without
/// marginals, explanations, ticks where nobody clicks, users who leave, return and are renewed.
///
/// ```
/// use recloop_env::testing::{check_sink, toy_world};
/// use recloop_env::{Facts, LogSink, Transition};
/// struct Count(usize);
/// impl LogSink for Count {
///     type Receipt = usize;
///     type Error = std::convert::Infallible;
///     fn write(&mut self, _facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), Self::Error> {
///         self.0 += t.seen.len();
///         Ok(())
///     }
///     fn finish(self) -> Result<usize, Self::Error> {
///         Ok(self.0)
///     }
/// }
/// assert!(check_sink(Count(0), toy_world(5)).unwrap() > 5);
/// ```
pub fn check_sink<S: LogSink>(mut sink: S, world: World) -> Result<S::Receipt, ContractBreach> {
    let law = |tick| Law::at("a sink keeps every transition", tick);
    let options = ResetOptions { renew: true, tell_choice_probs: true, horizon: None };
    let mut play = Play::begin(world, SEED, &options)?;
    for turn in 0..TICKS {
        if play.seen.is_empty() {
            break;
        }
        play.choose();
        vary(&mut play, turn);
        play.show()?;
        let t = Transition { seen: &play.seen, slates: &play.slates, step: &play.step };
        sink.write(&play.env.facts(), &t).map_err(|error| law(t.tick()).breach(None, &error))?;
        play.turn();
    }
    sink.finish().map_err(|error| law(play.seen.tick).breach(None, &error))
}

/// Slates as different kinds of policy would write them.
fn vary(play: &mut Play<World>, turn: usize) {
    let (slates, k) = (&mut play.slates, play.env.spec().slate_size);
    match turn % 4 {
        1 => {
            slates.known.fill(Known::Unavailable);
            slates.propensity.as_mut_slice().fill(f64::NAN);
        }
        2 => {
            // Under a uniform policy every candidate is as likely at every position.
            let mut marginal = slates.propensity.clone();
            for r in 0..marginal.rows() {
                let top = marginal.row(r)[0];
                marginal.row_mut(r)[..k].fill(top);
            }
            slates.marginal = Some(marginal);
            slates.known.fill(Known::Estimated { draws: 100 });
        }
        3 => slates.messages.push(Message { row: 0, said: Said::Explanation, text: "because".into() }),
        _ => {}
    }
}
