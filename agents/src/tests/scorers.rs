use std::sync::Arc;

use recloop_env::{Event, Observation, RecommendError, Recommender, Slates, Streams, Tick, UserId};

use super::scene::{Scene, answered, scores};
use crate::factorise::{ImplicitAls, Ridge};
use crate::{AgentError, DotProduct, Greedy, MatrixFactorisation, Popularity, Recency, Refit, Scorer};

const ITEMS: [(u16, [f32; 2]); 3] = [(1, [1.0, 1.0]), (0, [0.0, -1.0]), (1, [2.0, 0.5])];

#[test]
fn a_dot_product_reads_a_category_as_its_one_hot() {
    let Scene { spec, seen } = Scene::new(&[[3.0, 5.0], [-1.0, 0.5]], &ITEMS, 1);
    let mut by_topic = DotProduct::default();
    by_topic.begin(&spec).unwrap();
    assert_eq!(scores(&by_topic, &seen, 0), [5.0, 3.0, 5.0]);
    assert_eq!(scores(&by_topic, &seen, 1), [0.5, -1.0, 0.5]);
    let mut by_factor = DotProduct::new("interest", &["factor"]);
    by_factor.begin(&spec).unwrap();
    assert_eq!(scores(&by_factor, &seen, 0), [8.0, -5.0, 8.5]);
}

#[test]
fn a_dot_product_is_the_same_prepared_or_not_and_sees_a_publication() {
    let scene = Scene::new(&[[0.3, 0.7]], &ITEMS, 1);
    for block in ["topic", "factor"] {
        let mut scorer = DotProduct::new("interest", &[block]);
        scorer.begin(&scene.spec).unwrap();
        let unprepared = scores(&scorer, &scene.seen, 0);
        scorer.prepare(&scene.seen, &Streams::new(1)).unwrap();
        assert_eq!(scores(&scorer, &scene.seen, 0), unprepared);
        assert_eq!(scores(&scorer, &scene.per_row(), 0), unprepared);
        // Other items under the same list of candidates.
        let others = Scene::new(&[[0.3, 0.7]], &[(0, [9.0, 9.0]); 3], 1).seen;
        let replaced = Observation { items: Arc::clone(&others.items), ..scene.seen.clone() };
        assert_eq!(scores(&scorer, &replaced, 0), scores(&scorer, &others, 0));
        assert_ne!(scores(&scorer, &replaced, 0), unprepared);
    }
}

#[test]
fn a_dot_product_names_the_block_it_lacks() {
    let Scene { spec, .. } = Scene::new(&[[0.0; 2]], &ITEMS, 1);
    let refused = |user, item| DotProduct::new(user, &[item]).begin(&spec).unwrap_err().to_string();
    assert!(refused("mood", "topic").contains("no observable block `mood`"));
    assert!(refused("interest", "text").contains("`text` as long; there is none"));
    let mut narrow = spec.clone();
    narrow.user_features = Scene::new(&[[0.0; 3]], &[], 1).spec.user_features;
    let error = DotProduct::default().begin(&narrow).unwrap_err();
    assert!(matches!(&error, RecommendError::Unfit { world, .. } if world == "scene-v0"));
    assert!(error.to_string().contains("there is `topic` of 2 and `factor` of 2"), "{error}");
}

#[test]
fn old_clicks_count_half_after_a_half_life() {
    let scene = Scene::new(&[[0.0; 2]; 2], &ITEMS, 2);
    let mut faded = Popularity::new(Some(2.0)).unwrap();
    let mut for_good = Popularity::default();
    for scorer in [&mut faded, &mut for_good] {
        scorer.begin(&scene.spec).unwrap();
        let (slates, step) = answered(&[[0, 1], [1, 2]], |_, item| item == 1);
        scorer.learn(&scene.at(0), &slates, &step);
        let (slates, step) = answered(&[[2, 1], [1, 0]], |row, _| row == 0);
        scorer.learn(&scene.at(2), &slates, &step);
    }
    // At tick 6, item 1: two clicks of tick 0 at 2⁻³ and one of tick 2 at 2⁻²; item 2: one of tick 2.
    assert_eq!(scores(&faded, &scene.at(6), 0), [0.0, 0.5, 0.25]);
    assert_eq!(scores(&for_good, &scene.at(6), 1), [0.0, 3.0, 1.0]);
    let mut restored = Popularity::new(Some(2.0)).unwrap();
    restored.load(&faded.save().unwrap()).unwrap();
    assert_eq!(restored, faded);
    faded.begin(&scene.spec).unwrap();
    assert_eq!(scores(&faded, &scene.at(0), 0), [0.0; 3]);
    for value in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(Popularity::new(Some(value)), Err(AgentError::Setting { .. })));
    }
}

#[test]
fn recency_is_minus_the_age() {
    let scene = Scene::new(&[[0.0; 2]], &ITEMS, 1);
    assert_eq!(scores(&Recency, &scene.at(5), 0), [-5.0, -4.0, -3.0]);
}

fn als() -> ImplicitAls {
    ImplicitAls { factors: 2, sweeps: 10, ridge: Ridge::Fixed(0.5), confidence_per_count: 2.0 }
}

/// What items look like tells their kind.
fn of_two_kinds(n_items: u16) -> Vec<(u16, [f32; 2])> {
    (0..n_items).map(|item| (item % 2, [0.0; 2])).collect()
}

