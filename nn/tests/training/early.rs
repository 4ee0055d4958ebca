//! Stopping before the end: because nothing gets better, or because all is lost.

use recloop_nn::NnError;
use recloop_nn::checkpoint::Card;
use recloop_nn::training::{
    BEST, Better, CHECKPOINT, EarlyStop, End, Learner, Measures, POLICY, Plan, Progress, train,
};

use crate::regression::{BATCH, Regression};
use crate::{metrics, plan, run, weights};

/// Stops at the first loss that is no gain of 0.01 within three rounds.
fn impatient(rounds: u64, resume: bool) -> Plan {
    let stop = EarlyStop { measure: "loss".into(), patience: 3, min_delta: 0.01, better: Better::Lower };
    Plan { stop: Some(stop), ..plan(rounds, resume) }
}

#[test]
fn a_training_that_gets_no_better_stops_and_its_best_is_kept() {
    let here = tempfile::tempdir().unwrap();
    let mut losses = Vec::new();
    let mut watch = |progress: &Progress<'_>| losses.push(progress.measures.values[0].1);
    let ended = train(&mut Regression::new(7), &impatient(2_000, false), here.path(), &mut watch).unwrap();
    assert_eq!(ended.end, End::Early);
    // By hand: the last round that gained is three before the end.
    let mut best = (f64::INFINITY, 0);
    for (round, &loss) in losses.iter().enumerate() {
        if loss < best.0 - 0.01 {
            best = (loss, round as u64 + 1);
        }
    }
    assert_eq!(ended.round, best.1 + 3);
    let found = ended.best.unwrap();
    assert_eq!((found.value, found.step), (best.0, best.1 * BATCH));
    assert_eq!(Card::load(&here.path().join(BEST)).unwrap().step, found.step);
    assert_eq!(weights(&here.path().join(BEST)), weights(&here.path().join(POLICY)));
    assert_ne!(weights(&here.path().join(BEST)), weights(&here.path().join(CHECKPOINT)));
    // It is over for whoever resumes it, too, and for one that was resumed in between.
    let again = run(&mut Regression::new(8), &impatient(2_000, true), here.path()).unwrap();
    assert_eq!((again.end, again.round, again.best), (End::Early, ended.round, ended.best));
    let halves = here.path().join("halves");
    run(&mut Regression::new(7), &impatient(best.1 + 1, false), &halves).unwrap();
    let resumed = run(&mut Regression::new(8), &impatient(2_000, true), &halves).unwrap();
    assert_eq!((resumed.end, resumed.round, resumed.best), (End::Early, ended.round, ended.best));
    assert_eq!(metrics(here.path()), metrics(&halves));
}

#[test]
fn a_diverged_training_is_back_at_its_last_good_checkpoint() {
    let here = tempfile::tempdir().unwrap();
    let mut learner = Regression::new(7);
    learner.damaged = Some(5);
    let ended = run(&mut learner, &plan(20, false), here.path()).unwrap();
    let what = "the loss is NaN".to_owned();
    assert_eq!(ended.end, End::Diverged { step: 5 * BATCH, what });
    assert_eq!((ended.step, ended.round), (5 * BATCH, 5));
    assert!(!here.path().join(POLICY).exists());
    // The learner and the folder are as after five good rounds, and go on as from there.
    let good = here.path().join("good");
    run(&mut Regression::new(7), &plan(5, false), &good).unwrap();
    let restored = tempfile::tempdir().unwrap();
    learner.save(restored.path()).unwrap();
    assert_eq!(weights(restored.path()), weights(&good.join(CHECKPOINT)));
    assert_eq!(weights(&here.path().join(CHECKPOINT)), weights(&good.join(CHECKPOINT)));
    run(&mut Regression::new(8), &plan(20, true), here.path()).unwrap();
    run(&mut Regression::new(8), &plan(20, true), &good).unwrap();
    assert_eq!(weights(&here.path().join(POLICY)), weights(&good.join(POLICY)));
}

type Break = fn(&mut Regression, &mut Measures);

/// Learns well, but for what it breaks in its fourth round.
struct Breaks(Regression, Break);

impl Learner for Breaks {
    fn round(&mut self) -> Result<Measures, NnError> {
        let mut measures = self.0.round()?;
        if self.0.rounds() == 4 {
            (self.1)(&mut self.0, &mut measures);
        }
        Ok(measures)
    }

    fn save(&self, dir: &std::path::Path) -> Result<(), NnError> {
        self.0.save(dir)
    }

    fn load(&mut self, dir: &std::path::Path) -> Result<(), NnError> {
        self.0.load(dir)
    }
}

#[test]
fn weights_and_measures_that_are_no_numbers_are_not_kept() {
    let broken: [(Break, u64, &str); 2] = [
        (|_, measures| measures.values[0].1 = f64::INFINITY, 3, "`loss` is inf"),
        (|learner, _| learner.overflow(), 4, "the sum of all weights is"),
    ];
    for (breaks, round, said) in broken {
        let here = tempfile::tempdir().unwrap();
        let mut learner = Breaks(Regression::new(7), breaks);
        let ended = train(&mut learner, &plan(20, false), here.path(), &mut |_: &Progress<'_>| {}).unwrap();
        let End::Diverged { step, what } = ended.end else { panic!("{:?}", ended.end) };
        assert_eq!(step, round * BATCH);
        assert!(what.starts_with(said), "{what}");
        assert_eq!((ended.step, learner.0.rounds()), (3 * BATCH, 3));
    }
}
