//! The slates of each user, one after another.

use std::collections::BTreeMap;

use recloop_env::{End, Grid, UserId};

use super::shown::Shown;
use crate::ope::OpeError;
use crate::ope::sequence::{StepTaken, Trajectory};

/// Trajectories as they grow.
#[derive(Default)]
pub(super) struct Lives {
    done: Vec<Trajectory>,
    open: BTreeMap<UserId, Trajectory>,
}

impl Lives {
    /// Adds the next slate of its user. Whoever comes after one that ended is somebody else.
    pub(super) fn push(&mut self, shown: &Shown<'_>, step: StepTaken) {
        let user = shown.tick.transition.seen.users[shown.row];
        let life = self.open.entry(user).or_default();
        if life.terminated {
            self.done.push(std::mem::take(life));
        }
        (life.user, life.level) = (shown.user(), shown.level());
        life.terminated = shown.tick.transition.step.ended[shown.row] == Some(End::Terminated);
        life.steps.push(step);
    }

    /// All of them by user, with the number of each step, over the largest there is, put last into every state.
    pub(super) fn finish(self) -> Vec<Trajectory> {
        let mut all = self.done;
        all.extend(self.open.into_values());
        all.sort_by_key(|life| life.user);
        let longest = all.iter().map(|life| life.steps.len()).max().unwrap_or(0);
        for life in &mut all {
            for (t, step) in life.steps.iter_mut().enumerate() {
                let t = t as f64 / longest as f64;
                step.state.push(t);
                step.taken.push(t);
                step.expected.push(t);
            }
        }
        all
    }
}

/// One decision: ψ is an intercept, the user's features and the share of recent clicks; φ is ψ and the mean over positions
/// of what describes the items, of those shown and in expectation under the target's marginals.
pub(super) fn step(shown: &Shown<'_>) -> Result<StepTaken, OpeError> {
    shown.check_propensity()?;
    let log = shown.log;
    let (situation, marginals) = (shown.situation(), shown.marginals(&*log.target)?);
    let (k, first) = (shown.k(), log.features.candidate_at());
    let state: Vec<f64> = [1.0].into_iter().chain(situation.state()).collect();
    let mean = |mass: &dyn Fn(usize) -> f64| {
        let mut of = vec![0.0; log.features.width() - first];
        for place in 0..marginals.rows() {
            let share = mass(place) / k as f64;
            if share > 0.0 {
                situation.candidate(place, &mut |at, value| of[at - first] += share * value);
            }
        }
        state.iter().copied().chain(of).collect()
    };
    Ok(StepTaken {
        reward: shown.reward,
        weight: shown.cascade().last().copied().unwrap_or(1.0),
        taken: mean(&|place| f64::from(u8::from(shown.places.contains(&place)))),
        expected: mean(&|place| row_sum(&marginals, place)),
        state,
    })
}

fn row_sum(of: &Grid<f64>, row: usize) -> f64 {
    of.row(row).iter().sum()
}
