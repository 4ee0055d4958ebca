//! Whatever the shape of a world, a built-in recommender shows distinct candidates with honest propensities.

use proptest::prelude::*;
use recloop_env::testing::ToyItems;
use recloop_env::{Env, Known, Objective, Part, ResetOptions, Slates, Supply, World};
use recloop_experiments::{Models, Player, recommenders};

use crate::{cases, toy_users};

fn world(n_users: usize, candidates: usize, slate: usize) -> World {
    World::builder("slates-v0")
        .cohort(toy_users(n_users))
        .supply(Supply::Redrawn { per_row: candidates, law: Box::new(ToyItems) })
        .slate_size(slate)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn every_recommender_shows_distinct_candidates(
        n_users in 1..7_usize, slate in 1..6_usize, spare in 0..6_usize, seed: u64, temperature in 0.05..5.0_f64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        for (name, entry) in recommenders::registry().iter() {
            let mut keys = recloop_tests::keys_of(entry, dir.path());
            if entry.optional.contains(&"temperature") {
                keys.insert("temperature".into(), temperature.into());
            }
            let Player::Policy(mut policy) = (entry.build)(&keys, &Models::default()).unwrap() else { continue };
            let mut world = world(n_users, slate + spare, slate);
            let (mut seen, mut slates, mut step) = Default::default();
            world.reset(seed, &ResetOptions::default(), &mut seen).unwrap();
            if policy.begin(world.spec()).is_err() {
                continue;
            }
            for _ in 0..4 {
                policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
                let checked = Slates::check(&slates, &seen.users, &seen.candidates, slate);
                prop_assert_eq!(checked, Ok(()), "{}", name);
                prop_assert!(slates.known.iter().all(|known| *known == Known::Exact), "{}", name);
                // The last of as many places as candidates is no choice.
                let sure = (0..seen.len()).all(|r| spare > 0 || slates.propensity.row(r)[slate - 1] > 1.0 - 1e-9);
                prop_assert!(sure, "{}", name);
                world.step(&slates, &mut step).unwrap();
                policy.learn(&seen, &slates, &step);
                std::mem::swap(&mut seen, &mut step.next);
            }
        }
    }
}
