//! Runs to be logged, and the laws of logging them.

mod crash;
mod damage;
mod form;
mod replay;

use std::path::Path;

use recloop_env::testing::{ToyItems, ToyRecommender, ToyUsers, toy_feed, toy_world};
use recloop_env::{
    Candidates, Catalogue, CreatorId, Env, EnvSpec, Facts, HistorySpec, ItemId, ItemLaw, Keep, Known,
    LogSink, Message, NewItem, Objective, Part, Population, Recommender, ResetOptions, Said, Sharded, Shelf,
    Slates, Snapshot, SnapshotError, Streams, Supply, Tick, UserId, World,
};

use super::{LogOptions, LogReceipt, LogSource, Manifest, ParquetSink, Replayed, RunState};
use crate::DataError;

/// A world that can be logged, and how it is run.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) seed: u64,
    pub(super) options: ResetOptions,
    pub(super) ticks: usize,
}

impl Run {
    pub(super) fn new(world: World) -> Self {
        Self { world, seed: 11, options: ResetOptions::default(), ticks: 40 }
    }

    /// Plays on, with policies that know their propensities, estimate them, or do not; people talk.
    pub(super) fn play(mut self) -> (EnvSpec, Vec<Replayed>) {
        let spec = self.world.spec().clone();
        let (mut policy, mut ticks) = (ToyRecommender::default(), Vec::new());
        let mut now = Replayed::default();
        policy.begin(&spec).unwrap();
        self.world.reset(self.seed, &self.options, &mut now.seen).unwrap();
        while !now.seen.is_empty() && ticks.len() < self.ticks {
            policy.recommend(&now.seen, &self.world.streams(), &mut now.slates).unwrap();
            vary(&mut now.slates, ticks.len());
            self.world.step(&now.slates, &mut now.step).unwrap();
            talk(&mut now);
            ticks.push(now.clone());
            std::mem::swap(&mut now.seen, &mut now.step.next);
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
fn talk(now: &mut Replayed) {
    for asked in &now.slates.messages {
        let answer = Message { row: asked.row, said: Said::Answer, text: "ja — gerne".into() };
        if let Some(row) = now.step.next.row_of(now.seen.users[asked.row]) {
            now.step.next.messages.push(Message { row, ..answer.clone() });
        }
        now.step.responses.replies.push(answer);
    }
}

/// Logs ticks as one sink would, and finishes.
pub(super) fn log(dir: &Path, spec: &EnvSpec, ticks: &[Replayed], options: &LogOptions) -> LogReceipt {
    let mut sink = ParquetSink::create(dir, spec, options).unwrap();
    ticks.iter().for_each(|tick| {
        sink.write(&Facts::new(&spec, &Population::default()), &tick.as_transition()).unwrap()
    });
    finish(dir, spec, sink)
}

/// Finishes a sink and writes the manifest.
pub(super) fn finish(dir: &Path, spec: &EnvSpec, sink: ParquetSink) -> LogReceipt {
    let receipt = sink.finish().unwrap();
    let mut manifest = Manifest::new(spec, "toy", 11);
    (manifest.state, manifest.rows) = (RunState::Finished, receipt.rows);
    manifest.parts = receipt.parts.clone();
    manifest.store(dir).unwrap();
    receipt
}

pub(super) fn replay(dir: &Path) -> Result<Vec<Replayed>, DataError> {
    let (mut source, mut ticks) = (LogSource::open(dir)?, Vec::new());
    while let Some(tick) = source.next()? {
        ticks.push(tick.clone());
    }
    Ok(ticks)
}

/// Toy users, each offered their own six of the lasting items, by turns.
pub(super) fn own_lists(n_users: usize) -> World {
    World::builder("own-lists-v0")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(Supply::Shelf(Box::new(Carousel)))
        .slate_size(2)
        .history(HistorySpec { length: 2, keep: Keep::Clicks })
        .objective(Objective::new().with(Part::DwellMinutes, 2.0))
        .build()
        .unwrap()
}

#[derive(Clone)]
struct Carousel;

impl Shelf for Carousel {
    fn observed(&self) -> recloop_env::Layout {
        ToyItems.observed()
    }

    fn latent(&self) -> recloop_env::Layout {
        ToyItems.latent()
    }

    fn stock(&mut self, _rng: &Streams) -> Vec<NewItem> {
        let item = |i: u32| NewItem {
            creator: CreatorId(i % 2),
            title: format!("item \"{i}\""),
            codes: vec![i as u16 % 3],
            latent_dense: vec![0.5],
            ..NewItem::default()
        };
        (0..12).map(item).collect()
    }

    fn offer(&mut self, tick: Tick, users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let (mut starts, mut items) = (vec![0], Vec::new());
        for user in users {
            let turn = |i| ItemId((user.0 + tick.0 + 2 * i) % catalogue.len() as u32);
            let mut own: Vec<_> = (0..5 + user.0 % 2).map(turn).collect();
            own.sort_unstable();
            items.append(&mut own);
            starts.push(items.len() as u32);
        }
        *out = Candidates::PerRow { starts, items };
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn Shelf> {
        Box::new(self.clone())
    }
}
