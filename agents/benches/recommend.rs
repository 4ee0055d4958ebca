//! What one row costs a recommender; run with `RAYON_NUM_THREADS=1` for the cost on one core.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use recloop_agents::{
    DotProduct, Greedy, LinUcb, PlackettLuce, RandomSlates, Rerank, Reranked, ThompsonSampling,
};
use recloop_env::{
    Block, Candidates, Catalogue, Clock, CreatorId, EnvSpec, Grid, HistorySpec, ItemId, ItemView, Layout,
    Observation, Recommender, SetId, Slates, Streams, Tick, UserId, purpose, unit_f32,
};

/// Users with an `interest` of `width`, and one shared set of items with this feature block.
fn scene(
    n_users: usize,
    n_items: usize,
    slate_size: usize,
    width: usize,
    block: Block,
) -> (EnvSpec, Observation) {
    let rng = Streams::new(1);
    let layout = Layout::new(vec![block]);
    let mut catalogue = Catalogue::new(layout.clone());
    for item in (0..n_items as u32).map(ItemId) {
        let mut draws = rng.at(purpose::ITEM_INIT, item, Tick(0));
        let codes: Vec<u16> =
            (0..layout.code_width()).map(|_| (draws.unit() * width as f32) as u16).collect();
        let dense: Vec<f32> = (0..layout.dense_width()).map(|_| draws.unit() - 0.5).collect();
        catalogue.push(CreatorId(0), (Tick(0), Catalogue::FOR_GOOD), "", &dense, &codes);
    }
    let spec = EnvSpec {
        id: "bench-v0".into(),
        n_users,
        slate_size,
        max_candidates: Some(n_items),
        user_features: Layout::new(vec![Block::dense("interest", width, (-1.0, 1.0), "")]),
        item_features: layout,
        durable_items: true,
        signals: vec![],
        reward_parts: vec![],
        history: HistorySpec::default(),
        clock: Clock::STEPS,
        groups: vec![],
        accounts: vec![],
        examination: vec![1.0; slate_size],
        no_repeat: false,
    };
    let users: Vec<UserId> = (0..n_users as u32).map(UserId).collect();
    let mut user_features = Grid::zeros(n_users, width);
    for (r, user) in users.iter().enumerate() {
        let words = rng.at(purpose::USER_INIT, *user, Tick(0));
        fill(user_features.row_mut(r), words);
    }
    let seen = Observation {
        users,
        user_features,
        candidates: Arc::new(Candidates::shared(SetId(0), (0..n_items as u32).map(ItemId).collect())),
        items: Arc::new(ItemView::Durable(catalogue)),
        ..Observation::default()
    };
    (spec, seen)
}

/// The same, but that every user was shown `n_barred` of the items before.
fn unseen((spec, seen): (EnvSpec, Observation), n_barred: usize) -> (EnvSpec, Observation) {
    let items = Arc::clone(seen.candidates.common().expect("a scene has one list"));
    let (mut starts, mut barred) = (vec![0], Vec::new());
    for row in 0..seen.len() {
        // Every so many-th item, from another one on for every row.
        let step = items.len() / n_barred;
        barred.extend(items.iter().skip(row % step).step_by(step).take(n_barred));
        starts.push(barred.len() as u32);
    }
    let candidates = Arc::new(Candidates::Unseen { set: SetId(0), items, starts, barred });
    (spec, Observation { candidates, ..seen })
}

fn fill(row: &mut [f32], mut draws: recloop_env::Draws) {
    row.fill_with(|| 2.0 * unit_f32(draws.word()) - 1.0);
}

fn measure(
    c: &mut Criterion,
    name: &str,
    mut policy: impl Recommender,
    (spec, mut seen): (EnvSpec, Observation),
) {
    policy.begin(&spec).expect("the scene suits every policy here");
    let (rng, mut slates) = (Streams::new(7), Slates::default());
    let mut group = c.benchmark_group("recommend");
    group.throughput(Throughput::Elements(seen.len() as u64));
    group.sample_size(10);
    group.bench_function(BenchmarkId::from_parameter(name), |b| {
        b.iter(|| {
            seen.tick = seen.tick.next();
            policy.recommend(&seen, &rng, &mut slates).expect("scores are finite");
            black_box(&slates);
        });
    });
    group.finish();
}

fn recommend(c: &mut Criterion) {
    let topics = || Block::category("topic", 20, "");
    let drawn = || PlackettLuce::new(DotProduct::default(), 0.5).expect("a temperature above zero");
    let diverse =
        |by| Greedy::new(Reranked::new(DotProduct::default(), by, 0.3, 100).expect("a dial within bounds"));
    let feed = || {
        let embedding = Block::dense("embedding", 32, (-1.0, 1.0), "");
        unseen(scene(20_000, 2_000, 10, 32, embedding), 100)
    };
    measure(c, "random, 3 of 10", RandomSlates::default(), scene(65_536, 10, 3, 20, topics()));
    let greedy = || Greedy::new(DotProduct::default());
    measure(c, "greedy topic, 2 of 100", greedy(), scene(10_000, 100, 2, 20, topics()));
    measure(c, "random, 10 of 2000 unseen", RandomSlates::default(), feed());
    measure(c, "greedy dot, 10 of 2000 unseen", greedy(), feed());
    measure(c, "plackett-luce dot, 10 of 2000 unseen", drawn(), feed());
    measure(c, "mmr dot, 10 of 2000 unseen", diverse(Rerank::Mmr), feed());
    measure(c, "dpp dot, 10 of 2000 unseen", diverse(Rerank::Dpp), feed());
    measure(c, "linucb, 10 of 2000 unseen", Greedy::new(LinUcb::default()), feed());
    measure(c, "thompson, 10 of 2000 unseen", Greedy::new(ThompsonSampling::default()), feed());
}

criterion_group!(benches, recommend);
criterion_main!(benches);
