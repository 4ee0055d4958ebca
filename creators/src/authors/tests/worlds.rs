//! Authors in a world: their words reach the catalogue, and its laws hold.

use recloop_env::testing::{ToyRecommender, ToyUsers, check_world};
use recloop_env::{
    Clock, Env, Event, InformedCreators, Observation, OpenShelf, Recommender, ResetOptions, Sharded, Slates,
    Step, Supply, World, WorldBuilder,
};

use super::*;
use crate::FullInformation;

const TICK_SECS: f64 = 3_600.0;

fn some() -> FeedCreators {
    let params = FeedCreatorsParams {
        n_creators: 6,
        opening_items: 30,
        posts_per_day: 12.0,
        turn_secs: TICK_SECS as f32,
        rule: TopicRule::FullInformation,
        focal: 3,
        rivals: TopicRule::Belief,
        ..FeedCreatorsParams::default()
    };
    FeedCreators::new(&params, Arc::new(Topics::new(3, 2)), TICK_SECS).unwrap()
}

fn world(enter: impl Fn(WorldBuilder, Market<Authors<FullInformation>>) -> WorldBuilder) -> World {
    let (observed, latent) = (some().items().observed(), some().items().latent());
    let backend = says(moody);
    let inner = FullInformation::new(some());
    let authors = Authors::new(inner, backend).unwrap().deciding().unwrap().every(NonZeroU32::MIN);
    let market = MarketParams { entries_per_day: 10.0, ..MarketParams::default() };
    let market = Market::new(authors, &market, TICK_SECS).unwrap();
    let world = World::builder("toy-authors-v0")
        .cohort(Sharded::new(ToyUsers::default(), 30))
        .supply(Supply::Shelf(Box::new(OpenShelf::new(observed, latent, Vec::new(), None))));
    enter(world, market).clock(Clock { tick_secs: TICK_SECS, calendar: true }).slate_size(2).build().unwrap()
}

#[test]
fn a_world_of_theirs_keeps_every_law() {
    check_world(|| world(WorldBuilder::informed_creators)).unwrap();
    check_world(|| world(WorldBuilder::creators)).unwrap();
}

#[test]
fn words_reach_the_catalogue() {
    let (mut world, mut policy) = (world(WorldBuilder::informed_creators), ToyRecommender::default());
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(5, &ResetOptions::default(), &mut seen).unwrap();
    policy.begin(world.spec()).unwrap();
    let mut made = Vec::new();
    for _ in 0..12 {
        policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
        world.step(&slates, &mut step).unwrap();
        made.extend(step.events.iter().filter_map(|event| match event {
            Event::Publish { item, .. } => Some(*item),
            _ => None,
        }));
        std::mem::swap(&mut seen, &mut step.next);
    }
    let catalogue = seen.items.catalogue().unwrap();
    let worded = made.iter().filter(|item| catalogue.title(**item).starts_with("Title ")).count();
    // A fifth of the answers are of no use, and their items keep the titles that creators gave.
    assert!(made.len() > 30 && worded * 2 > made.len() && worded < made.len(), "{worded} of {}", made.len());
    for item in made {
        let worded = catalogue.title(item).starts_with("Title ");
        assert_eq!(catalogue.text(item).starts_with("More of "), worded, "{}", catalogue.title(item));
    }
    assert!((0..30).map(ItemId).all(|item| catalogue.text(item).is_empty()));
}

#[test]
fn without_interference_authors_are_told_nothing() {
    let heard = Arc::new(Listening(Mutex::default()));
    let backend: Arc<dyn ChatBackend> = Arc::<Listening>::clone(&heard);
    let authors = authors(TopicRule::Belief, backend);
    let mut market = Market::new(authors, &MarketParams::default(), 120.0).unwrap().without_interference();
    life(&mut market, 20);
    let all = heard.0.lock().unwrap().concat();
    assert!(
        all.len() > 40 && all.iter().all(|request| prompt_of(request).contains("You have heard of none"))
    );
}

#[test]
fn who_is_informed_stays_so_in_a_copy() {
    let mut model = Authors::new(FullInformation::new(some()), says(moody)).unwrap();
    model.begin(&Streams::new(4));
    let copy = model.fork_informed();
    assert_eq!(copy.save().unwrap(), model.save().unwrap());
}
