//! What a creator knows of one topic, as two posteriors over faded evidence.

/// Evidence about one topic: weighted sums over own items, old ones weighing less.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Evidence {
    /// Σw: items, each counted by how far it got on offer and how long ago it was made.
    pub(crate) weight: f64,
    /// Σwx, of the value x of an item per turn on offer.
    pub(crate) sum: f64,
    /// Σwx².
    pub(crate) squares: f64,
    /// Faded impressions.
    pub(crate) impressions: f64,
    /// Faded clicks.
    pub(crate) clicks: f64,
}

impl Evidence {
    pub(crate) const WIDTH: usize = 5;

    /// One item of value `x` per turn, of weight `w`.
    pub(crate) fn of(w: f64, x: f64, impressions: f64, clicks: f64) -> Self {
        Self { weight: w, sum: w * x, squares: w * x * x, impressions, clicks }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.sum += other.sum;
        self.squares += other.squares;
        self.impressions += other.impressions;
        self.clicks += other.clicks;
    }

    pub(crate) fn read(cells: &[f64]) -> Self {
        Self { weight: cells[0], sum: cells[1], squares: cells[2], impressions: cells[3], clicks: cells[4] }
    }

    pub(crate) fn write(&self, cells: &mut [f64]) {
        cells.copy_from_slice(&[self.weight, self.sum, self.squares, self.impressions, self.clicks]);
    }

    /// x̄, if anything is known.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// What a creator thinks of a topic before it knows it: what it knows of its items on the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prior {
    /// m₀: mean value of an own item per turn.
    pub(crate) mean: f64,
    /// Variance of that between items about the same.
    pub(crate) variance: f64,
    /// κ₀: items the prior is worth, the ratio of that variance to the one between topics.
    pub(crate) items: f64,
    /// Click rate of own items.
    pub(crate) rate: f64,
    /// Impressions that is worth.
    pub(crate) impressions: f64,
}

/// Least standard deviation a creator believes in, as a share of its mean and in clicks (chosen by us): a few equal
/// items are no certainty.
const LEAST_SHARE: f64 = 0.25;
const LEAST: f64 = 1e-3;
/// Fewest and most items a prior is worth (chosen by us).
const WORTH: [f64; 2] = [0.1, 10.0];

impl Prior {
    /// From everything a creator knows; `items` is what the prior is worth until two topics are known.
    pub(crate) fn of(topics: &[Evidence], items: f64, impressions: f64) -> Self {
        let mut all = Evidence::default();
        topics.iter().for_each(|topic| all.add(topic));
        let mean = all.mean().unwrap_or(0.0);
        let known = || topics.iter().filter_map(|topic| Some((topic, topic.mean()?)));
        let spread: f64 = known().map(|(topic, mean)| (topic.squares - topic.sum * mean).max(0.0)).sum();
        let apart: f64 = known().map(|(topic, own)| topic.weight * (own - mean) * (own - mean)).sum();
        let least = LEAST_SHARE * mean.abs() + LEAST;
        let variance = (spread / all.weight.max(1.0)).max(least * least);
        let between = apart / all.weight.max(1.0);
        let items = if known().nth(1).is_some() && between > 0.0 {
            (variance / between).clamp(WORTH[0], WORTH[1])
        } else {
            items
        };
        let rate = if all.impressions > 0.0 { all.clicks / all.impressions } else { 0.5 };
        Self { mean, variance, items, rate, impressions }
    }

    /// Standard deviation between own items, about the same or not.
    pub(crate) fn sd(&self) -> f64 {
        (self.variance * (1.0 + 1.0 / self.items)).sqrt()
    }
}

/// Normal–Gamma posterior over the value of an item per turn: mean and precision unknown.
///
/// With weights, `κ = κ₀ + Σw`, `m = (κ₀m₀ + Σwx)/κ`, `a = a₀ + Σw/2`,
/// `b = b₀ + (Σwx² − (Σwx)²/Σw)/2 + κ₀Σw(x̄ − m₀)²/(2κ)`, and a₀ = 2, b₀ = the prior's variance, so that before any evidence the
/// variance is expected to be the prior's. The mean has posterior standard deviation `√(b / ((a − 1)κ))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NormalGamma {
    pub(crate) mean: f64,
    /// Posterior standard deviation of the mean.
    pub(crate) sd: f64,
}

impl NormalGamma {
    pub(crate) fn of(evidence: &Evidence, prior: &Prior) -> Self {
        let (w, kappa) = (evidence.weight, prior.items + evidence.weight);
        let Some(average) = evidence.mean() else {
            return Self { mean: prior.mean, sd: (prior.variance / prior.items).sqrt() };
        };
        let mean = (prior.items * prior.mean + evidence.sum) / kappa;
        let spread = (evidence.squares - evidence.sum * average).max(0.0);
        let away = average - prior.mean;
        let b = prior.variance + 0.5 * (spread + prior.items * w * away * away / kappa);
        Self { mean, sd: (b / ((1.0 + 0.5 * w) * kappa)).sqrt() }
    }
}

