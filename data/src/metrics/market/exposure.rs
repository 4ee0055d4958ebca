//! Who gets seen: exposure per creator, and whether it follows from what they offer.

use super::{CreatorTotals, MarketTable, overlap};
use crate::metrics::estimate::clustered;
use crate::metrics::{Estimate, Named, gini};

/// Every creator's part in a stretch of time; all vectors are by creator.
struct Stretch {
    /// Exposure received.
    exposure: Vec<f64>,
    /// Ticks it was there.
    ticks: Vec<f64>,
    /// Item-ticks on offer.
    offer: Vec<f64>,
    /// Item-ticks on offer, each weighing the item's quality where it is known.
    merit: Vec<f64>,
}

/// Exposure per creator, its inequality, and its distance from merit.
///
/// `E_p` is the sum over creator *p*'s impressions of the world's own probability that their position is looked at. Rates
/// divide by the time *p* was there, over **every creator ever there, those never shown included**. With `A_p` the share
/// of all exposure, `share_p` the share of all item-ticks on offer, and `R_p` the same weighing each item's latent quality
/// (every item alike where that is not known):
///
/// | metric | definition | n |
/// |---|---|---|
/// | `provider_gini` | [Gini coefficient](gini) of `E_p` per time there | creators |
/// | `provider_gini_log2` | the same with an impression weighing `1 / log₂(1 + rank)`, the convention | creators |
/// | `provider_gini_7d` | mean over whole weeks of the Gini coefficient within the week | creators |
/// | `creator_exits` | creators who left: without the starved, those who stay look equal | creators |
/// | `min_exposure_share` | `min_p A_p / share_p`, over creators with an offer | creators |
/// | `attention_inequity` | `Σ_p \|A_p − R_p\|`: 0 if attention follows merit, 2 at most | creators |
/// | `attention_inequity_7d` | mean over whole weeks of the same within the week | creators |
/// | `disparate_treatment_newcomers` | exposure per merit of those who came after the start / of those there from the start | creators |
/// | `disparate_impact_newcomers` | clicks per merit of the former / of the latter | creators |
/// | `envy_count` | ordered pairs *(p, q)* where *p* has no less merit per time than *q* and less exposure per time | pairs |
///
/// Minimum and count are order statistics and have no standard error; that of a mean over weeks is the mean of theirs,
/// as if weeks agreed entirely.
///
/// # Source
/// Biega, Gummadi & Weikum (2018), "Equity of attention"; Singh & Joachims (2018), "Fairness of exposure in rankings",
/// for the ratios. Their groups of items are here newcomers and the rest.
pub(super) fn metrics(market: &MarketTable) -> Vec<Named> {
    let whole = market.stretch(|creator| creator.exposure, (0, market.end));
    let log2 = market.stretch(|creator| creator.exposure_log2, (0, market.end));
    let weeks = market.weeks();
    let n = market.creators.len() as u64;
    let exits = market.creators.iter().filter(|creator| creator.left.is_some()).count() as u64;
    let mut metrics = vec![
        Named::new("provider_gini", whole.gini()),
        Named::new("provider_gini_log2", log2.gini()),
        Named::new("creator_exits", total(exits, n)),
        Named::new("min_exposure_share", whole.least()),
        Named::new("attention_inequity", whole.inequity()),
    ];
    if !weeks.is_empty() {
        metrics.push(Named::new("provider_gini_7d", mean_of(weeks.iter().map(Stretch::gini))));
        metrics.push(Named::new("attention_inequity_7d", mean_of(weeks.iter().map(Stretch::inequity))));
    }
    let came_later = |c: usize| market.creators[c].entered > 0;
    if (0..market.creators.len()).any(came_later) {
        let clicks = market.clicks();
        let ratio = |of: &[f64]| whole.ratio(of, came_later);
        metrics.push(Named::new("disparate_treatment_newcomers", ratio(&whole.exposure)));
        metrics.push(Named::new("disparate_impact_newcomers", ratio(&clicks)));
    }
    metrics.push(Named::new("envy_count", whole.envy()));
    metrics
}

