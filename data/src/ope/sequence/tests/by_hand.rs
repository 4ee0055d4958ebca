//! Rows small enough for pencil and paper.

use super::super::values::influences;
use super::super::{
    MOST_RATIOS, Returns, ReturnsForm, SequenceValues, evaluate, resampled_returns, returns, weights,
};
use super::*;

/// Of weights and rewards, with one constant feature of everything.
fn lived(user: u64, steps: &[(f64, f64)]) -> Trajectory {
    let step = |(weight, reward): &(f64, f64)| StepTaken {
        reward: *reward,
        weight: *weight,
        state: vec![1.0],
        taken: vec![1.0],
        expected: vec![1.0],
    };
    Trajectory { user, steps: steps.iter().map(step).collect(), terminated: true, ..Trajectory::default() }
}

/// Three lives, the second over after one step.
fn three() -> Vec<Trajectory> {
    vec![lived(0, &[(2.0, 1.0), (0.5, 3.0)]), lived(1, &[(0.5, 4.0)]), lived(2, &[(1.0, -1.0), (3.0, 2.0)])]
}

fn estimate(log: &[Trajectory], form: SequenceForm, options: &SequenceOptions) -> f64 {
    evaluate(log, &[form], options).unwrap()[0].estimate()
}

#[test]
fn normalised_forms_are_their_formulas() {
    let options = options(0.5, 1);
    // W = 1, ½, 3; G = 1 + 3/2, 4, −1 + 2/2.
    close(estimate(&three(), SequenceForm::Trajectory, &options), (2.5 + 2.0 + 0.0) / 3.0);
    close(estimate(&three(), SequenceForm::NormalisedTrajectory, &options), (2.5 + 2.0 + 0.0) / 4.5);
    // w_0 = 2, ½, 1; w_{0:1} = 1, ½ (kept), 3.
    let normalised = (2.0 + 2.0 - 1.0) / 3.5 + 0.5 * (3.0 + 0.0 + 6.0) / 4.5;
    close(estimate(&three(), SequenceForm::NormalisedPerDecision, &options), normalised);
    let all = weights(&three(), &options).unwrap();
    assert_eq!((all.whole, all.alive), (vec![1.0, 0.5, 3.0], vec![3, 2]));
    assert_eq!(all.by_step, [3.5 / 3.0, 1.5]);
}

#[test]
fn models_of_one_constant_are_their_formulas() {
    // Too few rows for steps of their own: θ_1 = mean r over all five, θ_0 = θ_1 + γ (2/5) θ_1, as two of five go on.
    let options = options(0.5, 1);
    let last = (1.0 + 3.0 + 4.0 - 1.0 + 2.0) / 5.0;
    let first = last * 1.2;
    close(estimate(&three(), SequenceForm::Direct, &options), first);
    let correction = [2.0 * (1.0 + 0.5 * last - first), 0.5 * (4.0 - first), -1.0 + 0.5 * last - first];
    let later = [0.5 * (3.0 - last), 0.0, 0.5 * 3.0 * (2.0 - last)];
    let sum = |terms: [f64; 3]| terms.iter().sum::<f64>();
    close(estimate(&three(), SequenceForm::Robust, &options), first + (sum(correction) + sum(later)) / 3.0);
    let normalised = first + sum(correction) / 3.5 + sum(later) / 4.5;
    close(estimate(&three(), SequenceForm::NormalisedRobust, &options), normalised);
    // One feature of situations: ω is constant, Σ_t γᵗ α_t with α_0 = 3/5 and α_1 = (2·1 + 1·1)/5 α_0.
    let weight = 0.6 + 0.5 * 0.6 * 0.6;
    let weighted = 2.0 * 1.0 + 0.5 * 3.0 + 0.5 * 4.0 - 1.0 + 3.0 * 2.0;
    close(estimate(&three(), SequenceForm::StateMarginal, &options), weight * weighted / 3.0);
}

