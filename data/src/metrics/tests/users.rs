use super::*;

/// People in front of a single item.
fn people(n_users: usize) -> Hand {
    Hand::new(n_users).item(0, (0, u32::MAX), 0, 0.0, 0.5)
}

/// User 0 has 1 slate, user 2 has 2; user 1 never came. Rewards 1 and 5; clicks 1 of 2 and 2 of 4.
const ENGAGEMENT: [(&str, f64, f64, u64); 9] = [
    // mean 3, deviations ∓2: variance 8, se √(8 / 2).
    ("reward_per_user", 3.0, 2.0, 2),
    // mean 1.5, deviations ∓½: variance ½, se √(½ / 2).
    ("steps_per_user", 1.5, 0.5, 2),
    // r = 2/3; residuals 1 − 2/3 and 1 − 4/3: se = √(2 · 2/9) / 3 = 2/9.
    ("click_rate", 2.0 / 3.0, 2.0 / 9.0, 3),
    // r = 3/6; residuals 1 − 1 and 2 − 2.
    ("ctr", 0.5, 0.0, 6),
    // 1 and 2 minutes: variance ½, se ½.
    ("dwell_minutes_per_user", 1.5, 0.5, 2),
    // r = 3/3; residuals 1 − 1 and 2 − 2.
    ("minutes_per_slate", 1.0, 0.0, 3),
    // First days: a click of 1 slate, none of 1: residuals ½ and −½, se = √(2 · ½) / 2.
    ("click_rate_d1", 0.5, 0.5, 2),
    ("minutes_per_slate_d1", 0.5, 0.5, 2),
    // r = (0.5 + 1) / 3 = ½; residuals ½ − ½ and 1 − 1.
    ("quality_per_click", 0.5, 0.0, 3),
];

#[test]
fn engagement_of_three_slates() {
    let rows = [
        Row {
            user: 0,
            clicked: [true, false],
            dwell_secs: [60.0, 0.0],
            signals: [[0.0; 2], [0.5, 0.9], [0.0; 2]],
            reward: 1.0,
            ..Row::NOTHING
        },
        Row { user: 2, signals: [[0.0; 2], [0.9, 0.9], [0.0; 2]], ..Row::NOTHING },
        Row {
            user: 2,
            time_secs: DAY,
            clicked: [true, true],
            dwell_secs: [30.0, 90.0],
            signals: [[0.0; 2], [0.25, 0.75], [0.0; 2]],
            reward: 5.0,
            ..Row::NOTHING
        },
    ];
    let sections = Everything::default().value(people(3).records(&rows, 48));
    for (name, mean, se, n) in ENGAGEMENT {
        let found = found(&sections, name);
        assert_eq!(found.n, n, "{name}");
        assert!((found.mean - mean).abs() < 1e-12 && (found.se - se).abs() < 1e-12, "{name}: {found:?}");
    }
}

/// User 0 on days 0, 1 (twice) and 7; user 1 on day 0 only; user 2 first on day 2, then 3; user 3 had visits before the log.
fn comings_and_goings() -> Vec<Row> {
    let at = |user, visit, hours: f64, secs: f32| Row {
        user,
        visit,
        time_secs: hours * HOUR,
        dwell_secs: [secs, 0.0],
        reward: 1.0,
        ..Row::NOTHING
    };
    vec![
        at(0, 0, 1.0, 600.0),
        at(1, 0, 2.0, 1_800.0),
        at(3, 5, 2.0, 0.0),
        at(0, 1, 25.0, 0.0),
        at(0, 1, 25.1, 360.0),
        at(0, 2, 40.0, 0.0),
        at(2, 0, 50.0, 3_600.0),
        at(2, 1, 75.0, 0.0),
        at(0, 3, 170.0, 0.0),
    ]
}

#[test]
fn sessions_and_returns_of_four_users() {
    let total = people(4).records(&comings_and_goings(), 240);
    let away = ReturnGaps::of(&total.people, 0.0).survival();
    // Each user's first gap: 0 from 1 h 10 min to 25 h; 1 from 2.5 h on; 2 from 51 h to 75 h; 3 from 2 h on.
    let [short, long] = [25.0 - 1.0 - 1.0 / 6.0, 24.0];
    assert!((away.at(short * HOUR).mean - 0.75).abs() < 1e-12);
    let restricted = (short + long) / 4.0 + (240.0 - 2.0) * 0.5;
    assert_all(
        &Everything::default().value(total),
        &[
            ("sessions_per_user", 8.0 / 4.0, 4),
            ("slates_per_session", 9.0 / 8.0, 8),
            ("minutes_per_session", (10.0 + 30.0 + 6.0 + 60.0) / 8.0, 8),
            // S = ¾ after 23 h 50 min, ½ after 24 h.
            ("return_gap_median_hours", 24.0, 4),
            ("return_gap_mean_hours", restricted, 4),
            ("away_after_1d", 0.5, 4),
            ("away_after_7d", 0.5, 4),
            // Nobody was watched for 14 days.
            ("away_after_14d", f64::NAN, 4),
            ("churn_share", f64::NAN, 0),
            ("return_hazard_day0", 0.25, 4),
            ("return_hazard_day1", 1.0 / 3.0, 3),
            ("return_hazard_day2", 0.0, 2),
        ],
    );
}

