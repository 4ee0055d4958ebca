//! What the records of real people say of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One rating of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rated {
    /// Row of the user, from 0.
    pub user: usize,
    /// Row of the item, from 0.
    pub item: usize,
    /// The item's topic, from 0.
    pub topic: usize,
    /// What the user gave it.
    pub rating: f32,
}

/// Where somebody stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Up to the lower percentile.
    Low,
    /// Between the two.
    Middle,
    /// Above the upper percentile.
    High,
}

/// What a record shows of its user, each against everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// Number of ratings.
    pub activity: Level,
    /// Topics that make up 80 % of them.
    pub diversity: Level,
    /// Mean squared distance to what others gave: high is the least conformist.
    pub conformity: Level,
}

/// The habits of `n_users` people, by their ratings.
///
/// Activity is the number of ratings (percentiles 60 and 90); diversity the fewest topics that make up 80 % of them (33 and 66);
/// conformity `mean (r_ui − r̄_i)²` (25 and 80). A percentile is the smallest value that at least that share of people does not exceed;
/// whoever does not exceed the lower one is low. Somebody without ratings has 0 of everything.
///
/// # Panics
/// If a rating is of a user that is not there.
///
/// # Source
/// Zhang et al. (2024), "On Generative Agents in Recommendation" (Agent4Rec), for the three measures.
///
/// ```
/// use recloop_users::psyche::{Level, Rated, habits};
/// let rated = |user, item, topic, rating| Rated { user, item, topic, rating };
/// let all = habits(2, &[rated(0, 0, 0, 5.0), rated(0, 1, 1, 3.0), rated(1, 0, 0, 1.0)]);
/// // Of item 0 they are both 2 from the mean; the other one is user 0's alone.
/// assert_eq!((all[0].conformity, all[1].conformity), (Level::Low, Level::Middle));
/// ```
#[must_use]
pub fn habits(n_users: usize, ratings: &[Rated]) -> Vec<Habits> {
    let mut of_item: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for it in ratings {
        let (sum, n) = of_item.entry(it.item).or_default();
        (*sum, *n) = (*sum + f64::from(it.rating), *n + 1.0);
    }
    let mut count = vec![0.0; n_users];
    let mut apart = vec![0.0; n_users];
    let mut topics = vec![BTreeMap::<usize, usize>::new(); n_users];
    for it in ratings {
        let (sum, n) = of_item[&it.item];
        count[it.user] += 1.0;
        apart[it.user] += (f64::from(it.rating) - sum / n).powi(2);
        *topics[it.user].entry(it.topic).or_default() += 1;
    }
    apart.iter_mut().zip(&count).filter(|(_, n)| **n > 0.0).for_each(|(sum, n)| *sum /= n);
    let breadth: Vec<f64> = topics.iter().map(breadth).collect();
    let activity = levels(&count, 0.6, 0.9);
    let diversity = levels(&breadth, 0.33, 0.66);
    let conformity = levels(&apart, 0.25, 0.8);
    let of = |u| Habits { activity: activity[u], diversity: diversity[u], conformity: conformity[u] };
    (0..n_users).map(of).collect()
}

/// The fewest topics that make up 80 %.
fn breadth(counts: &BTreeMap<usize, usize>) -> f64 {
    let mut counts: Vec<usize> = counts.values().copied().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let (total, mut sum) = (counts.iter().sum::<usize>(), 0);
    let enough = |count: &usize| {
        let before = sum;
        sum += count;
        5 * before < 4 * total
    };
    counts.iter().copied().filter(enough).count() as f64
}

fn levels(values: &[f64], lower: f64, upper: f64) -> Vec<Level> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let percentile = |p: f64| {
        let at = (p * sorted.len() as f64).ceil().max(1.0) as usize - 1;
        sorted.get(at).copied().unwrap_or_default()
    };
    let (low, high) = (percentile(lower), percentile(upper));
    let level = |value: &f64| match *value {
        value if value <= low => Level::Low,
        value if value <= high => Level::Middle,
        _ => Level::High,
    };
    values.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psyche_habits_by_hand() {
        // User u has u + 1 ratings of one topic each, all 3 but for the last user, who gives 5.
        let rating = |user| if user == 9 { 5.0 } else { 3.0 };
        let of =
            |user: usize| (0..=user).map(move |k| Rated { user, item: k, topic: k, rating: rating(user) });
        let all = habits(10, &(0..10).flat_map(of).collect::<Vec<_>>());
        let activity: Vec<Level> = all.iter().map(|it| it.activity).collect();
        use Level::{High, Low, Middle};
        assert_eq!(activity, [Low, Low, Low, Low, Low, Low, Middle, Middle, Middle, High]);
        // Of 1 … 10 topics in equal shares 80 % are 1, 2, 3, 4, 4, 5, 6, 7, 8, 8: percentiles 4 and 6.
        let diversity: Vec<Level> = all.iter().map(|it| it.diversity).collect();
        assert_eq!(diversity, [Low, Low, Low, Low, Low, Middle, Middle, High, High, High]);
        assert_eq!(all[9].conformity, High);
        assert!(habits(0, &[]).is_empty());
        assert_eq!(habits(1, &[])[0].activity, Low);
    }

    #[test]
    fn psyche_breadth_stops_at_four_fifths() {
        let of = |counts: &[usize]| breadth(&counts.iter().copied().enumerate().collect());
        assert_eq!((of(&[8, 1, 1]), of(&[7, 2, 1]), of(&[1; 5]), of(&[])), (1.0, 2.0, 4.0, 0.0));
    }
}
