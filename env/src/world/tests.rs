//! What a world refuses: parts that do not fit, snapshots that are not its own.

use super::*;
use crate::testing::{ToyItems, ToyUsers, toy_feed, toy_world};
use crate::{BuildError, Env, ItemLaw, ItemRowsMut, Observation, Sharded, Snapshot, Step, StepError, Values};

fn begun(mut world: World) -> (World, Observation) {
    let mut seen = Observation::default();
    world.reset(5, &ResetOptions::default(), &mut seen).unwrap();
    (world, seen)
}

/// Saves a feed, spoils one array, and says how restoring it failed; the world must then refuse to go on.
fn refusal(name: &str, spoil: impl FnOnce(&mut Values)) -> String {
    let (mut world, mut seen) = begun(toy_feed(3));
    let mut saved = world.save().unwrap();
    spoil(&mut saved.arrays.iter_mut().find(|array| array.name == name).unwrap().values);
    let refused = world.restore(&saved, &mut seen).unwrap_err().to_string();
    assert!(matches!(world.step(&Default::default(), &mut Step::default()), Err(StepError::NotReset)));
    assert!(world.save().is_err());
    refused
}

#[test]
fn spoilt_snapshots_are_refused_and_leave_no_half_restored_world() {
    let here = "restore `here`: it is not an ascending list of users below 3";
    assert_eq!(refusal("here", |values| *values = Values::U32(vec![0, 3])), here);
    assert_eq!(refusal("here", |values| *values = Values::U32(vec![1, 0])), here);
    assert_eq!(
        refusal("visits", |values| *values = Values::U32(vec![0; 2])),
        "restore `visits`: expected 3 u32 values, found 2 u32 values"
    );
    assert_eq!(
        refusal("catalogue.published", |values| *values = Values::U32(vec![0; 7])),
        "restore `catalogue`: 8 creators, 7 dates, 8 titles, 8 texts; the world opens with 8"
    );
    assert_eq!(
        refusal("candidates.items", |values| *values = Values::U32(vec![0, 99])),
        "restore `candidates`: its lists do not fit its items"
    );
    assert_eq!(
        refusal("creators.active", |values| *values = Values::U32(vec![1; 2])),
        "restore `creators.owed`: 3 creators are owed, 2 there are"
    );
    assert_eq!(
        refusal("creators.owed.items", |values| *values = Values::U32(vec![0; 5])),
        "restore `creators.owed`: it has items but no sums"
    );
}

#[test]
fn an_empty_snapshot_is_missing_everything() {
    let (mut world, mut seen) = begun(toy_world(2));
    let refused = world.restore(&Snapshot::default(), &mut seen).unwrap_err();
    assert_eq!(refused.to_string(), "restore `engine`: the snapshot has no such array");
    assert!(!world.is_over(), "nothing was touched yet");
}

#[test]
fn every_row_is_offered_the_items_of_its_own_user() {
    // Three tasks' worth of rows, so that the work is cut more than once.
    let (world, seen) = begun(toy_world(1_500));
    let topic = seen.items.layout().find("topic").unwrap();
    for (r, &user) in seen.users.iter().enumerate() {
        let (mut codes, mut dense) = ([0; 6], [0.0; 6]);
        let observed = ItemRowsMut { dense: &mut [], codes: &mut codes };
        let latent = ItemRowsMut { dense: &mut dense, codes: &mut [] };
        ToyItems.draw(user, Tick(0), &world.streams(), observed, latent);
        assert_eq!(
            seen.row(r).candidates().iter().map(|item| seen.items.code(topic, r, item)).collect::<Vec<_>>(),
            codes
        );
    }
}

#[test]
fn observing_again_gives_the_same_observation() {
    for world in [toy_world(3), toy_feed(3)] {
        let (mut world, seen) = begun(world);
        let mut again = Observation::default();
        world.observe(&mut again).unwrap();
        assert_eq!(again, seen);
        // Into the very buffer the world still reads from, too.
        world.observe(&mut again).unwrap();
        assert_eq!(again, seen);
    }
}

#[test]
fn parts_that_do_not_make_a_world_are_refused() {
    let builder = || World::builder("w");
    let users = |n| Sharded::new(ToyUsers::default(), n);
    let supply = |per_row| Supply::Redrawn { per_row, law: Box::new(ToyItems) };
    let refused = |builder: WorldBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(refused(builder()), "build world `w`: it has no supply of items");
    assert_eq!(refused(builder().supply(supply(3))), "build world `w`: it has no users");
    assert_eq!(refused(builder().supply(supply(3)).cohort(users(0))), "build world `w`: it has no users");
    let whole = || builder().supply(supply(3)).cohort(users(1));
    assert_eq!(
        refused(whole().slate_size(4)),
        "build world `w`: a slate of 4 is too long, at most 3 items can be shown"
    );
    assert_eq!(refused(whole().slate_size(0)), "build world `w`: it has no slate: its size is 0");
    let clock = crate::Clock { tick_secs: 0.0, calendar: true };
    assert_eq!(refused(whole().clock(clock)), "build world `w`: a tick of 0 seconds does not move time");
    let love = crate::Part::Signal { name: "love".into(), at: 0 };
    assert_eq!(
        refused(whole().objective(crate::Objective::new().with(love, 1.0))),
        "build world `w`: the reward reads `love` as signal 0, responses carry joy"
    );
    assert!(matches!(builder().build(), Err(BuildError::Missing { .. })));
}