/// Eight people of two kinds and eight items of two kinds; each clicks the own kind of what it is shown.
fn two_kinds() -> (Scene, MatrixFactorisation) {
    let scene = Scene::new(&[[0.0; 2]; 8], &of_two_kinds(8), 4);
    let mut mf = MatrixFactorisation::new(als(), Some(Refit::Ticks(3))).unwrap();
    mf.begin(&scene.spec).unwrap();
    for tick in 0..3_u32 {
        // In three ticks each is shown six of the eight, so that one item of its kind is new to it afterwards.
        let shown: Vec<[u32; 2]> =
            (0..8).map(|user| [0, 1].map(|position| (user + 2 * tick + position) % 8)).collect();
        let (slates, step) = answered(&shown, |row, item| row as u32 % 2 == item % 2);
        mf.prepare(&scene.at(tick), &Streams::new(5)).unwrap();
        mf.learn(&scene.at(tick), &slates, &step);
    }
    (scene, mf)
}

#[test]
fn a_factorisation_finds_the_item_of_their_kind_that_people_never_saw() {
    let (scene, mf) = two_kinds();
    // A ranker begins with nothing learned; what was learned comes with the snapshot.
    let learned = Greedy::new(mf).save().unwrap();
    let mut greedy = Greedy::new(MatrixFactorisation::new(als(), Some(Refit::Ticks(3))).unwrap());
    let mut slates = Slates::default();
    greedy.begin(&scene.spec).unwrap();
    greedy.load(&learned).unwrap();
    greedy.recommend(&scene.at(3), &Streams::new(5), &mut slates).unwrap();
    for user in 0..8 {
        assert!(slates.items.row(user).iter().all(|item| item.0 % 2 == user as u32 % 2), "user {user}");
    }
}

#[test]
fn a_factorisation_falls_back_on_popularity() {
    let (scene, mut mf) = two_kinds();
    // Unfitted: shares of the most clicked item's clicks.
    let by_share = scores(&mf, &scene.at(2), 0);
    assert_eq!(by_share, scores(&mf, &scene.at(2), 1));
    assert_eq!(by_share.iter().copied().fold(0.0, f32::max), 1.0);
    mf.prepare(&scene.at(3), &Streams::new(5)).unwrap();
    let fitted = scores(&mf, &scene.at(3), 0);
    assert_ne!(fitted, by_share);
    assert_ne!(fitted, scores(&mf, &scene.at(3), 1));
    // Somebody new in place 0 is not taken for the one who left, now or after the next fit.
    let (slates, mut step) = answered(&[[0, 1]; 8], |_, _| false);
    step.events.push(Event::Renew { user: UserId(0) });
    mf.learn(&scene.at(3), &slates, &step);
    assert_eq!(scores(&mf, &scene.at(4), 0), by_share);
    mf.prepare(&scene.at(6), &Streams::new(5)).unwrap();
    assert_eq!(scores(&mf, &scene.at(6), 0), by_share);
    assert_ne!(scores(&mf, &scene.at(6), 1), by_share);
}

#[test]
fn a_factorisation_goes_on_from_its_snapshot_and_takes_new_items() {
    let (scene, mut mf) = two_kinds();
    mf.prepare(&scene.at(3), &Streams::new(5)).unwrap();
    let mut restored = mf.clone();
    restored.begin(&scene.spec).unwrap();
    restored.load(&mf.save().unwrap()).unwrap();
    assert_eq!(restored.save(), mf.save());

    // Nobody met items 8 and 9, but they look like some that were liked.
    let later = Scene::new(&[[0.0; 2]; 8], &of_two_kinds(10), 4).at(5);
    let unprepared = [0, 1].map(|row| scores(&mf, &later, row));
    mf.prepare(&later, &Streams::new(5)).unwrap();
    assert_eq!([0, 1].map(|row| scores(&mf, &later, row)), unprepared);
    assert!(unprepared[0][8] > unprepared[0][9] + 0.3, "{unprepared:?}");
    assert!(unprepared[1][9] > unprepared[1][8] + 0.3, "{unprepared:?}");
    let later = Observation { tick: Tick(6), ..later };
    let (slates, step) = answered(&[[8, 0]; 8], |row, _| row % 2 == 0);
    for mf in [&mut mf, &mut restored] {
        mf.learn(&later, &slates, &step);
        mf.prepare(&later, &Streams::new(5)).unwrap();
    }
    assert_eq!(restored.save(), mf.save());
    assert!(scores(&mf, &later, 0)[8] > 0.5);
}

#[test]
fn what_learns_items_refuses_items_that_do_not_last() {
    let mut spec = Scene::new(&[[0.0; 2]], &ITEMS, 1).spec;
    spec.durable_items = false;
    let scorers: [(&str, Box<dyn Scorer>); 3] = [
        ("recency", Box::new(Recency)),
        ("popularity", Box::new(Popularity::default())),
        ("mf", Box::new(MatrixFactorisation::default())),
    ];
    for (name, mut scorer) in scorers {
        let error = scorer.begin(&spec).unwrap_err();
        assert!(
            matches!(&error, RecommendError::Unfit { recommender, .. } if recommender == name),
            "{error}"
        );
    }
    let mut by_the_hour = MatrixFactorisation::new(als(), Some(Refit::Hours(1.0))).unwrap();
    let error = by_the_hour.begin(&Scene::new(&[[0.0; 2]], &ITEMS, 2).spec).unwrap_err();
    assert!(error.to_string().contains("counts steps"), "{error}");
    assert!(matches!(
        MatrixFactorisation::new(als(), Some(Refit::Hours(0.0))),
        Err(AgentError::Setting { name: "every_hours", .. })
    ));
    assert!(matches!(
        MatrixFactorisation::new(ImplicitAls::default(), Some(Refit::Ticks(0))),
        Err(AgentError::Setting { name: "every_ticks", .. })
    ));
    for untrained in [ImplicitAls { factors: 0, ..als() }, ImplicitAls { sweeps: 0, ..als() }] {
        assert!(matches!(MatrixFactorisation::new(untrained, None), Err(AgentError::Setting { .. })));
    }
}
