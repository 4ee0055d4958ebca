//! Whether each item reached the people it was meant for: impression variance where every item has an audience of its own.

use recloop_env::{CandidateRow, Facts, ItemId, Key, Metric, Population, Transition, UserId};
use serde::{Deserialize, Serialize};

use super::Estimate;
use super::market::audience::{BOUND, JUDGED, fair_coverage, mix, variance};

/// Who could be shown each durable item, and how often each of them was.
///
/// The eligible audience of an item is everybody who had it among their candidates at any time. With d the mix of group
/// levels in it and e the mix of what was counted, the item's **impression variance** is `½ Σ_k |d_k − e_k|`;
/// [`DeliveryTable::coverage`] says how many items stay within 10 %. A run's own metrics have the same numbers for worlds
/// in which everybody is eligible for everything.
///
/// People are of the level they had when they were first seen. Ephemeral items have no audience and are left out.
///
/// # Source
/// Timmaraju et al. (2023), "Towards fairness in personalized ads using impression variance aware reinforcement
/// learning", arXiv 2306.03293.
///
/// ```
/// use recloop_data::metrics::{Counted, Delivery};
/// use recloop_env::testing::{ToyRecommender, toy_feed};
/// use recloop_env::{Metric, ResetOptions, play};
/// let (mut world, mut total) = (toy_feed(9), Delivery.start());
/// let facts = toy_feed(9); // names and people of the same world
/// play(&mut world, &mut ToyRecommender::default(), 7, &ResetOptions::default(), |t| {
///     Delivery.fold(&mut total, &facts.facts(), t);
/// })?;
/// // Nobody is grouped there, and nothing is shown 300 times.
/// assert!(Delivery.value(total).coverage(0, Counted::Impressions).is_none());
/// # Ok::<(), recloop_env::PlayError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery;

/// What is counted of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Every time it was shown.
    Impressions,
    /// Everybody it was shown to, once.
    People,
}

/// One record for each user and item they could be shown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DeliveryTable {
    people: Option<Population>,
    /// By user id, then ascending by item.
    users: Vec<Vec<Eligible>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Eligible {
    item: ItemId,
    impressions: u32,
}

/// How many items were delivered to their audience's mix, within 10 %; of items counted at least 300 times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Mean impression variance; n: items judged.
    pub variance: Estimate,
    /// Share of the items judged that are covered.
    pub by_item: Estimate,
    /// The same, each item weighing what was counted of it.
    pub by_volume: Estimate,
    /// What perfectly fair delivery would be expected to get at the same counts: each drawn from the item's own audience,
    /// with replacement.
    pub fair_by_item: Estimate,
    /// The same, each item weighing what was counted of it.
    pub fair_by_volume: Estimate,
    /// Items that were counted too seldom to be judged, those never shown included.
    pub not_judged: u64,
}

impl Metric for Delivery {
    const KEY: Key = Key::Row;
    type Partial = DeliveryTable;
    type Value = DeliveryTable;

    fn start(&self) -> DeliveryTable {
        DeliveryTable::default()
    }

    fn fold(&self, into: &mut DeliveryTable, facts: &Facts<'_>, t: &Transition<'_>) {
        if !t.seen.items.is_durable() {
            return;
        }
        into.people.get_or_insert_with(|| facts.population.clone());
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= into.users.len() {
                into.users.resize(user.index() + 1, Vec::new());
            }
            let eligible = &mut into.users[user.index()];
            offer(eligible, t.seen.candidates.row(r));
            t.slates.items.row(r).iter().for_each(|item| add(eligible, *item, 1));
        }
    }

    fn merge(&self, mut left: DeliveryTable, right: DeliveryTable) -> DeliveryTable {
        left.people = left.people.or(right.people);
        if right.users.len() > left.users.len() {
            left.users.resize(right.users.len(), Vec::new());
        }
        for (into, more) in left.users.iter_mut().zip(right.users) {
            more.iter().for_each(|one| add(into, one.item, one.impressions));
        }
        left
    }

    fn value(&self, total: DeliveryTable) -> DeliveryTable {
        total
    }
}

/// Notes what somebody could be shown; most ticks offer what the last one did.
fn offer(eligible: &mut Vec<Eligible>, offered: CandidateRow<'_>) {
    if !eligible.iter().map(|one| one.item).eq(offered) {
        offered.iter().for_each(|item| add(eligible, item, 0));
    }
}

