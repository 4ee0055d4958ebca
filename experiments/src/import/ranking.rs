//! How well fitted tastes find artists that were kept from them.

use std::cmp::Ordering;

use rayon::prelude::*;
use recloop_env::{ItemId, Streams, Tick, UserId, purpose};
use serde::{Deserialize, Serialize};

use super::{ImportError, Interval};

/// Length of the lists that are judged.
const N_LISTED: usize = 20;

/// Rankings of everything a person is not known to listen to, compared on what was held out of their listening.
///
/// `recall@20` is the share of a person's held-out artists among their first 20; `NDCG@20 = Σ_hits 1/log₂(1 + rank) /
/// Σ_{rank ≤ min(20, n held out)} 1/log₂(1 + rank)`. Means over people with a held-out artist, each counting
/// the same; intervals are ± 1.96 standard errors over people, differences are paired.
///
/// # Source
/// Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques", for NDCG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Artists held out.
    pub n_held_out: usize,
    /// People they come from.
    pub n_users: usize,
    /// Artists ranked, less those each person is known to listen to.
    pub n_ranked: usize,
    /// The models, simplest first; the last is the one the others are measured against.
    pub models: Vec<Ranked>,
}

/// One model's rankings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// What ranks.
    pub model: String,
    /// Mean recall@20.
    pub recall: Interval,
    /// Mean NDCG@20.
    pub ndcg: Interval,
    /// The last model's recall minus this one's; `None` for the last model itself.
    pub recall_behind: Option<Interval>,
}

/// Who listens to what, split: ascending artists per person.
pub(super) struct Heard {
    pub(super) train: Vec<Vec<u32>>,
    pub(super) held_out: Vec<Vec<u32>>,
    pub(super) n_artists: usize,
}

/// A model by name: the score of (user, artist), higher first.
pub(super) type Model<'a> = (&'a str, &'a (dyn Fn(usize, usize) -> f64 + Sync));

impl Ranking {
    /// Compares `models`; ties are broken by luck that belongs to the artist.
    pub(super) fn compare(heard: &Heard, models: &[Model<'_>], seed: u64) -> Result<Self, ImportError> {
        let users: Vec<usize> =
            (0..heard.train.len()).filter(|&user| !heard.held_out[user].is_empty()).collect();
        if users.len() < 2 {
            return Err(ImportError::TooFewHeldOut { n_users: users.len() });
        }
        let rng = Streams::new(seed);
        let luck = |item| rng.item_word(purpose::TIE, ItemId(0), Tick(0), ItemId(item));
        let ties: Vec<u32> = (0..heard.n_artists as u32).map(luck).collect();
        let judge = |(_, score): &Model<'_>| -> Vec<(f64, f64)> {
            let one = |&user: &usize| {
                let list = first(&heard.train[user], &ties, |item| score(user, item));
                judged(&list, &heard.held_out[user])
            };
            users.par_iter().map(one).collect()
        };
        let judged: Vec<_> = models.iter().map(judge).collect();
        let last = judged.last().expect("there is a model to compare with");
        let ranked = models.iter().zip(&judged).enumerate().map(|(at, ((name, _), own))| {
            let behind = own.iter().zip(last).map(|(own, last)| last.0 - own.0);
            Ranked {
                model: (*name).to_owned(),
                recall: mean(own.iter().map(|(recall, _)| *recall)),
                ndcg: mean(own.iter().map(|(_, ndcg)| *ndcg)),
                recall_behind: (at + 1 < models.len()).then(|| mean(behind)),
            }
        });
        Ok(Self {
            n_held_out: users.iter().map(|&user| heard.held_out[user].len()).sum(),
            n_users: users.len(),
            n_ranked: heard.n_artists,
            models: ranked.collect(),
        })
    }
}

/// Ranks by chance: luck that belongs to the person and the artist.
pub(super) fn by_chance(seed: u64) -> impl Fn(usize, usize) -> f64 + Sync {
    let rng = Streams::new(seed);
    move |user, item| {
        f64::from(rng.item_word(purpose::POLICY, UserId(user as u32), Tick(0), ItemId(item as u32)))
    }
}

