//! Two kinds of users in one world: four toy users, and a panel of three.

use recloop_env::testing::{ToyUsers, check_world, toy_shelf};
use recloop_env::{BuildError, Cohort, Objective, Part, ResetOptions, Sharded, UserId, World, WorldBuilder};

use crate::Play;
use crate::panel::{Backend, Panel};
use crate::returning::Commuter;

fn two(first: impl Cohort + 'static, second: impl Cohort + 'static) -> WorldBuilder {
    World::builder("two-v0")
        .cohort(first)
        .cohort(second)
        .supply(toy_shelf())
        .slate_size(2)
        .objective(Objective::new().with(Part::Clicks, 1.0))
}

fn world() -> World {
    let panel = Panel::new(3, Backend::default());
    two(Sharded::new(ToyUsers::default(), 4), panel).build().unwrap()
}

#[test]
fn two_cohorts_keep_every_law() {
    check_world(world).unwrap();
}

#[test]
fn ids_follow_on_and_everybody_answers_for_themselves() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    assert_eq!(play.seen.users, (0..7).map(UserId).collect::<Vec<_>>());
    assert_eq!(play.world.truth().fields(UserId(3)), ["interest", "patience", "visits"]);
    assert_eq!(play.world.truth().fields(UserId(4)), ["slates"]);
    play.tick().unwrap();
    let heard: Vec<_> = play.seen.messages.iter().map(|said| said.row).collect();
    assert_eq!(heard, [4, 5, 6], "only the panel talks");
    assert!((4..7).all(|r| play.step.responses.click.row(r) == [true, false]), "the panel clicks on top");
    let patience = |user| play.world.truth().user(UserId(user), "patience").map(<[f32]>::to_vec);
    assert_eq!((patience(0), patience(3), patience(4)), (Some(vec![3.0]), Some(vec![3.0]), None));
}

#[test]
fn cohorts_that_show_different_things_do_not_share_a_world() {
    let refused =
        two(Panel::new(1, Backend::default()), Sharded::new(Commuter::default(), 2)).build().unwrap_err();
    let (first, second) = ("panel".into(), "commuters".into());
    assert_eq!(
        refused,
        BuildError::CohortsDiffer { id: "two-v0".into(), first, second, what: "observable features" }
    );
}