/// A count of creators, as if each had been drawn: `se = √(n p (1 − p))`.
pub(super) fn total(so: u64, n: u64) -> Estimate {
    let share = Estimate::share(so, n);
    Estimate { mean: so as f64, se: share.se * n as f64, n }
}

/// A mean over weeks, of whatever weeks have the number.
fn mean_of(weeks: impl Iterator<Item = Estimate>) -> Estimate {
    let weeks: Vec<_> = weeks.filter(|week| !week.mean.is_nan()).collect();
    let n_weeks = weeks.len() as f64;
    let mean = |of: fn(&Estimate) -> f64| weeks.iter().map(of).sum::<f64>() / n_weeks;
    Estimate {
        mean: mean(|week| week.mean),
        se: mean(|week| week.se),
        n: weeks.iter().map(|week| week.n).max().unwrap_or(0),
    }
}

impl MarketTable {
    fn stretch(&self, exposure: impl Fn(&CreatorTotals) -> f64, ticks: (u32, u32)) -> Stretch {
        let n = self.creators.len();
        let (mut offer, mut merit) = (vec![0.0; n], vec![0.0; n]);
        for item in &self.items {
            let (c, on_offer) = (item.creator.index(), overlap(item.offered, ticks));
            if c < n {
                offer[c] += on_offer;
                merit[c] += on_offer * item.quality.map_or(1.0, f64::from);
            }
        }
        Stretch {
            exposure: self.creators.iter().map(exposure).collect(),
            ticks: self.creators.iter().map(|creator| creator.ticks_within(ticks)).collect(),
            offer,
            merit,
        }
    }

    /// The whole weeks of the log.
    fn weeks(&self) -> Vec<Stretch> {
        let length = self.window_ticks();
        let end = |window: usize| (window as f64 * length).round() as u32;
        let whole = self.windows.iter().enumerate().take_while(|(window, _)| end(window + 1) <= self.end);
        let week = |(window, exposure): (usize, &Vec<f64>)| {
            let mut stretch = self.stretch(|_| 0.0, (end(window), end(window + 1)));
            stretch.exposure.iter_mut().zip(exposure).for_each(|(to, from)| *to = *from);
            stretch
        };
        whole.map(week).collect()
    }

    /// Clicks by creator.
    fn clicks(&self) -> Vec<f64> {
        let mut clicks = vec![0.0; self.creators.len()];
        for item in self.items.iter().filter(|item| item.creator.index() < self.creators.len()) {
            clicks[item.creator.index()] += f64::from(item.clicks);
        }
        clicks
    }
}

