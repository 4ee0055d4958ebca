//! A policy on the rows of a log that it would have shown.

use recloop_env::{Env, Observation, PlayError, Recommender, ResetOptions, Slates, Step, Transition, UserId};

use super::ReplayEnv;
use crate::metrics::Estimate;

/// What a policy earned on the rows that match the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchedReward {
    /// Rows seen, matched or not.
    pub rows: u64,
    /// Mean reward of the [`n`](Estimate::n) matched rows, its standard error clustered by user; NaN if none matched.
    pub reward: Estimate,
}

/// Replays a log to `policy` from beginning to end: `Σ m_i r_i / Σ m_i`, where `m_i` is 1 if row `i` matched, else 0.
///
/// This is the estimator `replay` of [`ope`](crate::ope) for a policy that goes on learning; the
/// [assumptions](ReplayEnv#assumptions) make it unbiased. The standard error is that of a ratio of sums over users
/// ([`Estimate::ratio`]).
///
/// The policy [learns](Recommender::learn) from matched rows only, as if nobody else had come: observation, slates and
/// step are restricted to them, so that it never hears of a slate as its own that the logger showed. It is told of every
/// tick with a match, and of ticks without one in which something else happened, then over no rows: who forgets people
/// that are replaced must hear of it. What it sees to recommend is as logged, histories included.
///
/// # Errors
/// What the policy or the log says.
pub fn replay_policy(env: &mut ReplayEnv, policy: &mut dyn Recommender) -> Result<MatchedReward, PlayError> {
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    env.reset(env.manifest().seed, &ResetOptions::default(), &mut seen)?;
    policy.begin(env.spec())?;
    let (mut rows, mut users) = (0, vec![(0.0, 0); env.spec().n_users]);
    while !seen.is_empty() {
        policy.recommend(&seen, &env.streams(), &mut slates)?;
        env.step(&slates, &mut step)?;
        rows += seen.len() as u64;
        let tick = Transition { seen: &seen, slates: &slates, step: &step };
        add(&mut users, &tick, env.matched());
        teach(policy, &tick, env.matched());
        std::mem::swap(&mut seen, &mut step.next);
    }
    Ok(MatchedReward { rows, reward: Estimate::ratio(users.into_iter()) })
}

/// Adds what matched to each user's sum of rewards and number of rows.
fn add(users: &mut [(f64, u64)], tick: &Transition<'_>, matched: &[bool]) {
    let earned = tick.seen.users.iter().zip(&tick.step.reward).zip(matched);
    for ((UserId(user), reward), _) in earned.filter(|(_, matched)| **matched) {
        if let Some((sum, n)) = users.get_mut(*user as usize) {
            (*sum, *n) = (*sum + f64::from(*reward), *n + 1);
        }
    }
}

fn teach(policy: &mut dyn Recommender, tick: &Transition<'_>, matched: &[bool]) {
    let Transition { seen, slates, step } = *tick;
    let rows: Vec<_> = (0..matched.len()).filter(|r| matched[*r]).collect();
    if rows.len() == seen.len() {
        policy.learn(seen, slates, step);
    } else if !rows.is_empty() || !step.events.is_empty() {
        policy.learn(&seen.with_rows(&rows), &slates.with_rows(&rows), &step.with_rows(&rows));
    }
}
