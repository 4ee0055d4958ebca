//! The contract carries what is coming: worlds nobody has written yet, as stubs that compile, run and keep every law.

mod cohorts;
mod ephemeral;
mod outside;
mod panel;
mod returning;
mod shelf;

use recloop_env::{Env, Observation, ResetOptions, Slates, Step, StepError, World};

/// A world being played with the first candidates of every row.
struct Play {
    world: World,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Play {
    fn begin(mut world: World, options: &ResetOptions) -> Self {
        let mut seen = Observation::default();
        world.reset(3, options, &mut seen).unwrap();
        Self { world, seen, slates: Slates::default(), step: Step::default() }
    }

    /// Shows every row its first candidates; `self.seen` then is the next observation and `step.next` the one before.
    fn tick(&mut self) -> Result<(), StepError> {
        self.choose();
        self.show()
    }

    fn choose(&mut self) {
        let k = self.world.spec().slate_size;
        self.slates.reset(self.seen.len(), k);
        for r in 0..self.seen.len() {
            self.slates.items.row_mut(r).copy_from_slice(&self.seen.candidates.listed(r)[..k]);
        }
    }

    fn show(&mut self) -> Result<(), StepError> {
        self.world.step(&self.slates, &mut self.step)?;
        std::mem::swap(&mut self.seen, &mut self.step.next);
        Ok(())
    }
}