impl Stretch {
    /// Something per tick there, of everybody who was there.
    fn rates<'a>(&'a self, of: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        of.iter().zip(&self.ticks).filter(|(_, ticks)| **ticks > 0.0).map(|(x, ticks)| x / ticks)
    }

    fn gini(&self) -> Estimate {
        gini(&self.rates(&self.exposure).collect::<Vec<_>>())
    }

    fn least(&self) -> Estimate {
        let (exposure, offer): (f64, f64) = (self.exposure.iter().sum(), self.offer.iter().sum());
        let offering = self.exposure.iter().zip(&self.offer).filter(|(_, offer)| **offer > 0.0);
        let shares = offering.clone().map(|(e, o)| (e / exposure) / (o / offer));
        let least = shares.min_by(f64::total_cmp).filter(|_| exposure > 0.0);
        Estimate::bare(least.unwrap_or(f64::NAN), offering.count() as u64)
    }

    /// `Σ |A_p − R_p|`, a difference of two ratios once its signs are given.
    fn inequity(&self) -> Estimate {
        let (e, m): (f64, f64) = (self.exposure.iter().sum(), self.merit.iter().sum());
        let n = self.rates(&self.exposure).count() as u64;
        if e.is_nan() || m.is_nan() || e <= 0.0 || m <= 0.0 {
            return Estimate::bare(f64::NAN, n);
        }
        let both = self.exposure.iter().zip(&self.merit).map(|(x, y)| (x / e, y / m));
        let signed = both.clone().map(|(a, r)| ((a - r).signum(), a, r));
        let (of_a, of_r) =
            signed.clone().fold((0.0, 0.0), |(x, y), (sign, a, r)| (x + sign * a, y + sign * r));
        let parts = signed.map(|(sign, a, r)| (sign - of_a) * a - (sign - of_r) * r);
        Estimate { mean: of_a - of_r, se: clustered(parts), n }
    }

    /// Something per merit of some creators over that of the others.
    fn ratio(&self, of: &[f64], some: impl Fn(usize) -> bool) -> Estimate {
        let per_merit = |which: bool| {
            let creators = (0..of.len()).filter(|c| some(*c) == which && self.merit[*c] > 0.0);
            Estimate::weighted(creators.clone().map(|c| (of[c], self.merit[c])), creators.count() as u64)
        };
        let (some, others) = (per_merit(true), per_merit(false));
        let (mean, n) = (some.mean / others.mean, some.n + others.n);
        if !mean.is_finite() {
            return Estimate::bare(f64::NAN, n);
        }
        Estimate { mean, se: some.se.hypot(mean * others.se) / others.mean, n }
    }

    fn envy(&self) -> Estimate {
        let creators: Vec<_> = self.rates(&self.merit).zip(self.rates(&self.exposure)).collect();
        let envied = |(merit, exposure): &(f64, f64)| {
            creators.iter().filter(|other| *merit >= other.0 && *exposure < other.1).count()
        };
        let n = creators.len() as u64;
        Estimate::bare(creators.iter().map(envied).sum::<usize>() as f64, n * n.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_creators_by_hand() {
        let stretch = Stretch {
            exposure: vec![6.0, 3.0, 0.0, 1.0],
            ticks: vec![2.0, 1.0, 4.0, 0.0],
            offer: vec![1.0, 1.0, 2.0, 0.0],
            merit: vec![2.0, 1.0, 1.0, 0.0],
        };
        // Rates 3, 3 and 0 of three who were there: (−2·0 + 0·3 + 2·3) / (3 · 6).
        assert!((stretch.gini().mean - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(stretch.gini().n, 3);
        assert_eq!((stretch.least().mean, stretch.least().n), (0.0, 3));
        // A = .6 .3 0 .1, R = .5 .25 .25 0.
        assert!((stretch.inequity().mean - 0.5).abs() < 1e-15);
        // The second and third together: 3 / 2; the others: 7 of merit 2, but the one without merit is left out: 6 / 2.
        let ratio = stretch.ratio(&stretch.exposure, |c| c == 1 || c == 2);
        assert!((ratio.mean - 0.5).abs() < 1e-15 && ratio.n == 3);
        // Merit per time 1, 1, ¼; exposure per time 3, 3, 0: nobody has less than one of no more merit.
        assert_eq!((stretch.envy().mean, stretch.envy().n), (0.0, 6));
        let starved = Stretch { exposure: vec![0.0, 3.0, 1.0, 0.0], ..stretch };
        // Rates 0, 3, ¼: the first envies both, the others nobody.
        assert_eq!(starved.envy().mean, 2.0);
    }

    #[test]
    fn nobody_and_nothing_shown_are_nan() {
        let nobody = Stretch { exposure: vec![], ticks: vec![], offer: vec![], merit: vec![] };
        let idle = Stretch { exposure: vec![0.0], ticks: vec![3.0], offer: vec![1.0], merit: vec![1.0] };
        for stretch in [nobody, idle] {
            let found = [stretch.gini(), stretch.least(), stretch.inequity(), stretch.ratio(&[], |_| true)];
            assert!(found.iter().all(|found| found.mean.is_nan()), "{found:?}");
            assert_eq!(stretch.envy().mean, 0.0);
        }
        assert!(mean_of([].into_iter()).mean.is_nan());
    }
}
