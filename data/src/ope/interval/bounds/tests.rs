use super::*;
use crate::ope::Estimator;

fn close(left: f64, right: f64) {
    assert!((left - right).abs() <= 1e-12 * right.abs().max(1.0), "{left} is not {right}");
}

fn declared() -> Declared {
    Declared { reward_range: Some((0.0, 1.0)), min_propensity: Some(0.25), max_rows_per_user: Some(3) }
}

fn decisions(users: &[u64], weights: &[f64], rewards: &[f64]) -> Decisions {
    Decisions {
        users: users.to_vec(),
        weights: vec![weights.to_vec()],
        rewards: rewards.to_vec(),
        ..Decisions::default()
    }
}

fn some_decisions() -> Decisions {
    decisions(&[7, 8, 7, 9, 9, 9], &[1.0, 0.5, 2.0, 0.0, 4.0, 1.0], &[1.0, 1.0, 0.5, 0.5, 0.25, 0.0])
}

#[test]
fn bounds_are_those_of_the_formulas_by_hand() {
    let mut sums = UserSums::new(&declared(), &[(0, f64::INFINITY)]);
    sums.add(&some_decisions()).expect("all as declared");
    // N = 2, 1, 3 and S = 2, .5, 1 over three users: θ̂ = 3.5 / 6; x in [0, 4], so R = 12.
    let bound = sums.bound(0, 0.95).expect("all declared");
    let (two, four) = (40.0_f64.ln(), 80.0_f64.ln());
    let reach = bound.width() * (3.0 * two / 2.0).sqrt() / 6.0;
    close(bound.width(), 12.0);
    // Three users bound nothing: what the formulas say is seen before it is cut to where rewards lie.
    let unclamped = Bound { reward: (-1e9, 1e9), ..bound };
    close(unclamped.hoeffding().low, 3.5 / 6.0 - reach);
    close(unclamped.hoeffding().high.expect("two-sided"), 3.5 / 6.0 + reach);
    let v = 3.0 * 36.0;
    let rho = 1_000.0 * 36.0 / (2.0 * 20.0_f64.ln() + (1.0 + 2.0 * 20.0_f64.ln()).ln());
    let any_time = ((v + rho) * ((v + rho) / (0.0025 * rho)).ln()).sqrt() / 6.0;
    close(unclamped.any_time().low, 3.5 / 6.0 - any_time);

    // Many more users of the same kind: both limits solve the inequality with equality.
    let many = Bound { moments: Moments { users: 30_000.0, ..unclamped.moments }, ..unclamped };
    let interval = many.empirical_bernstein();
    let Moments { users, rows, sum, rows_variance, covariance, sum_variance } = many.moments;
    for (theta, side) in [(interval.low, 1.0), (interval.high.expect("two-sided"), -1.0)] {
        let variance = sum_variance - 2.0 * theta * covariance + theta * theta * rows_variance;
        let reach = (2.0 * variance * four / users).sqrt() + 7.0 * 12.0 * four / (3.0 * (users - 1.0));
        close(side * (sum - theta * rows), reach);
    }
}

#[test]
fn clipping_leaves_a_lower_bound_that_spends_all_of_the_error_on_it() {
    let mut sums = UserSums::new(&declared(), &[(0, 2.0)]);
    sums.add(&some_decisions()).expect("all as declared");
    let bound = Bound { reward: (-1e9, 1e9), ..sums.bound(0, 0.95).expect("all declared") };
    // The weight of 4 counts as 2: S = 2, .5, .5.
    let reach = 6.0 * (3.0 * 20.0_f64.ln() / 2.0).sqrt() / 6.0;
    let lower = bound.hoeffding();
    close(lower.low, 3.0 / 6.0 - reach);
    assert!(sums.bounds(0, 0.95).is_ok_and(|all| all.iter().all(|(_, bound)| bound.high.is_none())));
    // A cap no weight can reach clips nothing.
    assert!(sums.declared.range(4.0).is_ok_and(|range| !range.clipped));
}

