//! Whole lives of creators on a stage.

use super::*;
use crate::params::Posting;
use crate::stage::{Stage, Turn, published, spec};
use crate::{Actions, BeliefKind, TopicRule};
use crate::{Market, MarketParams};
use recloop_env::testing::{ToyRecommender, ToyUsers, check_creators, check_world};
use recloop_env::{
    Clock, Env, ItemId, Observation, OpenShelf, Recommender, ResetOptions, Sharded, Slates, Step, Supply,
    World,
};

const RULES: [TopicRule; 6] = [
    TopicRule::Static,
    TopicRule::Random,
    TopicRule::Cfd,
    TopicRule::Lbr,
    TopicRule::Imitation,
    TopicRule::Belief,
];

fn creators(params: &FeedCreatorsParams) -> FeedCreators {
    FeedCreators::new(params, Arc::new(Topics::new(14, 8)), 120.0).unwrap()
}

fn few(rule: TopicRule) -> FeedCreatorsParams {
    let (n_creators, opening_items, posts_per_day) = (4, 40, 12.0);
    FeedCreatorsParams { n_creators, opening_items, posts_per_day, rule, ..Default::default() }
}

/// `n` hourly turns from turn `from` on.
fn turns(
    model: &mut dyn CreatorModel,
    stage: &mut Stage,
    (from, n): (u32, u32),
    clicks: impl Fn(ItemId, &NewItem) -> u32,
) -> Vec<Turn> {
    (from..from + n).map(|turn| stage.turn(model, Tick(30 * turn), &clicks)).collect()
}

/// An audience with a taste for some topics of some creators.
fn taste(item: ItemId, what: &NewItem) -> u32 {
    (item.0 + u32::from(what.codes[0]) * what.creator.0) % 5
}

#[test]
fn every_rule_keeps_the_contract() {
    for rule in RULES {
        let observed = creators(&few(rule)).items().observed();
        check_creators(|| creators(&few(rule)), &spec(observed)).unwrap();
    }
    let means = BeliefParams { belief: BeliefKind::Means, ..BeliefParams::default() };
    let all = BeliefParams { actions: Actions::All, revisit_items: 1, ..BeliefParams::default() };
    for beliefs in [means, all] {
        let make = || creators(&few(TopicRule::Belief)).believing(&beliefs).unwrap();
        check_creators(make, &spec(make().items().observed())).unwrap();
    }
    let mixed = FeedCreatorsParams { focal: 2, rivals: TopicRule::Belief, ..few(TopicRule::Imitation) };
    check_creators(|| creators(&mixed), &spec(creators(&mixed).items().observed())).unwrap();
}

#[test]
fn a_belief_comes_to_what_is_true_when_one_topic_is_posted_for_ever() {
    let one = FeedCreatorsParams { lifetime_days: 5.0 / 24.0, opening_items: 0, ..few(TopicRule::Belief) };
    let long = BeliefParams { half_life_items: 1e6, ..BeliefParams::default() };
    let mut model =
        FeedCreators::new(&one, Arc::new(Topics::new(1, 2)), 120.0).unwrap().believing(&long).unwrap();
    let mut stage = Stage::open(&mut model, 4);
    // An item on offer is clicked 1, 2 or 3 times a turn, by half of those who see it; later by nobody.
    let mut made_at = std::collections::BTreeMap::new();
    for turn in 0..800 {
        let clicks = |id: ItemId, _: &NewItem| {
            let age = made_at.get(&id).map_or(0, |made| turn - made);
            if (1..=5).contains(&age) { 1 + id.0 % 3 } else { 0 }
        };
        stage.turn(&mut model, Tick(30 * turn), clicks);
        for id in (made_at.len()..stage.items.len()).map(|id| ItemId(id as u32)) {
            made_at.insert(id, turn);
        }
    }
    let belief = model.beliefs(CreatorId(2), Tick(30 * 800)).unwrap()[0];
    // Items by id modulo 3: their mean strays from 2 by .82/√n, six times which for 300 items is .28.
    assert!(belief.items > 300.0 && (belief.value - 2.0).abs() < 0.28, "{belief:?}");
    assert!((belief.click_rate - 0.5).abs() < 1e-6 && belief.value_sd < 0.1, "{belief:?}");
    assert!(creators(&few(TopicRule::Cfd)).beliefs(CreatorId(0), Tick(0)).is_none());
}

#[test]
fn believers_go_where_their_clicks_are() {
    let params = FeedCreatorsParams { opening_items: 80, opening_home_share: 0.0, ..few(TopicRule::Belief) };
    let mut model = creators(&params);
    let mut stage = Stage::open(&mut model, 1);
    let turns = turns(&mut model, &mut stage, (0, 300), |_, item| 10 * u32::from(item.codes[0] == 5));
    let late = || turns[150..].iter().flat_map(published);
    let hits = late().filter(|item| item.codes[0] == 5).count();
    // Random ones would hit one in 14.
    assert!(hits * 2 > late().count() && late().count() > 100, "{hits} of {}", late().count());
}

