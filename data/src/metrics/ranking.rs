//! How well a ranked list finds what is known to be relevant.

use recloop_env::{Facts, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::{Estimate, Named, Section};

/// One user's held-out items in one ranked list.
///
/// ```
/// use recloop_data::metrics::Ranked;
/// // Three relevant items; the list has two of them, at the first and the fourth place.
/// let case = Ranked::new(vec![3, 0], 3);
/// assert_eq!((case.hit_rate(1), case.mrr(10)), (1.0, 1.0));
/// assert_eq!(case.recall(10), 2.0 / 3.0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Places of relevant items, from 0, ascending.
    places: Vec<usize>,
    n_relevant: usize,
}

impl Ranked {
    /// Relevant items at these places of a list, from 0 and distinct, of `n_relevant` there are.
    #[must_use]
    pub fn new(mut places: Vec<usize>, n_relevant: usize) -> Self {
        places.sort_unstable();
        Self { n_relevant: n_relevant.max(places.len()), places }
    }

    /// Where the relevant items stand in `list`.
    #[must_use]
    pub fn in_list<T: PartialEq>(list: &[T], relevant: &[T]) -> Self {
        let places = list.iter().enumerate().filter(|(_, item)| relevant.contains(item));
        Self::new(places.map(|(place, _)| place).collect(), relevant.len())
    }

    fn among(&self, k: usize) -> impl Iterator<Item = usize> + '_ {
        self.places.iter().copied().take_while(move |place| *place < k)
    }

    /// 1 if any of the first `k` is relevant, else 0.
    #[must_use]
    pub fn hit_rate(&self, k: usize) -> f64 {
        f64::from(self.among(k).next().is_some())
    }

    /// The relevant items among the first `k` / all relevant ones; 0 if there are none.
    #[must_use]
    pub fn recall(&self, k: usize) -> f64 {
        self.among(k).count() as f64 / self.n_relevant.max(1) as f64
    }

    /// 1 / the rank of the first relevant item among the first `k`, rank from 1; 0 if there is none.
    #[must_use]
    pub fn mrr(&self, k: usize) -> f64 {
        self.among(k).next().map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
    }

    /// Normalised discounted cumulative gain: `Σ 1/log₂(1 + rank)` over relevant items among the first `k`, by what the
    /// best order of all relevant items would get; 0 if there are none.
    ///
    /// # Source
    /// Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques".
    #[must_use]
    pub fn ndcg(&self, k: usize) -> f64 {
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let best: f64 = (0..self.n_relevant.min(k)).map(gain).sum();
        if best > 0.0 { self.among(k).map(gain).sum::<f64>() / best } else { 0.0 }
    }
}

/// From what a list was ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Everything that could have been ranked.
    All,
    /// The relevant items and so many others, drawn at random.
    Sampled(usize),
}

/// `hit_rate@k`, `ndcg@k`, `mrr@k` and `recall@k` over users with anything held out, with their standard errors.
///
/// Ranking among a sample of candidates is easier than among all, and may order recommenders otherwise: such numbers carry
/// `_of_<n>_sampled` in their names and are not comparable to others.
///
/// # Source
/// Krichene & Rendle (2020), "On sampled metrics for item recommendation", for that warning.
#[must_use]
pub fn ranking(cases: &[Ranked], k: usize, among: Among) -> Vec<Named> {
    let marked = match among {
        Among::All => String::new(),
        Among::Sampled(n) => format!("_of_{n}_sampled"),
    };
    let cases = || cases.iter().filter(|case| case.n_relevant > 0);
    let named = |name: &str, of: fn(&Ranked, usize) -> f64| {
        Named::new(format!("{name}@{k}{marked}"), Estimate::mean(cases().map(move |case| of(case, k))))
    };
    vec![
        named("hit_rate", Ranked::hit_rate),
        named("ndcg", Ranked::ndcg),
        named("mrr", Ranked::mrr),
        named("recall", Ranked::recall),
    ]
}

/// The same of slates, in worlds whose signal `relevant` marks held-out items.
///
/// A log knows the relevance of what was shown and of nothing else: NDCG compares with the best order *of the slate*
/// (`ndcg_of_slate`), and there is no recall. Means are over slates with anything relevant in them, but for `hit_rate`, which
/// counts all; standard errors are clustered by user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ranking;

