//! Expectations over all lives, and fits to all of them: no error is left but rounding.

use nalgebra::DVector;

use super::super::chain::{About, Chain, Clock, Frame};
use super::super::evaluate::{evaluate, weighted};
use super::super::folds::Folds;
use super::super::marginal::Marginal;
use super::super::quality::{Quality, Residuals};
use super::super::walk::Walks;
use super::super::{Trajectory, weights};
use super::*;

const DISCOUNT: f64 = 0.8;

/// Lives, their probabilities apart.
fn world() -> (Vec<f64>, Vec<Trajectory>) {
    let (probabilities, lives): (Vec<_>, Vec<_>) = lives().into_iter().unzip();
    close(probabilities.iter().sum(), 1.0);
    (probabilities, lives)
}

fn expected(probabilities: &[f64], of: impl Fn(usize) -> f64) -> f64 {
    probabilities.iter().enumerate().map(|(i, p)| p * of(i)).sum()
}

/// θ_t by step, one fold.
fn perfect() -> Quality {
    let theta = |t: usize| DVector::from_row_slice(&quality(LIFE - t, DISCOUNT));
    vec![(0..=LIFE).map(theta).collect()]
}

/// A Q without any truth in it.
fn nonsense() -> Quality {
    let theta = |t: usize| DVector::from_fn(4, |pair, _| 3.0 - (pair * t) as f64);
    let mut quality: Vec<_> = (0..=LIFE).map(theta).collect();
    quality[LIFE].fill(0.0);
    vec![quality]
}

#[test]
fn importance_sampling_is_unbiased_and_weights_have_mean_one() {
    let (p, lives) = world();
    for discount in [0.0, DISCOUNT, 1.0] {
        let forms = [SequenceForm::Trajectory, SequenceForm::PerDecision];
        for values in evaluate(&lives, &forms, &options(discount, 1)).unwrap() {
            close(expected(&p, |i| values.terms().row(i)[0]), truth(LIFE, discount));
        }
    }
    let all = weights(&lives, &options(1.0, 1)).unwrap();
    close(expected(&p, |i| all.whole[i]), 1.0);
    let walks = Walks::read(&lives, &options(1.0, 1)).unwrap();
    (0..LIFE).for_each(|t| close(expected(&p, |i| walks.all[i].weight(t)), 1.0));
}

#[test]
fn the_robust_form_is_unbiased_under_any_q_and_sure_of_its_mean_under_the_right_one() {
    let (p, lives) = world();
    let walks = Walks::read(&lives, &options(DISCOUNT, 1)).unwrap();
    let folds = Folds::cut(&walks, 1).unwrap();
    for quality in [perfect(), nonsense()] {
        let residuals = Residuals::of(&walks, &folds, &quality);
        let robust = expected(&p, |i| weighted(&residuals, i, &walks.all[i]));
        close(robust, truth(LIFE, DISCOUNT));
    }
    let residuals = Residuals::of(&walks, &folds, &perfect());
    close(expected(&p, |i| residuals.start[i]), truth(LIFE, DISCOUNT));
    // Under the right Q every step's correction has mean zero by itself.
    for t in 0..LIFE {
        let correction =
            |i: usize| residuals.steps[i].get(t).map_or(0.0, |residual| walks.all[i].weight(t) * residual);
        close(expected(&p, correction), 0.0);
    }
}

/// α_t of the right weights: visits of the target over those of the log.
fn right_weights(scale: f64) -> Vec<Vec<DVector<f64>>> {
    let pairs = visits(TARGET).into_iter().zip(visits(LOG));
    vec![pairs.map(|(of, over)| DVector::from_fn(4, |pair, _| scale * of[pair] / over[pair])).collect()]
}

#[test]
fn double_learning_needs_the_weights_or_the_q_but_not_both() {
    let (p, lives) = world();
    let walks = Walks::read(&lives, &options(DISCOUNT, 1)).unwrap();
    let folds = Folds::cut(&walks, 1).unwrap();
    let mut frame = Frame::choose(&walks, About::Pairs, &folds, 0.0);
    frame.clock = Clock::ByStep;
    let double = |scale: f64, quality: &Quality| {
        let marginal = Marginal::of(frame, &walks, right_weights(scale));
        let residuals = Residuals::of(&walks, &folds, quality);
        expected(&p, |i| residuals.start[i] + marginal.corrected(&walks, &walks.all[i], 0, &quality[0]))
    };
    let truth = truth(LIFE, DISCOUNT);
    close(double(1.0, &perfect()), truth);
    close(double(1.0, &nonsense()), truth);
    close(double(2.5, &perfect()), truth);
    assert!((double(2.5, &nonsense()) - truth).abs() > 0.1);
}

#[test]
fn every_form_finds_the_truth_in_a_population_that_leaves_nothing_to_chance() {
    for (folds, discount) in [(1, 1.0), (2, DISCOUNT), (3, 0.0)] {
        let people = population(folds);
        for values in evaluate(&people, &EVERY_FORM, &options(discount, folds)).unwrap() {
            let error = (values.estimate() - truth(LIFE, discount)).abs();
            assert!(error < 1e-11, "{}: {error:e}", values.form().name());
        }
    }
}

