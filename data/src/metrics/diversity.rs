//! How varied slates are, and how alike people's consumption becomes.

use recloop_env::{
    BlockAt, BlockKind, Facts, ItemId, ItemView, Key, Layout, Metric, Transition, UserId, philox4x32,
};
use serde::{Deserialize, Serialize};

use super::{Estimate, Named, Section};

/// Users whose consumption is followed item by item (chosen by us: 256 pairs).
pub const SAMPLED: usize = 512;
/// Steck's α: how much of the consumed mix is added to the shown one, so that nothing is infinitely surprising.
const CALIBRATION_ALPHA: f64 = 0.01;

/// Diversity of slates, surprise, calibration and homogenisation.
///
/// Items are compared by the observed block `embedding`, else `factor`, else `topic` (a category stands for its one-hot
/// vector); `topic` also gives entropy and calibration. What a world's items lack is left out.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `intra_list_distance` | mean over slates of the mean `1 − cosine` of their pairs: orthogonal 1, identical 0 | slates |
/// | `topic_entropy_bits` | mean over slates of the entropy of their topics | slates |
/// | `serendipity` | mean over clicks of `1 − cosine` of the item and the sum of what its user clicked in earlier slates | clicks |
/// | `calibration_kl` | mean over users of `Σ p ln(p / ((1 − α) q + α p))`, p the topics clicked, q shown, α = .01 | users |
/// | `homogenisation` | mean Jaccard index of the sets clicked by two users, over pairs who both clicked | pairs |
///
/// The last three follow a hashed sample of 512 users, the same in every run of so many users; pairs are disjoint, hence
/// independent.
///
/// # Source
/// Ziegler et al. (2005), "Improving recommendation lists through topic diversification"; Zhang et al. (2012),
/// "Auralist: introducing serendipity into music recommendation"; Steck (2018), "Calibrated recommendations"; Chaney,
/// Stewart & Engelhardt (2018), "How algorithmic confounding in recommendation systems increases homogeneity".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Diversity;

/// What is kept of slates and of the sampled users.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DiversityTable {
    users: Vec<Variety>,
    /// Ascending by user.
    sample: Vec<Followed>,
    form: Form,
}

/// Sums over one user's slates.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Variety {
    slates: u32,
    distance: f64,
    entropy_bits: f64,
}

/// One sampled user.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Followed {
    user: UserId,
    slates: u32,
    /// Sum of the unit vectors of what was clicked.
    past: Vec<f64>,
    surprise: f64,
    surprises: u32,
    shown_topics: Vec<u32>,
    clicked_topics: Vec<u32>,
    /// Durable items clicked, ascending.
    consumed: Vec<ItemId>,
}

/// What items can be compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Form {
    has_vector: bool,
    has_topic: bool,
    are_durable: bool,
    has_pairs: bool,
}

/// Where a slate's features are found.
struct Look<'a> {
    items: &'a ItemView,
    vector: Option<BlockAt>,
    topic: Option<BlockAt>,
}

impl Metric for Diversity {
    const KEY: Key = Key::User;
    type Partial = DiversityTable;
    type Value = Vec<Section>;

    fn start(&self) -> DiversityTable {
        DiversityTable::default()
    }

    fn fold(&self, into: &mut DiversityTable, facts: &Facts<'_>, t: &Transition<'_>) {
        let look = Look::new(&facts.spec.item_features, &t.seen.items);
        into.form = Form {
            has_vector: look.vector.is_some(),
            has_topic: look.topic.is_some(),
            are_durable: t.seen.items.is_durable(),
            has_pairs: facts.spec.slate_size > 1,
        };
        if into.sample.is_empty() {
            let follow = |user| Followed { user, ..Followed::default() };
            into.sample = sample(facts.spec.n_users).into_iter().map(follow).collect();
        }
        let mut vectors = vec![0.0; look.width() * facts.spec.slate_size];
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= into.users.len() {
                into.users.resize(user.index() + 1, Variety::default());
            }
            let slate = t.slates.items.row(r);
            look.vectors(r, slate, &mut vectors);
            into.users[user.index()].add(&look, r, slate, &vectors);
            if let Ok(at) = into.sample.binary_search_by_key(user, |followed| followed.user) {
                into.sample[at].add(&look, r, slate, t.step.responses.click.row(r), &vectors);
            }
        }
    }

    fn merge(&self, mut left: DiversityTable, mut right: DiversityTable) -> DiversityTable {
        if right.users.len() > left.users.len() {
            std::mem::swap(&mut left, &mut right);
        }
        let met = right.users.into_iter().zip(&mut left.users).filter(|(other, _)| other.slates > 0);
        met.for_each(|(other, known)| *known = other);
        let met = right.sample.into_iter().zip(&mut left.sample).filter(|(other, _)| other.slates > 0);
        met.for_each(|(other, known)| *known = other);
        left
    }

    fn value(&self, total: DiversityTable) -> Vec<Section> {
        let metrics = total.metrics();
        if metrics.is_empty() { Vec::new() } else { vec![Section::new("Diversity", metrics)] }
    }
}

