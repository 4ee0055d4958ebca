//! What a log must be like.

use std::path::Path;

use recloop_env::testing::{ToyRecommender, toy_feed};
use recloop_env::{Env, Known, ResetOptions, Slates, Step, Transition, UserId, play};
use recloop_nn::NnError;
use recloop_nn::burn::tensor::Device;

use super::{Method, Pace, methods, network, toy};
use crate::learned::Neural;
use crate::learned::offline::{Collector, Logged, learner};
use crate::tests::scene::{Scene, answered};
use crate::{AgentError, RandomSlates, Recency, TwoStage};

fn scene() -> Scene {
    let mut scene = Scene::new(&[[1.0, 0.0]; 3], &[(0, [0.0, 1.0]), (1, [1.0, 0.0])], 1);
    scene.spec.max_candidates = Some(2);
    scene
}

/// One tick of three users, changed by `spoil`.
fn taken(spoil: impl Fn(&mut Slates, &mut Step)) -> Result<Logged, NnError> {
    let scene = scene();
    let (mut slates, mut step) = answered(&[[0], [1], [0]], |_, _| false);
    slates.known = vec![Known::Exact; 3];
    slates.propensity.as_mut_slice().fill(0.5);
    step.reward = vec![1.0; 3];
    step.ended = vec![Some(recloop_env::End::Terminated); 3];
    spoil(&mut slates, &mut step);
    let mut collector = Collector::new(&scene.spec, 7, Neural::untrained())?;
    collector.take(&Transition { seen: &scene.seen, slates: &slates, step: &step })?;
    collector.finish()
}

fn fault(refused: Result<impl Sized, NnError>) -> AgentError {
    match refused.err().expect("it should be refused") {
        NnError::Learner(error) => *error.downcast().expect("a fault of the log"),
        other => panic!("{other}"),
    }
}

fn begun(method: &Method, log: Logged) -> Result<(), NnError> {
    learner(method, &Pace::default(), &network(), log, 1, &Device::flex()).map(drop)
}

#[test]
fn rewards_that_are_no_numbers_are_named_where_they_are() {
    for bad in [f32::NAN, f32::INFINITY] {
        let fault = fault(taken(|_, step| step.reward[1] = bad));
        assert!(matches!(fault, AgentError::RewardNotFinite { user: UserId(1), .. }), "{fault}");
    }
}

#[test]
fn nothing_is_not_learned_from() {
    let empty = Collector::new(&scene().spec, 7, Neural::untrained()).unwrap().finish();
    assert_eq!(fault(empty), AgentError::NoSlates);
    // Nobody knows what came of them.
    assert_eq!(fault(taken(|_, step| step.ended.fill(None))), AgentError::NoSlates);
}

#[test]
fn only_who_weighs_by_propensities_needs_them() {
    let spoilers: [fn(&mut Slates); 3] = [
        |slates| slates.known[2] = Known::Unavailable,
        |slates| slates.propensity.row_mut(2)[0] = f64::NAN,
        |slates| slates.propensity.row_mut(2)[0] = 0.0,
    ];
    for spoil in spoilers {
        let log = || taken(|slates, _| spoil(slates)).unwrap();
        for method in methods() {
            match begun(&method, log()) {
                Err(error) if matches!(method, Method::Reinforce(_)) => {
                    let fault = fault(Err::<(), _>(error));
                    assert!(matches!(fault, AgentError::NoPropensity { user: UserId(2), .. }), "{fault}");
                }
                // Three users may all fall on one side.
                Err(error) if matches!(method, Method::Cloning(_)) => {
                    let fault = fault(Err::<(), _>(error));
                    assert!(matches!(fault, AgentError::TooFewUsers { .. }), "{fault}");
                }
                begun => begun.unwrap(),
            }
        }
    }
}

#[test]
fn somebody_must_be_held_out() {
    let log = toy::logged(1, &mut RandomSlates::default());
    let fault = fault(begun(&methods()[0], log));
    assert!(matches!(fault, AgentError::TooFewUsers { .. }), "{fault}");
}

#[test]
fn what_nobody_watched_to_its_end_is_left_out() {
    let log = taken(|_, step| step.ended[1] = Some(recloop_env::End::Truncated)).unwrap();
    assert_eq!((log.len(), log.whole), (3, vec![0, 2]));
    assert_eq!(log.taken.reward, [1.0, 0.0, 1.0]);
}

#[test]
fn any_number_of_candidates_needs_a_retriever() {
    let mut world = toy_feed(9);
    let refused = Collector::new(world.spec(), 7, Neural::untrained()).err().unwrap().to_string();
    assert!(refused.contains("put a retriever before the network"), "{refused}");
    let staged = TwoStage::new(Recency, Neural::untrained(), 4).unwrap();
    let mut collector = Collector::new(world.spec(), 7, staged).unwrap();
    let options = ResetOptions { horizon: Some(recloop_env::Tick(200)), ..ResetOptions::default() };
    let take = |tick: &Transition<'_>| collector.take(tick).unwrap();
    play(&mut world, &mut ToyRecommender::default(), 7, &options, take).unwrap();
    let bytes = collector.bytes(1);
    let log = collector.finish().unwrap();
    assert!(bytes > 0 && log.taken.n_candidates.iter().all(|n| (1..=4).contains(n)));
    begun(&methods()[1], log).unwrap();
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let here = tempfile::tempdir().unwrap();
    let log = || toy::logged(20, &mut RandomSlates::default());
    let one = super::taught(&methods()[3], &Pace::default(), log(), 1);
    one.save(here.path()).unwrap();
    let other = crate::learned::NetworkConfig { dim: 9, ..network() };
    let mut other = learner(&methods()[3], &Pace::default(), &other, log(), 1, &Device::flex()).unwrap();
    let refused =
        |learner: &mut dyn recloop_nn::training::Learner, dir: &Path| learner.load(dir).unwrap_err();
    assert!(refused(&mut *other, here.path()).to_string().contains("weights.safetensors"));
}