#[test]
fn a_step_beyond_the_horizon_tells_how_the_last_one_went_on() {
    // Nobody saw an end: both steps lead to another, so θ_1 = (1 + 5) / 2 and θ_0 = θ_1 + θ_1. What the third brought is cut.
    let mut unended = [Trajectory { terminated: false, ..lived(0, &[(1.0, 1.0), (1.0, 5.0), (1.0, 100.0)]) }];
    let options = SequenceOptions { horizon: Some(2), ..options(1.0, 1) };
    close(estimate(&unended, SequenceForm::Direct, &options), 6.0);
    // Without it only the first step's next is known.
    unended[0].steps.truncate(2);
    close(estimate(&unended, SequenceForm::Direct, &options), 2.0);
}

#[test]
fn steps_have_laws_of_their_own_where_ten_rows_a_feature_reach_the_last() {
    let log: Vec<_> = (0..10).map(|user| lived(user, &[(1.0, 1.0), (1.0, 2.0)])).collect();
    let mut wide = log.clone();
    for step in wide.iter_mut().flat_map(|life| &mut life.steps) {
        step.taken.push(0.5);
        step.expected.push(0.5);
    }
    let is_stationary = |log: &[Trajectory], folds| {
        let options = SequenceOptions { ridge: 1.0, ..options(1.0, folds) };
        evaluate(log, &[SequenceForm::Direct], &options).unwrap()[0].is_stationary()
    };
    assert!(!is_stationary(&log, 1) && is_stationary(&log[1..], 1));
    assert!(is_stationary(&log, 2), "half of them have fewer than ten others");
    assert!(is_stationary(&wide, 1), "two features want twenty rows");
    let mut short = log;
    short[3].steps.truncate(1);
    assert!(is_stationary(&short, 1), "nine reach the last step");
}

#[test]
fn a_ridge_shrinks_towards_nothing() {
    let options = |ridge| SequenceOptions { ridge, horizon: Some(1), ..options(1.0, 1) };
    let log = [lived(0, &[(1.0, 3.0)]), lived(1, &[(1.0, 5.0)])];
    close(estimate(&log, SequenceForm::Direct, &options(2.0)), 8.0 / 4.0);
    assert!(estimate(&log, SequenceForm::Direct, &options(1e12)).abs() < 1e-11);
}

#[test]
fn without_a_future_they_are_the_forms_of_one_decision() {
    let log = three();
    let first = |life: &Trajectory| (life.steps[0].weight, life.steps[0].reward);
    let rows: Vec<_> = log.iter().map(first).collect();
    let mean = |of: &dyn Fn(f64, f64) -> f64| rows.iter().map(|(w, r)| of(*w, *r)).sum::<f64>() / 3.0;
    let (ips, weight) = (mean(&|w, r| w * r), mean(&|w, _| w));
    close(estimate(&log, SequenceForm::PerDecision, &options(0.0, 1)), ips);
    close(estimate(&log, SequenceForm::NormalisedPerDecision, &options(0.0, 1)), ips / weight);
    // Cut to one step, all of it is; the model is the mean of the three rewards.
    let one = SequenceOptions { horizon: Some(1), ..options(0.0, 1) };
    let q = mean(&|_, r| r);
    let correction = mean(&|w, r| w * (r - q));
    for (form, value) in [
        (SequenceForm::Trajectory, ips),
        (SequenceForm::NormalisedTrajectory, ips / weight),
        (SequenceForm::Direct, q),
        (SequenceForm::Robust, q + correction),
        (SequenceForm::NormalisedRobust, q + correction / weight),
        (SequenceForm::StateMarginal, ips),
        (SequenceForm::StateActionMarginal, q),
        (SequenceForm::Double, q),
    ] {
        close(estimate(&log, form, &one), value);
    }
}

