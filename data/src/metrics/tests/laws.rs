//! Laws: shards merge to the whole, partials survive being written down, degenerate logs have numbers or say that they
//! have none, and one gap per user is right where pooled gaps are not.

use proptest::prelude::*;
use recloop_env::{philox4x32, unit};

use super::*;

/// Pseudo-random numbers in (0, 1), named by where they are used.
fn luck(seed: u32, of: u32, at: u32, what: u32) -> f64 {
    unit(philox4x32([of, at, what, 0], [seed, 0])[0])
}

/// Users of various activity, items and creators that come and go, for `days`.
fn busy(seed: u32, n_users: u32, days: u32) -> (Hand, Vec<Vec<Row>>) {
    let mut hand = Hand::new(n_users as usize);
    for creator in 0..9 {
        let left = (creator % 3 == 0).then_some(40 + creator * 20);
        hand = hand.creator(if creator < 6 { 0 } else { 30 * (creator - 5) }, left);
    }
    for item in 0..60 {
        let quality = luck(seed, item, 0, 1) as f32;
        let degrees = 360.0 * luck(seed, item, 1, 1) as f32;
        hand = hand.item(item % 9, (item * 3, item * 3 + 200), (item % 3) as u16, degrees, quality);
    }
    let visits =
        |user: u32, hour: u32| luck(seed, user, hour, 2) < 0.02 + 0.3 * luck(seed, user, 0, 3).powi(3);
    let row = |user: u32, hour: u32| {
        let word = |what: u32| luck(seed, user, hour, what);
        let first = (word(4) * 60.0) as u32;
        let (clicked, liked) = ([word(5) < 0.4, word(6) < 0.2], [f32::from(word(7) < 0.3), 0.0]);
        Row {
            user,
            // Two hours in a row are one visit.
            visit: (0..hour).filter(|h| visits(user, *h) && !visits(user, *h + 1)).count() as u32,
            time_secs: (f64::from(hour) + 0.5 * word(8)) * HOUR,
            items: [first, (first + 1 + (word(9) * 58.0) as u32) % 60],
            clicked,
            dwell_secs: clicked.map(|clicked| if clicked { 60.0 * word(10) as f32 } else { 0.0 }),
            signals: [liked, [word(11) as f32; 2], liked],
            reward: word(12) as f32,
            account: [word(13) as f32, word(14) as f32, word(15) as f32, word(16) as f32],
        }
    };
    let tick = |hour| (0..n_users).filter(|user| visits(*user, hour)).map(|user| row(user, hour)).collect();
    (hand, (0..24 * days).map(tick).collect())
}

fn fold(hand: &Hand, ticks: &[Vec<Row>], of: impl Fn(u32) -> bool) -> Records {
    let mut total = Everything::default().start();
    for (tick, rows) in ticks.iter().enumerate() {
        let rows: Vec<_> = rows.iter().filter(|row| of(row.user)).copied().collect();
        hand.fold(&Everything::default(), &mut total, tick as u32, &rows);
    }
    total
}

