//! A process small enough to write down every life that it can lead to.

mod by_hand;
mod exact;
mod refused;
mod simulated;

use super::folds::fold_of;
use super::{SequenceForm, SequenceOptions, StepTaken, Trajectory};

pub(super) const EVERY_FORM: [SequenceForm; 11] = [
    SequenceForm::Direct,
    SequenceForm::Trajectory,
    SequenceForm::PerDecision,
    SequenceForm::NormalisedTrajectory,
    SequenceForm::NormalisedPerDecision,
    SequenceForm::Robust,
    SequenceForm::NormalisedRobust,
    SequenceForm::Magic,
    SequenceForm::StateMarginal,
    SequenceForm::StateActionMarginal,
    SequenceForm::Double,
];

/// Steps that a life has at most.
pub(super) const LIFE: usize = 3;
/// Every logged life has a probability that is a multiple of one in so many.
const DENOMINATOR: f64 = 2048.0;
const LOG: [[f64; 2]; 2] = [[0.25, 0.75], [0.5, 0.5]];
const TARGET: [[f64; 2]; 2] = [[0.6, 0.4], [0.9, 0.1]];
const START: [f64; 2] = [0.5, 0.5];
/// To which situation a situation and an action lead; what is missing ends the life.
const NEXT: [[[f64; 2]; 2]; 2] = [[[0.5, 0.5], [0.25, 0.75]], [[0.75, 0.25], [0.25, 0.25]]];
const REWARD: [[f64; 2]; 2] = [[1.0, -2.0], [0.5, 3.0]];

/// One number for each situation and action.
fn pair(s: usize, a: usize, value: f64) -> Vec<f64> {
    let mut pairs = vec![0.0; 4];
    pairs[2 * s + a] = value;
    pairs
}

fn step(s: usize, a: usize) -> StepTaken {
    let expected = (0..4).map(|pair| if pair / 2 == s { TARGET[s][pair % 2] } else { 0.0 });
    StepTaken {
        reward: REWARD[s][a],
        weight: TARGET[s][a] / LOG[s][a],
        state: vec![1.0, s as f64],
        taken: pair(s, a, 1.0),
        expected: expected.collect(),
    }
}

/// Every logged life with its probability, user ids from 0.
pub(super) fn lives() -> Vec<(f64, Trajectory)> {
    let mut lives = Vec::new();
    (0..2).for_each(|s| live(START[s], s, &mut Vec::new(), &mut lives));
    lives.iter_mut().enumerate().for_each(|(user, (_, life))| life.user = user as u64);
    lives
}

fn live(probability: f64, s: usize, steps: &mut Vec<StepTaken>, lives: &mut Vec<(f64, Trajectory)>) {
    for a in 0..2 {
        let here = probability * LOG[s][a];
        let end = 1.0 - NEXT[s][a].iter().sum::<f64>();
        steps.push(step(s, a));
        let mut over = |p: f64, terminated| {
            lives.push((p, Trajectory { steps: steps.clone(), terminated, ..Trajectory::default() }));
        };
        if steps.len() == LIFE {
            over(here, false);
        } else {
            if end > 0.0 {
                over(here * end, true);
            }
            (0..2).for_each(|next| live(here * NEXT[s][a][next], next, steps, lives));
        }
        steps.pop();
    }
}

/// As many users as it takes for every fold to hold every life exactly as often as it is likely.
pub(super) fn population(folds: usize) -> Vec<Trajectory> {
    let mut users: Vec<_> =
        (0..folds).map(|fold| (0..).filter(move |user| fold_of(*user, folds) == fold)).collect();
    let mut population = Vec::new();
    for (probability, life) in lives() {
        let copies = probability * DENOMINATOR;
        assert_eq!(copies, copies.round());
        for users in &mut users {
            population.extend(users.take(copies as usize).map(|user| Trajectory { user, ..life.clone() }));
        }
    }
    population
}

/// Q(s, a) of the target with `left` steps to go, this one among them.
pub(super) fn quality(left: usize, discount: f64) -> [f64; 4] {
    let Some(after) = left.checked_sub(1) else { return [0.0; 4] };
    let next = quality(after, discount);
    let value = |s: usize| TARGET[s][0] * next[2 * s] + TARGET[s][1] * next[2 * s + 1];
    std::array::from_fn(|pair| {
        let (s, a) = (pair / 2, pair % 2);
        REWARD[s][a] + discount * (NEXT[s][a][0] * value(0) + NEXT[s][a][1] * value(1))
    })
}

/// What the target earns in `horizon` steps.
pub(super) fn truth(horizon: usize, discount: f64) -> f64 {
    let first = quality(horizon, discount);
    (0..4).map(|pair| START[pair / 2] * TARGET[pair / 2][pair % 2] * first[pair]).sum()
}

/// `[t][s, a]` how likely a policy is to do a in s at step t.
pub(super) fn visits(policy: [[f64; 2]; 2]) -> Vec<[f64; 4]> {
    let mut at = START;
    let step = |_| {
        let pairs = std::array::from_fn(|pair| at[pair / 2] * policy[pair / 2][pair % 2]);
        at = [0, 1].map(|next| (0..4).map(|pair| pairs[pair] * NEXT[pair / 2][pair % 2][next]).sum());
        pairs
    };
    (0..LIFE).map(step).collect()
}

pub(super) fn options(discount: f64, folds: usize) -> SequenceOptions {
    SequenceOptions { discount, horizon: Some(LIFE), folds, ridge: 0.0 }
}

#[track_caller]
pub(super) fn close(left: f64, right: f64) {
    assert!((left - right).abs() <= 1e-12 * right.abs().max(1.0), "{left} is not {right}");
}
