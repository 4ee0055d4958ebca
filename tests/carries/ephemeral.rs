//! Candidates redrawn for every row and tick, and histories that keep what they were like.

use recloop_env::testing::{ToyItems, ToyUsers, check_world};
use recloop_env::{Env, HistorySpec, Keep, Objective, Part, ResetOptions, Sharded, Supply, World};

use crate::Play;

fn world() -> World {
    World::builder("ephemeral-v0")
        .cohort(Sharded::new(ToyUsers::default(), 5))
        .supply(Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) })
        .slate_size(2)
        .history(HistorySpec { length: 3, keep: Keep::Impressions })
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

#[test]
fn redrawn_candidates_keep_every_law() {
    check_world(world).unwrap();
}

#[test]
fn history_keeps_the_features_of_items_that_are_gone() {
    let mut play = Play::begin(world(), &ResetOptions::default());
    let topic = play.world.spec().item_features.find("topic").unwrap();
    let topics = |play: &Play, r: usize| {
        let row = play.seen.row(r);
        row.candidates().iter().map(|item| row.code(topic, item)).collect::<Vec<_>>()
    };
    let mut shown = vec![Vec::new(); 5];
    let mut before: Vec<_> = (0..5).map(|r| topics(&play, r)).collect();
    assert!(before.iter().any(|list| *list != before[0]), "rows have candidates of their own");
    for _ in 0..3 {
        (0..5).for_each(|r| shown[r].extend_from_slice(&before[r][..2]));
        play.tick().unwrap();
        let now: Vec<_> = (0..5).map(|r| topics(&play, r)).collect();
        assert_ne!(before, now, "candidates are redrawn");
        for (r, shown) in shown.iter().enumerate() {
            let filled = play.seen.history.len[r] as usize;
            let newest = &shown[shown.len() - filled..];
            assert_eq!(&play.seen.history.codes.row(r)[..filled], newest);
        }
        before = now;
    }
}

#[test]
fn whoever_takes_a_place_has_no_past() {
    let options = ResetOptions { renew: true, ..ResetOptions::default() };
    let mut play = Play::begin(world(), &options);
    // A toy life is three visits of four slates, in which everybody leaves at once.
    for _ in 0..12 {
        assert_eq!(play.step.events, []);
        play.tick().unwrap();
    }
    assert_eq!(play.step.events.len(), 5, "everybody was replaced");
    assert_eq!(play.seen.history.len, [0; 5]);
    let visits: Vec<_> = play.seen.sessions.iter().map(|session| session.visit()).collect();
    assert_eq!(visits, [3; 5], "sessions count on, so that no id is used twice");
}