/// Counts are the same, values within 1e-9.
fn assert_near(found: &[Section], expected: &[Section]) {
    assert_eq!(flat(found).len(), flat(expected).len());
    for (found, expected) in flat(found).iter().zip(flat(expected)) {
        let (a, b) = (found.estimate, expected.estimate);
        assert_eq!((&found.name, a.n), (&expected.name, b.n));
        assert!(near(a.mean, b.mean) && near(a.se, b.se), "{}: {a:?}, not {b:?}", found.name);
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shards_by_user_merge_to_the_whole(
        seed in any::<u32>(), n_users in 1_u32..40, days in 1_u32..18, n_shards in 2_u32..5
    ) {
        let (hand, ticks) = busy(seed, n_users, days);
        let everything = Everything::default();
        let whole = everything.value(fold(&hand, &ticks, |_| true));
        let shards = (0..n_shards).map(|shard| fold(&hand, &ticks, |user| user % n_shards == shard));
        let merged = shards.rev().reduce(|left, right| everything.merge(right, left)).unwrap();
        let merged = everything.value(merged);
        assert_near(&merged, &whole);
    }

    #[test]
    fn a_checkpoint_changes_nothing(seed in any::<u32>(), n_users in 1_u32..20, stop in 0_usize..72) {
        let (hand, ticks) = busy(seed, n_users, 3);
        let everything = Everything::default();
        let whole = fold(&hand, &ticks, |_| true);
        let bytes = postcard::to_allocvec(&fold(&hand, &ticks[..stop], |_| true)).unwrap();
        let mut resumed: Records = postcard::from_bytes(&bytes).unwrap();
        for (tick, rows) in ticks.iter().enumerate().skip(stop) {
            hand.fold(&everything, &mut resumed, tick as u32, rows);
        }
        prop_assert_eq!(&resumed, &whole);
        let (text, value) = (serde_json::to_string(&everything.value(resumed)).unwrap(), everything.value(whole));
        let read: Vec<Section> = serde_json::from_str(&text).unwrap();
        assert_near(&read, &value);
    }
}

/// Every metric has a value of some things, or says that it has none; nothing is infinite but a time not reached.
fn assert_sound(sections: &[Section]) {
    let metrics = flat(sections);
    for Named { name, estimate } in &metrics {
        let Estimate { mean, se, .. } = *estimate;
        assert!(mean.is_nan() || mean > f64::NEG_INFINITY, "{name}: {mean}");
        assert!(mean != f64::INFINITY || name.contains("median") || name.starts_with("days_to"), "{name}");
        assert!(se.is_nan() || (0.0..f64::INFINITY).contains(&se), "{name}: se {se}");
        let share =
            ["retention", "click", "ctr", "_gini", "_share", "coverage", "_survival", "away", "hazard"];
        let is_share = share.iter().any(|share| name.contains(share)) && !name.starts_with("min_exp");
        let bounded = mean.is_nan() || (-1e-12..=1.0 + 1e-12).contains(&mean);
        assert!(!is_share || name.contains("quality") || bounded, "{name}: {mean}");
        assert_eq!(metrics.iter().filter(|other| other.name == *name).count(), 1, "{name} is there twice");
    }
    let json = serde_json::to_string(sections).unwrap();
    assert!(!json.contains("NaN") && !json.contains("inf"), "{json}");
}

/// A user, a creator, and two items of theirs.
fn one_of_each() -> Hand {
    Hand::new(1).creator(0, None).item(0, (0, 99), 0, 0.0, 0.5).item(0, (0, 99), 0, 0.0, 0.5)
}

const QUIET: Row = Row { items: [0, 1], ..Row::NOTHING };

#[test]
fn degenerate_logs_have_numbers_or_say_that_they_have_none() {
    let everything = Everything::default();
    assert_sound(&everything.value(everything.start()));
    let nobody = Hand::new(0);
    let unknown_creator = Hand::new(1).item(7, (0, 9), 2, 0.0, 0.1);
    let left_at_once = Hand::new(1).creator(0, Some(0)).item(0, (0, 0), 0, 0.0, 0.0);
    for total in [
        nobody.records(&[], 1),
        one_of_each().records(&[], 48),
        one_of_each().records(&[QUIET], 1),
        unknown_creator.records(&[Row::NOTHING], 30),
        left_at_once.records(&[], 200),
    ] {
        assert_sound(&everything.value(total));
    }
    let (hand, ticks) = busy(3, 30, 20);
    assert_sound(&everything.value(fold(&hand, &ticks, |_| true)));
}

#[test]
fn one_slate_without_a_click_and_then_nobody() {
    let sections = Everything::default().value(one_of_each().records(&[QUIET], 24 * 40));
    assert_sound(&sections);
    assert_all(
        &sections,
        &[
            ("click_rate", 0.0, 1),
            ("retention_d7", 0.0, 1),
            ("churn_share", 1.0, 1),
            ("provider_gini", 0.0, 1),
            ("return_gap_median_hours", f64::INFINITY, 1),
        ],
    );
}

#[test]
fn every_promised_name_is_there() {
    let (hand, ticks) = busy(1, 20, 9);
    let sections = Everything::default().value(fold(&hand, &ticks, |_| true));
    for name in [
        "sessions_per_user",
        "slates_per_session",
        "retention_d1",
        "retention_d7",
        "dau_mau",
        "provider_gini",
        "creator_survival",
        "welfare_now",
        "welfare_initial",
        "click_rate",
        "ctr",
        "dwell_minutes_per_user",
        "minutes_per_slate",
    ] {
        assert!(found(&sections, name).mean.is_finite(), "{name}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "evidence is printed")]
fn one_gap_per_user_recovers_the_median_that_pooled_gaps_miss() {
    // A frequent half stays away 12 h on average, a rare half 120 h; all gaps are exponential, the log lasts 30 days.
    // A person's gap: S(t) = ½ e^(−t/12) + ½ e^(−t/120), whose median m solves S(m) = ½.
    let away = |t: f64| 0.5 * (-t / 12.0).exp() + 0.5 * (-t / 120.0).exp();
    let (mut low, mut high) = (0.0, 240.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if away(middle) > 0.5 { low = middle } else { high = middle }
    }
    let (planted, n_users, end) = (low, 4_000, 30 * 24);
    let (mut rows, mut pooled) = (Vec::new(), Vec::new());
    for user in 0..n_users {
        let (mut visit, mut hours) = (0, luck(9, user, 0, 0));
        while hours < f64::from(end) {
            rows.push(Row { user, visit, time_secs: hours * HOUR, ..Row::NOTHING });
            let mean = if user % 2 == 0 { 12.0 } else { 120.0 };
            let gap = -mean * luck(9, user, visit, 1).ln();
            pooled.push((gap.min(f64::from(end) - hours), hours + gap < f64::from(end)));
            (visit, hours) = (visit + 1, hours + gap);
        }
    }
    rows.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    let total = Hand::new(n_users as usize).item(0, (0, end), 0, 0.0, 0.5).records(&rows, end);
    let one = found(&Everything::default().value(total), "return_gap_median_hours");
    let pooled = Survival::new(pooled).median();
    println!(
        "evidence: planted median {planted:.2} h: one gap per user {:.2} ± {:.2} h, pooled gaps {:.2} ± {:.2} h",
        one.mean, one.se, pooled.mean, pooled.se
    );
    // A sample median has the standard error 1 / (2 f(m) √n), f the density −S'(m); four of them let a right estimate fail
    // once in 16,000 seeds, were the seed not fixed. Pooled, nine gaps in ten are those of the frequent half.
    let density = 0.5 / 12.0 * (-planted / 12.0).exp() + 0.5 / 120.0 * (-planted / 120.0).exp();
    let se = 0.5 / (density * f64::from(n_users).sqrt());
    assert!((one.mean - planted).abs() < 4.0 * se, "{} is not {planted} ± {se}", one.mean);
    assert!((one.se / se - 1.0).abs() < 0.25, "se {}, not {se}", one.se);
    assert!(planted - pooled.mean > 10.0 * se, "pooled gaps give {}", pooled.mean);
}
