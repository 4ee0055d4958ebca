//! Runs to be logged, and the laws of logging them.

mod crash;
mod damage;
mod form;
mod replay;
mod truth;
mod worlds;

use std::path::Path;

use recloop_env::testing::{ToyRecommender, toy_feed, toy_world};
use recloop_env::{
    Catalogue, CreatorFact, Env, EnvSpec, Facts, Grid, Hindsight, Known, LogSink, Message, Observation,
    Population, Recommender, ResetOptions, Said, Slates, Step, Tick, Transition, World,
};
use worlds::village;

use super::{LogOptions, LogReceipt, LogSource, Manifest, ParquetSink, RunState};
use crate::DataError;

/// One tick and what was known after it, kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept {
    pub(super) seen: Observation,
    pub(super) slates: Slates,
    pub(super) step: Step,
    pub(super) catalogue: Option<Catalogue>,
    pub(super) population: Population,
    pub(super) creators: Vec<CreatorFact>,
    /// Accounts and latent items.
    pub(super) hindsight: Option<(Grid<f32>, Option<Catalogue>)>,
}

impl Kept {
    fn new(facts: &Facts<'_>, t: &Transition<'_>) -> Self {
        let hindsight = |truth: Hindsight<'_>| (truth.accounts.clone(), truth.items.cloned());
        Self {
            seen: t.seen.clone(),
            slates: t.slates.clone(),
            step: t.step.clone(),
            catalogue: facts.catalogue.cloned(),
            population: facts.population.clone(),
            creators: facts.creators.to_vec(),
            hindsight: facts.hindsight.map(hindsight),
        }
    }

    pub(super) fn facts<'a>(&'a self, spec: &'a EnvSpec) -> Facts<'a> {
        let hindsight = |(accounts, items): &'a (Grid<f32>, Option<Catalogue>)| Hindsight {
            accounts,
            items: items.as_ref(),
        };
        Facts {
            horizon: None,
            spec,
            catalogue: self.catalogue.as_ref(),
            population: &self.population,
            creators: &self.creators,
            hindsight: self.hindsight.as_ref().map(hindsight),
        }
    }

    pub(super) fn transition(&self) -> Transition<'_> {
        Transition { seen: &self.seen, slates: &self.slates, step: &self.step }
    }
}

/// A world that can be logged, and how it is run.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) seed: u64,
    pub(super) options: ResetOptions,
    pub(super) ticks: usize,
    /// Whether what only the world knows is kept.
    pub(super) truth: bool,
}

impl Run {
    pub(super) fn new(world: World) -> Self {
        Self { world, seed: 11, options: ResetOptions::default(), ticks: 40, truth: false }
    }

    /// Plays on, with policies that know their propensities, estimate them, or do not; people talk.
    pub(super) fn play(mut self) -> (EnvSpec, Vec<Kept>) {
        let spec = self.world.spec().clone();
        let (mut policy, mut ticks) = (ToyRecommender::default(), Vec::new());
        let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
        policy.begin(&spec).unwrap();
        self.world.reset(self.seed, &self.options, &mut seen).unwrap();
        while !seen.is_empty() && ticks.len() < self.ticks {
            policy.recommend(&seen, &self.world.streams(), &mut slates).unwrap();
            vary(&mut slates, ticks.len());
            self.world.step(&slates, &mut step).unwrap();
            talk(&seen, &slates, &mut step);
            let facts = self.world.facts();
            let facts = Facts { hindsight: facts.hindsight.filter(|_| self.truth), ..facts };
            ticks.push(Kept::new(&facts, &Transition { seen: &seen, slates: &slates, step: &step }));
            std::mem::swap(&mut seen, &mut step.next);
        }
        (spec, ticks)
    }
}

fn vary(slates: &mut Slates, turn: usize) {
    match turn % 4 {
        1 => slates.known.iter_mut().step_by(2).for_each(|known| *known = Known::Unavailable),
        2 => {
            slates.known.fill(Known::Estimated { draws: 64 });
            slates.marginal = Some(slates.propensity.clone());
        }
        3 => slates.messages.push(Message { row: 0, said: Said::Question, text: "less of this?".into() }),
        _ => {}
    }
    // What is unknown comes back as nothing; see `LogSource`.
    for r in (0..slates.known.len()).filter(|r| slates.known[*r] == Known::Unavailable) {
        slates.propensity.row_mut(r).fill(0.0);
    }
}

/// Whoever was asked answers, and is heard at once if here.
fn talk(seen: &Observation, slates: &Slates, step: &mut Step) {
    for asked in &slates.messages {
        let answer = Message { row: asked.row, said: Said::Answer, text: "ja — gerne".into() };
        if let Some(row) = step.next.row_of(seen.users[asked.row]) {
            step.next.messages.push(Message { row, ..answer.clone() });
        }
        step.responses.replies.push(answer);
    }
}

/// Gives ticks to a sink.
pub(super) fn write(sink: &mut ParquetSink, spec: &EnvSpec, ticks: &[Kept]) {
    ticks.iter().for_each(|tick| sink.write(&tick.facts(spec), &tick.transition()).unwrap());
}

/// Logs ticks as one sink would, and finishes.
pub(super) fn log(dir: &Path, spec: &EnvSpec, ticks: &[Kept], options: &LogOptions) -> LogReceipt {
    let mut sink = ParquetSink::create(dir, spec, options).unwrap();
    write(&mut sink, spec, ticks);
    finish(dir, spec, sink)
}

/// Finishes a sink and writes the manifest.
pub(super) fn finish(dir: &Path, spec: &EnvSpec, sink: ParquetSink) -> LogReceipt {
    let receipt = sink.finish().unwrap();
    let mut manifest = Manifest::new(spec, "toy", 11);
    (manifest.state, manifest.rows) = (RunState::Finished, receipt.rows);
    (manifest.parts, manifest.truth) = (receipt.parts.clone(), receipt.truth.clone());
    manifest.store(dir).unwrap();
    receipt
}

pub(super) fn replay(dir: &Path) -> Result<Vec<Kept>, DataError> {
    read(LogSource::open(dir)?)
}

pub(super) fn read(mut source: LogSource) -> Result<Vec<Kept>, DataError> {
    let mut ticks = Vec::new();
    while let Some(tick) = source.next()? {
        ticks.push(Kept::new(&tick.facts, &tick.transition));
    }
    Ok(ticks)
}