#[test]
fn retention_of_four_users_over_ten_days() {
    assert_all(
        &Everything::default().value(people(4).records(&comings_and_goings(), 240)),
        &[
            // Of users 0, 1 and 2 (3 came before the log) on their days 1, 7 | – | 1.
            ("retention_d1", 2.0 / 3.0, 3),
            ("retention_d3", 0.0, 3),
            // Users 0 and 1, and 2 whose day 7 is the last whole one.
            ("retention_d7", 1.0 / 3.0, 3),
            ("retention_d14", f64::NAN, 0),
            ("retention_rolling_d1", 2.0 / 3.0, 3),
            ("retention_rolling_d7", 1.0 / 3.0, 3),
            // Day 0 has three, days 1, 2, 3 and 7 have one each.
            ("dau", 7.0 / 10.0, 4),
            ("active_users_10d", 4.0, 4),
            ("dau_mau", 7.0 / 40.0, 4),
            // Discounted by .99 a day from each first day: 0 has 1, 3 × .99, .99⁷; 2 has 1 and .99.
            ("ltv", (1.0 + 3.0 * 0.99 + 0.99_f64.powi(7) + 1.0 + 1.0 + 0.99 + 1.0) / 4.0, 4),
        ],
    );
}

#[test]
fn an_anchor_looks_only_at_sessions_that_end_after_it() {
    let metric = People { anchor_secs: 30.0 * HOUR, ..People::default() };
    let everything = Everything { people: metric };
    let (hand, mut total) = (people(4), everything.start());
    for row in comings_and_goings() {
        hand.fold(&everything, &mut total, (row.time_secs / HOUR) as u32, &[row]);
    }
    hand.fold(&everything, &mut total, 239, &[]);
    // User 0's gap from 40 h to 170 h, user 2's from 51 h to 75 h; the others' sessions ended before.
    let median = found(&everything.value(total), "return_gap_median_hours");
    assert_eq!((median.mean, median.n), (24.0, 2));
}

#[test]
fn a_long_log_has_a_month_and_churn() {
    let at = |user, visit, days: f64| Row { user, visit, time_secs: days * DAY, ..Row::NOTHING };
    // Of three users of day 0, one comes on day 20 and one on day 27; a fourth is too new to have churned.
    let rows = [at(0, 0, 0.0), at(1, 0, 0.1), at(2, 0, 0.2), at(1, 1, 20.5), at(3, 0, 26.0), at(2, 1, 27.0)];
    let sections = Everything::default().value(people(4).records(&rows, 30 * 24));
    assert_all(
        &sections,
        &[
            ("mau", 4.0, 4),
            ("dau", 6.0 / 30.0, 4),
            ("churn_share", 1.0 / 3.0, 3),
            ("away_after_14d", 1.0, 4),
            ("retention_d28", 0.0, 3),
            ("retention_rolling_d14", 2.0 / 3.0, 3),
        ],
    );
}

#[test]
fn welfare_is_judged_by_both_interests() {
    let account = |user, account| Row { user, account, clicked: [true, false], reward: 0.5, ..Row::NOTHING };
    let rows = [
        account(0, [2.0, 1.0, 0.1, 1.5]),
        account(1, [3.0, 5.0, 0.3, 1.0]),
        Row { time_secs: HOUR, ..account(0, [1.0, -1.0, 0.2, 1.25]) },
    ];
    let total = people(2).records(&rows, 2);
    assert_eq!(total.people.measure(UserId(0), Measure::WelfareNow), 3.0);
    assert_eq!(total.people.measure(UserId(0), Measure::WelfareInitial), 0.0);
    let near = |x: f32| f64::from(x);
    assert_all(
        &Everything::default().value(total),
        &[
            ("welfare_now", 3.0, 2),
            ("welfare_initial", 2.5, 2),
            ("welfare_platform", 0.75, 2),
            ("welfare_creators", 1.5, 2),
            ("welfare_total", 5.25, 2),
            ("interest_drift", (near(0.2) + near(0.3)) / 2.0, 2),
            ("interest_entropy_first", 1.25, 2),
            ("interest_entropy_last", 1.125, 2),
        ],
    );
}

#[test]
fn groups_are_compared_within_and_across_activity() {
    // Users 0, 2, 4 are young, 1, 3, 5 old. Minutes 1, 2, 3 and 3, 6, 9; early sessions 1, 2, 3 and 1, 2, 3.
    let mut rows = Vec::new();
    for user in 0..6 {
        let sessions = user / 2 + 1;
        for visit in 0..sessions {
            let minutes = if user % 2 == 0 { 1.0 } else { 3.0 };
            let time_secs = (f64::from(visit) * 30.0 + 1.0) * HOUR;
            rows.push(Row { user, visit, time_secs, dwell_secs: [60.0 * minutes, 0.0], ..Row::NOTHING });
        }
    }
    rows.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    assert_all(
        &Everything::default().value(people(6).records(&rows, 240)),
        &[
            ("minutes_by_age_young", 2.0, 3),
            ("minutes_by_age_old", 6.0, 3),
            ("minutes_gap_by_age", 4.0, 6),
            ("minutes_worst_by_age", 2.0, 3),
            ("minutes_variance_by_age", 4.0, 6),
            ("minutes_ratio_by_age", 1.0 / 3.0, 6),
            // Gaps 2, 4 and 6 in strata of two.
            ("minutes_gap_within_activity_by_age", 4.0, 6),
            // Those with one session did not come back; the others did on day 1.
            ("return_by_age_young", 2.0 / 3.0, 3),
            ("return_gap_by_age", 0.0, 6),
        ],
    );
}