fn add(eligible: &mut Vec<Eligible>, item: ItemId, impressions: u32) {
    match eligible.binary_search_by_key(&item, |one| one.item) {
        Ok(at) => eligible[at].impressions += impressions,
        Err(at) => eligible.insert(at, Eligible { item, impressions }),
    }
}

/// Level counts of one item.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    eligible: Vec<u32>,
    counted: Vec<u32>,
    /// Whether everybody is counted once.
    once: bool,
}

impl Item {
    fn is_met(&self) -> bool {
        total(&self.eligible) > 0
    }

    fn is_judged(&self) -> bool {
        self.is_met() && total(&self.counted) >= JUDGED
    }

    /// Variance of a fair share beside that of as many draws with replacement: people are drawn without, and of an audience
    /// that was all reached, nothing is left to luck.
    fn left(&self) -> f64 {
        let (audience, reached) = (f64::from(total(&self.eligible)), f64::from(total(&self.counted)));
        if self.once { (audience - reached) / (audience - 1.0).max(1.0) } else { 1.0 }
    }
}

fn total(counts: &[u32]) -> u32 {
    counts.iter().sum()
}

impl DeliveryTable {
    /// Items that somebody could be shown, and that were counted too seldom to be judged; 0 if nobody is grouped.
    #[must_use]
    pub fn not_judged(&self, attribute: usize, counted: Counted) -> u64 {
        let items = self.items(attribute, counted).unwrap_or_default();
        items.iter().filter(|item| item.is_met() && !item.is_judged()).count() as u64
    }

    /// Coverage by one attribute; `None` if nobody is grouped by it, or no item is judged.
    ///
    /// One level alone is always covered: its mix cannot be missed.
    #[must_use]
    pub fn coverage(&self, attribute: usize, counted: Counted) -> Option<Coverage> {
        let items = self.items(attribute, counted)?;
        let judged: Vec<Verdict> = items.iter().filter(|item| item.is_judged()).map(Verdict::of).collect();
        (!judged.is_empty()).then(|| Coverage {
            variance: Estimate::mean(judged.iter().map(|item| item.variance)),
            by_item: weighed(&judged, |_| 1.0, Verdict::covered),
            by_volume: weighed(&judged, |item| item.volume, Verdict::covered),
            fair_by_item: weighed(&judged, |_| 1.0, |item| item.fair),
            fair_by_volume: weighed(&judged, |item| item.volume, |item| item.fair),
            not_judged: self.not_judged(attribute, counted),
        })
    }

    fn items(&self, attribute: usize, counted: Counted) -> Option<Vec<Item>> {
        let people = self.people.as_ref()?;
        let n_levels = people.groups().get(attribute)?.levels.len();
        let mut items = Vec::new();
        for (user, eligible) in
            (0..).map(UserId).zip(&self.users).filter(|(user, _)| user.index() < people.n_users())
        {
            let level = usize::from(people.level(user, attribute));
            for one in eligible {
                if one.item.index() >= items.len() {
                    let nothing =
                        Item { eligible: vec![0; n_levels], counted: vec![0; n_levels], once: false };
                    items.resize(one.item.index() + 1, nothing);
                }
                let item = &mut items[one.item.index()];
                item.once = counted == Counted::People;
                item.eligible[level] += 1;
                item.counted[level] += match counted {
                    Counted::Impressions => one.impressions,
                    Counted::People => one.impressions.min(1),
                };
            }
        }
        Some(items)
    }
}

/// One item judged.
struct Verdict {
    variance: f64,
    volume: f64,
    /// How likely fair delivery would be covered.
    fair: f64,
}

impl Verdict {
    fn of(item: &Item) -> Self {
        let (audience, volume) = (mix(&item.eligible), f64::from(total(&item.counted)));
        let fair = fair_coverage(&audience, std::iter::once(volume / item.left())).mean;
        Self { variance: variance(&audience, &item.counted), volume, fair }
    }

    fn covered(&self) -> f64 {
        f64::from(u8::from(self.variance <= BOUND))
    }
}

