//! How one statistic varies over buckets, and the intervals that follow.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::{Interval, Replicates};

/// How far the weight of a bucket is moved to see what it does; a difference quotient of this step is right to eight digits.
const STEP: f64 = 1e-4;

/// How a statistic `θ̂ = T(Σ_g s_g)` of the sums of G buckets varies.
///
/// | symbol | meaning |
/// |---|---|
/// | `u_g` | influence of bucket g: derivative of `T(Σ s + ε s_g)` by ε at 0 |
/// | `θ_(g)` | the statistic without bucket g |
/// | `θ*_b` | the statistic of replicate b |
/// | `se²` | `G / (G − 1) Σ u_g²`, the cluster-robust sandwich |
/// | `d` | [degrees of freedom](Self::degrees_of_freedom) |
///
/// Every interval is drawn at the quantiles of Student's t with d degrees of freedom, the bootstrap's too: theirs are taken
/// at levels `Φ(± t_d)` in place of α/2 and 1 − α/2. With d = G − 1 this is the expanded percentile interval of Hesterberg.
///
/// # Assumptions
/// Buckets are independent and alike; `T` is smooth and does not change when all sums are scaled alike; the variance of
/// `u_g` is finite: with a tail index above ½ none of these intervals covers.
///
/// # Errors
/// `None` where there are fewer than two buckets, or the statistic is undefined on the log or (for an interval that asks
/// for them) on a replicate or with a bucket left out.
///
/// # Source
/// Liang & Zeger (1986), "Longitudinal data analysis using generalized linear models"; Efron (1987), "Better bootstrap
/// confidence intervals"; Efron & Tibshirani (1993), "An Introduction to the Bootstrap"; Hesterberg (2015), "What teachers
/// should know about the bootstrap".
#[derive(Debug, Clone)]
pub struct Spread {
    value: f64,
    influence: Vec<f64>,
    left_out: Vec<f64>,
    /// Ascending.
    replicates: Vec<f64>,
}

impl Spread {
    pub(super) fn of(drawn: &Replicates<'_>, statistic: &dyn Fn(&[f64]) -> f64) -> Self {
        let mut moved = vec![0.0; drawn.total.len()];
        let mut with = |row: &[f64], weight: f64| {
            for ((moved, total), term) in moved.iter_mut().zip(&drawn.total).zip(row) {
                *moved = total + weight * term;
            }
            statistic(&moved)
        };
        let slope = |row| (with(row, STEP) - with(row, -STEP)) / (2.0 * STEP);
        let influence = drawn.buckets.rows().map(slope).collect();
        let left_out = drawn.buckets.rows().map(|row| with(row, -1.0)).collect();
        let mut replicates: Vec<_> =
            drawn.totals.chunks_exact(drawn.total.len().max(1)).map(statistic).collect();
        replicates.sort_by(f64::total_cmp);
        Self { value: statistic(&drawn.total), influence, left_out, replicates }
    }

    /// θ̂.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The cluster-robust standard error; not a number where it is undefined.
    #[must_use]
    pub fn se(&self) -> f64 {
        let g = self.influence.len() as f64;
        (g / (g - 1.0) * moment(&self.influence, 2)).sqrt()
    }

    /// Of how many normal buckets the estimated variance would be as unsure: `min(G − 1, 2 G / (κ − 1))` with the kurtosis
    /// `κ = G Σ u⁴ / (Σ u²)²`.
    ///
    /// One bucket that makes half the variance leaves few degrees of freedom, however many buckets there are; without
    /// this, intervals under heavy-tailed weights are too short.
    ///
    /// # Source
    /// Box (1953), "Non-normality and tests on variances".
    #[must_use]
    pub fn degrees_of_freedom(&self) -> f64 {
        let g = self.influence.len() as f64;
        let variance = moment(&self.influence, 2);
        let kurtosis = g * moment(&self.influence, 4) / (variance * variance);
        // Written so that an undefined kurtosis, of influences that are all zero, asks for no correction.
        let by_kurtosis = 2.0 * g / (kurtosis - 1.0);
        if by_kurtosis < g - 1.0 { by_kurtosis } else { g - 1.0 }
    }

    /// `θ̂ ± t_d se`.
    #[must_use]
    pub fn t(&self, level: f64) -> Option<Interval> {
        self.around(self.se(), level)
    }