/// Beta posterior over the click rate of a topic: `α = n₀p₀ + clicks`, `β = n₀(1 − p₀) + impressions − clicks`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ClickRate {
    pub(crate) alpha: f64,
    pub(crate) beta: f64,
}

impl ClickRate {
    pub(crate) fn of(evidence: &Evidence, prior: &Prior) -> Self {
        let missed = (evidence.impressions - evidence.clicks).max(0.0);
        Self {
            alpha: prior.impressions * prior.rate + evidence.clicks.max(0.0),
            beta: prior.impressions * (1.0 - prior.rate) + missed,
        }
    }

    pub(crate) fn mean(&self) -> f64 {
        let total = self.alpha + self.beta;
        if total > 0.0 { self.alpha / total } else { 0.5 }
    }

    /// How many standard deviations of its posterior predictive (beta-binomial) law `clicks` of `impressions` lie from what was
    /// to be expected.
    pub(crate) fn surprise(&self, impressions: f64, clicks: f64) -> f64 {
        let (total, p) = (self.alpha + self.beta, self.mean());
        let variance = impressions * p * (1.0 - p) * (total + impressions) / (total + 1.0);
        if variance > 0.0 { (clicks - impressions * p).abs() / variance.sqrt() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: Prior = Prior { mean: 2.0, variance: 4.0, items: 1.0, rate: 0.25, impressions: 8.0 };

    #[test]
    fn a_normal_gamma_by_hand() {
        let none = NormalGamma::of(&Evidence::default(), &PRIOR);
        assert_eq!((none.mean, none.sd), (2.0, 2.0));
        // Items of 4 and 8: κ = 3, m = (2 + 12)/3, b = 4 + (80 − 72)/2 + 1·2·16/6 = 13.33, (a − 1)κ = 2·3.
        let mut two = Evidence::of(1.0, 4.0, 10.0, 4.0);
        two.add(&Evidence::of(1.0, 8.0, 10.0, 8.0));
        let found = NormalGamma::of(&two, &PRIOR);
        assert!((found.mean - 14.0 / 3.0).abs() < 1e-12);
        assert!((found.sd - (40.0 / 3.0 / 6.0_f64).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_beta_by_hand() {
        let evidence = Evidence { impressions: 12.0, clicks: 9.0, ..Evidence::default() };
        // α = 2 + 9, β = 6 + 3.
        let rate = ClickRate::of(&evidence, &PRIOR);
        assert_eq!((rate.alpha, rate.beta, rate.mean()), (11.0, 9.0, 0.55));
        // 10 of 20 where 11 are expected: variance 20·.55·.45·40/21 = 9.429.
        assert!((rate.surprise(20.0, 10.0) - 1.0 / 9.428_571_428_571_43_f64.sqrt()).abs() < 1e-9);
        assert_eq!(rate.surprise(0.0, 0.0), 0.0);
    }

    #[test]
    fn much_evidence_drowns_the_prior() {
        // 3,000 items of values 1, 3: mean 2 → the truth 2.0; of rate .4.
        let mut evidence = Evidence::default();
        for i in 0..3_000 {
            evidence.add(&Evidence::of(1.0, 1.0 + 2.0 * f64::from(i % 2), 10.0, 4.0));
        }
        let prior = Prior { mean: 50.0, ..PRIOR };
        let value = NormalGamma::of(&evidence, &prior);
        assert!((value.mean - 2.0).abs() < 0.02 && value.sd < 0.05, "{value:?}");
        assert!((ClickRate::of(&evidence, &prior).mean() - 0.4).abs() < 1e-4);
    }

    #[test]
    fn a_prior_tells_items_from_topics() {
        // Topic 0: 1 and 3; topic 2: 9 and 11. Mean 6; within (2 + 2)/4 = 1, but at least (1.5 + .001)²; between 4·16/4.
        let both = |a: f64, b: f64| {
            let mut both = Evidence::of(1.0, a, 10.0, 2.0);
            both.add(&Evidence::of(1.0, b, 10.0, 2.0));
            both
        };
        let topics = [both(1.0, 3.0), Evidence::default(), both(9.0, 11.0)];
        let prior = Prior::of(&topics, 1.0, 10.0);
        assert_eq!((prior.mean, prior.rate), (6.0, 0.2));
        assert!((prior.variance - 1.501 * 1.501).abs() < 1e-9);
        assert!((prior.items - 1.501 * 1.501 / 16.0).abs() < 1e-9);
        // With one topic known nobody can tell.
        assert_eq!(Prior::of(&topics[..1], 2.5, 10.0).items, 2.5);
    }

    #[test]
    fn nothing_known_is_no_division_by_zero() {
        let prior = Prior::of(&[Evidence::default(); 3], 1.0, 10.0);
        assert_eq!((prior.mean, prior.rate), (0.0, 0.5));
        assert!(prior.variance > 0.0 && NormalGamma::of(&Evidence::default(), &prior).sd > 0.0);
        let no_prior = Prior { impressions: 0.0, ..prior };
        assert_eq!(ClickRate::of(&Evidence::default(), &no_prior).mean(), 0.5);
    }
}
