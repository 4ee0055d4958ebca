//! User-steps per second of the published worlds and of the feed, beside a hand-written floor of the same arithmetic.
//!
//! `cargo bench -p recloop-experiments --bench worlds`; `RAYON_NUM_THREADS` sets the threads.

mod feed;
mod floor;
mod running;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use floor::Floor;
use recloop_agents::{DotProduct, Greedy, RandomSlates};
use running::{Running, timed};

const EVOLUTION: &str = "interest-evolution-v0";

fn random_slates(c: &mut Criterion) {
    let mut group = c.benchmark_group("interest-evolution, 10 redrawn candidates, slate 3, random");
    for users in [1_usize, 256, 65_536] {
        group.throughput(Throughput::Elements(users as u64));
        let mut floor = Floor::new(users, 10);
        group.bench_function(BenchmarkId::new("floor", users), |b| {
            b.iter_custom(|ticks| timed(ticks, || assert!(floor.step() >= 0.0)));
        });
        let mut running =
            Running::new(EVOLUTION, &[&format!("users={users}")], Box::new(RandomSlates::default()));
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
    let mut running = Running::new(EVOLUTION, &settings, Box::new(Greedy::new(DotProduct::default())));
    group.bench_function("recloop/10000", |b| {
        b.iter_custom(|ticks| timed(ticks, || running.tick()));
    });
    group.finish();
}

/// The same ticks bare and logged: every impression, its propensity, what was seen and what was on offer.
fn logged_slates(c: &mut Criterion) {
    let mut group = c.benchmark_group("interest-evolution, 10 redrawn candidates, slate 3, logged");
    group.throughput(Throughput::Elements(65_536)).sample_size(10).measurement_time(Duration::from_secs(3));
    let mut running = Running::new(EVOLUTION, &["users=65536"], Box::new(RandomSlates::default()));
    group.bench_function("bare", |b| b.iter_custom(|ticks| timed(ticks, || running.tick())));
    let running = Running::new(EVOLUTION, &["users=65536"], Box::new(RandomSlates::default()));
    let mut running = running.logged();
    group.bench_function("logged", |b| b.iter_custom(|ticks| timed(ticks, || running.tick())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = random_slates, greedy_slates, logged_slates, feed::slates
}
criterion_main!(benches);
