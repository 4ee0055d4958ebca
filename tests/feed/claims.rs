//! The claims of docs/feed-world.md, on paired seeds.
//!
//! By default a small version whose effects are far larger than its noise; with `RECLOOP_EVIDENCE` set, ten seeds of the
//! default world. `RECLOOP_SEED` draws others.

use recloop_experiments::Comparison;
use recloop_tests::claims::{self, difference, in_full};

fn compared(contenders: &[&str], settings: &[&str]) -> Comparison {
    claims::compared("feed-v0", contenders, settings, &["users=250"])
}

const ORACLES: [&str; 3] = ["oracle-click", "oracle-dwell", "oracle-utility"];

#[test]
fn the_click_oracle_wins_the_day_and_the_utility_oracle_the_month() {
    let all = compared(&ORACLES, &[]);
    let [click, dwell, utility] = ORACLES;
    // Three seeds have a wide interval: the small version looks at means alone.
    let gains = |metric, a: &str, b: &str| {
        let gain = difference(&all, metric, a, b, "");
        assert!(if in_full() { gain.low > 0.0 } else { gain.mean > 0.0 }, "{metric}: {b} against {a}");
    };
    gains("click_rate_d1", utility, click);
    gains("minutes_per_slate_d1", utility, click);
    for metric in ["dwell_minutes_per_user", "retention_d7"] {
        gains(metric, click, utility);
        gains(metric, dwell, utility);
    }
    // Dwelling starts with a click, so these two hardly differ on the first day.
    let lead = difference(&all, "click_rate_d1", dwell, click, "");
    assert!(if in_full() { lead.low > 0.0 } else { lead.mean > -0.01 });
}

#[test]
fn without_satisfaction_in_returns_the_gain_is_gone() {
    let all = compared(&[ORACLES[0], ORACLES[2]], &["return_satisfaction=0"]);
    let gain =
        difference(&all, "dwell_minutes_per_user", ORACLES[0], ORACLES[2], "return_satisfaction = 0: ");
    assert!(gain.mean <= 0.0 || !gain.excludes_zero());
}

#[test]
fn without_spoilt_experience_the_gain_is_gone() {
    let all = compared(&[ORACLES[0], ORACLES[2]], &["bait_weight=0"]);
    let gain = difference(&all, "dwell_minutes_per_user", ORACLES[0], ORACLES[2], "bait_weight = 0: ");
    assert!(gain.mean <= 0.0 || !gain.excludes_zero());
}

#[test]
fn popularity_concentrates_exposure_more_than_random() {
    for settings in [&[][..], &["popularity_weight=0"]] {
        let all = compared(&["random", "popularity", "recency", "mf"], settings);
        let what = settings.first().map_or(String::new(), |setting| format!("{setting}: "));
        for rival in ["recency", "mf"] {
            let _ = difference(&all, "provider_gini", "random", rival, &what);
            let _ = difference(&all, "creator_survival", "random", rival, &what);
        }
        let _ = difference(&all, "creator_survival", "random", "popularity", &what);
        assert!(difference(&all, "provider_gini", "random", "popularity", &what).low > 0.0);
    }
}

/// The published ranges: what this world gives beside them, hit or missed.
#[test]
fn published_ranges_are_told_hit_or_missed() {
    let all = compared(&["random", "oracle-click", "oracle-utility"], &[]);
    let mean = |metric: &str, at: usize| {
        all.metric(metric).and_then(|it| it.means[at]).unwrap_or_else(|| panic!("no {metric}")).mean
    };
    let stickiness = [mean("dau_mau", 1), mean("dau_mau", 2)];
    let [click, utility] = stickiness;
    println!("evidence: DAU/MAU: oracle-click {click:.3}, oracle-utility {utility:.3}; published about .55");
    let ratio = mean("ctr", 1) / mean("ctr", 0);
    println!(
        "evidence: engagement (clicks per impression), personalised over random: {ratio:.2}; published 2 to 3"
    );
    assert!((0.0..=1.0).contains(&click) && (0.0..=1.0).contains(&utility) && ratio > 1.0);
}

#[test]
fn a_recommender_compared_with_itself_differs_by_exactly_nothing() {
    let all = compared(&["mf", "mf"], &["run.days=5"]);
    for metric in &all.metrics {
        for interval in metric.differences.iter().filter_map(|difference| difference.interval) {
            assert_eq!((interval.mean, interval.low, interval.high), (0.0, 0.0, 0.0), "{}", metric.name);
        }
    }
    let gain = {
        let all = compared(&["popularity", "popularity:tie_seed=99"], &["run.days=10"]);
        let labels: Vec<String> = all.recommenders.iter().map(|it| it.label.clone()).collect();
        difference(&all, "dwell_minutes_per_user", &labels[0], &labels[1], "another tie-break seed: ")
    };
    assert!(!gain.excludes_zero());
}