#[test]
fn magic_lies_between_the_model_and_the_weights() {
    let one = SequenceOptions { horizon: Some(1), ridge: 27.0, ..options(1.0, 1) };
    // The model is shrunk to 4 / 30 and 4.5 times less sure; weights say 3 / 3.5.
    let value = |form| estimate(&three(), form, &one);
    let (model, weights) = (value(SequenceForm::Direct), value(SequenceForm::NormalisedRobust));
    let magic = value(SequenceForm::Magic);
    assert!(model.min(weights) < magic && magic < model.max(weights), "{model}, {magic}, {weights}");
    // Everybody alike: no variance to save, and what the ridge takes from the model is bias. All on weights.
    let alike: Vec<_> = (0..4).map(|user| lived(user, &[(1.0, 2.0), (1.0, 1.0)])).collect();
    let shrunk = SequenceOptions { ridge: 4.0, ..options(1.0, 1) };
    close(estimate(&alike, SequenceForm::Magic, &shrunk), 3.0);
    assert!(estimate(&alike, SequenceForm::Direct, &shrunk) < 2.0);
    // A model that leaves mean-zero noise is the better half by far.
    let noise: Vec<_> = (0..4).map(|user| lived(user, &[(1.0, (user % 2) as f64)])).collect();
    let exact = options(1.0, 1);
    assert_eq!(estimate(&noise, SequenceForm::Magic, &exact), estimate(&noise, SequenceForm::Direct, &exact));
}

#[test]
fn nobody_is_asked_about_what_was_learned_from_them() {
    let mut log: Vec<_> = (0..40).map(|user| lived(user, &[(1.0, user as f64), (1.0, 1.0)])).collect();
    let options = SequenceOptions { ridge: 1.0, ..options(1.0, 5) };
    let expected = |log: &[Trajectory]| {
        let values = evaluate(log, &[SequenceForm::Direct], &options).unwrap();
        (0..40).map(|i| values[0].terms().row(i)[0]).collect::<Vec<_>>()
    };
    let before = expected(&log);
    log[7].steps[0].reward += 100.0;
    for (user, (before, after)) in before.iter().zip(expected(&log)).enumerate() {
        assert_eq!(*before == after, fold_of(user as u64, 5) == fold_of(7, 5), "user {user}");
    }
}

#[test]
fn sums_may_be_taken_apart_and_put_together() {
    for values in evaluate(&three(), &EVERY_FORM, &SequenceOptions { ridge: 1.0, ..options(0.5, 1) }).unwrap()
    {
        let terms = values.terms();
        let sum = |rows: &[usize]| -> Vec<f64> {
            (0..terms.width()).map(|j| rows.iter().map(|row| terms.row(*row)[j]).sum()).collect()
        };
        let together: Vec<_> = sum(&[2, 0]).iter().zip(sum(&[1])).map(|(a, b)| a + b).collect();
        close(SequenceValues::value(&together), values.estimate());
        assert!(!values.is_linearised());
    }
}

#[test]
fn influences_are_the_slope_of_the_estimate_in_the_weight_of_a_row() {
    let values =
        evaluate(&three(), &[SequenceForm::NormalisedPerDecision], &options(0.5, 1)).unwrap().remove(0);
    let influences = influences(values.terms());
    let sums = super::super::values::sums(values.terms());
    for i in 0..3 {
        let slope = |small: f64| {
            let moved: Vec<_> =
                sums.iter().zip(values.terms().row(i)).map(|(sum, term)| sum + small * term).collect();
            3.0 * (SequenceValues::value(&moved) - values.estimate()) / small
        };
        // A central difference is off by the square of the step.
        let slope = f64::midpoint(slope(1e-5), slope(-1e-5));
        assert!((influences.row(i).iter().sum::<f64>() - slope).abs() < 1e-8);
    }
}

