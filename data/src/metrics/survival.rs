//! How long until something happens, when we stop watching before it has happened to everybody.

use super::Estimate;
use super::estimate::Z95;

/// The Kaplan–Meier estimate of how many are still waiting after a time.
///
/// `S(t) = Π_{t_i ≤ t} (1 − d_i / n_i)`, where at time `t_i` it happened to `d_i` of the `n_i` who were still waiting and
/// still watched. Whoever stops being watched at `t_i` counts as still waiting there.
///
/// # Units
/// Times are in any unit; results are in the same.
///
/// # Numerics
/// One value per person. A person with two waits would be counted as two people, and frequent visitors supply most
/// waits: see [`ReturnGaps`](super::ReturnGaps).
///
/// # Source
/// Kaplan & Meier (1958), "Nonparametric estimation from incomplete observations"; the variance is Greenwood's (1926).
///
/// ```
/// use recloop_data::metrics::Survival;
/// // Back after 1 and 3 days; one more was last seen 2 days before the end of the log.
/// let away = Survival::new(vec![(1.0, true), (3.0, true), (2.0, false)]);
/// // S = 2/3 from day 1; the censored one leaves; S = 0 from day 3.
/// assert!((away.at(2.5).mean - 2.0 / 3.0).abs() < 1e-15);
/// assert_eq!(away.median().mean, 3.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    steps: Vec<Step>,
    n: u64,
    longest: f64,
}

/// The curve from `time` on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    time: f64,
    survival: f64,
    /// `Σ d / (n (n − d))`, infinite once nobody is left.
    greenwood: f64,
    /// `d / (n (n − d))` of this step alone.
    own: f64,
}

impl Step {
    fn se(&self) -> f64 {
        if self.survival > 0.0 { self.survival * self.greenwood.sqrt() } else { 0.0 }
    }
}

impl Survival {
    /// From each person's time and whether it happened then; otherwise we stopped watching then.
    #[must_use]
    pub fn new(mut waits: Vec<(f64, bool)>) -> Self {
        waits.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut steps, mut left) = (Vec::new(), waits.len() as f64);
        let (mut survival, mut greenwood) = (1.0, 0.0);
        for tied in waits.chunk_by(|a, b| a.0 == b.0) {
            let d = tied.iter().filter(|(_, happened)| *happened).count() as f64;
            if d > 0.0 {
                let own = d / (left * (left - d));
                survival *= 1.0 - d / left;
                greenwood += own;
                steps.push(Step { time: tied[0].0, survival, greenwood, own });
            }
            left -= tied.len() as f64;
        }
        Self { steps, n: waits.len() as u64, longest: waits.last().map_or(0.0, |wait| wait.0) }
    }

    /// The longest time anybody was watched.
    #[must_use]
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// The share still waiting after `time`, with Greenwood's standard error; NaN past the longest time watched, unless
    /// nobody was waiting any more.
    #[must_use]
    pub fn at(&self, time: f64) -> Estimate {
        let step = self.steps.iter().take_while(|step| step.time <= time).last();
        let (survival, se) = step.map_or((1.0, 0.0), |step| (step.survival, step.se()));
        let known = self.n > 0 && (time <= self.longest || survival == 0.0);
        if known { Estimate { mean: survival, se, n: self.n } } else { Estimate::bare(f64::NAN, self.n) }
    }

    /// The time by which it happened to half; infinite if not reached.
    ///
    /// The interval by Brookmeyer & Crowley (1982), "A confidence interval for the median survival time", holds every
    /// time at which `S(t) = ½` cannot be ruled out; the standard error is its width / (2 · 1.96). It is NaN if the
    /// interval has no end.
    #[must_use]
    pub fn median(&self) -> Estimate {
        if self.n == 0 {
            return Estimate::bare(f64::NAN, 0);
        }
        let first = |bend: f64| {
            let below = |step: &&Step| step.survival + bend * step.se() <= 0.5;
            self.steps.iter().find(below).map_or(f64::INFINITY, |step| step.time)
        };
        let width = first(Z95) - first(-Z95);
        let se = if width.is_finite() { width / (2.0 * Z95) } else { f64::NAN };
        Estimate { mean: first(0.0), se, n: self.n }
    }

    /// Mean time waited, counting no more than `limit`: `∫₀^limit S(t) dt`.
    ///
    /// `Var = Σ A_i² d_i / (n_i (n_i − d_i))` with `A_i` the area beyond `t_i`. NaN if nobody was watched up to `limit`.
    ///
    /// # Source
    /// Klein & Moeschberger (2003), "Survival Analysis", section 4.5.
    #[must_use]
    pub fn restricted_mean(&self, limit: f64) -> Estimate {
        if self.at(limit).mean.is_nan() {
            return Estimate::bare(f64::NAN, self.n);
        }
        let (mut beyond, mut variance, mut to) = (0.0, 0.0, limit);
        for step in self.steps.iter().rev().filter(|step| step.time < limit) {
            beyond += step.survival * (to - step.time);
            to = step.time;
            // Nobody left: no area beyond, so the infinite term is none.
            variance += if beyond > 0.0 { beyond * beyond * step.own } else { 0.0 };
        }
        Estimate { mean: beyond + to, se: variance.sqrt(), n: self.n }
    }
}

