//! An intervention changes what it must and nothing it must not.

use proptest::prelude::*;
use recloop_env::{Fate, UserId};

use crate::{Lives, Play, assert_same, cases, separable, toy, toy_users};

const TICKS: usize = 10;

fn without(lives: Lives, who: UserId) -> Lives {
    lives.into_iter().filter(|((user, _), _)| *user != who.0).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn nobody_else_notices(
        kind in 0..6_usize, n in 2..15_usize, pick: prop::sample::Index, field: prop::sample::Index, seed: u64,
        scale in 0.0..1.0_f32,
    ) {
        let mut play = Play::begin(separable(kind, n), seed, true);
        play.lives(2);
        let mut other = play.fork();
        let who = UserId(pick.index(n) as u32);
        let fields = other.world.truth().fields(who);
        let name = field.get(&fields);
        let old = other.world.truth().user(who, name).unwrap().to_vec();
        // Towards zero, which every field can bear.
        let new: Vec<_> = old.iter().map(|value| value * scale).collect();
        other.world.intervene(who, name, &new).unwrap();
        for field in &fields {
            let (before, after) = (play.world.truth().user(who, field), other.world.truth().user(who, field));
            prop_assert_eq!(if field == name { Some(&new[..]) } else { before }, after);
        }
        // Another last tick of the intervened user may make a tick more or less: compare what both have.
        let (mut expected, mut found) = (without(play.lives(TICKS), who), without(other.lives(TICKS), who));
        let last = |lives: &Lives| lives.keys().map(|(_, tick)| *tick).max().unwrap_or(0);
        let common = last(&expected).min(last(&found));
        expected.retain(|(_, tick), _| *tick <= common);
        found.retain(|(_, tick), _| *tick <= common);
        assert_same(&expected, &found);
    }

    #[test]
    fn interest_decides_clicks_and_patience_decides_when_a_visit_ends(
        n in 1..9_usize, pick: prop::sample::Index, seed: u64, lasting: bool, loves: bool, leaves: bool,
    ) {
        let who = UserId(pick.index(n) as u32);
        let mut play = Play::begin(toy(lasting).cohort(toy_users(n)).build().unwrap(), seed, false);
        let interest = if loves { [1.0; 3] } else { [0.0; 3] };
        play.world.intervene(who, "interest", &interest).unwrap();
        play.world.intervene(who, "patience", &[1.0]).unwrap();
        play.world.intervene(who, "visits", &[if leaves { 1.0 } else { 2.0 }]).unwrap();
        play.world.observe(&mut play.seen).unwrap();
        prop_assert_eq!(play.seen.user_features.row(who.index()), interest);
        let lives = play.lives(1);
        let moment = &lives[&(who.0, 0)];
        prop_assert_eq!(&moment.clicks, &vec![loves; 2]);
        prop_assert_eq!(moment.fate, if leaves { Fate::Gone } else { Fate::Returns(2.5) });
        let others_stay = lives.iter().all(|((user, _), it)| *user == who.0 || it.fate == Fate::Stays(1.0));
        prop_assert!(others_stay);
    }
}

#[test]
fn what_is_not_there_cannot_be_set() {
    let mut play = Play::begin(toy(true).cohort(toy_users(2)).build().unwrap(), 1, false);
    let refused = |play: &mut Play, user, field: &str, value: &[f32]| {
        play.world.intervene(UserId(user), field, value).unwrap_err().to_string()
    };
    assert_eq!(refused(&mut play, 2, "patience", &[1.0]), "find `patience` of user 2: users are 0..2");
    let known = "find `mood` of user 0: latent fields are interest, patience, visits";
    assert_eq!(refused(&mut play, 0, "mood", &[1.0]), known);
    let width = "find `interest` of user 0: it has 3 values, 1 were given";
    assert_eq!(refused(&mut play, 0, "interest", &[1.0]), width);
}
