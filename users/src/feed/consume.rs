//! What happens after a click: how long somebody stays with an item, and whether they say what they think of it.

use recloop_env::{unit, unit_f32};

use super::Feed;
use super::impression::sigmoid;
use crate::normal::{capped_log_normal_mean, quantile};

/// What somebody says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Like,
    Hide,
    Nothing,
}

impl Feed {
    /// μ₀ + μ₁(ωv + (1 − ω)e).
    fn mean_log_secs(&self, promise: f32, experience: f32) -> f64 {
        let params = &self.params;
        let felt = params.dwell_wrapping * promise + (1.0 - params.dwell_wrapping) * experience;
        self.ln_median_secs + f64::from(params.dwell_slope * felt)
    }

    /// Seconds spent on a clicked item; `word` is the luck of *(user, item, tick)*.
    pub(super) fn dwell_secs(&self, promise: f32, experience: f32, word: u32) -> f32 {
        let sd = f64::from(self.params.dwell_log_sd);
        let log_secs = self.mean_log_secs(promise, experience) + sd * quantile(unit(word));
        (log_secs.exp() as f32).min(self.params.dwell_cap_secs)
    }

    /// The mean of [`Feed::dwell_secs`] over all words.
    pub(super) fn expected_dwell_secs(&self, promise: f32, experience: f32) -> f32 {
        let (mean, sd) = (self.mean_log_secs(promise, experience), f64::from(self.params.dwell_log_sd));
        capped_log_normal_mean(mean, sd, self.ln_cap_secs) as f32
    }

    /// Likes with σ(l₀ + l₁e), hides with σ(h₀ − h₁e): one word decides both, from its two ends, so nobody does both.
    pub(super) fn verdict(&self, experience: f32, word: u32) -> Verdict {
        let (params, luck) = (&self.params, unit_f32(word));
        if 1.0 - luck <= sigmoid(params.hide_bias - params.hide_slope * experience) {
            Verdict::Hide
        } else if luck < sigmoid(params.like_bias + params.like_slope * experience) {
            Verdict::Like
        } else {
            Verdict::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::feed;
    use super::*;
    use crate::FeedParams;

    /// Words that cut the unit interval into equal cells: frequencies are exact to one cell.
    const N: u32 = 1 << 16;
    fn cells() -> impl Iterator<Item = u32> {
        (0..N).map(|i| (i << 16) + (1 << 15))
    }

    #[test]
    fn dwell_has_the_quantiles_of_a_capped_log_normal() {
        let feed = feed(FeedParams::default());
        // ln 8 + .45·(.8·1 + .2·(−2)) = 2.259 442, in seconds 9.577; sd .9: quartiles 9.577·e^{±.607 041}.
        let secs: Vec<f32> = cells().map(|word| feed.dwell_secs(1.0, -2.0, word)).collect();
        assert!(secs.is_sorted());
        for (p, expected) in [(0.25, 5.219_2), (0.5, 9.577_4), (0.75, 17.574_9)] {
            let found = secs[(p * f64::from(N)) as usize];
            assert!((found / expected - 1.0).abs() < 1e-3, "{found} for {expected}");
        }
        // Capped: ln 60 is (4.094 345 − 2.259 442)/.9 = 2.038 781 sd up, beyond which lies .020 735.
        let capped = secs.iter().filter(|secs| **secs == 60.0).count() as f64 / f64::from(N);
        assert!((capped - 0.020_735).abs() < 2.0 / f64::from(N), "{capped}");
        let mean = secs.into_iter().map(f64::from).sum::<f64>() / f64::from(N);
        assert!((mean / f64::from(feed.expected_dwell_secs(1.0, -2.0)) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn likes_and_hides_are_as_frequent_as_they_should_be() {
        let feed = feed(FeedParams::default());
        for experience in [-6.0, -2.0, 0.0, 3.0] {
            let count = |verdict| cells().filter(|word| feed.verdict(experience, *word) == verdict).count();
            // σ(−3.4 + .9e) and σ(−6 − 1.2e).
            let like = 1.0 / (1.0 + (3.4 - 0.9 * f64::from(experience)).exp());
            let hide = 1.0 / (1.0 + (6.0 + 1.2 * f64::from(experience)).exp());
            for (verdict, expected) in [(Verdict::Like, like), (Verdict::Hide, hide)] {
                let share = count(verdict) as f64 / f64::from(N);
                assert!((share - expected).abs() < 2.0 / f64::from(N), "{verdict:?}: {share} for {expected}");
            }
        }
    }
}
