//! Credit for what comes later.

use recloop_env::{Clock, End, EnvSpec};

use crate::learned::advantage::{Discount, advantages};
use crate::learned::experience::Experience;
use crate::tests::scene::Scene;

const DAY: f64 = Clock::DAY_SECS;

/// Two slates on the first day and one two days later, of which each is worth 1, 2, 4; the values were guessed .5.
fn taken(ended: Option<End>) -> Experience {
    Experience {
        reward: vec![1.0, 2.0, 4.0],
        time_secs: vec![0.0, 0.0, 2.0 * DAY],
        next: vec![Some(1), Some(2), None],
        ended: vec![None, None, ended],
        ..Experience::default()
    }
}

fn spec(calendar: bool) -> EnvSpec {
    let clock = Clock { tick_secs: 120.0, calendar };
    EnvSpec { clock, ..Scene::new(&[[0.0, 0.0]], &[(0, [0.0, 0.0])], 1).spec }
}

fn assert_close(found: &[f32], expected: [f64; 3]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
    }
}

#[test]
fn a_day_away_discounts_by_the_day() {
    let discount = Discount { gamma: 0.5, lambda: 1.0 };
    let found = advantages(&taken(Some(End::Terminated)), &[0.5; 3], &spec(true), discount, 1.0);
    // Nothing passes between the first two; two days take three quarters of the 4.
    assert_close(&found.target, [1.0 + 2.0 + 1.0, 2.0 + 1.0, 4.0]);
    assert_close(&found.advantage, [3.5, 2.5, 3.5]);
    let found = advantages(&taken(Some(End::Terminated)), &[0.5; 3], &spec(false), discount, 1.0);
    assert_close(&found.target, [1.0 + 1.0 + 1.0, 2.0 + 2.0, 4.0]);
}

#[test]
fn lambda_says_whom_to_believe() {
    let discount = Discount { gamma: 0.5, lambda: 0.0 };
    let found = advantages(&taken(Some(End::Terminated)), &[0.5; 3], &spec(false), discount, 1.0);
    assert_close(&found.target, [1.25, 2.25, 4.0]);
    let half = advantages(
        &taken(Some(End::Terminated)),
        &[0.5; 3],
        &spec(false),
        Discount { gamma: 0.5, lambda: 0.5 },
        2.0,
    );
    // Rewards doubled: δ = 2 + .25 − .5, 4 + .25 − .5, 8 − .5, each carried on at a quarter.
    let (c, b) = (7.5, 3.75 + 7.5 / 4.0);
    assert_close(&half.advantage, [1.75 + b / 4.0, b, c]);
}

#[test]
fn what_we_did_not_watch_is_worth_what_was_thought() {
    let discount = Discount { gamma: 0.5, lambda: 1.0 };
    let cut = advantages(&taken(Some(End::Truncated)), &[0.5; 3], &spec(false), discount, 1.0);
    assert_close(&cut.target, [1.0 + 1.0 + 4.5 / 4.0, 2.0 + 4.5 / 2.0, 4.5]);
    let myopic = Discount { gamma: 0.0, lambda: 1.0 };
    assert_close(&advantages(&taken(None), &[0.5; 3], &spec(false), myopic, 1.0).target, [1.0, 2.0, 4.0]);
}
