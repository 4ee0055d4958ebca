//! A tick at its high-water mark allocates nothing: not in the engine, not in the users, not in the recommender.
//!
//! The counter sees one thread, so everything runs in a pool of one. It has a test binary of its own because it
//! replaces the allocator.

use allocation_counter::measure;
use recloop_agents::RandomSlates;
use recloop_env::testing::{ToyItems, ToyRecommender, ToyUsers, toy_shelf, toy_world};
use recloop_env::{
    Env, HistorySpec, Keep, Objective, Observation, Part, Recommender, ResetOptions, Sharded, Slates, Step,
    Supply, World,
};

/// Ticks until every buffer has met its largest size (chosen by us: a few toy lives).
const WARM_UP: usize = 200;
/// Ticks that are counted.
const COUNTED: usize = 50;

/// Allocations of the counted ticks: recommend, step, learn.
fn allocations(mut world: World, mut player: impl Recommender) -> u64 {
    let options = ResetOptions { renew: true, tell_choice_probs: true, horizon: None };
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(11, &options, &mut seen).unwrap();
    player.begin(world.spec()).unwrap();
    let mut user_steps = 0;
    let mut play = |ticks| {
        for _ in 0..ticks {
            player.recommend(&seen, &world.streams(), &mut slates).unwrap();
            world.step(&slates, &mut step).unwrap();
            player.learn(&seen, &slates, &step);
            user_steps += seen.len();
            std::mem::swap(&mut seen, &mut step.next);
        }
    };
    play(WARM_UP);
    let counted = measure(|| play(COUNTED)).count_total;
    assert!(user_steps > COUNTED, "somebody was there");
    counted
}

fn on_one_thread(work: impl FnOnce() -> u64 + Send) -> u64 {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(work)
}

fn toy_with(supply: Supply, n_users: usize) -> World {
    World::builder("memory")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(supply)
        .slate_size(2)
        .history(HistorySpec { length: 4, keep: Keep::Impressions })
        .objective(Objective::new().with(Part::Clicks, 1.0).with(Part::Returns, 1.0))
        .build()
        .unwrap()
}

#[test]
fn the_counter_counts() {
    let boxed = || measure(|| drop(std::hint::black_box(Box::new(7)))).count_total;
    assert_eq!(on_one_thread(boxed), 1);
}

#[test]
fn fresh_items_are_drawn_into_old_memory() {
    assert_eq!(on_one_thread(|| allocations(toy_world(100), ToyRecommender::default())), 0);
    let remembered = || {
        let supply = Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) };
        allocations(toy_with(supply, 9_000), ToyRecommender::default())
    };
    assert_eq!(on_one_thread(remembered), 0);
}

#[test]
fn lasting_items_are_offered_in_old_memory() {
    assert_eq!(on_one_thread(|| allocations(toy_with(toy_shelf(), 100), ToyRecommender::default())), 0);
}

#[test]
fn a_published_world_and_a_policy_allocate_nothing() {
    let registry = recloop_experiments::worlds::registry();
    let entry = registry.find("interest-evolution-v0").unwrap();
    let mut config = (entry.defaults)();
    config.insert("users".into(), 500.into());
    let world = (entry.build)(&config, &recloop_experiments::worlds::Given::default()).unwrap();
    assert_eq!(on_one_thread(|| allocations(world, RandomSlates::default())), 0);
}
