//! The normal law as far as dwelling needs it: its quantiles, and the mean of a capped log-normal.

use std::f64::consts::TAU;

/// `Φ⁻¹(p)` for p in (0, 1), to seven digits: one word of luck becomes one normal, and more luck is never less dwell.
///
/// # Source
/// Wichura (1988), "Algorithm AS 241: The percentage points of the normal distribution", the routine of single
/// precision.
#[inline]
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * (((59.109_374_72 * r + 159.291_132_02) * r + 50.434_271_938) * r + 3.387_132_717_9)
            / (((67.187_563_6 * r + 78.757_757_664) * r + 17.895_169_469) * r + 1.0);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = if r <= 5.0 {
        let r = r - 1.6;
        (((0.170_238_211_03 * r + 1.306_728_481_6) * r + 2.756_815_39) * r + 1.423_437_277_7)
            / ((0.120_211_329_75 * r + 0.737_001_642_5) * r + 1.0)
    } else {
        let r = r - 5.0;
        (((0.017_337_203_997 * r + 0.428_682_943_37) * r + 3.081_226_386) * r + 6.657_905_115)
            / ((0.012_258_202_635 * r + 0.241_978_942_25) * r + 1.0)
    };
    tail.copysign(q)
}

/// `(1 − Φ(x)) / φ(x)` for x ≥ 0: thirteen digits up to x = 4, eight however deep in the tail.
///
/// # Source
/// Hart et al. (1968), "Computer Approximations", no. 5666; West (2005), "Better approximations to cumulative normal
/// functions", for its use and for the fraction beyond 7.07.
fn mills(x: f64) -> f64 {
    if x > 7.07 {
        return 1.0 / (x + 1.0 / (x + 2.0 / (x + 3.0 / (x + 4.0 / (x + 0.65)))));
    }
    let above = [
        0.035_262_496_599_891_1,
        0.700_383_064_443_688,
        6.373_962_203_531_65,
        33.912_866_078_383,
        112.079_291_497_871,
        221.213_596_169_931,
        220.206_867_912_376,
    ];
    let below = [
        0.088_388_347_648_318_4,
        1.755_667_163_182_64,
        16.064_177_579_207,
        86.780_732_202_946_1,
        296.564_248_779_674,
        637.333_633_378_831,
        793.826_512_519_948,
        440.413_735_824_752,
    ];
    let at = |terms: &[f64]| terms.iter().fold(0.0, |sum, term| sum * x + term);
    TAU.sqrt() * at(&above) / at(&below)
}

/// Density of the standard normal.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// `Φ(x)`.
fn cumulative(x: f64) -> f64 {
    let tail = density(x) * mills(x.abs());
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// `E[min(e^Y, c)]` for `Y ~ N(mean, sd)` and `c = e^ln_cap`.
///
/// `= e^{mean + sd²/2}·Φ(d − sd) + c·Φ(−d)` with `d = (ln c − mean)/sd`. Where `d < sd` the first term is written as
/// `c·φ(d)·Φ(d − sd)/φ(d − sd)`, in which nothing overflows.
pub(crate) fn capped_log_normal_mean(mean: f64, sd: f64, ln_cap: f64) -> f64 {
    let (cap, d) = (ln_cap.exp(), (ln_cap - mean) / sd);
    let below = if d < sd {
        cap * density(d) * mills(sd - d)
    } else {
        (mean + 0.5 * sd * sd).exp() * cumulative(d - sd)
    };
    below + cap * cumulative(-d)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed tables of the normal law.
    #[test]
    fn quantiles_and_tails_are_those_of_the_tables() {
        for (x, p) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (1.959_963_984_540_054, 0.975),
            (-2.326_347_874_040_841, 0.01),
            (-6.0, 9.865_876_450_376_98e-10),
            (-7.0, 1.279_812_543_885_835e-12),
            (-10.0, 7.619_853_024_160_527e-24),
        ] {
            assert!((quantile(p) - x).abs() < 1e-6, "{} for {x}", quantile(p));
            assert!((cumulative(x) / p - 1.0).abs() < 1e-8, "{} for {p}", cumulative(x));
        }
    }

    #[test]
    fn quantiles_grow_with_luck() {
        let mut last = f64::NEG_INFINITY;
        for word in (0..=u32::MAX).step_by(65_537) {
            let now = quantile(recloop_env::unit(word));
            assert!(now > last && now.is_finite(), "{now} after {last}");
            last = now;
        }
    }

    /// Against a sum over a million equally likely quantiles; the tails it misses weigh less than 1e-4.
    #[test]
    fn the_mean_of_a_capped_log_normal_is_that_of_its_quantiles() {
        let n = 1_000_000;
        for (mean, sd, cap) in [(2.08, 0.9, 60.0_f64), (6.0, 0.9, 60.0), (-3.0, 0.5, 60.0), (1.0, 2.0, 5.0)] {
            let one = |i| (mean + sd * quantile((f64::from(i) + 0.5) / f64::from(n))).exp().min(cap);
            let expected = (0..n).map(one).sum::<f64>() / f64::from(n);
            let found = capped_log_normal_mean(mean, sd, cap.ln());
            assert!((found / expected - 1.0).abs() < 1e-4, "{found} for {expected}");
        }
    }

    #[test]
    fn extremes_stay_between_nothing_and_the_cap() {
        for mean in [-1e4, -100.0, 0.0, 100.0, 1e4] {
            for sd in [0.01, 1.0, 5.0] {
                let found = capped_log_normal_mean(mean, sd, 60.0_f64.ln());
                assert!((0.0..=60.0 * (1.0 + 1e-12)).contains(&found), "{found} at mean {mean}, sd {sd}");
            }
        }
        assert!((capped_log_normal_mean(1e4, 1.0, 60.0_f64.ln()) / 60.0 - 1.0).abs() < 1e-12);
        assert_eq!(capped_log_normal_mean(-1e4, 1.0, 60.0_f64.ln()), 0.0);
    }
}
