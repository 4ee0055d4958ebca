//! Creators driven from outside, by an agent that sees nothing but their own feedback.

use recloop_env::testing::{ToyUsers, check_world, toy_shelf};
use recloop_env::{
    CreatorAction, CreatorError, CreatorId, Event, External, ItemId, NewItem, Objective, Part, ResetOptions,
    Sharded, StepError, World,
};

use crate::Play;

/// The shelf opens with items `0..8` of creators `0..4`, two each; creators 0 and 1 are ours to drive.
fn world() -> World {
    World::builder("outside-v0")
        .cohort(Sharded::new(ToyUsers::default(), 6))
        .supply(toy_shelf())
        .slate_size(2)
        .creators(External::new(2))
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

fn publish(title: &str) -> CreatorAction {
    let (codes, latent_dense) = (vec![2], vec![0.5]);
    CreatorAction::Publish(NewItem { title: title.into(), codes, latent_dense, ..NewItem::default() })
}

const A: CreatorId = CreatorId(0);
const B: CreatorId = CreatorId(1);

#[test]
fn creators_driven_from_outside_keep_every_law() {
    check_world(world).unwrap();
}

#[test]
fn what_is_published_can_be_shown_next() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    play.world.set_creator_actions(vec![(B, publish("fresh")), (A, CreatorAction::Wait)]).unwrap();
    play.tick().unwrap();
    assert_eq!(play.step.events, [Event::Publish { item: ItemId(8), creator: B }]);
    assert_eq!(play.seen.candidates.listed(0).last(), Some(&ItemId(8)));
    let catalogue = play.seen.items.catalogue().unwrap();
    assert_eq!((catalogue.title(ItemId(8)), catalogue.creator(ItemId(8))), ("fresh", B));
    assert_eq!(play.step.next.items.catalogue().unwrap().len(), 8, "the earlier observation stays as it was");
}

#[test]
fn creators_are_told_of_their_own_items_and_of_no_others() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    play.tick().unwrap();
    // Everybody was shown items 0 and 1: one of each creator's.
    let told: Vec<_> =
        play.world.creator_feedback().iter().map(|own| (own.creator, own.items.len())).collect();
    assert_eq!(told, [(A, 1), (B, 1)]);
    for (own, position) in play.world.creator_feedback().iter().zip(0..) {
        let clicks = (0..6).filter(|r| play.step.responses.click.row(*r)[position]).count();
        assert_eq!(own.items[0].item, ItemId(position as u32));
        assert_eq!((own.items[0].impressions, own.items[0].clicks as usize), (6, clicks));
    }
}

#[test]
fn who_left_acts_no_more_and_is_told_nothing() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    play.world.set_creator_actions(vec![(A, CreatorAction::Leave)]).unwrap();
    play.tick().unwrap();
    assert_eq!(play.step.events, [Event::Exit { creator: A }]);
    let late = play.world.set_creator_actions(vec![(A, publish("late"))]);
    assert!(matches!(late, Err(CreatorError::Absent { creator: A })));
    play.tick().unwrap();
    assert_eq!(play.world.creator_feedback().iter().map(|own| own.creator).collect::<Vec<_>>(), [B]);
    assert_eq!(play.seen.candidates.listed(0).len(), 8, "their items stay");
}

#[test]
fn an_item_that_does_not_fit_is_refused() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    play.world.set_creator_actions(vec![(A, CreatorAction::Publish(NewItem::default()))]).unwrap();
    let refused = play.tick().unwrap_err();
    assert_eq!(refused.to_string(), "publish an item of creator 0: expected 1 observed, found 0");
    assert!(matches!(play.tick(), Err(StepError::NotReset)));
}

#[test]
fn actions_that_wait_for_their_turn_are_not_lost_in_a_snapshot() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    play.world.set_creator_actions(vec![(A, publish("soon"))]).unwrap();
    assert!(play.world.save().is_err());
    let mut fork = play.world.fork();
    let mut step = recloop_env::Step::default();
    play.choose();
    recloop_env::Env::step(&mut fork, &play.slates, &mut step).unwrap();
    play.show().unwrap();
    assert_eq!(step.events, play.step.events);
    let saved = play.world.save().unwrap();
    let told = play.world.creator_feedback().to_vec();
    fork.restore(&saved, &mut step.next).unwrap();
    assert_eq!(fork.creator_feedback(), told);
}

#[test]
fn an_item_with_a_category_that_does_not_exist_is_refused() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    let CreatorAction::Publish(item) = publish("odd") else { unreachable!("it publishes") };
    let odd = NewItem { codes: vec![999], ..item };
    play.world.set_creator_actions(vec![(A, CreatorAction::Publish(odd))]).unwrap();
    let refused = play.tick().unwrap_err();
    assert!(matches!(refused, StepError::Creator(CreatorError::Value { creator: A, .. })), "{refused}");
}
