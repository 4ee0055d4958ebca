//! What a network sees.

use recloop_env::testing::toy_feed;
use recloop_env::{Env, History, Observation, Recommender, ResetOptions};

use crate::learned::encoder::Encoder;
use crate::learned::records::Records;
use crate::tests::scene::Scene;
use crate::{PlackettLuce, Recency};

fn scene() -> Scene {
    Scene::new(&[[0.25, -1.0], [1.0, 0.0]], &[(1, [2.0, 3.0]), (0, [-1.0, 0.5])], 1)
}

fn user(encoder: &Encoder, seen: &Observation, row: usize) -> Vec<f32> {
    encoder.meet(seen, row, &Records::default()).user
}

#[test]
fn features_become_rows_of_numbers() {
    let scene = scene();
    let encoder = Encoder::of(&scene.spec).unwrap();
    // An item that lasts is told by its looks and by its record: age, and volume, clicks and seconds of it and its creator.
    // A user who lasts by a record as well.
    assert_eq!((encoder.width().user, encoder.looks(), encoder.width().item), (2 + 3, 4, 4 + 7));
    assert_eq!(user(&encoder, &scene.seen, 0), [0.25, -1.0, 0.0, 0.0, 0.0]);
    let mut item = vec![9.0; 4 + 7];
    let records = Records::default();
    let met = encoder.meet(&scene.seen, 0, &records);
    encoder.item(&scene.seen, 0, scene.seen.candidates.listed(0)[0], &met, &mut item);
    assert_eq!(item, [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_history_is_told_by_its_means_and_its_dwell() {
    let mut scene = scene();
    scene.spec.history.length = 4;
    let encoder = Encoder::of(&scene.spec).unwrap();
    let items = scene.seen.candidates.listed(0);
    let (older, newer) = (items[0], items[1]);
    let grid = |row: [_; 4], rest: [_; 4]| recloop_env::Grid::from_vec([row, rest].concat(), 2, 4).unwrap();
    scene.seen.history = History {
        len: vec![2, 0],
        items: grid([older, newer, older, older], [older; 4]),
        clicked: recloop_env::Grid::zeros(2, 4),
        dwell_secs: recloop_env::Grid::from_vec(vec![30.0, 90.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0], 2, 4)
            .unwrap(),
        ..History::default()
    };
    let found = user(&encoder, &scene.seen, 0);
    // Items are [0, 1, 2, 3] and, newer, [1, 0, −1, .5]; the older counts .7.
    let mean = [0.5, 0.5, 0.5, 1.75];
    let recent = [1.0 / 1.7, 0.7 / 1.7, (1.4 - 1.0) / 1.7, (2.1 + 0.5) / 1.7];
    let expected = [&[0.25, -1.0][..], &mean, &recent, &[1.0, 0.5]].concat();
    // Then their record, which is empty.
    assert_eq!(found[expected.len()..], [0.0; 3]);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    assert_eq!(user(&encoder, &scene.seen, 1)[2..], [0.0; 13]);
}

#[test]
fn items_that_last_come_with_their_record_and_their_kinship() {
    let mut world = toy_feed(3);
    let (mut seen, mut slates, mut step) = Default::default();
    world.reset(5, &ResetOptions::default(), &mut seen).unwrap();
    let spec = world.spec().clone();
    let (encoder, mut records) = (Encoder::of(&spec).unwrap(), Records::of(&spec));
    let n_told = 1 + 2 * (3 + spec.signals.len());
    assert!(encoder.width().item >= encoder.looks() + n_told);
    let mut policy = PlackettLuce::new(Recency, 1.0).unwrap();
    policy.begin(&spec).unwrap();
    policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
    world.step(&slates, &mut step).unwrap();
    records.learn(&seen, &slates, &step);
    let shown = slates.items.row(0)[0];
    let rows = (0..3).filter(|row| slates.items.row(*row).contains(&shown)).count();
    let mut told = vec![9.0; n_told];
    records.tell(&seen, shown, &mut told);
    // An item that was shown so often, to anybody; its creator at least as often.
    let volume = (rows as f32).ln_1p() / 8.0;
    assert!((told[1] - volume).abs() < 1e-6, "{} {volume}", told[1]);
    assert!(told[1 + 3 + spec.signals.len()] >= told[1]);
    let mut other = Records::of(&spec);
    other.load(&records.save()).unwrap();
    assert_eq!(other, records);
}
