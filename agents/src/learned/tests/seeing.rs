//! What a network sees.

use recloop_env::{History, Observation};

use crate::learned::encoder::Encoder;
use crate::tests::scene::Scene;

fn scene() -> Scene {
    Scene::new(&[[0.25, -1.0], [1.0, 0.0]], &[(1, [2.0, 3.0]), (0, [-1.0, 0.5])], 1)
}

fn user(encoder: &Encoder, seen: &Observation, row: usize) -> Vec<f32> {
    let mut out = vec![9.0; encoder.width().user];
    encoder.user(seen, row, &mut out);
    out
}

#[test]
fn features_become_rows_of_numbers() {
    let scene = scene();
    let encoder = Encoder::of(&scene.spec).unwrap();
    assert_eq!((encoder.width().user, encoder.width().item), (2, 4));
    assert_eq!(user(&encoder, &scene.seen, 0), [0.25, -1.0]);
    let mut item = vec![9.0; 4];
    encoder.item(&scene.seen, 0, scene.seen.candidates.listed(0)[0], &mut item);
    assert_eq!(item, [0.0, 1.0, 2.0, 3.0]);
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
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    assert_eq!(user(&encoder, &scene.seen, 1)[2..], [0.0; 10]);
}
