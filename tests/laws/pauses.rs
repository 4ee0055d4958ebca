//! A pause is not noticed: restored worlds and forks go on as if nothing had happened.

use proptest::prelude::*;
use recloop_env::Observation;

use crate::{Play, any_world, assert_same, cases};

const TICKS: usize = 12;

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_restored_world_goes_on_as_if_never_stopped(
        kind in 0..7_usize, n in 1..20_usize, pause in 0..14_usize, seed: u64, renew: bool,
    ) {
        let mut play = Play::begin(any_world(kind, n), seed, renew);
        play.lives(pause);
        let saved = play.world.save().unwrap();
        let (mut world, mut seen) = (any_world(kind, n), Observation::default());
        world.restore(&saved, &mut seen).unwrap();
        prop_assert_eq!(&seen, &play.seen);
        prop_assert_eq!(world.save().unwrap(), saved);
        assert_same(&play.lives(TICKS), &Play::of(world, seen).lives(TICKS));
    }

    #[test]
    fn a_fork_goes_its_own_way(
        kind in 0..7_usize, n in 1..20_usize, pause in 0..14_usize, seed: u64, renew: bool,
    ) {
        let mut undisturbed = Play::begin(any_world(kind, n), seed, renew);
        undisturbed.lives(pause);
        let expected = undisturbed.lives(TICKS);

        let mut play = Play::begin(any_world(kind, n), seed, renew);
        play.lives(pause);
        let (mut alike, mut apart) = (play.fork(), play.fork());
        prop_assert_eq!(&alike.seen, &play.seen);
        for user in apart.seen.users.clone() {
            for field in apart.world.truth().fields(user) {
                let old = apart.world.truth().user(user, &field).unwrap().to_vec();
                let new: Vec<_> = old.iter().map(|value| value * 0.5).collect();
                apart.world.intervene(user, &field, &new).unwrap();
            }
        }
        apart.lives(3);
        assert_same(&expected, &play.lives(TICKS));
        assert_same(&expected, &alike.lives(TICKS));
    }
}
