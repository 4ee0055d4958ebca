use super::*;

/// Three creators: one from the start, one from the start who left after 5 days, one who came on day 5 with nothing.
fn market() -> Hand {
    Hand::new(2)
        .creator(0, None)
        .creator(0, Some(120))
        .creator(120, None)
        .item(0, (0, 240), 0, 0.0, 0.9)
        .item(0, (0, 240), 0, 90.0, 0.5)
        .item(1, (0, 120), 1, 180.0, 0.1)
}

fn shown(time_secs: f64, items: [u32; 2], clicked: [bool; 2]) -> Row {
    Row {
        time_secs,
        items,
        clicked,
        signals: [[f32::from(clicked[0]), 0.0], [0.0; 2], [0.0; 2]],
        ..Row::NOTHING
    }
}

fn ten_days() -> [Row; 3] {
    [
        shown(0.0, [0, 2], [true, false]),
        shown(HOUR, [0, 1], [true, true]),
        shown(8.0 * DAY, [1, 0], [false, false]),
    ]
}

#[test]
fn exposure_of_three_creators_over_ten_days() {
    let sections = Everything::default().value(market().records(&ten_days(), 240));
    // Looked at: 1 at the top, ½ below. E = (1 + 1.5 + 1.5, .5, 0) = (4, .5, 0); ticks (240, 120, 120).
    let gini = |a: f64, b: f64| {
        // Ascending 0, b, a: (−2 · 0 + 0 · b + 2a) / (3 (a + b)).
        2.0 * a / (3.0 * (a + b))
    };
    let log2 = 1.0 / 3.0_f64.log2();
    // Item-ticks: 480 and 120; merit 240 (.9 + .5) and 120 · .1.
    let (quality, poor) = (f64::from(0.9_f32) + f64::from(0.5_f32), f64::from(0.1_f32));
    let merit = 240.0 * quality / (240.0 * quality + 120.0 * poor);
    // The first week alone: E = (2.5, .5), ticks 168, 120, 48, merit 168 (.9 + .5) and 120 · .1.
    let week = 168.0 * quality / (168.0 * quality + 120.0 * poor);
    assert_all(
        &sections,
        &[
            ("provider_gini", gini(4.0 / 240.0, 0.5 / 120.0), 3),
            ("provider_gini_log2", gini((3.0 + 2.0 * log2) / 240.0, log2 / 120.0), 3),
            ("provider_gini_7d", gini(2.5 / 168.0, 0.5 / 120.0), 3),
            ("creator_exits", 1.0, 3),
            // (.5 / 4.5) / (120 / 600).
            ("min_exposure_share", 5.0 / 9.0, 2),
            ("attention_inequity", 2.0 * (merit - 4.0 / 4.5).abs(), 3),
            ("attention_inequity_7d", 2.0 * (week - 2.5 / 3.0).abs(), 3),
            // The newcomer offers nothing, so there is no merit to compare with.
            ("disparate_treatment_newcomers", f64::NAN, 2),
            // Who has more merit has more exposure.
            ("envy_count", 0.0, 6),
        ],
    );
}

#[test]
fn creators_who_stay_and_what_they_get() {
    // E = (4, .5, 0), as above.
    assert_all(
        &Everything::default().value(market().records(&ten_days(), 240)),
        &[
            ("creators_ever", 3.0, 3),
            ("creator_entries", 1.0, 3),
            ("creator_survival", 0.5, 2),
            ("days_to_100_impressions", f64::INFINITY, 3),
            ("exposure_hhi", (16.0 + 0.25) / 20.25, 3),
            ("effective_creators", 20.25 / 16.25, 3),
            ("top_10pct_share", 4.0 / 4.5, 3),
            ("top_1pct_share", 4.0 / 4.5, 3),
        ],
    );
}

#[test]
fn what_becomes_of_items_and_of_quality() {
    let bits = |p: f64| -p * p.log2();
    // Impressions 3, 2, 1; clicks 2, 1, 0; likes 2, 0, 0.
    let [good, fair, poor] = [0.9_f32, 0.5, 0.1].map(f64::from);
    assert_all(
        &Everything::default().value(market().records(&ten_days(), 240)),
        &[
            // Ascending 1, 2, 3: (−2 · 1 + 2 · 3) / 18.
            ("item_gini", 2.0 / 9.0, 3),
            ("catalogue_coverage", 1.0, 3),
            ("novelty_bits", bits(0.5) + bits(1.0 / 3.0) + bits(1.0 / 6.0), 6),
            ("quality_created", (good + fair + poor) / 3.0, 3),
            ("quality_shown", (3.0 * good + 2.0 * fair + poor) / 6.0, 6),
            ("quality_clicked", (2.0 * good + fair) / 3.0, 3),
            ("quality_liked", good, 2),
            // Both descend evenly.
            ("quality_exposure_correlation", 1.0, 3),
        ],
    );
}

/// So many users of `0..n` at one hour, each shown both items of a creator.
fn crowd(users: impl Iterator<Item = u32>, hour: u32) -> Vec<Row> {
    let time_secs = f64::from(hour) * HOUR;
    users.map(|user| Row { user, visit: hour, time_secs, items: [0, 1], ..Row::NOTHING }).collect()
}

#[test]
fn a_creator_is_noticed_at_its_hundredth_impression() {
    let hand = Hand::new(60).creator(0, None).item(0, (0, 99), 0, 0.0, 0.5).item(0, (0, 99), 0, 0.0, 0.5);
    // 60 impressions at once, 38 a day later, then the hundredth after two days.
    let rows = [crowd(0..30, 0), crowd(0..19, 24), crowd(0..30, 48), crowd(0..30, 72)].concat();
    let days = |rows: &[Row]| {
        found(&Everything::default().value(hand.records(rows, 96)), "days_to_100_impressions").mean
    };
    assert_eq!((days(&rows), days(&rows[..49])), (2.0, f64::INFINITY));
    // Two shards of the first two days, neither of which has a hundred.
    let half = |odd: u32| rows[..79].iter().filter(|row| row.user % 2 == odd).copied().collect::<Vec<_>>();
    let [left, right] = [0, 1].map(|odd| hand.records(&half(odd), 96));
    assert!([&left, &right].iter().all(|half| half.market.items[0].impressions < 50));
    let both = Everything::default().merge(left, right);
    assert_eq!(found(&Everything::default().value(both), "days_to_100_impressions").mean, 2.0);
}

#[test]
fn impression_variance_of_an_audience_that_is_too_young() {
    let hand = Hand::new(60).item(0, (0, 999), 0, 0.0, 0.5).item(0, (0, 999), 0, 0.0, 0.5);
    // Half of everybody is young; of 400 impressions, 300 go to the young and 100 to the old.
    let hour = |hour| crowd((0..60).filter(move |user| user % 2 == 0 || user % 6 == 1), hour);
    let rows: Vec<_> = (0..10).flat_map(hour).collect();
    let sections = Everything::default().value(hand.records(&rows, 24));
    assert_all(
        &sections,
        &[("impression_variance_by_age", 0.25, 2), ("impression_variance_coverage_by_age", 0.0, 2)],
    );
    // Of 400 even draws, |share − ½| < .1 with probability 1 − 6e−5.
    assert!(found(&sections, "impression_variance_coverage_fair_by_age").mean > 0.999);
}
