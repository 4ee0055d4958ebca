//! What creators do in a whole world, by themselves and driven from outside.

mod authors;

use recloop::agents::{LinUcb, Popularity, RandomSlates};
use recloop::{
    Brief, CreatorAction, CreatorError, CreatorId, CreatorsEnv, CreatorsStep, End, Ended, Env, ItemId,
    PlayError, Recommender, ResetOptions, StepError, Tick, World,
};

/// A small `creators-v0`.
fn world(settings: &[&str]) -> World {
    let small = ["users=60", "n_creators=6", "opening_items=60", "topics=4", "dim=8"];
    recloop::make("creators-v0", &[&small, settings].concat()).expect("a registered world")
}

fn rounds(n: u32) -> ResetOptions {
    ResetOptions { horizon: Some(Tick(n)), ..ResetOptions::default() }
}

/// Titles, makers and clicks of a run, item by item and round by round.
fn told(world: &mut World, policy: &mut dyn Recommender, n: u32) -> (Vec<(CreatorId, String)>, Vec<usize>) {
    let mut clicks = Vec::new();
    recloop::play(world, policy, 3, &rounds(n), |t| {
        clicks.push(t.step.responses.click.as_slice().iter().filter(|clicked| **clicked).count());
    })
    .expect("it runs");
    (items(world), clicks)
}

fn items(world: &World) -> Vec<(CreatorId, String)> {
    let facts = world.facts();
    let catalogue = facts.catalogue.expect("items last");
    let item = |id: ItemId| (catalogue.creator(id), catalogue.title(id).to_owned());
    (0..catalogue.len() as u32).map(|id| item(ItemId(id))).collect()
}

/// What a creator's items from the start are about.
fn home(world: &World, creator: CreatorId) -> u16 {
    let facts = world.facts();
    let (catalogue, topic) = (facts.catalogue.unwrap(), facts.spec.item_features.find("topic").unwrap());
    let own = (0..catalogue.len() as u32).map(ItemId).find(|id| catalogue.creator(*id) == creator).unwrap();
    let (table, at) = catalogue.locate(own);
    table.code(topic, at)
}

#[test]
fn agents_outside_act_when_and_as_models_do() {
    let settings = ["opening_home_share=1", "exit=never"];
    let expected =
        told(&mut world(&[&settings[..], &["rule=static"]].concat()), &mut RandomSlates::default(), 25);
    let outside = world(&[&settings[..], &["rule=external"]].concat());
    let mut env = CreatorsEnv::new(outside, RandomSlates::default(), |_| true);
    let mut seen = env.reset(3, &rounds(25)).unwrap();
    // Models take their first turn after the first round.
    seen = env.step(Vec::new()).unwrap_or(seen);
    let mut clicks = vec![seen.reward.iter().sum::<f64>() as usize];
    while !env.is_over() {
        let make = |agent: &CreatorId| {
            let brief = Brief { topic: home(env.world(), *agent), ..Brief::default() };
            (*agent, CreatorAction::Make(brief))
        };
        let actions = seen.agents.iter().map(make).collect();
        seen = env.step(actions).unwrap();
        let last = seen.ended.iter().map(|ended| ended.reward);
        clicks.push(seen.reward.iter().copied().chain(last).sum::<f64>() as usize);
    }
    assert_eq!(items(env.world()), expected.0);
    assert_eq!(clicks, expected.1, "every click is somebody's reward, the last ones too");
    assert!(clicks.iter().sum::<usize>() > 100);
}

#[test]
fn agents_come_and_go() {
    let market = ["rule=external", "exit=five-silent", "silent_from_turn=8", "entries_per_day=1"];
    let mut env =
        CreatorsEnv::new(world(&market), recloop::agents::Greedy::new(Popularity::default()), |_| true);
    let mut seen = env.reset(5, &rounds(40)).unwrap();
    let (mut met, mut left) = (seen.agents.len(), Vec::new());
    while !env.is_over() {
        let make = |agent: &CreatorId| (*agent, CreatorAction::Make(Brief::default()));
        let actions = seen.agents.iter().map(make).collect();
        seen = env.step(actions).unwrap();
        assert_eq!((seen.told.len(), seen.reward.len()), (seen.agents.len(), seen.agents.len()));
        assert!(seen.told.iter().zip(&seen.agents).all(|(own, agent)| own.creator == *agent));
        met = met.max(seen.agents.last().map_or(0, |agent| agent.index() + 1));
        let gone = seen.ended.iter().filter(|ended| ended.end == End::Terminated);
        left.extend(gone.map(Ended::creator));
    }
    assert!(met > 6 && !left.is_empty(), "{met} met, {left:?} left");
    assert!(seen.agents.is_empty() && seen.ended.iter().any(|ended| ended.end == End::Truncated));
}