/// Expected share, by these weights, of items each of which has this chance.
fn weighed(items: &[Verdict], weight: fn(&Verdict) -> f64, chance: fn(&Verdict) -> f64) -> Estimate {
    let total: f64 = items.iter().map(weight).sum();
    let mean = items.iter().map(|item| weight(item) * chance(item)).sum::<f64>() / total;
    let spread = items.iter().map(|item| (weight(item) * (chance(item) - mean)).powi(2)).sum::<f64>();
    Estimate { mean, se: spread.sqrt() / total, n: items.len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::Group;

    /// Users of the given levels; user u was shown item i `shown[u][i]` times, if eligible.
    fn table(levels: &[u16], shown: &[Vec<Option<u32>>]) -> DeliveryTable {
        let groups = vec![Group::new("half", &["a", "b"])];
        let mut people = Population::new(groups, levels.len());
        (0..).map(UserId).zip(levels).for_each(|(user, level)| people.levels_mut(user)[0] = *level);
        let eligible = |(item, impressions): (u32, &Option<u32>)| {
            Some(Eligible { item: ItemId(item), impressions: (*impressions)? })
        };
        let users = shown.iter().map(|row| (0..).zip(row).filter_map(eligible).collect()).collect();
        DeliveryTable { people: Some(people), users }
    }

    #[test]
    fn three_items_by_hand() {
        // Item 0: audience a, a, b, b; impressions 300, 0, 100, 200: e = (.5, .5), variance 0. Item 1: audience a, b; impressions
        // 270, 130: e = (.675, .325), variance .175. Item 2: audience b alone, 299 impressions: not judged.
        let shown = [
            vec![Some(300), Some(270)],
            vec![Some(0)],
            vec![Some(100), Some(130), Some(299)],
            vec![Some(200), None, Some(0)],
        ];
        let found = table(&[0, 0, 1, 1], &shown).coverage(0, Counted::Impressions).unwrap();
        assert!((found.variance.mean - 0.0875).abs() < 1e-12);
        assert_eq!((found.by_item.mean, found.by_item.n, found.not_judged), (0.5, 2, 1));
        assert!((found.by_volume.mean - 0.6).abs() < 1e-12);
        // √(.5² + .5²) / 2; 600 and 400 of 1,000, .4 and .6 away from .6.
        assert!((found.by_item.se - 0.5_f64.sqrt() / 2.0).abs() < 1e-12);
        assert!((found.by_volume.se - 240.0 * 2.0_f64.sqrt() / 1000.0).abs() < 1e-12);
        // 400 and 600 fair coins stray by 10 % of the throws with probability 6e-5 and less.
        assert!(found.fair_by_item.mean > 0.998 && found.fair_by_volume.mean > 0.998);
    }

    #[test]
    fn people_count_once() {
        // 400 people, even ones of level a. Item 0 reaches all of level b and half of level a, once or five times.
        let levels: Vec<u16> = (0..400).map(|u| u % 2).collect();
        let shown: Vec<Vec<Option<u32>>> =
            (0..400).map(|u| vec![Some(if u % 2 == 1 { 1 } else { 5 * u32::from(u % 4 == 0) })]).collect();
        let table = table(&levels, &shown);
        // People: 100 a, 200 b of an even audience: variance 1/6. Impressions: 500 a, 200 b: 3/14.
        let people = table.coverage(0, Counted::People).unwrap();
        let impressions = table.coverage(0, Counted::Impressions).unwrap();
        assert!((people.variance.mean - 1.0 / 6.0).abs() < 1e-12);
        assert!((impressions.variance.mean - 3.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_judge_is_none_and_one_level_is_covered() {
        assert_eq!(DeliveryTable::default().coverage(0, Counted::People), None);
        let few = table(&[0, 1], &[vec![Some(9)], vec![Some(200)]]);
        assert_eq!((few.coverage(0, Counted::Impressions), few.coverage(1, Counted::People)), (None, None));
        let alike = table(&[0, 0], &[vec![Some(200)], vec![Some(200)]]);
        let found = alike.coverage(0, Counted::Impressions).unwrap();
        assert_eq!((found.by_item.mean, found.fair_by_item.mean, found.variance.mean), (1.0, 1.0, 0.0));
    }

    #[test]
    fn parts_merge_into_the_whole() {
        let part = |counts: [Option<u32>; 3]| table(&[0, 1, 1], &counts.map(|count| vec![count, Some(1)]));
        let (left, right) = (part([Some(3), None, Some(0)]), part([Some(4), None, Some(7)]));
        let whole = Delivery.merge(left.clone(), right.clone());
        assert_eq!(
            whole.users[0],
            [(0, 7), (1, 2)].map(|(i, n)| Eligible { item: ItemId(i), impressions: n })
        );
        assert_eq!(whole.users[1].len(), 1);
        assert_eq!(whole, Delivery.merge(right, left));
        assert_eq!(Delivery.merge(Delivery.start(), whole.clone()), whole);
    }
}