/// The first 20 of the artists that are not `known` (ascending).
fn first(known: &[u32], ties: &[u32], score: impl Fn(usize) -> f64) -> Vec<u32> {
    let mut list: Vec<(f64, u32, u32)> = Vec::with_capacity(N_LISTED + 1);
    let mut known = known.iter().peekable();
    for (item, &tie) in (0..).zip(ties) {
        if known.next_if(|next| **next == item).is_some() {
            continue;
        }
        let entry = (score(item as usize), tie, item);
        if list.len() == N_LISTED && order(&entry, &list[N_LISTED - 1]) != Ordering::Less {
            continue;
        }
        let at = list.partition_point(|other| order(other, &entry) == Ordering::Less);
        list.insert(at, entry);
        list.truncate(N_LISTED);
    }
    list.into_iter().map(|(_, _, item)| item).collect()
}

/// Higher scores first, then luckier artists.
fn order(a: &(f64, u32, u32), b: &(f64, u32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2)))
}

/// Recall and NDCG of a list against the artists that should be on it (ascending).
fn judged(list: &[u32], wanted: &[u32]) -> (f64, f64) {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let hits: Vec<usize> =
        (0..list.len()).filter(|&rank| wanted.binary_search(&list[rank]).is_ok()).collect();
    let best: f64 = (0..wanted.len().min(N_LISTED)).map(gain).sum();
    let gained: f64 = hits.iter().map(|&rank| gain(rank)).sum();
    (hits.len() as f64 / wanted.len() as f64, gained / best)
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> Interval {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Interval::around(mean, (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_leave_out_what_is_known_and_break_ties_by_luck() {
        let scores = [1.0, 5.0, 3.0, 3.0, 9.0];
        assert_eq!(first(&[1], &[0, 0, 7, 6, 0], |item| scores[item]), [4, 3, 2, 0]);
        let many = vec![0; 100];
        assert_eq!(first(&[], &many, |item| item as f64), (80..100).rev().collect::<Vec<_>>());
    }

    #[test]
    fn recall_and_ndcg_are_those_computed_by_hand() {
        // Hits at ranks 1 and 3 of three wanted: (1 + 1/2) / (1 + 1/log₂3 + 1/2).
        let (recall, ndcg) = judged(&[7, 1, 8, 2], &[7, 8, 9]);
        assert!((recall - 2.0 / 3.0).abs() < 1e-12);
        assert!((ndcg - 1.5 / (1.5 + 1.0 / 3_f64.log2())).abs() < 1e-12);
    }

    #[test]
    fn models_are_compared_person_by_person() {
        let held_out = vec![vec![0], vec![1], vec![]];
        let heard = Heard { train: vec![vec![], vec![], vec![0]], held_out, n_artists: 100 };
        let right = |user: usize, item: usize| f64::from(u8::from(user == item));
        let half = |_: usize, item: usize| -(item.abs_diff(1) as f64) - if item == 0 { 1e3 } else { 0.0 };
        let ranking = Ranking::compare(&heard, &[("half", &half), ("right", &right)], 3).unwrap();
        assert_eq!((ranking.n_users, ranking.n_held_out, ranking.n_ranked), (2, 2, 100));
        assert_eq!((ranking.models[0].recall.estimate, ranking.models[1].recall.estimate), (0.5, 1.0));
        // Differences 1 and 0: mean ½, standard deviation √½, over √2: a standard error of ½.
        let behind = ranking.models[0].recall_behind.unwrap();
        assert!((behind.estimate - 0.5).abs() < 1e-12 && (behind.high - 0.5 - 1.959_964 * 0.5).abs() < 1e-9);
        assert_eq!(ranking.models[1].recall_behind, None);
        let nobody = Heard { held_out: vec![vec![]; 3], ..heard };
        let refused = Ranking::compare(&nobody, &[("right", &right)], 3);
        assert!(matches!(refused, Err(ImportError::TooFewHeldOut { n_users: 0 })));
    }
}