#[test]
fn a_shorter_horizon_is_the_same_as_shorter_lives() {
    let people = population(2);
    let mut cut = people.clone();
    for life in cut.iter_mut().filter(|life| life.steps.len() > 2) {
        (life.terminated, _) = (false, life.steps.truncate(2));
    }
    let short = SequenceOptions { horizon: Some(2), ..options(DISCOUNT, 2) };
    let left = evaluate(&people, &EVERY_FORM, &short).unwrap();
    let right = evaluate(&cut, &EVERY_FORM, &SequenceOptions { horizon: None, ..short }).unwrap();
    for (left, right) in left.iter().zip(&right) {
        assert_eq!(left.estimate(), right.estimate(), "{}", left.form().name());
        assert!((left.estimate() - truth(2, DISCOUNT)).abs() < 1e-11);
    }
}

/// What is learned of the population under a clock.
fn learned(about: About, clock: Clock) -> (Vec<Trajectory>, Frame, Chain) {
    let people = population(1);
    let walks = Walks::read(&people, &options(DISCOUNT, 1)).unwrap();
    let folds = Folds::cut(&walks, 1).unwrap();
    let mut frame = Frame::choose(&walks, about, &folds, 0.0);
    assert_eq!(frame.clock, Clock::ByStep);
    frame.clock = clock;
    let chain = Chain::fit(&walks, &frame, &folds).unwrap().remove(0);
    (people, frame, chain)
}

/// The probability of each situation, from those of situations and actions.
fn situations(pairs: [f64; 4]) -> [f64; 2] {
    [pairs[0] + pairs[1], pairs[2] + pairs[3]]
}

#[test]
fn learned_weights_are_the_ratio_of_visits_at_every_step() {
    let (target, log) = (visits(TARGET), visits(LOG));
    let (_, _, chain) = learned(About::Pairs, Clock::ByStep);
    for (t, alpha) in chain.weights().iter().enumerate() {
        (0..4).for_each(|pair| close(alpha[pair], target[t][pair] / log[t][pair]));
    }
    let (_, _, chain) = learned(About::States, Clock::ByStep);
    for (t, alpha) in chain.weights().iter().enumerate() {
        let (of, over) = (situations(target[t]), situations(log[t]));
        // ψ = (1, s).
        close(alpha[0], of[0] / over[0]);
        close(alpha[0] + alpha[1], of[1] / over[1]);
    }
}

#[test]
fn where_steps_share_one_law_weights_are_of_visits_at_any_step() {
    let (target, log) = (visits(TARGET), visits(LOG));
    // Rows whose next step is known: all but the third of those who were still watched.
    let over: [f64; 4] = std::array::from_fn(|pair| log[0][pair] + log[1][pair]);
    let (people, frame, chain) = learned(About::Pairs, Clock::Stationary);
    for (t, alpha) in chain.weights().iter().enumerate() {
        (0..4).for_each(|pair| close(alpha[pair], target[t][pair] / over[pair]));
    }
    let walks = Walks::read(&people, &options(DISCOUNT, 1)).unwrap();
    let mean = |of: &dyn Fn(usize) -> f64| (0..people.len()).map(of).sum::<f64>() / people.len() as f64;
    let marginal = Marginal::of(frame, &walks, vec![chain.weights()]);
    assert!((mean(&|i| marginal.weighted(&walks.all[i], 0)) - truth(LIFE, DISCOUNT)).abs() < 1e-11);
    for quality in [perfect(), nonsense()] {
        let folds = Folds::cut(&walks, 1).unwrap();
        let residuals = Residuals::of(&walks, &folds, &quality);
        let double =
            |i: usize| residuals.start[i] + marginal.corrected(&walks, &walks.all[i], 0, &quality[0]);
        assert!((mean(&double) - truth(LIFE, DISCOUNT)).abs() < 1e-11);
    }
}

#[test]
fn state_weights_of_one_law_find_the_truth_too() {
    let (people, frame, chain) = learned(About::States, Clock::Stationary);
    let walks = Walks::read(&people, &options(DISCOUNT, 1)).unwrap();
    let marginal = Marginal::of(frame, &walks, vec![chain.weights()]);
    let sum: f64 = walks.all.iter().map(|walk| marginal.weighted(walk, 0)).sum();
    assert!((sum / people.len() as f64 - truth(LIFE, DISCOUNT)).abs() < 1e-11);
}

#[test]
fn fitted_q_is_the_right_one_under_either_clock() {
    for clock in [Clock::ByStep, Clock::Stationary] {
        let (_, _, chain) = learned(About::Pairs, clock);
        for (fitted, right) in chain.values().iter().zip(&perfect()[0]) {
            assert!((fitted - right).amax() < 1e-12, "{clock:?}: {fitted} is not {right}");
        }
    }
}
