//! The flagship at full load: 20,000 people who all want a slate of 10 at every tick, out of 2,000 items.
//!
//! `dialogue-feed-v0` beside it: what a psyche costs. A life begins anew every 20 ticks: an item is shown to a user once, and nobody here meets most of a catalogue.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use recloop_agents::{DotProduct, Greedy, PlackettLuce};
use recloop_env::Recommender;

use super::running::{Running, timed};

/// Nobody leaves a session, nobody publishes: every tick has every row.
const SETTINGS: [&str; 13] = [
    "users=20000",
    "tick_secs=86400",
    "observe_interest=true",
    "patience_mean=1000",
    "no_click_cost=0",
    "low_value_cost=0",
    "stay_bias=100",
    "opening_items=2000",
    "lifetime_days=3650",
    "posts_per_day=0",
    "entries_per_day=0",
    "exit=never",
    "history=50",
];

fn greedy() -> Box<dyn Recommender> {
    Box::new(Greedy::new(DotProduct::default()))
}

fn drawn() -> Box<dyn Recommender> {
    Box::new(PlackettLuce::new(DotProduct::default(), 0.1).expect("a temperature"))
}

/// Slates a user meets before everything begins anew (chosen by us: a week or two of the default world).
const LIFE: u64 = 20;

/// Times `ticks` of lives begun anew outside the clock.
fn lives(ticks: u64, mut begin: impl FnMut() -> Running) -> Duration {
    let life = |start: u64| {
        let mut running = begin();
        assert_eq!(running.rows(), 20_000);
        timed(LIFE.min(ticks - start), || running.tick())
    };
    (0..ticks).step_by(LIFE as usize).map(life).sum()
}

pub(crate) fn slates(c: &mut Criterion) {
    for (name, policy) in [("greedy", greedy as fn() -> Box<dyn Recommender>), ("plackett-luce", drawn)] {
        let mut group = c.benchmark_group(format!("feed, 20000 users, 10 of 2000 items, {name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(5));
        group.throughput(Throughput::Elements(20_000));
        let begin = || Running::new("feed-v0", &SETTINGS, policy());
        let talking = || Running::new("dialogue-feed-v0", &SETTINGS, policy());
        group.bench_function("with a psyche", |b| b.iter_custom(|ticks| lives(ticks, talking)));
        group.bench_function("bare", |b| b.iter_custom(|ticks| lives(ticks, begin)));
        group.bench_function("logged", |b| b.iter_custom(|ticks| lives(ticks, || begin().logged())));
        group.finish();
    }
}
