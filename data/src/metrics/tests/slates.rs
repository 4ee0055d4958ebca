use super::*;

/// Topics 0, 0, 1, 2 in directions 0°, 60°, 90° and 0°.
fn hand(n_users: usize) -> Hand {
    let forever = (0, u32::MAX);
    Hand::new(n_users)
        .item(0, forever, 0, 0.0, 0.5)
        .item(0, forever, 0, 60.0, 0.5)
        .item(0, forever, 1, 90.0, 0.5)
        .item(0, forever, 2, 0.0, 0.5)
}

fn slate(user: u32, hour: f64, items: [u32; 2], clicked: [bool; 2]) -> Row {
    Row { user, time_secs: hour * HOUR, items, clicked, ..Row::NOTHING }
}

#[test]
fn two_users_who_see_and_click_different_things() {
    let rows = [
        slate(0, 0.0, [0, 1], [true, false]),
        slate(1, 0.0, [0, 2], [true, true]),
        slate(0, 1.0, [2, 3], [true, true]),
        slate(1, 1.0, [1, 3], [false, false]),
    ];
    let cosine = |degrees: f64| degrees.to_radians().cos();
    // Topics clicked and shown: user 0 (1, 1, 1)/3 and (2, 1, 1)/4, user 1 (1, 1, 0)/2 and (2, 1, 1)/4.
    let mixed = |p: f64, q: f64| p * (p / (0.99 * q + 0.01 * p)).ln();
    let calibration =
        mixed(1.0 / 3.0, 0.5) + 2.0 * mixed(1.0 / 3.0, 0.25) + mixed(0.5, 0.5) + mixed(0.5, 0.25);
    let sections = Everything::default().value(hand(2).records(&rows, 2));
    let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
    // f32 directions: cosines are good to 1e-7.
    let distance = found(&sections, "intra_list_distance");
    assert!(near(distance.mean, (1.0 - cosine(60.0) + 1.0 + 1.0 + 1.0 - cosine(60.0)) / 4.0), "{distance:?}");
    // User 0 clicked at 0° first: then 90° and 0° surprise by 1 and 0. User 1 clicked in one slate only.
    let surprise = found(&sections, "serendipity");
    assert!(near(surprise.mean, 0.5) && surprise.n == 2, "{surprise:?}");
    assert_all(
        &sections,
        &[
            // Slates of topics 00, 01, 12, 02.
            ("topic_entropy_bits", 3.0 / 4.0, 4),
            ("calibration_kl", calibration / 2.0, 2),
            // {0, 2, 3} and {0, 2}.
            ("homogenisation", 2.0 / 3.0, 1),
        ],
    );
}

#[test]
fn held_out_items_in_slates() {
    let marked = |user, hour, marks: [f32; 2]| Row {
        signals: [[0.0; 2], [0.0; 2], marks],
        ..slate(user, hour, [0, 1], [false, false])
    };
    let rows = [marked(0, 0.0, [1.0, 0.0]), marked(1, 0.0, [0.0, 0.0]), marked(0, 1.0, [0.0, 1.0])];
    assert_all(
        &Everything::default().value(hand(2).records(&rows, 2)),
        &[
            ("hit_rate", 2.0 / 3.0, 3),
            ("mrr", 0.75, 2),
            // First place, then second: 1 and 1 / log₂ 3.
            ("ndcg_of_slate", (1.0 + 1.0 / 3.0_f64.log2()) / 2.0, 2),
        ],
    );
}
