//! From what the data tells to the numbers a feed world asks for. All of these are ours.

/// Nobody is further than this from the others, in standard deviations: one odd history is not a way of life.
const FURTHEST: f64 = 3.0;

/// `[n]` mid-rank percentiles: the share of values below, counting half of those that are equal. Ties share one.
pub(super) fn percentiles(values: &[f64]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let percentile = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let upto = sorted.partition_point(|other| other <= value);
        ((below + upto) as f64 / (2 * sorted.len()) as f64) as f32
    };
    values.iter().map(percentile).collect()
}

/// `[n]` values less their mean, over their standard deviation, kept within ±3; 0 if all are equal.
pub(super) fn standardised(values: &[f64]) -> Vec<f32> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = |value: &f64| if sd > 0.0 { (value - mean) / sd } else { 0.0 };
    values.iter().map(|value| scale(value).clamp(-FURTHEST, FURTHEST) as f32).collect()
}

/// `[n]` conformity `σ(ln(.4/.6) + .85 z)` of standardised values `z`: about the mean .4 and the standard deviation .2
/// of the Beta(2, 3) that `feed-v0` draws it from, in the order that the data gives.
pub(super) fn conformity(values: &[f64]) -> Vec<f32> {
    let squash = |z: f32| 1.0 / (1.0 + (-((0.4_f32 / 0.6).ln() + 0.85 * z)).exp());
    standardised(values).into_iter().map(squash).collect()
}

/// `[n]` bait `max(0, reach − quality)` of percentiles: how much further something got than what it is worth to those
/// who know it.
pub(super) fn bait(reach: &[f32], quality: &[f32]) -> Vec<f32> {
    reach.iter().zip(quality).map(|(reach, quality)| (reach - quality).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_count_half_of_the_ties() {
        assert_eq!(percentiles(&[3.0, 1.0, 2.0, 2.0]), [0.875, 0.125, 0.5, 0.5]);
    }

    #[test]
    fn standardised_values_have_mean_zero_and_unit_variance_unless_they_are_all_one() {
        assert_eq!(standardised(&[1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(standardised(&[2.0, 2.0]), [0.0, 0.0]);
        // Sixteen zeros and a one: the one stands √16 = 4 deviations out.
        let mut values = [0.0; 17];
        values[16] = 1.0;
        assert_eq!(standardised(&values)[16], 3.0);
    }

    #[test]
    fn conformity_follows_the_data_within_the_unit_interval() {
        let out = conformity(&[1.0, 2.0, 3.0]);
        assert!((out[1] - 0.4).abs() < 1e-6 && out[0] < out[1] && out[1] < out[2]);
        // z = √1.5: σ(−.4055 + .85 · 1.2247) = σ(.6355).
        assert!((out[2] - 0.653_74).abs() < 1e-4, "{}", out[2]);
    }

    #[test]
    fn bait_is_reach_beyond_quality() {
        assert_eq!(bait(&[0.75, 0.25], &[0.25, 0.75]), [0.5, 0.0]);
    }
}