#[test]
fn long_lives_are_linearised_around_the_same_estimate() {
    let long = |user: u64, w: f64| lived(user, &vec![(w, user as f64); MOST_RATIOS]);
    let log = [long(1, 1.01), long(2, 0.99), long(5, 1.0)];
    let form = SequenceForm::NormalisedPerDecision;
    let at = |horizon| {
        let options = SequenceOptions { horizon: Some(horizon), ..options(0.9, 1) };
        evaluate(&log, &[form], &options).unwrap().remove(0)
    };
    let (short, long): (SequenceValues, _) = (at(MOST_RATIOS - 1), at(MOST_RATIOS));
    assert_eq!((short.is_linearised(), long.is_linearised()), (false, true));
    assert_eq!((short.terms().width(), long.terms().width()), (2 * MOST_RATIOS, 2));
    let step = |t: usize| {
        let weights = [1.01_f64.powi(t as i32 + 1), 0.99_f64.powi(t as i32 + 1), 1.0];
        let weighted = weights[0] + 2.0 * weights[1] + 5.0;
        0.9_f64.powi(t as i32) * weighted / weights.iter().sum::<f64>()
    };
    close(long.estimate(), (0..MOST_RATIOS).map(step).sum());
    close(long.estimate() - short.estimate(), step(MOST_RATIOS - 1));
}

/// One decision each, of two actions: weight, reward and the action.
fn choices(rows: &[(f64, f64, usize)]) -> Vec<Trajectory> {
    let choice = |(user, (weight, reward, action)): (usize, &(f64, f64, usize))| Trajectory {
        user: user as u64,
        steps: vec![StepTaken {
            reward: *reward,
            weight: *weight,
            taken: [0, 1].map(|a| f64::from(u8::from(a == *action))).into(),
            expected: vec![0.75, 0.25],
            ..StepTaken::default()
        }],
        ..Trajectory::default()
    };
    rows.iter().enumerate().map(choice).collect()
}

#[test]
fn a_target_that_is_the_log_has_the_returns_of_the_log() {
    let log: Vec<_> =
        [3.0, 1.0, 2.0, 2.0].iter().zip(0..).map(|(r, user)| lived(user, &[(1.0, *r)])).collect();
    for form in [ReturnsForm::Plain, ReturnsForm::Normalised, ReturnsForm::Robust] {
        let found = returns(&log, form, &options(1.0, 1)).unwrap();
        assert_eq!([0.9, 1.0, 1.9, 2.0, 3.0, 9.0].map(|m| found.at(m)), [0.0, 0.25, 0.25, 0.75, 1.0, 1.0]);
        assert_eq!([0.25, 0.26, 0.75, 1.0].map(|level| found.quantile(level).unwrap()), [1.0, 2.0, 2.0, 3.0]);
        assert_eq!((found.mean(), found.variance(), found.mass()), (2.0, 0.5, 1.0));
        // The worst half: 1 and one of the 2.
        assert_eq!((found.lower_tail(0.5), found.lower_tail(1.0)), (Some(1.5), Some(2.0)));
        assert_eq!(
            (found.quantile(0.0), found.lower_tail(1.1), found.lower_tail(f64::NAN)),
            (None, None, None)
        );
    }
}

#[test]
fn returns_are_weighted_and_made_a_distribution() {
    let log = choices(&[(1.5, 2.0, 0), (0.5, 1.0, 1), (1.5, 3.0, 0), (1.5, 0.0, 0)]);
    let at = |form| {
        let found = returns(&log, form, &options(1.0, 1)).unwrap();
        ([0.0, 1.0, 2.0, 3.0].map(|m| found.at(m)), found.mass())
    };
    // Masses .375, .125, .375, .375: the last is cut.
    assert_eq!(at(ReturnsForm::Plain), ([0.375, 0.5, 0.875, 1.0], 1.25));
    let (normalised, _) = at(ReturnsForm::Normalised);
    [0.3, 0.4, 0.7, 1.0].into_iter().zip(normalised).for_each(|(by_hand, found)| close(found, by_hand));
}