#[test]
fn a_clock_posts_what_its_rate_has_brought_together() {
    let params = FeedCreatorsParams {
        posting: Posting::Regular,
        posts_per_day: 16.0,
        opening_items: 0,
        n_creators: 1,
        ..few(TopicRule::Static)
    };
    let mut model = creators(&params);
    let mut stage = Stage::open(&mut model, 1);
    let counts: Vec<usize> =
        turns(&mut model, &mut stage, (0, 6), |_, _| 0).iter().map(|turn| published(turn).count()).collect();
    assert_eq!(counts, [0, 1, 1, 0, 1, 1]);
}

#[test]
fn creators_who_decide_everything_vary_effort_bait_and_pace() {
    let all = BeliefParams { actions: Actions::All, item_cost: 1e6, ..BeliefParams::default() };
    let live = |beliefs: &BeliefParams| {
        let mut model = creators(&few(TopicRule::Belief)).believing(beliefs).unwrap();
        let mut stage = Stage::open(&mut model, 5);
        turns(&mut model, &mut stage, (0, 300), taste).iter().flat_map(published).count()
    };
    let (dear, cheap) = (live(&all), live(&BeliefParams { item_cost: 0.0, ..all.clone() }));
    assert!(dear * 4 < cheap, "{dear} items at a ruinous cost, {cheap} for nothing");
}

#[test]
fn nobody_elses_clicks_move_a_creator() {
    for rule in RULES {
        let live = |clicks: &dyn Fn(ItemId, &NewItem) -> u32| {
            let mut model = creators(&few(rule));
            let mut stage = Stage::open(&mut model, 3);
            let turns = turns(&mut model, &mut stage, (0, 100), clicks);
            let mine = turns.into_iter().flatten().filter(|(creator, _)| *creator == CreatorId(2));
            mine.collect::<Turn>()
        };
        let mine = |item: &NewItem| u32::from(item.codes[0]) % 3;
        let plain = live(&|_, item| mine(item));
        let loud = live(&|_, item| if item.creator.0 == 2 { mine(item) } else { 7 });
        assert!(plain.len() > 20 && plain == loud, "{rule:?}");
    }
}

#[test]
fn cfd_goes_where_its_clicks_are() {
    let params = FeedCreatorsParams { opening_items: 80, opening_home_share: 0.0, ..few(TopicRule::Cfd) };
    let mut model = creators(&params);
    let mut stage = Stage::open(&mut model, 1);
    assert!((0..4).all(|c| stage.items.iter().any(|item| item.creator.0 == c && item.codes[0] == 5)));
    let turns = turns(&mut model, &mut stage, (0, 50), |_, item| 100 * u32::from(item.codes[0] == 5));
    assert!(turns.iter().flat_map(published).all(|item| item.codes[0] == 5));
    assert!(turns.iter().flat_map(published).count() > 20);
}

#[test]
fn creators_post_at_their_rate() {
    let params = FeedCreatorsParams { n_creators: 50, opening_items: 0, ..Default::default() };
    let mut model = creators(&params);
    let mut stage = Stage::open(&mut model, 8);
    turns(&mut model, &mut stage, (0, 24 * 30), |_, _| 0);
    // Poisson with mean 50·4·30 = 6,000 and sd 77.5; 6 sd allows one false alarm in 10⁸.
    assert!((5_535..=6_465).contains(&stage.items.len()), "{}", stage.items.len());
    assert!(stage.items.iter().all(|item| item.live_ticks == Some(7 * 720)));
}

#[test]
fn the_opening_shelf_empties_evenly() {
    for rule in RULES {
        let params = FeedCreatorsParams { rule, ..Default::default() };
        let mut model = creators(&params);
        let items = Stage::open(&mut model, 8).items;
        let left: Vec<u32> = items.iter().map(|item| item.live_ticks.unwrap()).collect();
        assert!(left.iter().all(|ticks| ticks % 30 == 0 && (30..=7 * 720).contains(ticks)));
        // Each day 1/7 of 2,000 end: 285.7 with sd 15.6; 6 sd on seven counts allows one false alarm in 10⁸.
        for day in 0..7 {
            let n = left.iter().filter(|ticks| (*ticks - 1) / 720 == day).count();
            assert!((192..=379).contains(&n), "day {day}: {n}");
        }
        assert!((0..100).all(|c| items.iter().filter(|item| item.creator.0 == c).count() == 20));
        assert_eq!(items, Stage::open(&mut creators(&another_rule()), 8).items);
    }
}

fn another_rule() -> FeedCreatorsParams {
    FeedCreatorsParams { rule: TopicRule::Random, learning_step: 1.0, ..Default::default() }
}

#[test]
fn a_restored_model_goes_on_as_if_nothing_had_happened() {
    for rule in RULES {
        let mut model = creators(&few(rule));
        let mut stage = Stage::open(&mut model, 2);
        turns(&mut model, &mut stage, (0, 60), taste);
        let (mut copy, mut beside) = (creators(&few(rule)), stage.clone());
        copy.begin(&Streams::new(99));
        copy.load(&model.save().unwrap()).unwrap();
        assert_eq!(copy.save().unwrap(), model.save().unwrap());
        let (mut fork, mut third) = (model.fork(), stage.clone());
        let expected = turns(&mut model, &mut stage, (60, 60), taste);
        assert_eq!(expected, turns(&mut copy, &mut beside, (60, 60), taste));
        assert_eq!(expected, turns(fork.as_mut(), &mut third, (60, 60), taste));
        assert_eq!(copy.name(CreatorId(3)), model.name(CreatorId(3)));
    }
}

