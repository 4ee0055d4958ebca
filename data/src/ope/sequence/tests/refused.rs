//! What cannot be used is refused with what to do.

use super::super::{ReturnsForm, evaluate, returns, weights};
use super::*;

fn refused(log: &[Trajectory], form: SequenceForm, options: &SequenceOptions) -> String {
    evaluate(log, &[form], options).unwrap_err().to_string()
}

/// Two users of two steps.
fn log() -> Vec<Trajectory> {
    let life = |user| Trajectory { user, steps: vec![step(0, 0), step(1, 1)], ..Trajectory::default() };
    vec![life(3), life(4)]
}

#[test]
fn options_out_of_their_range() {
    let says = |options: SequenceOptions| refused(&log(), SequenceForm::PerDecision, &options);
    for discount in [-0.1, 1.1, f64::NAN] {
        assert!(says(options(discount, 1)).contains("must lie in [0, 1]"));
    }
    assert!(says(SequenceOptions { horizon: Some(0), ..options(1.0, 1) }).contains("a horizon of 0"));
    assert!(says(options(1.0, 0)).contains("0 folds"));
    assert!(says(SequenceOptions { ridge: -1.0, ..options(1.0, 1) }).contains("a ridge of -1"));
}

#[test]
fn trajectories_that_mean_nothing() {
    let says = |spoil: &dyn Fn(&mut Trajectory)| {
        let mut log = log();
        spoil(&mut log[1]);
        refused(&log, SequenceForm::PerDecision, &options(1.0, 1))
    };
    assert!(says(&|life| life.steps.clear()).contains("use step 0 of user 4: the trajectory has no steps"));
    assert!(says(&|life| life.steps[1].reward = f64::NAN).contains("use step 1 of user 4: its reward"));
    for weight in [f64::INFINITY, f64::NAN, -1.0] {
        assert!(says(&|life| life.steps[1].weight = weight).contains("its weight is not"));
    }
    assert!(says(&|life| life.steps.iter_mut().for_each(|step| step.weight = 1e200)).contains("overflows"));
    assert!(says(&|life| life.steps[0].taken.push(0.0)).contains("another number of features"));
    assert!(says(&|life| life.steps[0].state.clear()).contains("another number of features"));
    assert!(says(&|life| life.steps[0].expected[0] = f64::NAN).contains("not a finite number"));
    let empty = refused(&[], SequenceForm::PerDecision, &options(1.0, 1));
    assert!(empty.contains("an empty log"));
    assert!(weights(&[], &options(1.0, 1)).is_err());
}

#[test]
fn forms_that_lack_what_they_need() {
    let mut bare = log();
    for step in bare.iter_mut().flat_map(|life| &mut life.steps) {
        (step.taken, step.expected, step.state) = Default::default();
    }
    for form in EVERY_FORM {
        let fitted = evaluate(&bare, &[form], &SequenceOptions { ridge: 1.0, ..options(1.0, 1) });
        let weights_only = matches!(
            form,
            SequenceForm::Trajectory
                | SequenceForm::PerDecision
                | SequenceForm::NormalisedTrajectory
                | SequenceForm::NormalisedPerDecision
        );
        assert_eq!(fitted.is_ok(), weights_only, "{}", form.name());
        if let Err(error) = fitted {
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("estimate by `{}`: its trajectories carry", form.name()))
            );
        }
    }
    assert!(
        returns(&bare, ReturnsForm::Robust, &options(1.0, 1))
            .unwrap_err()
            .to_string()
            .contains("no features")
    );
}

#[test]
fn a_target_that_no_trajectory_could_be() {
    let mut log = log();
    log.iter_mut().for_each(|life| life.steps[1].weight = 0.0);
    let says = refused(&log, SequenceForm::NormalisedPerDecision, &options(1.0, 1));
    assert!(says.contains("all weights of some step are zero"));
    assert!(returns(&log, ReturnsForm::Normalised, &options(1.0, 1)).is_err());
    assert_eq!(evaluate(&log, &[SequenceForm::Trajectory], &options(1.0, 1)).unwrap()[0].estimate(), 0.0);
}

#[test]
fn sums_that_no_number_holds() {
    let mut log = log();
    log.iter_mut().for_each(|life| (life.steps[0].weight, life.steps[0].reward) = (1e200, 1e200));
    assert!(refused(&log, SequenceForm::PerDecision, &options(1.0, 1)).contains("beyond the largest number"));
}

#[test]
fn models_without_enough_to_learn_from() {
    let says = refused(&log(), SequenceForm::Direct, &options(1.0, 1));
    assert!(says.contains("a ridge of 0") && says.contains("give a larger one"), "{says}");
    let alone =
        refused(&log()[..1], SequenceForm::Direct, &SequenceOptions { ridge: 1.0, ..options(1.0, 2) });
    assert!(alone.contains("all users fall into one of them"), "{alone}");
}

#[test]
fn names_are_those_that_estimators_are_asked_for_by() {
    use crate::ope::{Estimator, Form};
    for form in EVERY_FORM {
        assert_eq!(*form.name().parse::<Estimator>().unwrap().form(), Form::Sequence(form));
    }
}