    /// `θ̂ ± t_d √((G − 1)/G Σ (θ_(g) − mean θ_(·))²)`: leaving out a bucket at a time.
    #[must_use]
    pub fn jackknife(&self, level: f64) -> Option<Interval> {
        let g = self.left_out.len() as f64;
        self.around(((g - 1.0) / g * moment(&self.pseudo(), 2)).sqrt(), level)
    }

    /// Between the quantiles of `θ*_b`.
    #[must_use]
    pub fn percentile(&self, level: f64) -> Option<Interval> {
        let t = self.quantile_of_t(level)?;
        self.between(normal().cdf(-t), normal().cdf(t))
    }

    /// Between quantiles of `θ*_b` whose levels are corrected for bias and skewness:
    /// `Φ(z₀ + (z₀ ± t_d) / (1 − a (z₀ ± t_d)))`, where z₀ is the normal quantile of the share of replicates below θ̂ and
    /// `a = Σ e³ / 6 (Σ e²)^{3/2}` with `e_g = mean θ_(·) − θ_(g)`.
    #[must_use]
    pub fn bca(&self, level: f64) -> Option<Interval> {
        let t = self.quantile_of_t(level)?;
        let errors = self.pseudo();
        let squares = moment(&errors, 2);
        if squares == 0.0 {
            return self.between(0.5, 0.5);
        }
        let acceleration = moment(&errors, 3) / (6.0 * squares.powf(1.5));
        let bias = normal().inverse_cdf(self.share_below());
        let corrected = |z: f64| {
            let left = 1.0 - acceleration * (bias + z);
            // Past its pole the correction asks for the outermost replicate.
            if left > 0.0 { normal().cdf(bias + (bias + z) / left) } else { f64::from(u8::from(z > 0.0)) }
        };
        self.between(corrected(-t), corrected(t))
    }

    /// Every interval that is defined, by name.
    #[must_use]
    pub fn intervals(&self, level: f64) -> Vec<(&'static str, Interval)> {
        let all = [
            ("t", self.t(level)),
            ("jackknife", self.jackknife(level)),
            ("percentile", self.percentile(level)),
            ("bca", self.bca(level)),
        ];
        all.into_iter().filter_map(|(name, interval)| Some((name, interval?))).collect()
    }

    /// `mean θ_(·) − θ_(g)`.
    fn pseudo(&self) -> Vec<f64> {
        let mean = self.left_out.iter().sum::<f64>() / self.left_out.len() as f64;
        self.left_out.iter().map(|value| mean - value).collect()
    }

    fn quantile_of_t(&self, level: f64) -> Option<f64> {
        let t = StudentsT::new(0.0, 1.0, self.degrees_of_freedom()).ok()?;
        Some(t.inverse_cdf(0.5 + level / 2.0))
    }

    fn around(&self, se: f64, level: f64) -> Option<Interval> {
        let reach = self.quantile_of_t(level)? * se;
        let (low, high) = (self.value - reach, self.value + reach);
        (low.is_finite() && high.is_finite()).then(|| Interval::new(low, high))
    }

    /// The share of replicates below θ̂, ties halved, never 0 or 1.
    fn share_below(&self) -> f64 {
        let below = self.replicates.partition_point(|value| *value < self.value);
        let up_to = self.replicates.partition_point(|value| *value <= self.value);
        (f64::midpoint(below as f64, up_to as f64) + 0.5) / (self.replicates.len() as f64 + 1.0)
    }

    fn between(&self, low: f64, high: f64) -> Option<Interval> {
        // Sorted: what is undefined or infinite stands at an end.
        let ends = [self.replicates.first()?, self.replicates.last()?];
        let defined = self.value.is_finite() && ends.iter().all(|end| end.is_finite());
        defined.then(|| Interval::new(quantile(&self.replicates, low), quantile(&self.replicates, high)))
    }
}

fn normal() -> Normal {
    Normal::standard()
}

fn moment(of: &[f64], power: i32) -> f64 {
    of.iter().map(|x| x.powi(power)).sum()
}

/// The `p` quantile of `sorted`: between order statistics `p (n + 1)`, and the outermost ones beyond.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let at = (p * (sorted.len() as f64 + 1.0) - 1.0).clamp(0.0, last as f64);
    let (low, share) = (sorted[at as usize], at.fract());
    low + share * (sorted[(at as usize + 1).min(last)] - low)
}