#[test]
fn degenerate_worlds_run() {
    for rule in RULES {
        let one =
            FeedCreatorsParams { n_creators: 1, posts_per_day: 0.0, opening_items: 3, rule, ..few(rule) };
        let mut model = FeedCreators::new(&one, Arc::new(Topics::new(1, 1)), 120.0).unwrap();
        let mut stage = Stage::open(&mut model, 1);
        assert!(stage.items.len() == 3 && stage.items.iter().all(|item| item.dense[0].abs() == 1.0));
        assert!(turns(&mut model, &mut stage, (0, 50), taste).iter().all(Vec::is_empty));
        let busy = FeedCreatorsParams { posts_per_day: 100.0, opening_items: 0, ..one };
        let mut model = FeedCreators::new(&busy, Arc::new(Topics::new(1, 1)), 120.0).unwrap();
        let mut stage = Stage::open(&mut model, 1);
        let turns = turns(&mut model, &mut stage, (0, 50), taste);
        assert!(turns.iter().flat_map(published).all(|item| item.codes == [0, item.codes[1]]));
        assert!(stage.items.len() > 100);
    }
}

fn artist(name: &str, topic: u16, posts_per_day: f32) -> GivenCreator {
    let style = vec![0.0, 2.0];
    GivenCreator { name: name.into(), topic, style, quality: 0.5, bait: 0.0, posts_per_day }
}

#[test]
fn given_creators_are_who_the_table_says() {
    let params = FeedCreatorsParams { opening_items: 8, opening_home_share: 1.0, ..Default::default() };
    let given = |table| FeedCreators::given(&params, Arc::new(Topics::new(3, 2)), 120.0, table);
    let mut model = given(vec![artist("Low", 2, 1.0), artist("High", 0, 3.0)]).unwrap();
    let items = Stage::open(&mut model, 1).items;
    let of = |creator| items.iter().filter(move |item| item.creator == CreatorId(creator));
    assert!((of(0).count(), of(1).count()) == (2, 6) && of(0).all(|item| item.codes[0] == 2));
    model.admit(1, &Streams::new(1));
    assert_eq!(model.name(CreatorId(1)), "High");
    assert!(["someone like Low #2", "someone like High #2"].contains(&model.name(CreatorId(2)).as_str()));
    let said = given(vec![artist("Low", 3, 1.0)]).unwrap_err().to_string();
    assert_eq!(said, "make creator 0 (`Low`): its topic is 3, allowed is [0, 2]");
    let said = given(Vec::new()).unwrap_err().to_string();
    assert_eq!(said, "set `given creators` to 0: allowed is [1, 1000000]");
}

/// Toy users in front of what CFD creators of three topics make, an hour a tick.
fn world() -> World {
    let tick_secs = 3_600.0;
    let params = FeedCreatorsParams { lifetime_days: 0.5, opening_items: 30, ..few(TopicRule::Cfd) };
    let creators = FeedCreators::new(&params, Arc::new(Topics::new(3, 2)), tick_secs).unwrap();
    let (observed, latent) = (creators.items().observed(), creators.items().latent());
    let market = MarketParams { entries_per_day: 20.0, ..MarketParams::default() };
    World::builder("toy-creators-v0")
        .cohort(Sharded::new(ToyUsers::default(), 40))
        .supply(Supply::Shelf(Box::new(OpenShelf::new(observed, latent, Vec::new(), None))))
        .creators(Market::new(creators, &market, tick_secs).unwrap())
        .clock(Clock { tick_secs, calendar: true })
        .slate_size(2)
        .build()
        .unwrap()
}

#[test]
fn a_world_of_theirs_keeps_every_law() {
    check_world(world).unwrap();
}

#[test]
fn a_world_tells_creators_of_every_item_they_made() {
    let (mut world, mut policy) = (world(), ToyRecommender::default());
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(5, &ResetOptions::default(), &mut seen).unwrap();
    policy.begin(world.spec()).unwrap();
    let (mut told, mut last_turn) = (std::collections::BTreeSet::new(), Vec::new());
    for _ in 0..8 {
        policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
        world.step(&slates, &mut step).unwrap();
        for own in world.creator_feedback() {
            told.extend(own.items.iter().map(|item| (item.item, own.creator)));
        }
        last_turn = step.events.clone();
        std::mem::swap(&mut seen, &mut step.next);
    }
    let catalogue = seen.items.catalogue().unwrap();
    // What was made at the last turn is told at the next.
    let n_new = last_turn.iter().filter(|event| matches!(event, recloop_env::Event::Publish { .. })).count();
    let made = (0..(catalogue.len() - n_new) as u32).map(ItemId).map(|item| (item, catalogue.creator(item)));
    assert!(made.clone().count() > 40 && made.eq(told));
}
