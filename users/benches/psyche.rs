//! What a psyche costs: a million feed users of whom about one in two hundred is there at a tick, with one and without.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_env::{
    Block, Clock, Env, ItemId, Layout, NewItem, Objective, Observation, OpenShelf, Part, ResetOptions,
    Sharded, Slates, Step, Supply, Topics, UserModel, World,
};
use recloop_users::{Dialogue, DialogueParams, Feed, FeedParams, People};

const USERS: usize = 1_000_000;
/// Rows that a measured time is of: worlds do not have the same number of rows at a tick.
const ROWS: u32 = 1_000;
const SLATE: [u32; 10] = [0, 1, 2, 30, 4, 5, 62, 7, 18, 39];

/// A world and what its users see now.
struct Life {
    world: World,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Life {
    fn new(users: impl UserModel, shelf: OpenShelf) -> Self {
        let mut world = World::builder("psyche")
            .slate_size(SLATE.len())
            .supply(Supply::Shelf(Box::new(shelf)))
            .objective(Objective::new().with(Part::Clicks, 1.0))
            .clock(Clock { tick_secs: 300.0, calendar: true })
            .cohort(Sharded::new(users, USERS))
            .build()
            .expect("a world that can be built");
        let mut seen = Observation::default();
        world.reset(4, &ResetOptions::default(), &mut seen).expect("a world that begins");
        Self { world, seen, slates: Slates::default(), step: Step::default() }
    }

    /// A tick: everybody is shown the same; tells how many there were and how long it took.
    fn tick(&mut self) -> (usize, Duration) {
        self.slates.reset(self.seen.len(), SLATE.len());
        self.slates.items.as_mut_slice().chunks_mut(SLATE.len()).for_each(|row| {
            row.copy_from_slice(&SLATE.map(ItemId));
        });
        self.slates.propensity.as_mut_slice().fill(1.0);
        let (rows, begun) = (self.seen.len(), Instant::now());
        self.world.step(&self.slates, &mut self.step).expect("slates that fit");
        let spent = begun.elapsed();
        std::mem::swap(&mut self.seen, &mut self.step.next);
        (rows, spent)
    }
}

fn psyche(c: &mut Criterion) {
    let topics = Arc::new(Topics::new(14, 32));
    let observed =
        Layout::new(vec![Block::category("topic", 14, ""), Block::dense("embedding", 32, (-1.0, 1.0), "")]);
    let unit = |name| Block::dense(name, 1, (0.0, 1.0), "");
    let latent = Layout::new(vec![unit("quality"), unit("bait")]);
    let item = |i: usize| NewItem {
        dense: topics.centres.row(i % 14).to_vec(),
        codes: vec![i as u16 % 14],
        latent_dense: vec![(i % 10) as f32 / 10.0, (i % 7) as f32 / 7.0],
        ..NewItem::default()
    };
    let shelf = || OpenShelf::new(observed.clone(), latent.clone(), (0..70).map(item).collect(), None);
    let feed = || {
        Feed::new(FeedParams::default(), People::drawn(Arc::clone(&topics)), &observed, &latent)
            .expect("parameters in range")
    };
    let mut group = c.benchmark_group("a million users");
    group.throughput(Throughput::Elements(ROWS.into())).sample_size(10);
    let mut bench = |name, mut life: Life| {
        for _ in 0..10 {
            life.tick();
        }
        group.bench_function(name, |b| {
            b.iter_custom(|ticks| {
                let (mut rows, mut spent) = (0, Duration::ZERO);
                for _ in 0..ticks {
                    let (now, took) = life.tick();
                    (rows, spent) = (rows + now, spent + took);
                }
                spent.mul_f64(ticks as f64 * f64::from(ROWS) / rows as f64)
            });
        });
    };
    bench("feed", Life::new(feed(), shelf()));
    let talking = Dialogue::new(DialogueParams::default(), feed()).expect("parameters in range");
    bench("with a psyche", Life::new(talking, shelf()));
    group.finish();
}

criterion_group!(benches, psyche);
criterion_main!(benches);