/// Sums over one user's slates.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Judged {
    slates: u32,
    hits: u32,
    reciprocal: f64,
    ndcg: f64,
}

impl Metric for Ranking {
    const KEY: Key = Key::User;
    type Partial = Vec<Judged>;
    type Value = Vec<Section>;

    fn start(&self) -> Vec<Judged> {
        Vec::new()
    }

    fn fold(&self, into: &mut Vec<Judged>, facts: &Facts<'_>, t: &Transition<'_>) {
        let Some(signal) = facts.spec.signal("relevant") else { return };
        for (r, user) in t.seen.users.iter().enumerate() {
            let marks = t.step.responses.signal(signal, r).iter().enumerate();
            let places: Vec<_> = marks.filter(|(_, mark)| **mark > 0.0).map(|(place, _)| place).collect();
            let (n, case) = (places.len(), Ranked::new(places, 0));
            if user.index() >= into.len() {
                into.resize(user.index() + 1, Judged::default());
            }
            let judged = &mut into[user.index()];
            judged.slates += 1;
            judged.hits += u32::from(n > 0);
            judged.reciprocal += case.mrr(usize::MAX);
            judged.ndcg += case.ndcg(usize::MAX);
        }
    }

    fn merge(&self, mut left: Vec<Judged>, right: Vec<Judged>) -> Vec<Judged> {
        left.resize(left.len().max(right.len()), Judged::default());
        for (judged, more) in left.iter_mut().zip(right) {
            judged.slates += more.slates;
            judged.hits += more.hits;
            judged.reciprocal += more.reciprocal;
            judged.ndcg += more.ndcg;
        }
        left
    }

    fn value(&self, total: Vec<Judged>) -> Vec<Section> {
        if total.is_empty() {
            return Vec::new();
        }
        let per = |sum: fn(&Judged) -> f64, n: fn(&Judged) -> u32| {
            Estimate::ratio(total.iter().map(move |judged| (sum(judged), u64::from(n(judged)))))
        };
        let metrics = vec![
            Named::new("hit_rate", per(|judged| f64::from(judged.hits), |judged| judged.slates)),
            Named::new("mrr", per(|judged| judged.reciprocal, |judged| judged.hits)),
            Named::new("ndcg_of_slate", per(|judged| judged.ndcg, |judged| judged.hits)),
        ];
        vec![Section::new("Ranking", metrics)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_list_by_hand() {
        let case = Ranked::in_list(&["a", "b", "c", "d"], &["b", "d", "z"]);
        assert_eq!([case.hit_rate(1), case.hit_rate(2)], [0.0, 1.0]);
        assert_eq!([case.mrr(1), case.mrr(4)], [0.0, 0.5]);
        assert_eq!([case.recall(2), case.recall(4)], [1.0 / 3.0, 2.0 / 3.0]);
        // Ranks 2 and 4 found; the best three places are ranks 1, 2, 3.
        let gain = |rank: f64| 1.0 / (1.0 + rank).log2();
        let expected = (gain(2.0) + gain(4.0)) / (gain(1.0) + gain(2.0) + gain(3.0));
        assert!((case.ndcg(4) - expected).abs() < 1e-15);
        assert_eq!(Ranked::in_list(&[1, 2], &[2, 1]).ndcg(2), 1.0);
        let none = Ranked::new(vec![], 0);
        assert_eq!([none.hit_rate(3), none.recall(3), none.mrr(3), none.ndcg(3)], [0.0; 4]);
    }

    #[test]
    fn sampled_candidates_are_marked_and_users_without_held_out_items_left_out() {
        let cases = [Ranked::new(vec![0], 1), Ranked::new(vec![], 1), Ranked::new(vec![], 0)];
        let metrics = ranking(&cases, 10, Among::Sampled(100));
        assert_eq!(metrics[1].name, "ndcg@10_of_100_sampled");
        assert!(metrics.iter().all(|metric| metric.estimate.mean == 0.5 && metric.estimate.n == 2));
        assert_eq!(ranking(&cases, 5, Among::All)[0].name, "hit_rate@5");
        assert!(ranking(&[], 5, Among::All)[0].estimate.mean.is_nan());
    }
}
