//! What a creator's turn costs, per item published: hearing, deciding, making.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_creators::{BeliefParams, FeedCreators, FeedCreatorsParams, Posting, TopicRule};
use recloop_env::{
    CreatorAction, CreatorId, CreatorModel, ItemFeedback, ItemId, OwnFeedback, Streams, Tick, Topics,
};

const CREATORS: usize = 1_000;
/// Turns an item is on offer.
const LIFE: u32 = 10;
const DAY_SECS: f64 = 86_400.0;

/// Creators who post once a turn, and what is known of their items.
struct Lives {
    creators: FeedCreators,
    rng: Streams,
    now: u32,
    told: Vec<OwnFeedback>,
    actions: Vec<(CreatorId, CreatorAction)>,
}

impl Lives {
    fn new(rule: TopicRule) -> Self {
        let params = FeedCreatorsParams {
            n_creators: CREATORS,
            rule,
            posts_per_day: 1.0,
            posting: Posting::Regular,
            turn_secs: DAY_SECS as f32,
            lifetime_days: f32::from(LIFE as u16),
            opening_items: 0,
            ..FeedCreatorsParams::default()
        };
        let beliefs = BeliefParams { revisit_items: 1, ..BeliefParams::default() };
        let creators = FeedCreators::new(&params, Arc::new(Topics::new(14, 32)), DAY_SECS);
        let mut creators = creators.and_then(|it| it.believing(&beliefs)).expect("parameters in range");
        let rng = Streams::new(1);
        creators.begin(&rng);
        let nothing = |creator| OwnFeedback { creator: CreatorId(creator), items: Vec::new() };
        let told = (0..CREATORS as u32).map(nothing).collect();
        Self { creators, rng, now: 0, told, actions: Vec::new() }
    }

    /// Everybody made an item at every turn: news of all that are on offer.
    fn hear(&mut self) {
        for own in &mut self.told {
            own.items.clear();
            own.items.extend((self.now.saturating_sub(LIFE)..self.now).map(|turn| ItemFeedback {
                item: ItemId(turn * CREATORS as u32 + own.creator.0),
                published: Tick(turn),
                impressions: 15,
                clicks: (turn + own.creator.0) % 7,
                ..ItemFeedback::default()
            }));
        }
        self.actions.clear();
    }

    fn act(&mut self) {
        let Self { creators, rng, told, actions, .. } = self;
        creators.act(black_box(told), Tick(self.now), rng, actions).expect("everybody is there");
        self.now += 1;
        assert_eq!(actions.len(), CREATORS);
    }
}

fn turn(c: &mut Criterion) {
    let mut group = c.benchmark_group("turn");
    group.throughput(Throughput::Elements(CREATORS as u64));
    for (name, rule) in [
        ("static", TopicRule::Static),
        ("cfd", TopicRule::Cfd),
        ("imitation", TopicRule::Imitation),
        ("belief", TopicRule::Belief),
    ] {
        let mut lives = Lives::new(rule);
        // Life goes on from turn to turn; what creators are told is got together off the clock.
        group.bench_function(name, |b| {
            b.iter_custom(|turns| {
                let mut spent = Duration::ZERO;
                for _ in 0..turns {
                    lives.hear();
                    let begun = Instant::now();
                    lives.act();
                    spent += begun.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, turn);
criterion_main!(benches);
