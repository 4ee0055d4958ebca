use super::*;

/// Rows and rewards of four users: means 1/2, 0, 2/3 and 1, together 5/8.
const FOUR: [f64; 8] = [2.0, 1.0, 1.0, 0.0, 3.0, 2.0, 2.0, 2.0];

fn mean(total: &[f64]) -> f64 {
    total[1] / total[0]
}

fn close(left: f64, right: f64) {
    assert!((left - right).abs() <= 1e-9 * right.abs().max(1.0), "{left} is not {right}");
}

fn four() -> Spread {
    Replicates::draw(BucketSums { n_terms: 2, sums: &FOUR }, N_REPLICATES).spread(&mean)
}

#[test]
fn errors_of_a_mean_are_those_of_the_sandwich_by_hand() {
    // u_g = (s_g − θ n_g) / n with θ = 5/8, n = 8: −1/32, −5/64, 1/64, 3/32.
    let influence = [-1.0 / 32.0, -5.0 / 64.0, 1.0 / 64.0, 3.0 / 32.0_f64];
    let squares: f64 = influence.iter().map(|u| u * u).sum();
    close(four().se(), (4.0 / 3.0 * squares).sqrt());
    // κ = 4 Σ u⁴ / (Σ u²)² = 2.0657…: 8 / (κ − 1) is more than G − 1.
    assert_eq!(four().degrees_of_freedom(), 3.0);
    // t_{.975} with 3 degrees of freedom is 3.18244630528.
    let t = four().t(0.95).expect("defined");
    close(t.low, 0.625 - 3.182_446_305_28 * four().se());
    // Without a bucket: 4/6, 5/7, 3/5, 3/6.
    let left_out = [4.0 / 6.0, 5.0 / 7.0, 3.0 / 5.0, 3.0 / 6.0_f64];
    let middle = left_out.iter().sum::<f64>() / 4.0;
    let se = (0.75 * left_out.iter().map(|x| (x - middle) * (x - middle)).sum::<f64>()).sqrt();
    let jackknife = four().jackknife(0.95).expect("defined");
    close(jackknife.high.expect("two-sided"), 0.625 + 3.182_446_305_28 * se);
}

#[test]
fn one_bucket_with_all_the_variance_leaves_two_degrees_of_freedom() {
    // u = (1 − 1/G, −1/G, …): κ → G, so 2 G / (κ − 1) → 2.
    let sums: Vec<_> = (0..1_000).flat_map(|g| [1.0, f64::from(u8::from(g == 0))]).collect();
    let spread = Replicates::draw(BucketSums { n_terms: 2, sums: &sums }, 10).spread(&mean);
    assert!((spread.degrees_of_freedom() - 2.0).abs() < 0.02);
}

#[test]
fn replicates_are_paired_and_the_same_every_time() {
    let draw = || Replicates::draw(BucketSums { n_terms: 2, sums: &FOUR }, 50);
    assert_eq!(draw().totals, draw().totals);
    let difference = draw().spread(&|total| mean(total) - mean(total));
    assert_eq!(difference.percentile(0.95), Some(Interval::new(0.0, 0.0)));
    assert_eq!(difference.bca(0.95), Some(Interval::new(0.0, 0.0)));
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    assert_eq!(alone.install(draw).totals, draw().totals);
}

#[test]
fn the_bootstrap_of_a_mean_has_the_error_of_the_mean() {
    // 400 users with one row each: the bootstrap's distribution is normal, of variance Σ u², and symmetric.
    let sums: Vec<_> = (0..400).flat_map(|g| [1.0, f64::from(g) / 400.0]).collect();
    let spread = Replicates::draw(BucketSums { n_terms: 2, sums: &sums }, 20_000).spread(&mean);
    let t = spread.t(0.95).expect("defined");
    let width = |interval: Interval| interval.high.expect("two-sided") - interval.low;
    for interval in [spread.percentile(0.95), spread.bca(0.95)].map(|interval| interval.expect("defined")) {
        // A quantile of 20,000 draws at 2.5 % has an error of √(.025 · .975 / 20,000) / φ(1.96) = .019 standard errors;
        // the width has √2 of that, over 3.92: .7 %. Five times that, and the small-sample √(399/400).
        assert!((width(interval) / width(t) - 1.0).abs() < 0.04);
    }
}

#[test]
fn what_is_undefined_has_no_interval() {
    let one = Replicates::draw(BucketSums { n_terms: 2, sums: &FOUR[..2] }, 100).spread(&mean);
    assert_eq!((one.value(), one.intervals(0.95).len()), (0.5, 0));
    let none = Replicates::draw(BucketSums { n_terms: 2, sums: &[] }, 100).spread(&mean);
    assert!(none.value().is_nan() && none.intervals(0.95).is_empty());
    // A ratio by a weight that three of four buckets lack: some replicate divides by zero.
    let rare = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 5.0];
    let ratio =
        Replicates::draw(BucketSums { n_terms: 2, sums: &rare }, 100).spread(&|sums| sums[0] / sums[1]);
    assert!(ratio.t(0.95).is_some());
    assert_eq!((ratio.percentile(0.95), ratio.bca(0.95), ratio.jackknife(0.95)), (None, None, None));
}

#[test]
fn an_interval_is_a_pair_in_json() {
    let both = serde_json::to_string(&[Interval::new(0.5, 1.0), Interval { low: 0.25, high: None }]);
    assert_eq!(both.expect("numbers"), "[[0.5,1.0],[0.25,null]]");
    assert!(Interval { low: 0.25, high: None }.contains(9.0) && !Interval::new(0.5, 1.0).contains(0.25));
}
