//! How unequally something is shared out.

use super::Estimate;
use super::estimate::clustered;

/// The Gini coefficient of shares: 0 if all are equal, `(n − 1) / n` if one has everything.
///
/// `G = Σ_i (2i − n − 1) x_(i) / (n Σ x)`, x ascending, i from 1. It does not see scale or order.
///
/// # Numerics
/// Values must not be negative. NaN if there is none, or nothing to share.
///
/// # Source
/// Gini (1912), "Variabilità e mutabilità"; the standard error is Davidson's (2009), "Reliable inference for the Gini index".
///
/// ```
/// use recloop_data::metrics::gini;
/// assert_eq!(gini(&[2.0, 2.0, 2.0]).mean, 0.0);
/// assert_eq!(gini(&[0.0, 5.0, 0.0, 0.0]).mean, 0.75);
/// ```
#[must_use]
pub fn gini(values: &[f64]) -> Estimate {
    let (mut x, n) = (values.to_vec(), values.len() as f64);
    x.sort_unstable_by(f64::total_cmp);
    let sum: f64 = x.iter().sum();
    if sum.is_nan() || sum <= 0.0 {
        return Estimate::bare(f64::NAN, values.len() as u64);
    }
    let rank = |i: usize| 2.0 * i as f64 + 1.0;
    let mean = x.iter().enumerate().map(|(i, x)| (rank(i) - n) * x).sum::<f64>() / (n * sum);
    let mut below = 0.0;
    let z = x.iter().enumerate().map(|(i, x)| {
        below += x;
        // −(G + 1) x_(i) + (2i − 1)/n · x_(i) − 2/n Σ_{j ≤ i} x_(j), i from 1.
        (rank(i) / n - mean - 1.0) * x - 2.0 / n * below
    });
    let z: Vec<f64> = z.collect();
    let centre = z.iter().sum::<f64>() / n;
    Estimate { mean, se: clustered(z.iter().map(|z| (z - centre) / sum)), n: values.len() as u64 }
}

/// The Herfindahl–Hirschman index, `Σ s_i²` of the shares: `1/n` if all are equal, 1 if one has everything.
///
/// # Source
/// Hirschman (1964), "The paternity of an index". Its inverse is the effective number of equals.
#[must_use]
pub fn herfindahl(values: &[f64]) -> Estimate {
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let (mean, n) = (squares / (sum * sum), values.len() as f64);
    if mean.is_nan() {
        return Estimate::bare(f64::NAN, values.len() as u64);
    }
    // H = Q / S² of two sums: the share of x_i in Q moves it up, its share in S moves it down.
    let part = |x: &f64| x * x / (sum * sum) - 2.0 * mean * x / sum;
    Estimate { mean, se: clustered(values.iter().map(|x| part(x) + mean / n)), n: values.len() as u64 }
}

/// What the largest `share` of all (one at least) have of the whole.
///
/// The standard error is that of a Lorenz ordinate: Beach & Davidson (1983), "Distribution-free statistical inference
/// with Lorenz curves and income shares".
#[must_use]
pub fn top_share(values: &[f64], share: f64) -> Estimate {
    let (mut x, n) = (values.to_vec(), values.len());
    x.sort_unstable_by(|a, b| b.total_cmp(a));
    let sum: f64 = x.iter().sum();
    if sum.is_nan() || sum <= 0.0 {
        return Estimate::bare(f64::NAN, n as u64);
    }
    let k = ((share * n as f64).ceil() as usize).clamp(1, n);
    let mean = x[..k].iter().sum::<f64>() / sum;
    let edge = x[k - 1];
    let part = |x: &f64| ((x - edge).max(0.0) - mean * x) / sum;
    let centre = x.iter().map(part).sum::<f64>() / n as f64;
    Estimate { mean, se: clustered(x.iter().map(|x| part(x) - centre)), n: n as u64 }
}

