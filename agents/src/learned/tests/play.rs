//! Learning by playing.

use recloop_env::testing::{check_recommender, toy_feed, toy_world};
use recloop_env::{Env, Recommender, ResetOptions, World};
use recloop_nn::training::Learner;
use recloop_nn::{Compute, open};

use crate::learned::batch::Batch;
use crate::learned::stage::Stage;
use crate::learned::{FairnessConfig, Holds, NetworkConfig, Neural, Ppo, PpoConfig, slate_head};
use crate::{Greedy, PlackettLuce, Recency, TwoStage};

fn network() -> NetworkConfig {
    NetworkConfig { hidden: vec![16], dim: 8, own: vec![4] }
}

fn learner(users: usize, seed: u64) -> Ppo<World, Neural> {
    let config = PpoConfig { batch: 256, learning_rate: 0.01, rounds: 20, ..PpoConfig::default() };
    let played = (toy_world(users), ResetOptions::default(), FairnessConfig::default());
    Ppo::new(config, &network(), played, Neural::untrained(), seed, &open(Compute::Cpu).unwrap()).unwrap()
}

fn reward(learner: &mut Ppo<World, Neural>) -> f64 {
    let measures = learner.round().unwrap();
    measures.values.iter().find(|(name, _)| *name == "reward").unwrap().1
}

#[test]
fn it_finds_out_what_users_like() {
    let mut learner = learner(200, 1);
    let first = reward(&mut learner);
    for _ in 0..18 {
        learner.round().unwrap();
    }
    let last = reward(&mut learner);
    // Interests are uniform in [0, 1]: showing the best two of three topics in place of any brings a half more, where
    // both are on offer; the standard error of a mean over 200 users is below 3 % of it.
    assert!(last > 1.2 * first, "{first} {last}");
}

#[test]
fn a_seed_is_a_training_and_a_resumed_one_is_the_same() {
    let mut whole = learner(30, 4);
    let (mut before, here) = (learner(30, 4), tempfile::tempdir().unwrap());
    let straight: Vec<_> = (0..4).map(|_| whole.round().unwrap()).collect();
    let mut halves: Vec<_> = (0..2).map(|_| before.round().unwrap()).collect();
    before.save(here.path()).unwrap();
    let mut after = learner(30, 99);
    after.load(here.path()).unwrap();
    halves.extend((0..2).map(|_| after.round().unwrap()));
    assert_eq!(straight, halves);
    let mut other = learner(30, 5);
    assert_ne!(other.round().unwrap(), straight[0]);
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let here = tempfile::tempdir().unwrap();
    learner(5, 1).save(here.path()).unwrap();
    let config = NetworkConfig { dim: 9, ..network() };
    let played = (toy_world(5), ResetOptions::default(), FairnessConfig::default());
    let device = open(Compute::Cpu).unwrap();
    let mut other = Ppo::new(PpoConfig::default(), &config, played, Neural::untrained(), 1, &device).unwrap();
    let refused = other.load(here.path()).unwrap_err().to_string();
    assert!(refused.contains("weights.safetensors"), "{refused}");
}

#[test]
fn networks_keep_the_contract_of_recommenders() {
    let device = open(Compute::Cpu).unwrap();
    let neural = |world: &World| {
        let width = Neural::width(world.spec()).unwrap();
        Neural::new(network().build(width, 3, &device).frozen().unwrap(), width)
    };
    check_recommender(|| Greedy::new(neural(&toy_world(1))), || toy_world(9)).unwrap();
    check_recommender(|| PlackettLuce::new(neural(&toy_feed(1)), 0.5).unwrap(), || toy_feed(9)).unwrap();
    let staged = || TwoStage::new(Recency, neural(&toy_feed(1)), 4).unwrap();
    check_recommender(|| PlackettLuce::new(staged(), 1.0).unwrap(), || toy_feed(9)).unwrap();
}

#[test]
fn worlds_that_do_not_fit_are_refused() {
    let device = open(Compute::Cpu).unwrap();
    let width = Neural::width(toy_world(1).spec()).unwrap();
    let mut trained = Greedy::new(Neural::new(network().build(width, 3, &device).frozen().unwrap(), width));
    let refused = trained.begin(toy_feed(1).spec()).unwrap_err().to_string();
    assert!(refused.contains("it was trained on 3 numbers of a user"), "{refused}");
    let played = (toy_feed(5), ResetOptions::default(), FairnessConfig::default());
    let boundless =
        Ppo::new(PpoConfig::default(), &network(), played, Neural::untrained(), 1, &device).err().unwrap();
    assert!(boundless.to_string().contains("put a retriever before the network"), "{boundless}");
}

#[test]
fn behind_a_retriever_it_learns_from_what_is_left() {
    let played = (toy_feed(20), ResetOptions::default(), FairnessConfig::default());
    let staged = TwoStage::new(Recency, Neural::untrained(), 4).unwrap();
    let device = open(Compute::Cpu).unwrap();
    let mut learner = Ppo::new(PpoConfig::default(), &network(), played, staged, 1, &device).unwrap();
    let measures = learner.round().unwrap();
    assert!(measures.steps > 0 && measures.values.iter().all(|(_, value)| value.is_finite()));
}

fn assert_recorded_as_played<S: Holds>(world: World, scorer: S, network: &NetworkConfig) {
    let device = open(Compute::Cpu).unwrap();
    let mut stage =
        Stage::new(world, ResetOptions::default(), scorer, 1.0, FairnessConfig::default()).unwrap();
    let network = network.build(stage.width(), 3, &device);
    stage.act_by(network.frozen().unwrap());
    let taken = stage.play(11).unwrap();
    let rows = taken.rows();
    let batch = Batch::of(&taken, &rows, &device);
    let scores = batch.among_those_there(network.scores(batch.users.clone(), batch.items.clone()));
    let (log_p, _) = slate_head::choices(&scores, taken.k);
    let found = log_p.into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(found.len(), taken.log_choice.len());
    for (found, played) in found.iter().zip(&taken.log_choice) {
        assert!((found - played).abs() < 1e-4, "{found} {played}");
    }
    let (log_p, _) = slate_head::slates(&scores, taken.k);
    let found = log_p.into_data().try_to_vec::<f32>().unwrap();
    for (found, played) in found.iter().zip(&taken.log_propensity) {
        assert!((found - played).abs() < 2e-4, "{found} {played}");
    }
}

#[test]
fn what_was_recorded_is_what_was_played() {
    // Items that stay and items that pass; an own score that is linear, and one that is not; wider than registers are.
    let linear = NetworkConfig { hidden: vec![48], dim: 8, own: vec![] };
    for network in [network(), linear] {
        let staged = TwoStage::new(Recency, Neural::untrained(), 4).unwrap().leaning(0.7).unwrap();
        assert_recorded_as_played(toy_feed(20), staged, &network);
        assert_recorded_as_played(toy_world(20), Neural::untrained(), &network);
    }
}
