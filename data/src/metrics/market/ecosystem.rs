//! Who comes, who stays, who gets noticed, and what the good items get.

use recloop_env::Clock;

use super::exposure::total;
use super::{CreatorTotals, ItemTotals, MarketTable};
use crate::metrics::{Estimate, Named, Survival, correlation, gini, herfindahl, top_share};

/// Survival of creators and concentration of what they get.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `creators_ever` | creators there ever were | creators |
/// | `creator_entries` | those who came after the start | creators |
/// | `creator_survival` | of those there from the start, the share still there at the end | creators |
/// | `days_to_100_impressions` | Kaplan–Meier median from a creator's arrival to its 100th impression; may be `"not reached"` | creators |
/// | `exposure_hhi`, `effective_creators` | `Σ A_p²` of exposure shares and its inverse | creators |
/// | `top_1pct_share`, `top_10pct_share` | exposure of the top 1 % and 10 % of creators (one at least) | creators |
///
/// A creator that leaves, or the end of the log, censors the time to its 100th impression.
pub(super) fn creators(market: &MarketTable) -> Vec<Named> {
    let creators = &market.creators;
    let n = creators.len() as u64;
    let opening = creators.iter().filter(|creator| creator.entered == 0);
    let stayed = opening.clone().filter(|creator| creator.left.is_none());
    let survival = Estimate::share(stayed.count() as u64, opening.clone().count() as u64);
    let exposure: Vec<f64> = creators.iter().map(|creator| creator.exposure).collect();
    let hhi = herfindahl(&exposure);
    let effective = Estimate { mean: 1.0 / hhi.mean, se: hhi.se / (hhi.mean * hhi.mean), n };
    let mut metrics = vec![
        Named::new("creators_ever", Estimate::bare(n as f64, n)),
        Named::new("creator_entries", total(n - opening.count() as u64, n)),
        Named::new("creator_survival", survival),
    ];
    if market.has_calendar {
        let days = |ticks: u32| f64::from(ticks) * market.tick_secs / Clock::DAY_SECS;
        let wait = |creator: &CreatorTotals| match creator.noticed() {
            Some(tick) => (days(tick.saturating_sub(creator.entered)), true),
            None => (days(creator.left.unwrap_or(market.end).saturating_sub(creator.entered)), false),
        };
        let waits = creators.iter().map(wait).collect();
        metrics.push(Named::new("days_to_100_impressions", Survival::new(waits).median()));
    }
    metrics.extend([
        Named::new("exposure_hhi", hhi),
        Named::new("effective_creators", effective),
        Named::new("top_1pct_share", top_share(&exposure, 0.01)),
        Named::new("top_10pct_share", top_share(&exposure, 0.1)),
    ]);
    metrics
}

/// How the catalogue is used.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `item_gini` | [Gini coefficient](gini) of impressions, over every item ever published | items |
/// | `catalogue_coverage` | share of them shown at least once | items |
/// | `novelty_bits` | mean over impressions of `−log₂ p(i)`, p(i) the item's share of all impressions | impressions |
///
/// The standard error of novelty treats each user as one draw: impressions of one user are anything but independent, and
/// taking them to be all alike errs on the safe side.
///
/// # Source
/// Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma of recommender systems", for novelty.
pub(super) fn catalogue(market: &MarketTable) -> Vec<Named> {
    let impressions: Vec<f64> = market.items.iter().map(|item| f64::from(item.impressions)).collect();
    let shown = impressions.iter().filter(|impressions| **impressions > 0.0);
    let coverage = Estimate::share(shown.count() as u64, impressions.len() as u64);
    vec![
        Named::new("item_gini", gini(&impressions)),
        Named::new("catalogue_coverage", coverage),
        Named::new("novelty_bits", novelty(&impressions, market.n_users)),
    ]
}

/// Mean and spread of `−log₂ p` over impressions.
fn novelty(impressions: &[f64], n_users: u64) -> Estimate {
    let all: f64 = impressions.iter().sum();
    let bits = impressions.iter().filter(|x| **x > 0.0).map(|x| (x / all, -(x / all).log2()));
    let mean = bits.clone().map(|(p, bits)| p * bits).sum::<f64>();
    let variance = bits.map(|(p, bits)| p * (bits - mean).powi(2)).sum::<f64>();
    if all > 0.0 {
        Estimate { mean, se: (variance / n_users as f64).sqrt(), n: all as u64 }
    } else {
        Estimate::bare(f64::NAN, 0)
    }
}

/// What becomes of latent quality between making and liking.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `quality_created` | mean quality of the items there are | items |
/// | `quality_shown`, `_clicked`, `_liked` | mean quality, each item weighing its impressions, clicks, likes | impressions, … |
/// | `quality_exposure_correlation` | Pearson's, of quality and impressions | items |
pub(super) fn quality(market: &MarketTable) -> Vec<Named> {
    let known = || market.items.iter().filter_map(|item| Some((f64::from(item.quality?), item)));
    let weighing = |count: fn(&ItemTotals) -> u32| {
        let weighed = known().map(move |(quality, item)| (quality, u64::from(count(item))));
        Estimate::ratio(weighed.map(|(quality, n)| (quality * n as f64, n)))
    };
    let pairs: Vec<_> = known().map(|(quality, item)| (quality, f64::from(item.impressions))).collect();
    let mut metrics = vec![
        Named::new("quality_created", weighing(|_| 1)),
        Named::new("quality_shown", weighing(|item| item.impressions)),
        Named::new("quality_clicked", weighing(|item| item.clicks)),
    ];
    if market.has_likes {
        metrics.push(Named::new("quality_liked", weighing(|item| item.likes)));
    }
    metrics.push(Named::new("quality_exposure_correlation", correlation(&pairs)));
    metrics
}
