//! What the tests of feed users share: people and items small enough to compute by hand, and a world to meet in.

mod at_once;
mod laws;
mod one_slate;
mod people;

use std::sync::Arc;

use recloop_env::{
    Block, Clock, Cohort, Env, Grid, Group, ItemId, Known, Layout, NewItem, Objective, Observation,
    OpenShelf, Part, ResetOptions, Sharded, Slates, Step, Supply, Topics, World,
};

use super::{Feed, FeedParams, People, PeopleTable};

/// Two topics, along the axes of a plane.
pub(crate) fn axes() -> Arc<Topics> {
    let centres = Grid::from_vec(vec![1.0, 0.0, 0.0, 1.0], 2, 2).unwrap();
    Arc::new(Topics { names: vec!["east".into(), "north".into()], centres })
}

pub(crate) fn observed() -> Layout {
    Layout::new(vec![Block::category("topic", 2, ""), Block::dense("embedding", 2, (-1.0, 1.0), "")])
}

pub(crate) fn latent() -> Layout {
    let share = |name| Block::dense(name, 1, (0.0, 1.0), "");
    Layout::new(vec![share("quality"), share("bait")])
}

/// Everybody likes (0.6, 0.8), is of average activity and follows nobody.
pub(crate) fn alike() -> PeopleTable {
    PeopleTable {
        topics: axes(),
        interest: Grid::from_vec(vec![0.6, 0.8], 1, 2).unwrap(),
        activity: vec![0.0],
        conformity: vec![0.0],
        groups: vec![Group::new("kind", &["one", "other"])],
        levels: Grid::from_vec(vec![1], 1, 1).unwrap(),
    }
}

pub(crate) fn feed(params: FeedParams) -> Feed {
    Feed::new(params, People::Given(Arc::new(alike())), &observed(), &latent()).unwrap()
}

/// An item of the axis `topic`.
pub(crate) fn item(topic: u16, quality: f32, bait: f32) -> NewItem {
    let mut dense = vec![0.0, 0.0];
    dense[usize::from(topic)] = 1.0;
    NewItem { dense, codes: vec![topic], latent_dense: vec![quality, bait], ..NewItem::default() }
}

pub(crate) fn shelf(items: Vec<NewItem>) -> Supply {
    Supply::Shelf(Box::new(OpenShelf::new(observed(), latent(), items, None)))
}

/// `n` users and a shelf of `items`, all of which make a slate; whoever comes on day 0 is there at tick 0.
pub(crate) fn world(feed: Feed, n: usize, items: Vec<NewItem>) -> World {
    let slate = items.len();
    world_of(Sharded::new(feed, n), shelf(items), slate)
}

/// The same for users of any kind.
pub(crate) fn world_of(users: impl Cohort + 'static, items: Supply, slate: usize) -> World {
    World::builder("feed users under test")
        .cohort(users)
        .slate_size(slate)
        .supply(items)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .clock(Clock { tick_secs: Clock::DAY_SECS, calendar: true })
        .build()
        .unwrap()
}

pub(crate) fn begin(world: &mut World, seed: u64) -> Observation {
    let mut seen = Observation::default();
    let options = ResetOptions { tell_choice_probs: true, ..ResetOptions::default() };
    world.reset(seed, &options, &mut seen).unwrap();
    seen
}

/// Everybody is shown these items, in this order.
pub(crate) fn show(seen: &Observation, items: &[u32]) -> Slates {
    let mut slates = Slates::default();
    slates.reset(seen.len(), items.len());
    for r in 0..seen.len() {
        slates.known[r] = Known::Unavailable;
        for (place, item) in slates.items.row_mut(r).iter_mut().zip(items) {
            *place = ItemId(*item);
        }
    }
    slates
}

pub(crate) fn step(world: &mut World, slates: &Slates) -> Step {
    let mut step = Step::default();
    world.step(slates, &mut step).unwrap();
    step
}

/// Equal up to the rounding of a few `f32` operations.
#[track_caller]
pub(crate) fn assert_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-5 * expected.abs().max(0.1), "{found} for {expected}");
    }
}

/// A frequency over `n` independent trials strays from its chance by this much with probability below
/// 2·exp(−2n·bound²) = 2e-9 (Hoeffding). Under a hundred frequencies are compared here: a false alarm of any is below
/// 2e-7, and the seeds are fixed besides.
pub(crate) fn bound(n: usize) -> f64 {
    (1e9_f64.ln() / (2.0 * n as f64)).sqrt()
}
