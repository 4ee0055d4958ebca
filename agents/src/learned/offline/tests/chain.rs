//! Two slates of one item, one after the other: everything can be worked out by hand.

use recloop_env::{End, Grid, ItemId, Known, Observation, RecommendError, TargetPolicy, Transition};
use recloop_nn::burn::tensor::Device;

use super::{Method, Pace, measure, network, taught};
use crate::learned::Neural;
use crate::learned::offline::lesson::Lesson;
use crate::learned::offline::trained::scores;
use crate::learned::offline::{Collector, CqlConfig, FittedQConfig, IqlConfig, Logged, ReinforceConfig};
use crate::learned::offline::{critic::Critic, iql::Iql, reinforce::Reinforce};
use crate::tests::scene::{Scene, answered};

const USERS: usize = 64;
const GAMMA: f64 = 0.5;
/// What the two items bring at first, and then.
const REWARD: [[f32; 2]; 2] = [[1.0, 0.0], [2.0, 5.0]];

/// Shows the first item with probability ¼.
struct Quarter;

impl TargetPolicy for Quarter {
    fn distribution(
        &self,
        _seen: &Observation,
        _row: usize,
        _above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        out.copy_from_slice(&[0.25, 0.75]);
        Ok(())
    }

    fn marginals(
        &self,
        _seen: &Observation,
        _row: usize,
        _k: usize,
        out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        *out = Grid::from_vec(vec![0.25, 0.75], 2, 1).unwrap();
        Ok(Known::Exact)
    }
}

/// A log of a policy that shows either item to half of the users, at first and then, whatever came before.
fn logged(target: bool) -> Logged {
    let items = [(0, [0.0, 0.0]), (1, [0.0, 0.0])];
    let mut at_first = Scene::new(&[[1.0, 0.0]; USERS], &items, 1);
    at_first.spec.max_candidates = Some(2);
    let mut then = Scene::new(&[[0.0, 1.0]; USERS], &items, 1).seen;
    // What a value sees of a trajectory counts in hundreds.
    then.tick = recloop_env::Tick(100);
    let mut collector = Collector::new(&at_first.spec, 7, Neural::untrained()).unwrap();
    if target {
        collector = collector.with_target(Box::new(Quarter));
    }
    for (time, seen) in [&at_first.seen, &then].into_iter().enumerate() {
        let which = |user: usize| (user / (1 + time)) % 2;
        let shown: Vec<[u32; 1]> = (0..USERS).map(|user| [which(user) as u32]).collect();
        let (mut slates, mut step) = answered(&shown, |_, _| false);
        slates.propensity = Grid::from_vec(vec![0.5; USERS], USERS, 1).unwrap();
        slates.known = vec![Known::Exact; USERS];
        step.reward = (0..USERS).map(|user| REWARD[time][which(user)]).collect();
        step.ended = vec![(time == 1).then_some(End::Terminated); USERS];
        collector.take(&Transition { seen, slates: &slates, step: &step }).unwrap();
    }
    collector.finish().unwrap()
}

fn pace(rounds: u32) -> Pace {
    Pace { learning_rate: 0.01, batch: 2 * USERS, rounds, ..Pace::default() }
}

/// The `value` of the last of so many rounds.
fn value(method: &Method, log: Logged) -> f64 {
    let mut learner = taught(method, &pace(400), log, 3);
    let rounds: Vec<_> = (0..400).map(|_| learner.round().unwrap()).collect();
    measure(rounds.last().unwrap(), "value")
}

#[test]
fn fitted_q_is_exact_on_a_chain() {
    // Of the target: 2/4 + 3 · 5/4 = 4.25 then, so 1/4 + ½ · 4.25 from the beginning. Of the best: 5, so 1 + ½ · 5.
    let evaluation = FittedQConfig { gamma: GAMMA, lambda: 0.0, target: Some("quarter".into()) };
    let iteration = FittedQConfig { target: None, ..evaluation.clone() };
    for (config, target, expected) in [(evaluation, true, 2.375), (iteration, false, 3.5)] {
        let found = value(&Method::FittedQ(config), logged(target));
        // Chosen by us: a hundredth of the rewards, for what 400 steps of Adam leave.
        assert!((found - expected).abs() < 0.05, "{found} {expected}");
    }
}

#[test]
fn along_the_log_it_is_what_was_logged() {
    // λ = 1, and Q of the logged: ½ + ½ · 3.5 = 2.25, and half the spread of either slate on top for the better item.
    let config = FittedQConfig { gamma: GAMMA, lambda: 1.0, target: None };
    let found = value(&Method::FittedQ(config), logged(false));
    assert!((found - (2.25 + 0.5)).abs() < 0.05, "{found}");
}

/// Scores of the two items, at first and then.
fn ranked(lesson: &impl Lesson, log: &Logged) -> [[f32; 2]; 2] {
    let rows = [0, USERS as u32]; // to both, item 0 was shown, and so comes first
    let of = |place: usize| {
        let score = lesson.policy().each(log, &rows, |network, batch, rows, _| {
            scores(network, &batch).slice([0..rows.len(), place..place + 1]).reshape([rows.len()])
        });
        score.unwrap()
    };
    let (first, second) = (of(0), of(1));
    [[first[0], second[0]], [first[1], second[1]]]
}

fn check_finds_the_better(mut lesson: impl Lesson, mut log: Logged) {
    let rows = lesson.rows(&log);
    for _ in 0..100 {
        lesson.prepare(&mut log).unwrap();
        lesson.update(&log, &rows, 0.01).unwrap();
    }
    let [first, then] = ranked(&lesson, &log);
    assert!(first[0] > first[1] && then[1] > then[0], "{first:?} {then:?}");
}

#[test]
fn everything_that_learns_from_rewards_finds_the_better_item() {
    let (network, pace, device) = (network(), pace(100), Device::flex());
    let mut log = logged(false);
    let config = CqlConfig { gamma: GAMMA, ..CqlConfig::default() };
    let lesson = Critic::conservative(&config, (&network, &pace, &mut log, 1, &device));
    check_finds_the_better(lesson, log.clone());
    let config = IqlConfig { gamma: GAMMA, ..IqlConfig::default() };
    check_finds_the_better(Iql::new(&config, (&network, &pace, &mut log, 1, &device)), log.clone());
    let config = ReinforceConfig { gamma: GAMMA, ..ReinforceConfig::default() };
    let lesson = Reinforce::new(&config, (&network, &pace, &mut log, 1, &device)).unwrap();
    check_finds_the_better(lesson, log);
}
