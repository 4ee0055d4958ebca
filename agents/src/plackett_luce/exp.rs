//! Exponentials by the thousand.

use std::f64::consts::LOG2_E;

/// Numbers worked on side by side.
pub(super) const LANES: usize = 8;
/// Below this `e^x` is taken for zero; it is then smaller than any normal number.
const LOWEST: f64 = -708.0;
/// Adding 1.5 · 2⁵² leaves the nearest integer in the low bits of a float.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, the first with zeros at its end, so that a multiple of it is exact.
const LN_2: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)];

/// `e^x` for each `x ≤ 0`, to two units in the last place, without branches: unlike the library's, it is compiled to
/// vector instructions.
///
/// `e^x = 2ⁿ e^r` with `n = round(x / ln 2)`, and `e^r` by its Taylor series to `r¹³`, whose rest is below 4e-18.
#[inline]
pub(super) fn exp(x: [f64; LANES]) -> [f64; LANES] {
    let (mut out, mut power) = ([0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        let inside = if x[lane] > LOWEST { x[lane] } else { LOWEST };
        let rounded = inside * LOG2_E + ROUND;
        let n = rounded - ROUND;
        out[lane] = (inside - n * LN_2[0]) - n * LN_2[1];
        let scale = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1023 << 52));
        power[lane] = if x[lane] > LOWEST { scale } else { 0.0 };
    }
    for lane in 0..LANES {
        let r = out[lane];
        let series = INVERSE_FACTORIALS.iter().fold(INVERSE_13_FACTORIAL, |sum, c| sum * r + c);
        out[lane] = series * power[lane];
    }
    out
}

const INVERSE_13_FACTORIAL: f64 = 1.0 / 6_227_020_800.0;
/// `1 / 12!` to `1 / 0!`.
const INVERSE_FACTORIALS: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// `Σ e^(x − peak)` for `peak` not below any `x`.
pub(super) fn sum_exp(numbers: &[f64], peak: f64) -> f64 {
    let (groups, rest) = numbers.as_chunks::<LANES>();
    let mut last = [f64::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let mut sums = [0.0; LANES];
    for group in groups.iter().chain([&last]) {
        let terms = exp(group.map(|x| x - peak));
        for lane in 0..LANES {
            sums[lane] += terms[lane];
        }
    }
    sums.iter().sum()
}

/// The largest number; −∞ of none.
pub(super) fn largest(numbers: &[f64]) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let (groups, rest) = numbers.as_chunks::<LANES>();
    let mut top = [f64::NEG_INFINITY; LANES];
    for group in groups {
        for lane in 0..LANES {
            top[lane] = larger(group[lane], top[lane]);
        }
    }
    rest.iter().chain(&top).copied().fold(f64::NEG_INFINITY, larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library_to_two_units_in_the_last_place() {
        let mut x = 0.0;
        while x > -707.9 {
            let found = exp([x; LANES])[3];
            let ulps = (found.to_bits() as i64 - x.exp().to_bits() as i64).abs();
            assert!(ulps <= 2, "{x}: {ulps}");
            x -= 0.003_7 + x.abs() * 1e-4;
        }
        for lost in [-708.1, -1e4, -1e300, f64::NEG_INFINITY] {
            assert_eq!(exp([lost; LANES]), [0.0; LANES]);
        }
        assert_eq!(exp([0.0; LANES]), [1.0; LANES]);
    }

    #[test]
    fn sums_and_maxima_count_every_number_once() {
        for n in [0, 1, 7, 8, 9, 31] {
            let numbers: Vec<f64> = (0..n).map(|i| -f64::from(i * 7 % 11)).collect();
            let expected: f64 = numbers.iter().map(|x| (x - 2.0).exp()).sum();
            assert!((sum_exp(&numbers, 2.0) - expected).abs() < 1e-14);
            assert_eq!(largest(&numbers), numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
        assert_eq!(sum_exp(&[f64::NEG_INFINITY, 0.0], 0.0), 1.0);
    }
}
