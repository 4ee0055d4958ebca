//! User-steps per second of the published worlds, beside a hand-written floor of the same arithmetic.
//!
//! `cargo bench -p recloop-experiments --bench worlds`; `RAYON_NUM_THREADS` sets the threads.

mod floor;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use floor::Floor;
use recloop_agents::{DotProduct, Greedy, RandomSlates};
use recloop_data::{LogOptions, ParquetSink};
use recloop_env::{Env, LogSink, Observation, Recommender, ResetOptions, Slates, Step, Transition, World};
use recloop_experiments::worlds::make;

/// A world in the middle of a run: everybody always here, ended viewers renewed.
struct Running {
    world: World,
    sink: Option<ParquetSink>,
    policy: Box<dyn Recommender>,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Running {
    fn new(settings: &[&str], mut policy: Box<dyn Recommender>) -> Self {
        let mut world = make("interest-evolution-v0", settings).expect("a registered world");
        let mut seen = Observation::default();
        let options = ResetOptions { renew: true, ..ResetOptions::default() };
        world.reset(7, &options, &mut seen).expect("a registered world begins");
        policy.begin(world.spec()).expect("these policies fit this world");
        let (slates, step) = (Slates::default(), Step::default());
        let mut running = Self { world, sink: None, policy, seen, slates, step };
        (0..5).for_each(|_| running.tick());
        running
    }

    fn tick(&mut self) {
        self.policy.recommend(&self.seen, &self.world.streams(), &mut self.slates).expect("slates");
        self.world.step(&self.slates, &mut self.step).expect("slates fit");
        if let Some(sink) = &mut self.sink {
            let t = Transition { seen: &self.seen, slates: &self.slates, step: &self.step };
            sink.write(&self.world.facts(), &t).expect("room on the disk");
        }
        self.policy.learn(&self.seen, &self.slates, &self.step);
        std::mem::swap(&mut self.seen, &mut self.step.next);
    }
}

/// Times `ticks` inside the thread pool, where a run lives.
fn timed(ticks: u64, mut tick: impl FnMut() + Send) -> Duration {
    rayon::scope(|_| {
        let start = Instant::now();
        (0..ticks).for_each(|_| tick());
        start.elapsed()
    })
}

fn random_slates(c: &mut Criterion) {
    let mut group = c.benchmark_group("interest-evolution, 10 redrawn candidates, slate 3, random");
    for users in [1_usize, 256, 65_536] {
        group.throughput(Throughput::Elements(users as u64));
        let mut floor = Floor::new(users, 10);
        group.bench_function(BenchmarkId::new("floor", users), |b| {
            b.iter_custom(|ticks| timed(ticks, || assert!(floor.step() >= 0.0)));
        });
        let mut running = Running::new(&[&format!("users={users}")], Box::new(RandomSlates::default()));
        group.bench_function(BenchmarkId::new("recloop", users), |b| {
            b.iter_custom(|ticks| timed(ticks, || running.tick()));
        });
    }
    group.finish();
}

fn greedy_slates(c: &mut Criterion) {
    let mut group = c.benchmark_group("interest-evolution, 100 shared candidates, slate 2, greedy");
    group.throughput(Throughput::Elements(10_000));
    let settings = ["users=10000", "candidates=100", "slate=2", "redraw=false"];
    let mut running = Running::new(&settings, Box::new(Greedy::new(DotProduct::default())));
    group.bench_function("recloop/10000", |b| {
        b.iter_custom(|ticks| timed(ticks, || running.tick()));
    });
    group.finish();
}

/// The same ticks bare and logged: every impression, its propensity, what was seen and what was on offer.
fn logged_slates(c: &mut Criterion) {
    let mut group = c.benchmark_group("interest-evolution, 10 redrawn candidates, slate 3, logged");
    group.throughput(Throughput::Elements(65_536)).sample_size(10).measurement_time(Duration::from_secs(3));
    let mut running = Running::new(&["users=65536"], Box::new(RandomSlates::default()));
    group.bench_function("bare", |b| b.iter_custom(|ticks| timed(ticks, || running.tick())));
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut running = Running::new(&["users=65536"], Box::new(RandomSlates::default()));
    let sink = ParquetSink::create(dir.path(), running.world.spec(), &LogOptions::default());
    running.sink = Some(sink.expect("an empty folder"));
    group.bench_function("logged", |b| b.iter_custom(|ticks| timed(ticks, || running.tick())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = random_slates, greedy_slates, logged_slates
}
criterion_main!(benches);
