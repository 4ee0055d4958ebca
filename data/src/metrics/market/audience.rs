//! Whether each item reached the people it could have reached: impression variance.

use recloop_env::{Grid, Group, ItemId, Population, UserId, philox4x32, unit};
use serde::{Deserialize, Serialize};

use super::ItemTotals;
use crate::metrics::{Estimate, Named};

/// Impressions from which on an item is judged.
pub(in crate::metrics) const JUDGED: u32 = 300;
/// The variance an item may have.
pub(in crate::metrics) const BOUND: f64 = 0.1;
/// Draws of fair delivery (chosen by us: the coverage they give is within ±0.02 of exact).
const DRAWS: u32 = 4096;

/// To whom each item was shown, by group level.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Audience {
    groups: Vec<Group>,
    /// Everybody there is, by group, then level: all may be shown anything.
    eligible: Vec<u32>,
    /// `[items, levels of all groups]` impressions.
    shown: Grid<u32>,
}

impl Audience {
    pub(super) fn learn(&mut self, population: &Population, n_items: usize) {
        if self.groups.is_empty() && !population.groups().is_empty() {
            self.groups = population.groups().to_vec();
            self.eligible = vec![0; self.width()];
            for user in 0..population.n_users() as u32 {
                let columns = columns(&self.groups, population.levels(UserId(user)));
                columns.for_each(|column| self.eligible[column] += 1);
            }
        }
        if !self.groups.is_empty() && n_items > self.shown.rows() {
            self.shown.resize(n_items, self.width());
        }
    }

    /// The group levels of `user`; none where there are no groups.
    pub(super) fn levels<'a>(&self, population: &'a Population, user: UserId) -> &'a [u16] {
        if user.index() < population.n_users() { population.levels(user) } else { &[] }
    }

    pub(super) fn show(&mut self, item: ItemId, levels: &[u16]) {
        if item.index() < self.shown.rows() {
            let row = self.shown.row_mut(item.index());
            columns(&self.groups, levels).for_each(|column| row[column] += 1);
        }
    }

    pub(super) fn add(&mut self, mut more: Self) {
        if more.shown.rows() > self.shown.rows() {
            std::mem::swap(self, &mut more);
        }
        let mine = self.shown.as_mut_slice().iter_mut();
        mine.zip(more.shown.as_slice()).for_each(|(mine, more)| *mine += more);
    }

    fn width(&self) -> usize {
        self.groups.iter().map(|group| group.levels.len()).sum()
    }

    /// Impression variance and its coverage.
    ///
    /// An item's variance is the total variation `½ Σ_k |d_k − e_k|` between the mix of group levels among those eligible,
    /// here everybody, and among its impressions; judged are items with at least 300 impressions.
    ///
    /// | metric | definition | n |
    /// |---|---|---|
    /// | `impression_variance_by_<attribute>` | mean variance | items judged |
    /// | `impression_variance_coverage_by_<attribute>` | share of them with at most 10 % | items judged |
    /// | `impression_variance_coverage_fair_by_<attribute>` | what perfectly fair delivery would be expected to get at the same counts | items judged |
    ///
    /// # Source
    /// Timmaraju et al. (2023), "Towards fairness in personalized ads using impression variance aware reinforcement
    /// learning", arXiv 2306.03293.
    pub(super) fn metrics(&self, items: &[ItemTotals]) -> Vec<Named> {
        let mut metrics = Vec::new();
        let mut from = 0;
        for group in &self.groups {
            let levels = from..from + group.levels.len();
            from = levels.end;
            let mix = mix(&self.eligible[levels.clone()]);
            let judged = items.iter().enumerate().filter(|(_, item)| item.impressions >= JUDGED);
            let judged: Vec<_> = judged
                .filter(|(i, _)| *i < self.shown.rows())
                .map(|(i, item)| {
                    (variance(&mix, &self.shown.row(i)[levels.clone()]), f64::from(item.impressions))
                })
                .collect();
            let n = judged.len() as u64;
            let within = judged.iter().filter(|(variance, _)| *variance <= BOUND).count() as u64;
            let name = |what: &str| format!("impression_variance{what}_by_{}", group.name);
            metrics.extend([
                Named::new(name(""), Estimate::mean(judged.iter().map(|(variance, _)| *variance))),
                Named::new(name("_coverage"), Estimate::share(within, n)),
                Named::new(
                    name("_coverage_fair"),
                    fair_coverage(&mix, judged.iter().map(|(_, shown)| *shown)),
                ),
            ]);
        }
        metrics
    }
}

/// The columns of these levels; a level that its group does not have is nowhere.
fn columns(groups: &[Group], levels: &[u16]) -> impl Iterator<Item = usize> {
    let from = groups.iter().scan(0, |from, group| {
        let here = *from;
        *from += group.levels.len();
        Some((here, group.levels.len()))
    });
    let of_each = from.zip(levels).filter(|((_, n), level)| usize::from(**level) < *n);
    of_each.map(|((from, _), level)| from + usize::from(*level))
}

