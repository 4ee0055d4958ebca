//! What a training refuses to begin with.

use recloop_nn::NnError;
use recloop_nn::training::{Better, EarlyStop, Plan};

use crate::regression::Regression;
use crate::{plan, run};

fn refusal(plan: &Plan, out: &std::path::Path) -> String {
    run(&mut Regression::new(7), plan, out).unwrap_err().to_string()
}

#[test]
fn a_folder_holds_one_training_and_resuming_needs_it() {
    let here = tempfile::tempdir().unwrap();
    let said = refusal(&plan(2, true), here.path());
    assert!(said.ends_with("checkpoint: there is no checkpoint to resume: train without resuming"), "{said}");
    run(&mut Regression::new(7), &plan(2, false), here.path()).unwrap();
    let said = refusal(&plan(2, false), here.path());
    assert!(said.ends_with("it holds another training: resume it, or train into another folder"), "{said}");
}

#[test]
fn a_checkpoint_of_another_training_is_refused_by_the_keys_that_differ() {
    let here = tempfile::tempdir().unwrap();
    run(&mut Regression::new(7), &plan(2, false), here.path()).unwrap();
    let mut other = plan(3, true);
    other.card.config["net"]["width"] = 32.into();
    other.card.seed = 8;
    let said = refusal(&other, here.path());
    let keys =
        "it is of another training, by `config.net.width` (32 here, 16 there), `seed` (8 here, 7 there)";
    assert!(said.ends_with(keys), "{said}");
    // What was there is as good as before.
    run(&mut Regression::new(7), &plan(3, true), here.path()).unwrap();
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let here = tempfile::tempdir().unwrap();
    let stop = |patience, min_delta| {
        Some(EarlyStop { measure: "loss".into(), patience, min_delta, better: Better::Lower })
    };
    let plans = [
        plan(0, false),
        Plan { checkpoint_secs: f64::NAN, ..plan(1, false) },
        Plan { stop: stop(0, 0.0), ..plan(1, false) },
        Plan { stop: stop(1, -1.0), ..plan(1, false) },
    ];
    for plan in plans {
        let refused = run(&mut Regression::new(7), &plan, here.path()).unwrap_err();
        assert!(matches!(refused, NnError::Training { .. }), "{refused}");
    }
    assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 0, "nothing was written");
}
