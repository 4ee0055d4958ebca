//! Whether two sets of lengths come from one law.

/// Kolmogorov–Smirnov distance of two samples: `max_x |F̂(x) − Ĝ(x)|`, in [0, 1]; NaN if either is empty.
///
/// Of two samples of n and n′ independent lengths of one law it is about `0.87 √(1/n + 1/n′)` on average, not 0.
///
/// # Source
/// Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions".
///
/// ```
/// use recloop_data::fidelity::kolmogorov_smirnov;
/// // At 2, three of four have ended on one side and one of four on the other.
/// assert_eq!(kolmogorov_smirnov(&[1.0, 1.0, 2.0, 5.0], &[2.0, 3.0, 4.0, 5.0]), 0.5);
/// ```
#[must_use]
pub fn kolmogorov_smirnov(one: &[f64], other: &[f64]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return f64::NAN;
    }
    let sorted = |sample: &[f64]| {
        let mut sample = sample.to_vec();
        sample.sort_by(f64::total_cmp);
        sample
    };
    let (one, other) = (sorted(one), sorted(other));
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < one.len() && j < other.len() {
        let x = one[i].min(other[j]);
        i += one[i..].iter().take_while(|length| **length <= x).count();
        j += other[j..].iter().take_while(|length| **length <= x).count();
        most = most.max((i as f64 / one.len() as f64 - j as f64 / other.len() as f64).abs());
    }
    most
}
