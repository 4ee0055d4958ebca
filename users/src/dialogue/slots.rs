//! What a user without words remembers: a handful of topics, and how each felt.

use recloop_env::Grid;

use crate::psyche::{Cue, Recall};

/// Memories kept at most; chosen by us.
pub(super) const SLOTS: usize = 8;
/// Numbers of one: topic, felt, hours, importance, valence then.
const WIDTH: usize = 5;
/// Numbers of one user: how many there are, importance since the last reflection, and the memories.
pub(super) const ROW: usize = 2 + SLOTS * WIDTH;
/// Memories that come to mind when somebody thinks of a topic.
const RECALLED: usize = 3;

/// One memory of a topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Felt {
    pub(crate) topic: usize,
    /// 2σ(e) − 1, in [−1, 1].
    pub(crate) felt: f32,
    /// Hours since the start of the world.
    pub(crate) at_hours: f32,
    /// In [0, 1].
    pub(super) importance: f32,
    /// How far valence was from its baseline.
    pub(super) valence: f32,
}

/// The memories in one row of an array.
pub(crate) struct Slots<'a>(&'a [f32]);

impl<'a> Slots<'a> {
    pub(crate) fn of(memories: &'a Grid<f32>, at: usize) -> Self {
        Self(memories.row(at))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Felt> + use<'a> {
        self.0[2..].chunks_exact(WIDTH).take(self.0[0] as usize).map(|slot| Felt {
            topic: slot[0] as usize,
            felt: slot[1],
            at_hours: slot[2],
            importance: slot[3],
            valence: slot[4],
        })
    }

    /// The `n` memories that come to mind at a thought of some topics, best first.
    pub(crate) fn recalled(
        &self,
        recall: &Recall,
        of: impl Fn(usize) -> bool,
        now_hours: f32,
        valence: f32,
        n: usize,
    ) -> impl Iterator<Item = Felt> {
        let all: Vec<Felt> = self.all().collect();
        let cue = |it: &Felt| Cue {
            age_hours: now_hours - it.at_hours,
            importance: it.importance,
            relevance: if of(it.topic) { 1.0 } else { 0.0 },
            likeness: if it.valence * valence > 0.0 { 1.0 } else { -1.0 },
        };
        let cues: Vec<Cue> = all.iter().map(cue).collect();
        recall.order(&cues, n).into_iter().map(move |at| all[at])
    }

    /// How far the memories that come to mind of `topic` disappointed, in log-odds: `2·artanh` of their mean, not negative.
    pub(super) fn sour(&self, recall: &Recall, topic: usize, now_hours: f32, valence: f32) -> f32 {
        let found = self.recalled(recall, |it| it == topic, now_hours, valence, RECALLED);
        let found = found.filter(|it| it.topic == topic);
        let (sum, n) = found.fold((0.0, 0.0), |(sum, n), it| (sum + it.felt, n + 1.0));
        if n > 0.0 { (-2.0 * (sum / n as f32).clamp(-0.99, 0.99).atanh()).max(0.0) } else { 0.0 }
    }
}

/// Keeps a memory in place of the faintest, and thinks about all of them when enough was lived.
pub(super) fn remember(row: &mut [f32], recall: &Recall, threshold: f32, new: Felt) {
    let n = row[0] as usize;
    let slot = if n < SLOTS {
        row[0] += 1.0;
        n
    } else {
        let worth = |slot: &[f32]| recall.recency(new.at_hours - slot[2]) * slot[3];
        let faintness = row[2..].chunks_exact(WIDTH).map(worth).enumerate();
        faintness.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(slot, _)| slot)
    };
    write(row, slot, new);
    row[1] += new.importance;
    if row[1] >= threshold {
        reflect(row);
        row[1] = 0.0;
    }
}

fn write(row: &mut [f32], slot: usize, it: Felt) {
    let from = 2 + slot * WIDTH;
    row[from..from + WIDTH].copy_from_slice(&[
        it.topic as f32,
        it.felt,
        it.at_hours,
        it.importance,
        it.valence,
    ]);
}

/// The memories of a topic become one: as fresh as the freshest, as important as the most important, felt as all of them on
/// average by importance.
fn reflect(row: &mut [f32]) {
    let mut kept = [None::<(Felt, f32)>; SLOTS];
    for it in Slots(row).all() {
        let same = kept.iter().position(|old| old.is_none_or(|(old, _)| old.topic == it.topic));
        let place = &mut kept[same.expect("no more topics than memories")];
        *place = Some(match *place {
            None => (it, it.importance),
            Some((old, weight)) => {
                let sum = weight + it.importance;
                let part = if sum > 0.0 { it.importance / sum } else { 0.5 };
                let mean = |old: f32, new: f32| old + part * (new - old);
                let merged = Felt {
                    topic: old.topic,
                    felt: mean(old.felt, it.felt),
                    at_hours: old.at_hours.max(it.at_hours),
                    importance: old.importance.max(it.importance),
                    valence: mean(old.valence, it.valence),
                };
                (merged, sum)
            }
        });
    }
    row[0] = 0.0;
    row[2..].fill(0.0);
    for (slot, (it, _)) in kept.into_iter().flatten().enumerate() {
        write(row, slot, it);
        row[0] += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt(topic: usize, felt: f32, at_hours: f32) -> Felt {
        Felt { topic, felt, at_hours, importance: felt.abs(), valence: 0.1 }
    }

    #[test]
    fn dialogue_memories_are_few_and_what_was_bad_is_remembered_so() {
        let (mut all, recall) = (Grid::zeros(1, ROW), Recall::default());
        for hour in 0..100 {
            remember(
                all.row_mut(0),
                &recall,
                1e9,
                felt(hour % 3, if hour % 3 == 1 { -0.5 } else { 0.5 }, hour as f32),
            );
        }
        let slots = Slots::of(&all, 0);
        assert_eq!(slots.all().count(), SLOTS);
        // All matter alike: the oldest went.
        assert!(slots.all().all(|it| it.at_hours >= 92.0));
        // 2·artanh(.5) = ln 3.
        assert!((slots.sour(&recall, 1, 100.0, 0.0) - 3.0_f32.ln()).abs() < 1e-5);
        assert_eq!((slots.sour(&recall, 0, 100.0, 0.0), slots.sour(&recall, 7, 100.0, 0.0)), (0.0, 0.0));
    }

    #[test]
    fn dialogue_reflection_makes_one_memory_of_a_topic() {
        let (mut all, recall) = (Grid::zeros(1, ROW), Recall::default());
        for (topic, value, hour) in [(0, 0.2, 1.0), (1, 0.4, 2.0), (0, -0.6, 3.0)] {
            remember(all.row_mut(0), &recall, 1.2, felt(topic, value, hour));
        }
        let kept: Vec<Felt> = Slots::of(&all, 0).all().collect();
        // (.2·.2 − .6·.6)/.8 = −.4.
        assert_eq!(kept.len(), 2);
        assert!((kept[0].felt + 0.4).abs() < 1e-6 && kept[0].at_hours == 3.0 && kept[0].importance == 0.6);
        assert_eq!((kept[1].topic, all.row(0)[1]), (1, 0.0));
    }
}
