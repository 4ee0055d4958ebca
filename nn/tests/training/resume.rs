//! A training that was stopped and resumed is one that was not.

use recloop_nn::checkpoint::Card;
use recloop_nn::training::{CHECKPOINT, End, POLICY, Progress, train};

use crate::regression::{BATCH, Regression};
use crate::{metrics, plan, run, weights};

#[test]
fn a_resumed_training_ends_as_one_that_was_not_stopped() {
    let here = tempfile::tempdir().unwrap();
    let (whole, halves) = (here.path().join("whole"), here.path().join("halves"));
    run(&mut Regression::new(7), &plan(20, false), &whole).unwrap();
    run(&mut Regression::new(7), &plan(8, false), &halves).unwrap();
    assert_ne!(weights(&whole.join(POLICY)), weights(&halves.join(POLICY)));
    // Other weights to begin with: all that counts is what was saved.
    let ended = run(&mut Regression::new(8), &plan(20, true), &halves).unwrap();
    assert_eq!((ended.end, ended.step, ended.round), (End::Finished, 20 * BATCH, 20));
    assert_eq!(weights(&whole.join(POLICY)), weights(&halves.join(POLICY)));
    assert_eq!(metrics(&whole), metrics(&halves));
    assert_eq!(metrics(&whole).len(), 1 + 20);
}

#[test]
fn a_training_tells_how_far_it_is_and_what_it_kept() {
    let here = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let mut watch = |progress: &Progress<'_>| {
        assert!(progress.steps_per_sec > 0.0);
        let left = progress.left_secs * progress.steps_per_sec;
        told.push((
            progress.round,
            progress.step,
            progress.total,
            left.round() as u64,
            progress.measures.clone(),
        ));
    };
    let out = here.path().join("deep/out");
    train(&mut Regression::new(7), &plan(3, false), &out, &mut watch).unwrap();
    let numbers: Vec<_> = told.iter().map(|it| [it.0, it.1, it.2, it.3]).collect();
    assert_eq!(numbers, [[1, 32, 96, 64], [2, 64, 96, 32], [3, 96, 96, 0]]);
    let names: Vec<_> =
        std::fs::read_dir(out.join(POLICY)).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "weights and a card, no moments: {names:?}");
    let card = Card::load(&out.join(CHECKPOINT)).unwrap();
    assert_eq!((card.step, card.metrics.len()), (96, 2));
    assert!((card.metrics["loss"] - told[2].4.values[0].1).abs() < 1e-12);
}