#[test]
fn who_is_no_agent_or_asks_for_the_impossible_is_refused() {
    let fresh = || {
        let mut env = CreatorsEnv::new(world(&["rule=external"]), RandomSlates::default(), |who| who.0 < 2);
        let seen = env.reset(1, &rounds(9)).unwrap();
        (env, seen)
    };
    let make = |topic| CreatorAction::Make(Brief { topic, ..Brief::default() });
    let refused = |actions| {
        let (mut env, _): (CreatorsEnv<RandomSlates>, CreatorsStep) = fresh();
        let error = env.step(actions).unwrap_err();
        let PlayError::Step(StepError::Creator(error)) = error else { panic!("{error}") };
        error
    };
    assert!(matches!(refused(vec![(CreatorId(2), make(0))]), CreatorError::Absent { creator: CreatorId(2) }));
    assert!(matches!(refused(vec![(CreatorId(99), make(0))]), CreatorError::Absent { .. }));
    let said = refused(vec![(CreatorId(1), make(4))]).to_string();
    assert_eq!(said, "make an item of creator 1 about topic 4: there is no such topic");
    let after = vec![(CreatorId(1), CreatorAction::Leave), (CreatorId(1), CreatorAction::Wait)];
    assert!(matches!(refused(after), CreatorError::Absent { creator: CreatorId(1) }));
    let (mut env, _) = fresh();
    let seen = env.step(vec![(CreatorId(1), CreatorAction::Leave)]).unwrap();
    assert_eq!(seen.agents, [CreatorId(0)]);
    let [ended] = &seen.ended[..] else { panic!("{:?}", seen.ended) };
    assert_eq!((ended.creator(), ended.end), (CreatorId(1), End::Terminated));
    assert_eq!(ended.told.items.len(), 10, "it still learns what its items on offer brought");
    assert!(env.step(vec![(CreatorId(1), CreatorAction::Wait)]).is_err());
}

#[test]
fn a_snapshot_between_turns_goes_on_with_agents() {
    let mut first = world(&["rule=external"]);
    let mut seen = recloop::Observation::default();
    first.reset(2, &rounds(9), &mut seen).unwrap();
    let brief = |topic| vec![(CreatorId(0), CreatorAction::Make(Brief { topic, ..Brief::default() }))];
    first.creators_act_now(brief(1), &mut seen).unwrap();
    let mut other = world(&["rule=external"]);
    let mut beside = recloop::Observation::default();
    other.restore(&first.save().unwrap(), &mut beside).unwrap();
    first.creators_act_now(brief(2), &mut seen).unwrap();
    other.creators_act_now(brief(2), &mut beside).unwrap();
    assert_eq!(items(&first), items(&other));
    assert_eq!(first.creators_turn(), other.creators_turn());
    // What agents did is told with the next step, here as there.
    let step = |world: &mut World, seen: &recloop::Observation| {
        let (mut slates, mut step) = (recloop::Slates::default(), recloop::Step::default());
        let mut policy = RandomSlates::default();
        policy.begin(world.spec()).unwrap();
        policy.recommend(seen, &world.streams(), &mut slates).unwrap();
        world.step(&slates, &mut step).unwrap();
        step.events
    };
    let events = step(&mut first, &seen);
    let agents =
        |event: &&recloop::Event| matches!(event, recloop::Event::Publish { creator, .. } if creator.0 == 0);
    assert_eq!(events.iter().filter(agents).count(), 2);
    assert_eq!(step(&mut other, &beside), events);
}

/// Worlds with hardly anything in them: one creator, one topic, nobody who clicks.
#[test]
fn degenerate_worlds_run_by_every_rule() {
    let rules = ["static", "random", "cfd", "lbr", "imitation", "belief", "full-information"];
    let edges: [&[&str]; 4] = [
        &["click_threshold=100"],
        &["n_creators=1", "focal=1"],
        &["topics=1", "belief=means"],
        &["actions=all", "exit=outside-option", "outside_option=5", "item_cost=0"],
    ];
    for rule in rules {
        for edge in edges {
            let rule = format!("rule={rule}");
            let mut world = world(&[edge, &[&rule, "users=12", "revisit_items=1"]].concat());
            let mut policy = recloop::agents::Greedy::new(LinUcb::default());
            let (items, clicks) = told(&mut world, &mut policy, 20);
            assert!(items.len() > 60 && clicks.len() == 20, "{rule} {edge:?}");
        }
    }
}

#[test]
fn costs_below_zero_and_audiences_of_nobody_are_refused() {
    let refused = |setting: &str| recloop::make("creators-v0", &[setting]).unwrap_err().to_string();
    assert!(refused("item_cost=-1").contains("set `item_cost` to -1: allowed is [0, 1000000]"));
    assert!(refused("users=0").contains("no"), "{}", refused("users=0"));
    assert!(refused("topics=0").contains("topics"));
    assert!(refused("n_creators=0").contains("n_creators"));
    assert!(refused("half_life_items=0").contains("half_life_items"));
}