impl DiversityTable {
    fn metrics(&self) -> Vec<Named> {
        let Form { has_vector, has_topic, are_durable, has_pairs } = self.form;
        let mean = |of: fn(&Variety) -> f64| {
            Estimate::ratio(self.users.iter().map(move |user| (of(user), u64::from(user.slates))))
        };
        let sampled = || self.sample.iter();
        let mut metrics = Vec::new();
        if has_vector && has_pairs {
            metrics.push(Named::new("intra_list_distance", mean(|user| user.distance)));
        }
        if has_topic {
            metrics.push(Named::new("topic_entropy_bits", mean(|user| user.entropy_bits)));
        }
        if has_vector {
            let surprise = sampled().map(|user| (user.surprise, u64::from(user.surprises)));
            metrics.push(Named::new("serendipity", Estimate::ratio(surprise)));
        }
        if has_topic {
            let apart = sampled().filter_map(|user| calibration(&user.clicked_topics, &user.shown_topics));
            metrics.push(Named::new("calibration_kl", Estimate::mean(apart)));
        }
        if are_durable {
            let mut order: Vec<_> = sampled().collect();
            order.sort_unstable_by_key(|followed| hash(followed.user));
            let both = order.chunks_exact(2).filter(|pair| pair.iter().all(|user| !user.consumed.is_empty()));
            let alike = both.map(|pair| jaccard(&pair[0].consumed, &pair[1].consumed));
            metrics.push(Named::new("homogenisation", Estimate::mean(alike)));
        }
        metrics
    }
}

impl<'a> Look<'a> {
    fn new(layout: &Layout, items: &'a ItemView) -> Self {
        let topic = layout.find("topic");
        let vector = layout.find("embedding").or_else(|| layout.find("factor")).or(topic);
        let is_category = |at: &BlockAt| matches!(at.kind, BlockKind::Category { .. });
        Self { items, vector, topic: topic.filter(is_category) }
    }

    fn width(&self) -> usize {
        self.vector.map_or(0, |vector| vector.length())
    }

    /// Writes the unit vector of each item of a slate; an item without direction stays 0.
    fn vectors(&self, r: usize, slate: &[ItemId], out: &mut [f64]) {
        let Some(block) = self.vector else { return };
        for (item, out) in slate.iter().zip(out.chunks_exact_mut(block.length())) {
            if matches!(block.kind, BlockKind::Category { .. }) {
                out.fill(0.0);
                out[usize::from(self.items.code(block, r, *item))] = 1.0;
                continue;
            }
            out.iter_mut().zip(self.items.dense(block, r, *item)).for_each(|(to, x)| *to = f64::from(*x));
            let norm = dot(out, out).sqrt();
            if norm > 0.0 {
                out.iter_mut().for_each(|x| *x /= norm);
            }
        }
    }

    /// How often each topic is among these items.
    fn topics(&self, r: usize, items: impl Iterator<Item = ItemId>, counts: &mut Vec<u32>) {
        let Some(topic) = self.topic else { return };
        counts.resize(topic.length(), 0);
        items.for_each(|item| counts[usize::from(self.items.code(topic, r, item))] += 1);
    }
}

impl Variety {
    fn add(&mut self, look: &Look<'_>, r: usize, slate: &[ItemId], vectors: &[f64]) {
        self.slates += 1;
        if slate.len() > 1 && look.width() > 0 {
            self.distance += mean_distance(vectors, look.width());
        }
        let mut topics = Vec::new();
        look.topics(r, slate.iter().copied(), &mut topics);
        self.entropy_bits += entropy_bits(&topics);
    }
}

