//! Whom a recommender serves how well: one measure, group by group.

use recloop_env::Group;

use super::people::PeopleTable;
use super::per_user::Measure;
use super::{Estimate, Named, Section};

/// How many strata of early activity (terciles; chosen by us).
const STRATA: usize = 3;

/// In which tercile of early activity each user is, by user id.
///
/// Early activity is the number of sessions begun within [`EARLY_DAYS`](super::EARLY_DAYS) of a user's first slate: the
/// later a count is taken, the more of it the recommender caused. Ties stay together.
pub(super) struct Strata(Vec<u8>);

impl Strata {
    pub(super) fn of(people: &PeopleTable) -> Self {
        let early = people.users.iter().map(|user| user.visits.early_sessions);
        let mut sorted: Vec<u32> = early.clone().filter(|sessions| *sessions > 0).collect();
        sorted.sort_unstable();
        let cut = |part: usize| sorted.get((sorted.len() * part).div_ceil(STRATA).saturating_sub(1));
        let cuts: Vec<u32> = (1..STRATA).filter_map(cut).copied().collect();
        Self(early.map(|sessions| cuts.iter().filter(|cut| sessions > **cut).count() as u8).collect())
    }
}

/// Minutes (reward where no time is spent) and return within the week, by the levels of a group attribute.
///
/// With `m_g` the mean of group *g*, over groups with anybody in them:
///
/// | metric | definition | n |
/// |---|---|---|
/// | `minutes_by_<attribute>_<level>` | `m_g` | size of the group |
/// | `minutes_gap_by_<attribute>` | `max m_g − min m_g` | users |
/// | `minutes_worst_by_<attribute>` | `min m_g` | size of that group |
/// | `minutes_variance_by_<attribute>` | `Σ (m_g − m̄)² / G`, groups weighing alike | users |
/// | `minutes_ratio_by_<attribute>` | `min m_g / max m_g` | users |
/// | `minutes_gap_within_activity_by_<attribute>` | mean of the gaps within terciles of early activity, by their size | users |
/// | `return_…` | the same of the share who come back on any of the days 1 to 7 after their first | |
///
/// Gaps and variances of small groups are positive by luck alone: compare them with the standard errors of the groups.
/// A measure that nobody has yet, such as return in the first week, is left out.
pub(super) fn section(people: &PeopleTable, strata: &Strata, g: usize, group: &Group) -> Section {
    let spent = if people.has_dwell { Measure::Minutes } else { Measure::Reward };
    let back = people.has_calendar.then_some(Measure::BackInAWeek);
    let metrics = [Some(spent), back].into_iter().flatten().flat_map(|measure| {
        let told = By { people, strata, measure, g, group };
        told.metrics()
    });
    Section::new(&format!("Users by {}", group.name), metrics.collect())
}

struct By<'a> {
    people: &'a PeopleTable,
    strata: &'a Strata,
    measure: Measure,
    g: usize,
    group: &'a Group,
}

impl By<'_> {
    fn metrics(&self) -> Vec<Named> {
        let levels = self.levels(|_| true);
        if levels.iter().all(|level| level.n == 0) {
            return Vec::new();
        }
        let (measure, attribute) = (self.measure.word(), &self.group.name);
        let by = |what: &str| format!("{measure}_{what}by_{attribute}");
        let each = self.group.levels.iter().zip(&levels);
        let mut metrics: Vec<_> =
            each.map(|(level, mean)| Named::new(format!("{}_{level}", by("")), *mean)).collect();
        metrics.extend([
            Named::new(by("gap_"), group_gap(&levels)),
            Named::new(by("worst_"), worst_group(&levels)),
            Named::new(by("variance_"), group_variance(&levels)),
            Named::new(by("ratio_"), group_ratio(&levels)),
            Named::new(by("gap_within_activity_"), self.gap_within_strata()),
        ]);
        metrics
    }

    /// The mean of each level, over users of some strata.
    fn levels(&self, within: impl Fn(u8) -> bool) -> Vec<Estimate> {
        let mut values = vec![Vec::new(); self.group.levels.len()];
        let Some(population) = &self.people.population else { return Vec::new() };
        for (user, _) in self.people.seen().filter(|(user, _)| within(self.strata.0[user.index()])) {
            let value = self.people.measure(user, self.measure);
            if value.is_finite()
                && user.index() < population.n_users()
                && let Some(values) = values.get_mut(usize::from(population.level(user, self.g)))
            {
                values.push(value);
            }
        }
        values.iter().map(|values| Estimate::mean(values.iter().copied())).collect()
    }

    fn gap_within_strata(&self) -> Estimate {
        let strata = (0..STRATA as u8).map(|stratum| group_gap(&self.levels(|of| of == stratum)));
        let strata: Vec<_> = strata.filter(|gap| gap.n > 0).collect();
        let n: u64 = strata.iter().map(|gap| gap.n).sum();
        let weigh = |gap: &Estimate| gap.n as f64 / n as f64;
        let mean = strata.iter().map(|gap| weigh(gap) * gap.mean).sum();
        let variance: f64 = strata.iter().map(|gap| (weigh(gap) * gap.se).powi(2)).sum();
        Estimate { mean, se: variance.sqrt(), n }
    }
}

