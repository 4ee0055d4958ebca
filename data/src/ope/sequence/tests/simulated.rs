//! Small logs, drawn: what is left of unbiasedness when models are fitted to few others.

use recloop_env::{Streams, Tick, UserId, purpose};

use super::super::values::influences;
use super::super::{SequenceValues, evaluate};
use super::*;

const LOGS: u64 = 400;
const USERS: u32 = 100;

/// A log of what each of `USERS` users happened to live.
fn drawn(seed: u64, lives: &[(f64, Trajectory)]) -> Vec<Trajectory> {
    let rng = Streams::new(seed);
    let life = |user| {
        let mut left = f64::from(rng.at(purpose::USER_INIT, UserId(user), Tick(0)).unit());
        let lived = lives.iter().find(|(probability, _)| {
            left -= probability;
            left < 0.0
        });
        Trajectory { user: u64::from(user), ..lived.unwrap_or(&lives[0]).1.clone() }
    };
    (0..USERS).map(life).collect()
}

/// Mean, standard deviation between logs, and how often 1.96 standard errors of the delta method reach the truth.
fn behaviour(form: SequenceForm, logs: &[Vec<Trajectory>]) -> (f64, f64, f64) {
    let options = SequenceOptions { ridge: 1.0, ..options(1.0, 5) };
    let of = |log: &Vec<Trajectory>| {
        let values: SequenceValues = evaluate(log, &[form], &options).unwrap().remove(0);
        let influences = influences(values.terms());
        let square = |i| influences.row(i).iter().sum::<f64>().powi(2);
        let se = (0..log.len()).map(square).sum::<f64>().sqrt() / log.len() as f64;
        (values.estimate(), (values.estimate() - truth(LIFE, 1.0)).abs() <= 1.96 * se)
    };
    let found: Vec<_> = logs.iter().map(of).collect();
    let n = found.len() as f64;
    let mean = found.iter().map(|(value, _)| value).sum::<f64>() / n;
    let spread = found.iter().map(|(value, _)| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let covered = found.iter().filter(|(_, covered)| *covered).count() as f64 / n;
    (mean, spread.sqrt(), covered)
}

#[test]
fn cross_fitted_forms_stay_unbiased_and_spread_less_than_weights_alone() {
    let lives = lives();
    let logs: Vec<_> = (0..LOGS).map(|seed| drawn(seed, &lives)).collect();
    let mut spreads = Vec::new();
    for form in [SequenceForm::Trajectory, SequenceForm::PerDecision, SequenceForm::Robust] {
        let (mean, spread, _) = behaviour(form, &logs);
        // 4.5 standard errors: a false alarm in 150,000 for each form.
        let bound = 4.5 * spread / (LOGS as f64).sqrt();
        assert!((mean - truth(LIFE, 1.0)).abs() < bound, "{}: {mean} ± {bound}", form.name());
        spreads.push(spread);
    }
    // A ratio of spreads is known to 5 % from 400 logs; they are about as 0.43 : 0.28 : 0.10.
    assert!(spreads[1] < 0.85 * spreads[0] && spreads[2] < 0.5 * spreads[1], "{spreads:?}");
    for form in [SequenceForm::Robust, SequenceForm::NormalisedRobust, SequenceForm::Double] {
        let (_, _, covered) = behaviour(form, &logs);
        // 0.95 ± 4.5 √(0.95 · 0.05 / 400).
        assert!((covered - 0.95).abs() < 0.049, "{}: {covered}", form.name());
    }
}