impl Followed {
    fn add(&mut self, look: &Look<'_>, r: usize, slate: &[ItemId], clicked: &[bool], vectors: &[f64]) {
        self.slates += 1;
        let clicks =
            || slate.iter().enumerate().zip(clicked).filter(|(_, clicked)| **clicked).map(|(at, _)| at);
        look.topics(r, slate.iter().copied(), &mut self.shown_topics);
        look.topics(r, clicks().map(|(_, item)| *item), &mut self.clicked_topics);
        if look.items.is_durable() {
            for (_, item) in clicks() {
                if let Err(at) = self.consumed.binary_search(item) {
                    self.consumed.insert(at, *item);
                }
            }
        }
        let width = look.width();
        let vector = |position: usize| &vectors[position * width..(position + 1) * width];
        let length = dot(&self.past, &self.past).sqrt();
        for (position, _) in clicks().filter(|_| length > 0.0) {
            self.surprise += 1.0 - dot(&self.past, vector(position)) / length;
            self.surprises += 1;
        }
        self.past.resize(width, 0.0);
        for (position, _) in clicks() {
            self.past.iter_mut().zip(vector(position)).for_each(|(past, x)| *past += x);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mean of `1 − cosine` over the pairs of these unit vectors, packed one after another.
///
/// `2 Σ_{i<j} v_i·v_j = ‖Σ v‖² − Σ ‖v‖²`: linear in the number of items, where pairs are quadratic.
fn mean_distance(vectors: &[f64], width: usize) -> f64 {
    let mut sum = vec![0.0; width];
    for vector in vectors.chunks_exact(width) {
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    let n = (vectors.len() / width) as f64;
    1.0 - (dot(&sum, &sum) - dot(vectors, vectors)) / (n * (n - 1.0))
}

/// Shannon's entropy of counts, in bits; of nothing, 0.
///
/// ```
/// assert_eq!(recloop_data::metrics::entropy_bits(&[3, 3, 0, 3, 3]), 2.0);
/// ```
#[must_use]
pub fn entropy_bits(counts: &[u32]) -> f64 {
    let all: f64 = counts.iter().map(|n| f64::from(*n)).sum();
    let of = |n: &u32| f64::from(*n) / all;
    // 0 − … lest a certain outcome come to −0.
    0.0 - counts.iter().filter(|n| **n > 0).map(|n| of(n) * of(n).log2()).sum::<f64>()
}

/// What two sets share of what they have together, both ascending; of two empty sets, 0.
///
/// ```
/// assert_eq!(recloop_data::metrics::jaccard(&[1, 2, 5], &[2, 5, 6]), 0.5);
/// ```
#[must_use]
pub fn jaccard<T: Ord>(a: &[T], b: &[T]) -> f64 {
    let both = a.iter().filter(|item| b.binary_search(item).is_ok()).count();
    if both == 0 { 0.0 } else { both as f64 / (a.len() + b.len() - both) as f64 }
}

/// How far what was shown is from what was consumed: the Kullback–Leibler divergence of their mixes, in nats.
///
/// `Σ p ln(p / ((1 − α) q + α p))` with α = .01; `None` where nothing was consumed.
///
/// # Source
/// Steck (2018), "Calibrated recommendations".
#[must_use]
pub fn calibration(consumed: &[u32], shown: &[u32]) -> Option<f64> {
    let all = |counts: &[u32]| counts.iter().map(|n| f64::from(*n)).sum::<f64>();
    let (n_consumed, n_shown) = (all(consumed), all(shown).max(1.0));
    let mixes =
        consumed.iter().zip(shown).map(|(p, q)| (f64::from(*p) / n_consumed, f64::from(*q) / n_shown));
    let term = |(p, q): (f64, f64)| p * (p / ((1.0 - CALIBRATION_ALPHA) * q + CALIBRATION_ALPHA * p)).ln();
    (n_consumed > 0.0).then(|| mixes.filter(|(p, _)| *p > 0.0).map(term).sum())
}

/// A fixed pseudo-random number of a user: who is sampled does not depend on what happens.
fn hash(user: UserId) -> u64 {
    let words = philox4x32([user.0, 0, 0, 0], [0; 2]);
    u64::from(words[0]) << 32 | u64::from(words[1])
}

/// The users of the smallest hashes, ascending.
fn sample(n_users: usize) -> Vec<UserId> {
    let mut users: Vec<_> = (0..n_users as u32).map(UserId).collect();
    if n_users > SAMPLED {
        users.select_nth_unstable_by_key(SAMPLED, |user| hash(*user));
        users.truncate(SAMPLED);
        users.sort_unstable();
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand_and_by_pairs() {
        let right = [1.0, 0.0, 0.0, 1.0];
        assert_eq!(mean_distance(&right, 2), 1.0);
        assert_eq!(mean_distance(&[1.0, 0.0, 1.0, 0.0], 2), 0.0);
        assert_eq!(mean_distance(&[1.0, 0.0, -1.0, 0.0], 2), 2.0);
        // Pairs of cosine 0, .6 and .8: mean distance 1 − 1.4/3.
        let three = [1.0, 0.0, 0.0, 1.0, 0.6, 0.8];
        assert!((mean_distance(&three, 2) - (1.0 - 1.4 / 3.0)).abs() < 1e-15);
    }

    #[test]
    fn mixes_by_hand() {
        assert!((entropy_bits(&[1, 1, 2]) - 1.5).abs() < 1e-15);
        assert_eq!((entropy_bits(&[]), entropy_bits(&[0, 4])), (0.0, 0.0));
        assert_eq!(calibration(&[0, 0], &[1, 1]), None);
        assert!(calibration(&[2, 2], &[5, 5]).unwrap().abs() < 1e-15);
        // p = (1, 0), q = (0, 1): 1 · ln(1 / .01).
        assert!((calibration(&[4, 0], &[0, 4]).unwrap() - 100.0_f64.ln()).abs() < 1e-12);
        assert_eq!((jaccard::<u8>(&[], &[]), jaccard(&[1], &[1])), (0.0, 1.0));
    }

    #[test]
    fn the_sample_is_fixed_and_no_larger_than_said() {
        assert_eq!(sample(3), [0, 1, 2].map(UserId));
        let large = sample(10_000);
        assert!(large.len() == SAMPLED && large.is_sorted());
        // A user of the larger world's sample is in every smaller world's that has the user.
        let small = sample(5_000);
        assert!(large.iter().filter(|user| user.index() < 5_000).all(|user| small.contains(user)));
    }
}
