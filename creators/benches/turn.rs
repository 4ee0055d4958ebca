//! What a creator's turn costs, per item published: hearing, deciding, making.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use recloop_creators::{BeliefParams, FeedCreators, FeedCreatorsParams, Posting, TopicRule};
use recloop_env::{
    CreatorAction, CreatorId, CreatorModel, ItemFeedback, ItemId, OwnFeedback, Streams, Tick, Topics,
};

const CREATORS: usize = 1_000;
const DAY_SECS: f64 = 86_400.0;

/// Creators who post once a turn, twenty turns into their lives, and what they are told next.
fn lives(rule: TopicRule) -> (FeedCreators, Vec<OwnFeedback>, Tick) {
    let params = FeedCreatorsParams {
        n_creators: CREATORS,
        rule,
        posts_per_day: 1.0,
        posting: Posting::Regular,
        turn_secs: DAY_SECS as f32,
        lifetime_days: 10.0,
        opening_items: 0,
        ..FeedCreatorsParams::default()
    };
    let beliefs = BeliefParams { revisit_items: 1, ..BeliefParams::default() };
    let creators = FeedCreators::new(&params, Arc::new(Topics::new(14, 32)), DAY_SECS);
    let mut creators = creators.and_then(|it| it.believing(&beliefs)).expect("parameters in range");
    let rng = Streams::new(1);
    creators.begin(&rng);
    let mut items: Vec<(CreatorId, Tick)> = Vec::new();
    for turn in 0..20 {
        let told = told(&items, Tick(turn));
        let mut actions = Vec::new();
        creators.act(&told, Tick(turn), &rng, &mut actions).expect("everybody is there");
        let made = actions.iter().filter(|(_, action)| matches!(action, CreatorAction::Publish(_)));
        items.extend(made.map(|(creator, _)| (*creator, Tick(turn))));
    }
    (creators, told(&items, Tick(20)), Tick(20))
}

/// News of every item on offer.
fn told(items: &[(CreatorId, Tick)], now: Tick) -> Vec<OwnFeedback> {
    let nothing = |creator| OwnFeedback { creator: CreatorId(creator), items: Vec::new() };
    let mut told: Vec<OwnFeedback> = (0..CREATORS as u32).map(nothing).collect();
    for (id, (creator, published)) in (0..).map(ItemId).zip(items) {
        if now.0 - published.0 <= 10 {
            let (impressions, clicks) = (15, id.0 % 7);
            let news = ItemFeedback {
                item: id,
                published: *published,
                impressions,
                clicks,
                ..ItemFeedback::default()
            };
            told[creator.index()].items.push(news);
        }
    }
    told
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
        let (creators, told, now) = lives(rule);
        let rng = Streams::new(1);
        group.bench_function(name, |b| {
            b.iter_batched(
                || (creators.clone(), Vec::with_capacity(CREATORS)),
                |(mut creators, mut actions)| {
                    creators.act(&told, now, &rng, &mut actions).expect("everybody is there");
                    assert_eq!(actions.len(), CREATORS);
                    black_box((creators, actions))
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, turn);
criterion_main!(benches);
