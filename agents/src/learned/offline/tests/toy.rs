//! A toy world's log: what can be cloned, and what a kill costs.

use recloop_env::testing::toy_world;
use recloop_env::{EnvSpec, Observation, RecommendError, Recommender, ResetOptions, World, play};

use super::{Method, Pace, measure, methods, taught};
use crate::learned::Neural;
use crate::learned::offline::{CloningConfig, Collector, Logged};
use crate::{PlackettLuce, RandomSlates, Scorer};

/// Likes what its user likes.
#[derive(Debug, Clone)]
struct Liking(f32);

impl Scorer for Liking {
    fn begin(&mut self, _spec: &EnvSpec) -> Result<(), RecommendError> {
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let topic = seen.items.layout().find("topic").unwrap();
        for (score, item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            let (table, at) = seen.items.locate(row, *item);
            *score = self.0 * seen.user_features.row(row)[usize::from(table.code(topic, at))];
        }
    }
}

pub(super) fn logged(users: usize, policy: &mut dyn Recommender) -> Logged {
    let mut world: World = toy_world(users);
    let spec = recloop_env::Env::spec(&world).clone();
    let mut collector = Collector::new(&spec, 7, Neural::untrained()).unwrap();
    let take = |tick: &recloop_env::Transition<'_>| collector.take(tick).unwrap();
    play(&mut world, policy, 7, &ResetOptions::default(), take).unwrap();
    collector.finish().unwrap()
}

#[test]
fn a_clone_chooses_as_the_logger_chose() {
    let log = logged(400, &mut PlackettLuce::new(Liking(4.0), 1.0).unwrap());
    let config = CloningConfig { held_out: 0.5, ..CloningConfig::default() };
    // What the logger's own law costs, and one that draws any pair of six alike.
    let own = -log.taken.log_propensity.iter().map(|log_p| f64::from(*log_p)).sum::<f64>() / log.len() as f64;
    let uniform = 30.0_f64.ln();
    let pace = Pace { learning_rate: 0.01, batch: 256, rounds: 25, ..Pace::default() };
    let mut learner = taught(&Method::Cloning(config), &pace, log, 1);
    let last = (0..25).map(|_| learner.round().unwrap()).last().unwrap();
    let found = measure(&last, CloningConfig::HELD_OUT);
    // Half of 4,800 slates are held out; the logger's own cost over these differs from that over all by a standard error of
    // .7/√4,800 = .01. A maximum-likelihood fit of p numbers exceeds it by p/2n: of the few dozen that matter here, .01.
    assert!(found - own < 0.05, "{found} {own}");
    assert!(uniform - own > 0.2, "the logger is no random one: {uniform} {own}");
}

#[test]
fn a_resumed_training_is_the_same_to_the_last_bit() {
    let log = logged(30, &mut RandomSlates::default());
    let pace = Pace { batch: 64, ..Pace::default() };
    for method in methods() {
        let learner = |seed| taught(&method, &pace, log.clone(), seed);
        let (mut whole, mut before, here) = (learner(4), learner(4), tempfile::tempdir().unwrap());
        let straight: Vec<_> = (0..4).map(|_| whole.round().unwrap()).collect();
        let mut halves: Vec<_> = (0..2).map(|_| before.round().unwrap()).collect();
        before.save(here.path()).unwrap();
        let mut after = learner(4);
        after.load(here.path()).unwrap();
        halves.extend((0..2).map(|_| after.round().unwrap()));
        assert_eq!(straight, halves, "{method:?}");
        assert_ne!(learner(5).round().unwrap(), straight[0], "{method:?}");
    }
}