/// Groups with anybody in them.
fn there(levels: &[Estimate]) -> impl Iterator<Item = &Estimate> + Clone {
    levels.iter().filter(|level| level.n > 0)
}

/// Those worst and best off; of nobody, nothing.
fn ends(levels: &[Estimate]) -> (Estimate, Estimate) {
    let by_mean = |a: &&Estimate, b: &&Estimate| a.mean.total_cmp(&b.mean);
    let none = Estimate::bare(f64::NAN, 0);
    let worst = there(levels).min_by(by_mean).copied().unwrap_or(none);
    (worst, there(levels).max_by(by_mean).copied().unwrap_or(none))
}

fn size(levels: &[Estimate]) -> u64 {
    levels.iter().map(|level| level.n).sum()
}

/// `max − min` of group means, with the standard error of that difference.
#[must_use]
pub fn group_gap(levels: &[Estimate]) -> Estimate {
    let (worst, best) = ends(levels);
    Estimate { mean: best.mean - worst.mean, se: worst.se.hypot(best.se), n: size(levels) }
}

/// The group with the smallest mean.
#[must_use]
pub fn worst_group(levels: &[Estimate]) -> Estimate {
    ends(levels).0
}

/// Variance of the group means, groups weighing alike.
#[must_use]
pub fn group_variance(levels: &[Estimate]) -> Estimate {
    let n_groups = there(levels).count() as f64;
    let centre = there(levels).map(|level| level.mean).sum::<f64>() / n_groups;
    let mean = there(levels).map(|level| (level.mean - centre).powi(2)).sum::<f64>() / n_groups;
    let moved = there(levels).map(|level| (2.0 / n_groups * (level.mean - centre) * level.se).powi(2));
    Estimate { mean, se: moved.sum::<f64>().sqrt(), n: size(levels) }
}

/// `min / max` of group means: 1 where all fare alike; NaN if even the best have nothing.
#[must_use]
pub fn group_ratio(levels: &[Estimate]) -> Estimate {
    let (worst, best) = ends(levels);
    if best.mean.is_nan() || best.mean <= 0.0 {
        return Estimate::bare(f64::NAN, size(levels));
    }
    let mean = worst.mean / best.mean;
    Estimate { mean, se: worst.se.hypot(mean * best.se) / best.mean, n: size(levels) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_groups_by_hand_and_an_empty_one() {
        let level = |mean, se, n| Estimate { mean, se, n };
        let levels =
            [level(4.0, 0.3, 10), level(f64::NAN, f64::NAN, 0), level(10.0, 0.4, 5), level(7.0, 1.0, 5)];
        let gap = group_gap(&levels);
        assert_eq!((gap.mean, gap.n), (6.0, 20));
        assert!((gap.se - 0.5).abs() < 1e-15);
        assert_eq!((worst_group(&levels).mean, worst_group(&levels).n), (4.0, 10));
        // Deviations −3, 3, 0 from 7.
        assert_eq!(group_variance(&levels).mean, 6.0);
        // √((2/3 · 3 · .3)² + (2/3 · 3 · .4)²).
        assert!((group_variance(&levels).se - 1.0).abs() < 1e-12);
        let ratio = group_ratio(&levels);
        assert_eq!(ratio.mean, 0.4);
        assert!((ratio.se - 0.3_f64.hypot(0.16) / 10.0).abs() < 1e-15);
    }

    #[test]
    fn nobody_and_nothing_are_nan() {
        let none = Estimate::bare(f64::NAN, 0);
        for found in [group_gap(&[none]), worst_group(&[]), group_variance(&[none, none]), group_ratio(&[])] {
            assert!(found.mean.is_nan() && found.n == 0);
        }
        assert!(group_ratio(&[Estimate { mean: 0.0, se: 0.0, n: 3 }]).mean.is_nan());
    }
}
