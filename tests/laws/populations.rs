//! What becomes of a user depends on nobody else, wherever they stand.

use proptest::prelude::*;

use crate::{Lives, Play, assert_same, cases, separable, toy, toy_users};

const TICKS: usize = 15;

fn of_first(lives: Lives, n: usize) -> Lives {
    lives.into_iter().filter(|((user, _), _)| (*user as usize) < n).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_user_alone_lives_as_in_a_crowd(
        kind in 0..6_usize, few in 1..5_usize, more in 1..30_usize, seed: u64, renew: bool,
    ) {
        // Ticks at which only the others are there do not exist for the few: play the few to the same last tick.
        let mut crowd = Play::begin(separable(kind, few + more), seed, renew);
        let all = of_first(crowd.lives(TICKS), few);
        let mut alone = Play::begin(separable(kind, few), seed, renew).lives(TICKS);
        let last = all.keys().map(|(_, tick)| *tick).max().unwrap_or(0);
        alone.retain(|(_, tick), _| *tick <= last);
        assert_same(&all, &alone);
    }

    #[test]
    fn one_cohort_or_three_of_the_same_kind_are_one_population(
        a in 1..9_usize, b in 1..9_usize, c in 1..9_usize, seed: u64, lasting: bool, renew: bool,
    ) {
        let one = toy(lasting).cohort(toy_users(a + b + c)).build().unwrap();
        let three = toy(lasting).cohort(toy_users(a)).cohort(toy_users(b)).cohort(toy_users(c)).build().unwrap();
        assert_same(&Play::begin(one, seed, renew).lives(TICKS), &Play::begin(three, seed, renew).lives(TICKS));
    }
}