/// The share of those still waiting at the start of the interval `[from, to)` to whom it happens in it.
///
/// Whoever stops being watched inside the interval is left out of it.
#[must_use]
pub fn hazard(waits: &[(f64, bool)], from: f64, to: f64) -> Estimate {
    let happened = waits.iter().filter(|(time, so)| *so && (from..to).contains(time)).count() as u64;
    let past = waits.iter().filter(|(time, _)| *time >= to).count() as u64;
    Estimate::share(happened, happened + past)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn the_curve_by_hand() {
        // At 2: 1 of 5. Censored at 3. At 4: 1 of 3. At 5: censored and happened tie, the censored one still waits: 1 of 2.
        let waits = [(2.0, true), (3.0, false), (4.0, true), (5.0, true), (5.0, false)];
        let curve = Survival::new(waits.to_vec());
        near(curve.at(1.9).mean, 1.0);
        near(curve.at(2.0).mean, 0.8);
        near(curve.at(4.5).mean, 0.8 * 2.0 / 3.0);
        near(curve.at(5.0).mean, 0.8 * 2.0 / 3.0 / 2.0);
        // Greenwood: 1/(5·4) + 1/(3·2) + 1/(2·1).
        near(curve.at(5.0).se, 0.8 / 3.0 * (0.05_f64 + 1.0 / 6.0 + 0.5).sqrt());
        assert!(curve.at(5.1).mean.is_nan(), "nobody was watched that long");
        assert_eq!((curve.median().mean, curve.longest()), (5.0, 5.0));
        // Area to 5: 2·1 + 2·.8 + 1·(1.6/3).
        let mean = curve.restricted_mean(5.0);
        near(mean.mean, 2.0 + 1.6 + 1.6 / 3.0);
        let beyond_2: f64 = 1.6 + 1.6 / 3.0;
        near(mean.se, (beyond_2.powi(2) / 20.0 + (1.6_f64 / 3.0).powi(2) / 6.0).sqrt());
        near(hazard(&waits, 2.0, 4.0).mean, 1.0 / 4.0);
    }

    #[test]
    fn without_censoring_it_is_the_plain_share() {
        let curve = Survival::new((1..=10).map(|i| (f64::from(i), true)).collect());
        near(curve.at(3.0).mean, 0.7);
        near(curve.at(3.0).se, (0.7_f64 * 0.3 / 10.0).sqrt());
        near(curve.restricted_mean(20.0).mean, 5.5);
        assert_eq!(curve.at(20.0).mean, 0.0);
    }

    #[test]
    fn a_median_nobody_reached_is_infinite_and_of_nobody_is_nan() {
        let curve = Survival::new(vec![(1.0, true), (2.0, false), (2.0, false), (2.0, false)]);
        assert_eq!(curve.median().mean, f64::INFINITY);
        assert!(curve.median().se.is_nan());
        let nobody = Survival::new(Vec::new());
        assert!(nobody.median().mean.is_nan() && nobody.restricted_mean(1.0).mean.is_nan());
        assert!(nobody.at(0.0).mean.is_nan() && hazard(&[], 0.0, 1.0).mean.is_nan());
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "evidence is printed")]
    fn the_interval_of_the_median_covers_as_promised() {
        // 400 samples of 101 exponential times of median 1: the number of intervals that miss is binomial around 5 %, so
        // 400 · .05 ± 4 √(400 · .05 · .95) lets a right interval fail once in 15,000 seeds, were the seed not fixed.
        let (mut word, mut misses) = (0, 0);
        for _ in 0..400 {
            let mut draw = || {
                word += 1;
                let unit = recloop_env::unit(recloop_env::philox4x32([word, 0, 0, 0], [7, 0])[0]);
                (-unit.log2(), true)
            };
            let curve = Survival::new((0..101).map(|_| draw()).collect());
            let bounds = [Z95, -Z95].map(|bend| {
                let below = |step: &&Step| step.survival + bend * step.se() <= 0.5;
                curve.steps.iter().find(below).map_or(f64::INFINITY, |step| step.time)
            });
            misses += u32::from(!(bounds[1]..=bounds[0]).contains(&1.0));
        }
        println!("evidence: median interval misses {misses} of 400, 20 expected");
        assert!(misses <= 37, "{misses} of 400 intervals miss");
    }
}
