//! Learning what slates are worth.

use recloop_env::testing::{check_recommender, toy_feed, toy_world};
use recloop_env::{Env, ResetOptions, World};
use recloop_nn::training::Learner;
use recloop_nn::{Compute, open};

use super::choosers::choosers;
use crate::learned::{
    Backup, FairnessConfig, NetworkConfig, Neural, ReplayConfig, SlateNets, SlateOptimiser, SlateScorer, dqn,
    slate_q,
};
use crate::{Greedy, PlackettLuce, Recency, TwoStage};

const OPTIMISERS: [SlateOptimiser; 3] = [SlateOptimiser::TopK, SlateOptimiser::Greedy, SlateOptimiser::Exact];

fn network() -> NetworkConfig {
    NetworkConfig { hidden: vec![16], dim: 8, own: vec![] }
}

fn settings() -> ReplayConfig {
    ReplayConfig {
        batch: 256,
        learning_rate: 0.01,
        rounds: 20,
        last_temperature: 0.2,
        ..ReplayConfig::default()
    }
}

fn by_slates(world: World, optimiser: SlateOptimiser, config: ReplayConfig, seed: u64) -> Box<dyn Learner> {
    let (played, device) =
        ((world, ResetOptions::default(), FairnessConfig::default()), open(Compute::Cpu).unwrap());
    let scorer = SlateScorer::untrained(optimiser);
    Box::new(slate_q((optimiser, config), &network(), played, scorer, seed, &device).unwrap())
}

fn by_sums(world: World, config: ReplayConfig, seed: u64) -> Box<dyn Learner> {
    let (played, device) =
        ((world, ResetOptions::default(), FairnessConfig::default()), open(Compute::Cpu).unwrap());
    Box::new(dqn(config, &network(), played, Neural::untrained(), seed, &device).unwrap())
}

/// The reward of the last of twenty rounds.
fn learned(mut learner: Box<dyn Learner>) -> f64 {
    let measures = (0..20).map(|_| learner.round().unwrap()).last().unwrap();
    measures.values.iter().find(|(name, _)| *name == "reward").unwrap().1
}

#[test]
fn they_learn_to_leave_what_is_taken_most_readily() {
    let q_learning = ReplayConfig { lambda: 0.0, ..settings() };
    let returns = ReplayConfig { lambda: 1.0, backup: Backup::Shown, ..settings() };
    let mut found = OPTIMISERS.map(|by| learned(by_slates(choosers(100), by, settings(), 1))).to_vec();
    found.push(learned(by_slates(choosers(100), SlateOptimiser::Exact, q_learning.clone(), 1)));
    found.extend([q_learning, returns].map(|config| learned(by_sums(choosers(100), config, 1))));
    // The first topic is worth 12 / 4 and one at most; 12 · 4/5 is what there is for who never sees it and always two of the
    // second. Pilot runs ended between 8.0 and 9.0 (untrained 3.7 to 6.8), with a standard error of .15.
    assert!(found.iter().all(|reward| *reward > 7.5), "{found:?}");
}

fn straight_and_resumed(make: impl Fn(u64) -> Box<dyn Learner>) {
    let (mut whole, mut before, here) = (make(4), make(4), tempfile::tempdir().unwrap());
    let straight: Vec<_> = (0..6).map(|_| whole.round().unwrap()).collect();
    let mut halves: Vec<_> = (0..4).map(|_| before.round().unwrap()).collect();
    before.save(here.path()).unwrap();
    let mut after = make(99);
    after.load(here.path()).unwrap();
    halves.extend((0..2).map(|_| after.round().unwrap()));
    assert_eq!(straight, halves);
    assert_ne!(make(5).round().unwrap(), straight[0]);
}

#[test]
fn a_resumed_training_is_the_one_that_was_not_stopped() {
    let config = || ReplayConfig { refresh: 3, replay: 3, ..settings() };
    straight_and_resumed(|seed| by_slates(choosers(20), SlateOptimiser::Exact, config(), seed));
    straight_and_resumed(|seed| by_sums(toy_world(20), config(), seed));
}

#[test]
fn values_do_not_lean_on_a_retriever() {
    let played = (toy_feed(20), ResetOptions::default(), FairnessConfig::default());
    let leaning = TwoStage::new(Recency, Neural::untrained(), 4).unwrap().leaning(0.5).unwrap();
    let device = open(Compute::Cpu).unwrap();
    let mut learner = dqn(settings(), &network(), played, leaning, 1, &device).unwrap();
    let refused = learner.round().unwrap_err().to_string();
    assert!(refused.contains("leave `lean` at 0"), "{refused}");
}

#[test]
fn users_who_take_several_are_refused() {
    let mut learner = by_slates(toy_world(50), SlateOptimiser::Exact, settings(), 1);
    let refused = learner.round().unwrap_err().to_string();
    assert!(refused.contains("at most one item"), "{refused}");
    let played = (choosers(5), ResetOptions::default(), FairnessConfig::default());
    let device = open(Compute::Cpu).unwrap();
    let config = (SlateOptimiser::Exact, settings());
    let refused = slate_q(config, &network(), played, Neural::untrained(), 1, &device).err().unwrap();
    assert!(refused.to_string().contains("how readily items are taken"), "{refused}");
}

#[test]
fn slates_of_values_keep_the_contract_of_recommenders() {
    let device = open(Compute::Cpu).unwrap();
    let scorer = |world: &World, optimiser| {
        let width = Neural::width(world.spec()).unwrap();
        let nets = SlateNets::build(&network(), width, 3, &device);
        let [gain, readiness] = nets.frozen().unwrap();
        SlateScorer::new(Neural::new(gain, width), readiness, optimiser)
    };
    for optimiser in OPTIMISERS {
        check_recommender(|| Greedy::new(scorer(&toy_world(1), optimiser)), || toy_world(9)).unwrap();
        let drawn = || PlackettLuce::new(scorer(&toy_feed(1), optimiser), 0.5).unwrap();
        check_recommender(drawn, || toy_feed(9)).unwrap();
        let staged = || TwoStage::new(Recency, scorer(&toy_feed(1), optimiser), 4).unwrap();
        check_recommender(|| Greedy::new(staged()), || toy_feed(9)).unwrap();
    }
}

#[test]
fn behind_a_retriever_they_learn_from_what_is_left() {
    let device = open(Compute::Cpu).unwrap();
    // Items last here, and what is known of them comes and goes with a run.
    straight_and_resumed(|seed| {
        let played = (toy_feed(20), ResetOptions::default(), FairnessConfig::default());
        let staged = TwoStage::new(Recency, Neural::untrained(), 4).unwrap();
        Box::new(dqn(settings(), &network(), played, staged, seed, &device).unwrap())
    });
}