/// Pearson's correlation of pairs, with `se = (1 − r²) / √(n − 1)`; NaN if either side does not vary.
#[must_use]
pub fn correlation(pairs: &[(f64, f64)]) -> Estimate {
    let n = pairs.len() as f64;
    let (a, b) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0 / n, b + pair.1 / n));
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in pairs.iter().map(|(x, y)| (x - a, y - b)) {
        (aa, ab, bb) = (aa + x * x, ab + x * y, bb + y * y);
    }
    let mean = if aa > 0.0 && bb > 0.0 { ab / (aa.sqrt() * bb.sqrt()) } else { f64::NAN };
    let se = if n > 1.0 { (1.0 - mean * mean) / (n - 1.0).sqrt() } else { f64::NAN };
    Estimate { mean, se, n: pairs.len() as u64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The standard error from leaving each value out in turn: slow, but it needs no formula.
    fn jackknife(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> f64 {
        let n = values.len() as f64;
        let without = |i: usize| statistic(&[&values[..i], &values[i + 1..]].concat());
        let left: Vec<f64> = (0..values.len()).map(without).collect();
        let centre = left.iter().sum::<f64>() / n;
        ((n - 1.0) / n * left.iter().map(|x| (x - centre).powi(2)).sum::<f64>()).sqrt()
    }

    /// Exponential values: uneven, as exposure is.
    fn uneven(n: u32) -> Vec<f64> {
        (0..n).map(|i| -recloop_env::unit(recloop_env::philox4x32([i, 0, 0, 0], [3, 0])[0]).ln()).collect()
    }

    #[test]
    fn by_hand() {
        // Ascending 1, 2, 3, 6: (−3·1 − 1·2 + 1·3 + 3·6) / (4 · 12) = 16/48.
        assert!((gini(&[6.0, 1.0, 3.0, 2.0]).mean - 1.0 / 3.0).abs() < 1e-15);
        // (36 + 1 + 9 + 4) / 144.
        assert!((herfindahl(&[6.0, 1.0, 3.0, 2.0]).mean - 50.0 / 144.0).abs() < 1e-15);
        // The top 10 % of four is one, the top 30 % is two.
        assert_eq!(top_share(&[6.0, 1.0, 3.0, 2.0], 0.1).mean, 0.5);
        assert_eq!(top_share(&[6.0, 1.0, 3.0, 2.0], 0.3).mean, 0.75);
        let r = correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]);
        assert!((r.mean - 1.0).abs() < 1e-15 && r.se < 1e-15);
    }

    #[test]
    fn nothing_to_share_is_nan_and_never_infinite() {
        for values in [&[][..], &[0.0, 0.0], &[0.0]] {
            for found in [gini(values), herfindahl(values), top_share(values, 0.1)] {
                assert!(found.mean.is_nan() && found.se.is_nan(), "{found:?}");
            }
        }
        assert_eq!((gini(&[3.0]).mean, herfindahl(&[3.0]).mean), (0.0, 1.0));
        assert!(correlation(&[(1.0, 1.0), (1.0, 2.0)]).mean.is_nan() && correlation(&[]).mean.is_nan());
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "evidence is printed")]
    fn standard_errors_agree_with_the_jackknife() {
        // Both are first-order: at n = 400 they differ by O(1/n) relative, and the edge of a top share by O(1/√n).
        let values = uneven(400);
        for (what, formula, statistic, tolerance) in [
            ("gini", gini(&values).se, (|x: &[f64]| gini(x).mean) as fn(&[f64]) -> f64, 0.02),
            ("herfindahl", herfindahl(&values).se, |x| herfindahl(x).mean, 0.05),
            ("top share", top_share(&values, 0.1).se, |x| top_share(x, 0.1).mean, 0.15),
        ] {
            let jackknife = jackknife(&values, statistic);
            println!("evidence: {what}: se {formula:.5}, jackknife {jackknife:.5}");
            assert!(
                (formula / jackknife - 1.0).abs() < tolerance,
                "{what}: {formula}, jackknife {jackknife}"
            );
        }
    }

    proptest! {
        #[test]
        fn gini_sees_neither_scale_nor_order(
            mut values in prop::collection::vec(0.0_f64..1e6, 1..50), scale in 1e-3_f64..1e3, turn in 0_usize..50
        ) {
            values[0] += 1.0;
            let before = gini(&values);
            prop_assert!((-1e-12..1.0).contains(&before.mean));
            let n = values.len();
            values.rotate_left(turn % n);
            values.iter_mut().for_each(|x| *x *= scale);
            let after = gini(&values);
            prop_assert!((before.mean - after.mean).abs() < 1e-9);
            prop_assert!(n == 1 || (before.se - after.se).abs() < 1e-9);
        }

        #[test]
        fn one_who_has_everything(n in 1_usize..200, at in 0_usize..200, value in 1e-6_f64..1e6) {
            let mut values = vec![0.0; n];
            values[at % n] = value;
            prop_assert!((gini(&values).mean - (n as f64 - 1.0) / n as f64).abs() < 1e-12);
            prop_assert!((herfindahl(&values).mean - 1.0).abs() < 1e-12);
        }
    }
}