#[test]
fn a_bound_without_its_declarations_is_refused_with_the_reason() {
    let reason = |declared: &Declared, name: &str| {
        let estimator: Estimator = name.parse().expect("a name");
        declared.bounds(estimator.form()).err()
    };
    assert_eq!(reason(&declared(), "ips"), None);
    assert_eq!(reason(&Declared { reward_range: None, ..declared() }, "ips"), Some(NoBound::RewardRange));
    assert_eq!(reason(&Declared { min_propensity: None, ..declared() }, "ips"), Some(NoBound::Weight));
    assert_eq!(reason(&Declared { min_propensity: None, ..declared() }, "clipped-ips(3)"), None);
    assert_eq!(
        reason(&Declared { max_rows_per_user: None, ..declared() }, "ips"),
        Some(NoBound::RowsPerUser)
    );
    assert_eq!(
        reason(&Declared { min_propensity: Some(0.0), ..declared() }, "ips"),
        Some(NoBound::Impossible)
    );
    let signed = Declared { reward_range: Some((-1.0, 1.0)), ..declared() };
    assert_eq!(reason(&signed, "clipped-ips(3)"), Some(NoBound::ClippedBelowZero));
    assert_eq!(reason(&signed, "clipped-ips(5)"), None);
    for name in ["snips", "replay", "sndr", "snsips", "balanced-ips"] {
        assert_eq!(reason(&declared(), name), Some(NoBound::SelfNormalised), "{name}");
    }
    for name in ["dm", "dr", "sg-ips", "iips", "seq-tis"] {
        assert_eq!(reason(&declared(), name), Some(NoBound::Unbounded), "{name}");
    }
}

#[test]
fn a_row_that_breaks_a_declaration_is_an_error() {
    let refused = |users: &[u64], weight: f64, reward: f64| {
        let mut sums = UserSums::new(&declared(), &[(0, f64::INFINITY)]);
        let n = users.len();
        sums.add(&decisions(users, &vec![weight; n], &vec![reward; n])).map_err(|error| error.to_string())
    };
    assert_eq!(refused(&[1, 1, 1], 4.0, 1.0), Ok(()));
    assert!(refused(&[1], 4.5, 1.0).is_err_and(|text| text.contains("below the declared minimum of 0.25")));
    assert!(refused(&[1], 1.0, 1.5).is_err_and(|text| text.contains("outside the declared range of 0 to 1")));
    assert!(refused(&[1], 1.0, f64::NAN).is_err());
    assert!(refused(&[1; 4], 1.0, 1.0).is_err_and(|text| text.contains("more rows than the declared 3")));
}

#[test]
fn user_sums_merge_and_survive_a_file() {
    let all = some_decisions();
    let part = |rows: std::ops::Range<usize>| {
        let mut sums = UserSums::new(&declared(), &[(0, 2.0)]);
        let cut = decisions(&all.users[rows.clone()], &all.weights[0][rows.clone()], &all.rewards[rows]);
        sums.add(&cut).map(|()| sums).expect("all as declared")
    };
    let (whole, mut merged) = (part(0..6), part(0..2));
    merged.merge(&part(2..6)).expect("all as declared");
    assert_eq!(merged.bounds(0, 0.9), whole.bounds(0, 0.9));
    let bytes = postcard::to_allocvec(&merged).expect("numbers");
    assert_eq!(bytes, postcard::to_allocvec(&whole).expect("numbers"));
    let read: UserSums = postcard::from_bytes(&bytes).expect("what was written");
    assert_eq!(read.bounds(0, 0.9), whole.bounds(0, 0.9));
    assert!(part(5..6).merge(&whole).is_err(), "user 9 has four rows now");
}

#[test]
fn too_many_users_are_not_bounded() {
    let mut sums = UserSums::new(&declared(), &[(0, 2.0)]);
    let users: Vec<_> = (0..=1 << 20).collect();
    let ones = vec![1.0; users.len()];
    sums.add(&decisions(&users, &ones, &ones)).expect("all as declared");
    assert_eq!(sums.bounds(0, 0.95), Err(NoBound::Users));
    let mut other = sums.blank();
    other.merge(&sums).expect("all as declared");
    assert_eq!((other.bounds(0, 0.95), other.sums.len()), (Err(NoBound::Users), 0));
}