#[test]
fn masses_below_nothing_do_not_make_it_fall() {
    let found = Returns::of(vec![(3.0, 0.75), (1.0, 0.5), (2.0, -0.25), (0.0, -0.125)]);
    assert_eq!([0.0, 1.0, 2.0, 3.0].map(|m| found.at(m)), [0.0, 0.375, 0.375, 1.0]);
    assert_eq!((found.mean(), found.mass()), (0.375 + 3.0 * 0.625, 0.875));
    assert_eq!((found.quantile(0.375), found.quantile(0.376)), (Some(1.0), Some(3.0)));
    assert_eq!(found.lower_tail(0.5), Some((0.375 + 3.0 * 0.125) / 0.5));
}

#[test]
fn the_robust_distribution_is_its_formula() {
    // Weight, reward, action, and the weight of a second step that brings nothing. F_m(a) is the share of returns up to m among
    // those who did a, by the second weight; F̄_m = ¾ F_m(0) + ¼ F_m(1).
    let rows = [
        (1.5, 2.0, 0, 1.0),
        (0.5, 1.0, 1, 2.0),
        (0.25, 3.0, 0, 0.5),
        (1.0, 0.0, 1, 0.25),
        (0.5, 4.0, 1, 1.5),
    ];
    let mut log = choices(&rows.map(|(w, r, a, _)| (w, r, a)));
    for (life, (.., weight)) in log.iter_mut().zip(rows) {
        life.steps.push(StepTaken { reward: 0.0, weight, ..life.steps[0].clone() });
    }
    let found = returns(&log, ReturnsForm::Robust, &options(1.0, 1)).unwrap();
    let sum = |of: &dyn Fn(f64, f64, usize, f64) -> f64| {
        rows.iter().map(|(w, r, a, later)| of(*w, *r, *a, *later)).sum::<f64>()
    };
    for m in [0.0, 1.0, 2.0, 3.0] {
        let below = |r: f64| f64::from(u8::from(r <= m));
        let share = [0, 1].map(|action| {
            let did = |a, later| if a == action { later } else { 0.0 };
            sum(&|_, r, a, later| did(a, later) * below(r)) / sum(&|_, _, a, later| did(a, later))
        });
        let expected = 0.75 * share[0] + 0.25 * share[1];
        close(found.at(m), sum(&|w, r, a, later| expected + w * later * below(r) - w * share[a]) / 5.0);
    }
}

#[test]
fn a_trajectory_that_counts_twice_is_there_twice() {
    let rows = [(1.5, 2.0, 0), (0.5, 1.0, 1), (0.25, 3.0, 0), (1.0, 0.0, 1)];
    let times = [2.0, 1.0, 1.0, 0.0];
    let resample = [rows[0], rows[0], rows[1], rows[2]];
    let options = SequenceOptions { ridge: 1.0, ..options(1.0, 1) };
    for form in [ReturnsForm::Plain, ReturnsForm::Normalised, ReturnsForm::Robust] {
        let left = resampled_returns(&choices(&rows), &times, form, &options).unwrap();
        let right = returns(&choices(&resample), form, &options).unwrap();
        [0.0, 1.0, 2.0, 3.0].into_iter().for_each(|m| close(left.at(m), right.at(m)));
        close(left.mass(), right.mass());
    }
    for times in [&[1.0, 1.0][..], &[0.0; 4], &[1.0, -1.0, 1.0, 1.0], &[f64::NAN; 4]] {
        let refused = resampled_returns(&choices(&rows), times, ReturnsForm::Plain, &options).unwrap_err();
        assert!(refused.to_string().contains("one number of at least 0 for each"));
    }
}

#[test]
fn the_mean_of_the_returns_is_what_the_trajectories_say() {
    // Mean W over all lives is 1, so nothing is cut or missing.
    let people = population(1);
    let found = returns(&people, ReturnsForm::Plain, &options(0.8, 1)).unwrap();
    assert!((found.mean() - truth(LIFE, 0.8)).abs() < 1e-11 && (found.mass() - 1.0).abs() < 1e-11);
    let robust = returns(&people, ReturnsForm::Robust, &options(0.8, 1)).unwrap();
    assert!((robust.mean() - truth(LIFE, 0.8)).abs() < 1e-11);
}
