//! How often a verdict is right.

use std::io::Write as _;

use recloop_env::{Draws, Purpose, Streams, Tick, UserId};

use super::{Family, Kind, Reward, by_user, in_full, normal, uniform};
use crate::ope::interval::{BucketSums, Replicates};
use crate::ope::{Diagnostics, Rests, Support, Verdict, WeightSketch};

const OFFERS: Purpose<UserId> = Purpose::new(1_001);
const ACTIONS: usize = 10;

/// What can be wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Nothing,
    /// Propensities are logged a fifth too small.
    Propensities,
    /// One row in the log has a weight as large as a third of all.
    Dominated,
    /// The logger never takes action 0.
    Support,
}

fn softmax(scores: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let total: f64 = scores.clone().map(f64::exp).sum();
    scores.map(|score| score.exp() / total).collect()
}

/// A decision between ten actions: logger and target like the same ones, the target more strongly and with a mind of its
/// own. Gives the weight, the action, and the target's probabilities.
fn decision(fault: Fault, draws: &mut Draws) -> (f64, usize, Vec<f64>) {
    let scores: [f64; ACTIONS] = std::array::from_fn(|_| normal(draws));
    let own: [f64; ACTIONS] = std::array::from_fn(|_| normal(draws));
    let mut logger = softmax(scores.iter().map(|score| 0.5 * score));
    let target = softmax(scores.iter().zip(own).map(|(score, own)| 0.8 * score + 0.3 * own));
    if fault == Fault::Support {
        let left = 1.0 - std::mem::take(&mut logger[0]);
        logger.iter_mut().for_each(|probability| *probability /= left);
    }
    let mut luck = uniform(draws);
    let past = |probability: &f64| {
        luck -= probability;
        luck < 0.0
    };
    let action = logger.iter().position(past).unwrap_or(ACTIONS - 1);
    (target[action] / logger[action], action, target)
}

/// The verdict on a log of 500 users with 1 to 20 rows each.
fn verdict(fault: Fault, log: u32) -> Verdict {
    let rng = Streams::new(11);
    let (mut weights, mut sums, mut support) = (Vec::new(), Vec::new(), Support::default());
    for user in 0..500 {
        let mut draws = rng.at(OFFERS, UserId(user), Tick(log));
        let first = weights.len();
        for _ in 0..1 + draws.word() % 20 {
            let (weight, action, target) = decision(fault, &mut draws);
            weights.push(if fault == Fault::Propensities { 1.2 * weight } else { weight });
            for (one, probability) in target.into_iter().enumerate() {
                let seen = support.actions.entry((0, one as u64)).or_default();
                *seen = (seen.0 + u64::from(one == action), seen.1 + probability);
            }
            support.rows += 1;
        }
        sums.extend([(weights.len() - first) as f64, weights[first..].iter().sum()]);
    }
    if fault == Fault::Dominated {
        let huge = weights.iter().sum::<f64>() / 2.0;
        sums[1] += huge - std::mem::replace(&mut weights[0], huge);
    }
    Verdict::of(&diagnosed(&weights, &sums, 2, Some(&support)), Rests::OnWeights)
}

fn diagnosed(weights: &[f64], sums: &[f64], n_terms: usize, support: Option<&Support>) -> Diagnostics {
    let mut sketch = WeightSketch::default();
    sketch.add(weights);
    let mean = Replicates::draw(BucketSums { n_terms, sums }, 0).spread(&|sums| sums[1] / sums[0]);
    Diagnostics::of(&sketch, (sums.len() / n_terms) as u64, mean.se(), support)
}

/// Each of 500 healthy logs gives an alarm if its tail index comes out above ½ by chance, or its mean weight 4 standard
/// errors off (1 in 16,000). One in a hundred is what we allow.
#[test]
fn healthy_logs_are_reliable() {
    let n = if in_full() { 500 } else { 100 };
    let alarms: Vec<_> = (0..n)
        .map(|log| verdict(Fault::Nothing, log))
        .filter(|verdict| *verdict != Verdict::Reliable)
        .collect();
    let _ = writeln!(std::io::stderr(), "{} of {n} healthy logs: {alarms:?}", alarms.len());
    assert!(alarms.len() <= n as usize / 100, "{alarms:?}");
}

#[test]
fn every_fault_is_found_and_named() {
    let named = [
        (Fault::Propensities, "the mean weight is 1."),
        (Fault::Dominated, "one weight of "),
        (Fault::Support, "% of the target's choices are never in the log"),
    ];
    for (fault, reason) in named {
        for log in 0..if in_full() { 500 } else { 20 } {
            let Verdict::Unreliable(found) = verdict(fault, log) else { panic!("{fault:?} went unseen") };
            assert!(found.len() == 1 && found[0].contains(reason), "{fault:?}: {found:?}");
        }
    }
}

/// With M = 3 √5,000 = 212 largest weights, k is known to (1 + k) / √M = .12 or .13: from .8, one log in five would pass,
/// but in most of these one weight has half the squares; from .9, one in twenty.
#[test]
fn heavy_tails_are_unreliable() {
    let n = if in_full() { 1_000 } else { 25 };
    for (k, least) in [(0.8, 0.7), (0.9, 0.9)] {
        let kind = Kind { users: 500, rows: 10.0, k, family: Family::Generalised, reward: Reward::Click };
        let unreliable = |log: &u32| {
            let rows = kind.draw(*log);
            let weights: Vec<_> = rows.iter().flatten().map(|row| row[1]).collect();
            let found = diagnosed(&weights, &by_user(&rows), 4, None);
            matches!(Verdict::of(&found, Rests::OnWeights), Verdict::Unreliable(_))
        };
        let share = (0..n).filter(unreliable).count() as f64 / f64::from(n);
        let _ = writeln!(std::io::stderr(), "k = {k}: {share} unreliable");
        assert!(share >= least, "k = {k}: {share}");
    }
}