pub(in crate::metrics) fn mix(counts: &[u32]) -> Vec<f64> {
    let all = f64::from(counts.iter().sum::<u32>().max(1));
    counts.iter().map(|count| f64::from(*count) / all).collect()
}

/// `½ Σ |d_k − e_k|` of a mix and the mix of some counts.
pub(in crate::metrics) fn variance(eligible: &[f64], shown: &[u32]) -> f64 {
    eligible.iter().zip(mix(shown)).map(|(d, e)| (d - e).abs()).sum::<f64>() / 2.0
}

/// The expected share within the bound if each impression went to a random eligible person.
///
/// Fair counts are multinomial; from 300 impressions on their deviations are as good as Gaussian with covariance
/// `diag(d) − d dᵀ`, so that one sample of `½ Σ |g_k|`, scaled by `1/√n`, serves every item. Counts move in steps of one,
/// so the bound lies half a step further out (the usual correction for continuity).
pub(in crate::metrics) fn fair_coverage(
    eligible: &[f64],
    impressions: impl Iterator<Item = f64>,
) -> Estimate {
    let mut deviations: Vec<f64> = (0..DRAWS).map(|draw| deviation(eligible, draw)).collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let passes = |n: f64| {
        let bound = (BOUND + 0.5 / n) * n.sqrt();
        deviations.partition_point(|deviation| *deviation <= bound) as f64 / f64::from(DRAWS)
    };
    let (mut n, mut sum, mut variance) = (0, 0.0, 0.0_f64);
    for passes in impressions.map(passes) {
        (n, sum, variance) = (n + 1, sum + passes, variance + passes * (1.0 - passes));
    }
    Estimate { mean: sum / n as f64, se: variance.sqrt() / n as f64, n }
}

/// One draw of `½ Σ |g_k|`; the same numbers for every run, like a table in a book.
fn deviation(eligible: &[f64], draw: u32) -> f64 {
    let normals = (0..).flat_map(|pair| {
        let words = philox4x32([pair, draw, 0, 0], [0; 2]);
        // Box & Muller (1958), "A note on the generation of random normal deviates".
        let (radius, angle) = ((-2.0 * unit(words[0]).ln()).sqrt(), std::f64::consts::TAU * unit(words[1]));
        [radius * angle.cos(), radius * angle.sin()]
    });
    let rooted: Vec<f64> = eligible.iter().zip(normals).map(|(d, normal)| d.sqrt() * normal).collect();
    // What is left adds up to 0: shares are won by some and lost by others.
    let along: f64 = rooted.iter().sum();
    eligible.iter().zip(&rooted).map(|(d, rooted)| (rooted - d * along).abs()).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_by_hand() {
        // ½ (|.5 − .75| + |.3 − .25| + |.2 − 0|).
        assert!((variance(&[0.5, 0.3, 0.2], &[3, 1, 0]) - 0.25).abs() < 1e-15);
        assert_eq!(variance(&[1.0], &[7]), 0.0);
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "evidence is printed")]
    fn fair_delivery_gets_what_multinomial_draws_get() {
        // Counted over 20,000 multinomial draws, one standard error 0.003; the Gaussian sample adds 0.007, four of both together
        // 0.03, and the third moment another O(1/n).
        let counted = |eligible: &[f64], impressions: u32| {
            let draws = 20_000;
            let under = (0..draws).filter(|draw| {
                let mut shown = vec![0; eligible.len()];
                for i in 0..impressions {
                    let mut left = unit(philox4x32([i, *draw, 1, 0], [9, 9])[0]);
                    let level = eligible.iter().position(|share| {
                        left -= share;
                        left < 0.0
                    });
                    shown[level.unwrap_or(eligible.len() - 1)] += 1;
                }
                variance(eligible, &shown) <= BOUND + 1e-12
            });
            under.count() as f64 / f64::from(draws)
        };
        let cases: [(&[f64], u32, f64); 5] = [
            (&[0.2; 5], 100, 0.03),
            (&[0.2; 5], 300, 0.02),
            (&[0.05; 20], 300, 0.04),
            (&[0.7, 0.2, 0.1], 40, 0.05),
            (&[0.9, 0.1], 60, 0.05),
        ];
        for (eligible, impressions, tolerance) in cases {
            let fair = fair_coverage(eligible, [f64::from(impressions)].into_iter()).mean;
            let counted = counted(eligible, impressions);
            println!("evidence: fair delivery of {impressions}: {fair:.3}, multinomial draws {counted:.3}");
            assert!((fair - counted).abs() < tolerance, "{impressions}: {fair}, counted {counted}");
        }
    }

    #[test]
    fn one_level_is_always_covered() {
        assert_eq!(fair_coverage(&[1.0], [300.0, 500.0].into_iter()).mean, 1.0);
        assert_eq!(fair_coverage(&[0.5, 0.5], [f64::INFINITY].into_iter()).mean, 1.0);
        assert!(fair_coverage(&[0.5, 0.5], [].into_iter()).mean.is_nan());
    }
}
