use super::*;
use crate::Verdict;

fn config(first: &str, second: &str, user: u32) -> TwinsConfig {
    let world = "world.name = \"interest-evolution-v0\"\nworld.users = 25\nrun.steps = 15".parse().unwrap();
    TwinsConfig::new(&[world], first, second, user).unwrap()
}

#[test]
fn identical_recommenders_give_identical_lives() {
    let told = twins(&config("random", "random", 3), &mut ()).unwrap();
    assert_eq!((told.first_difference, told.lives[0].slates().count()), (None, 15));
    assert_eq!(told.lives[0].sessions, told.lives[1].sessions);
    assert_eq!(told.lives[1].recommender, "random (2)");
    assert!(told.verdict.iter().all(|measure| measure.difference.verdict == Verdict::Identical));
    assert!(told.verdict.iter().all(|measure| (measure.n, measure.more) == (25, 0.0)));
}

#[test]
fn lives_part_where_slates_first_differ() {
    // At so low a temperature the two rankings agree for a while; where they part is found by hand.
    let told = twins(&config("dot", "dot:temperature=0.001", 5), &mut ()).unwrap();
    let shown = |life: &Life| -> Vec<Vec<u32>> {
        life.slates().map(|slate| slate.items.iter().map(|item| item.item).collect()).collect()
    };
    let [first, second] = [shown(&told.lives[0]), shown(&told.lives[1])];
    let by_hand = (0..15).find(|at| first[*at] != second[*at]);
    assert_eq!(told.first_difference, by_hand);
    assert!(by_hand.is_some_and(|at| at > 0), "they begin alike: {by_hand:?}");
}

#[test]
fn the_dead_and_the_unborn_are_refused() {
    let error = twins(&config("random", "dot", 25), &mut ()).unwrap_err().to_string();
    assert_eq!(error, "follow user 25: there are users 0 to 24");
}
