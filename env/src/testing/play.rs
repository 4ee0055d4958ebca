//! Driving a world while it is watched.

use super::breach::{ContractBreach, Law};
use super::feed::show_any;
use crate::{Env, Observation, ResetOptions, Slates, Step, Tick};

/// The seed every check plays with (chosen by us; a law holds at any).
pub(super) const SEED: u64 = 0x5eed_0123_4567_89ab;
/// Ticks a check plays: enough for sessions to end and users to return (chosen by us).
pub(super) const TICKS: usize = 24;

/// A world, what it last showed and what came of it.
pub(super) struct Play<E> {
    pub(super) env: E,
    pub(super) seen: Observation,
    pub(super) slates: Slates,
    pub(super) step: Step,
}

impl<E: Env> Play<E> {
    pub(super) fn begin(mut env: E, seed: u64, options: &ResetOptions) -> Result<Self, ContractBreach> {
        let mut seen = Observation::default();
        let law = Law::at("a world can be reset", Tick(0));
        env.reset(seed, options, &mut seen).map_err(|error| law.breach(None, &error))?;
        Ok(Self { env, seen, slates: Slates::default(), step: Step::default() })
    }

    /// Fills the slates with any candidates.
    pub(super) fn choose(&mut self) {
        show_any(&self.seen, self.env.spec().slate_size, &self.env.streams(), &mut self.slates);
    }

    /// Shows whatever the slates hold.
    pub(super) fn show(&mut self) -> Result<(), ContractBreach> {
        let law = Law::at("a world shows what may be shown", self.seen.tick);
        self.env.step(&self.slates, &mut self.step).map_err(|error| law.breach(None, &error))
    }

    /// One tick with any slates; afterwards `step.next` is what is seen next.
    pub(super) fn tick(&mut self) -> Result<(), ContractBreach> {
        self.choose();
        self.show()
    }

    /// Goes on to the next observation; `step.next` then holds the one before.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.seen, &mut self.step.next);
    }

    /// Plays on, showing `each` tick before turning the page.
    pub(super) fn run(
        &mut self,
        ticks: usize,
        mut each: impl FnMut(&mut Self) -> Result<(), ContractBreach>,
    ) -> Result<(), ContractBreach> {
        for _ in 0..ticks {
            if self.seen.is_empty() {
                break;
            }
            self.tick()?;
            each(self)?;
            self.turn();
        }
        Ok(())
    }
}

/// What a world does, tick by tick; the first entry holds only the first observation, as `next`.
pub(super) fn record<E: Env>(play: &mut Play<E>, ticks: usize) -> Result<Vec<Step>, ContractBreach> {
    let mut steps = vec![Step { next: play.seen.clone(), ..Step::default() }];
    play.run(ticks, |play| {
        steps.push(play.step.clone());
        Ok(())
    })?;
    Ok(steps)
}

/// Breaks where two recorded runs part.
pub(super) fn same_run(law: &'static str, expected: &[Step], found: &[Step]) -> Result<(), ContractBreach> {
    let mut tick = Tick(0);
    for (expected, found) in expected.iter().zip(found) {
        Law::at(law, tick).same_step(expected, found)?;
        tick = expected.next.tick;
    }
    Law::at(law, tick).same("number of ticks", None, &expected.len(), &found.len())
}
