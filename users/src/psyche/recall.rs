//! Which of several memories comes to mind.

use serde::{Deserialize, Serialize};

/// How the mood one is in joins in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Congruence {
    /// Not at all.
    #[default]
    None,
    /// `score + w·congruence`.
    Sum,
    /// `score · (1 + w·congruence)`.
    Product,
    /// The best `2n` by score are put in order by `w·congruence`, ties by score; with w = 0 by score.
    TwoStage,
}

/// What is known of a memory when another moment asks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cue {
    /// Hours since it last came to mind, not negative.
    pub age_hours: f32,
    /// How much it mattered, on any scale.
    pub importance: f32,
    /// How much it has to do with the present, on any scale.
    pub relevance: f32,
    /// How like the present mood was then, in [−1, 1].
    pub likeness: f32,
}

/// How memories come to mind.
///
/// `score = w_r·recency + w_i·importance + w_v·relevance`, with `recency = γ^hours`, each of the three min–max normalised
/// over the memories there are (all the same counts as 0). The mood joins in as [`Congruence`] says.
///
/// # Shapes and units
/// cues: `[n]`; the result holds places in it, at most as many as wanted, best first, ties by place.
///
/// # Source
/// Park et al. (2023), "Generative Agents: Interactive Simulacra of Human Behavior" (γ = .995 per hour, weights 1);
/// Huang et al. (2024), "Emotional RAG: Enhancing Role-Playing Agents through Emotional Retrieval". How many the second stage
/// looks at, 2n, is ours.
///
/// ```
/// use recloop_users::psyche::{Cue, Recall};
/// let cue = |age_hours, relevance| Cue { age_hours, importance: 1.0, relevance, likeness: 0.0 };
/// let cues = [cue(50.0, 0.2), cue(0.0, 0.1), cue(10.0, 0.9)];
/// assert_eq!(Recall::default().order(&cues, 2), [2, 1]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recall {
    /// γ: what an hour leaves of recency, in (0, 1].
    pub keep_per_hour: f32,
    /// w_r.
    pub recency: f32,
    /// w_i.
    pub importance: f32,
    /// w_v.
    pub relevance: f32,
    /// w: how much mood counts.
    pub emotion: f32,
    /// How.
    pub congruence: Congruence,
}

impl Default for Recall {
    fn default() -> Self {
        Self {
            keep_per_hour: 0.995,
            recency: 1.0,
            importance: 1.0,
            relevance: 1.0,
            emotion: 0.0,
            congruence: Congruence::None,
        }
    }
}

impl Recall {
    /// γ^hours.
    #[must_use]
    pub fn recency(&self, age_hours: f32) -> f32 {
        self.keep_per_hour.powf(age_hours.max(0.0))
    }

    /// The score of every cue, mood included but for the second of two stages.
    #[must_use]
    pub fn scores(&self, cues: &[Cue]) -> Vec<f32> {
        let part = |value: &dyn Fn(&Cue) -> f32, weight: f32| {
            let (low, high) = cues
                .iter()
                .map(value)
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            let width = high - low;
            let normal = move |x: f32| if width > 0.0 { weight * (x - low) / width } else { 0.0 };
            cues.iter().map(|cue| normal(value(cue))).collect::<Vec<_>>()
        };
        let recency = part(&|cue| self.recency(cue.age_hours), self.recency);
        let importance = part(&|cue| cue.importance, self.importance);
        let relevance = part(&|cue| cue.relevance, self.relevance);
        let plain = (0..cues.len()).map(|m| recency[m] + importance[m] + relevance[m]);
        let felt = |(score, cue): (f32, &Cue)| match self.congruence {
            Congruence::Sum => score + self.emotion * cue.likeness,
            Congruence::Product => score * (1.0 + self.emotion * cue.likeness),
            Congruence::None | Congruence::TwoStage => score,
        };
        plain.zip(cues).map(felt).collect()
    }

    /// The places of the `n` memories that come to mind, best first.
    #[must_use]
    pub fn order(&self, cues: &[Cue], n: usize) -> Vec<usize> {
        let scores = self.scores(cues);
        let mut order: Vec<usize> = (0..cues.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        if self.congruence == Congruence::TwoStage {
            order.truncate(2 * n);
            let likeness = |m: usize| self.emotion * cues[m].likeness;
            // Stable: where moods tell nothing apart, the first order stays.
            order.sort_by(|&a, &b| likeness(b).total_cmp(&likeness(a)));
        }
        order.truncate(n);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues() -> Vec<Cue> {
        let cue =
            |age_hours, importance, relevance, likeness| Cue { age_hours, importance, relevance, likeness };
        vec![
            cue(0.0, 2.0, 0.1, -1.0),
            cue(100.0, 9.0, 0.5, 0.2),
            cue(24.0, 5.0, 0.9, 0.9),
            cue(300.0, 8.0, 0.6, 1.0),
            cue(1.0, 1.0, 0.3, 0.0),
        ]
    }

    #[test]
    fn psyche_memories_come_in_the_order_of_the_formula() {
        // γ^h: 1, .605770, .886666, .222292, .995; less .222292, over .777708: 1, .493, .854, 0, .9936.
        // importance/8: .125, 1, .5, .875, 0; relevance/.8: 0, .5, 1, .625, .25.
        let expected = [1.125, 1.993, 2.354, 1.5, 1.2436];
        let scores = Recall::default().scores(&cues());
        for (found, expected) in scores.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{scores:?}");
        }
        assert_eq!(Recall::default().order(&cues(), 9), [2, 1, 3, 4, 0]);
        assert_eq!(Recall::default().order(&cues(), 2), [2, 1]);
        assert!(Recall::default().order(&[], 3).is_empty());
    }

    #[test]
    fn psyche_mood_can_change_the_order_and_without_weight_does_not() {
        let with = |congruence, emotion| Recall { congruence, emotion, ..Recall::default() };
        for congruence in [Congruence::None, Congruence::Sum, Congruence::Product, Congruence::TwoStage] {
            for n in 0..6 {
                let plain = Recall::default().order(&cues(), n);
                assert_eq!(with(congruence, 0.0).order(&cues(), n), plain, "{congruence:?}");
            }
        }
        // 1.5 + 1 beats 1.993 + .2.
        assert_eq!(with(Congruence::Sum, 1.0).order(&cues(), 3), [2, 3, 1]);
        // 1.5·2 beats 1.993·1.2, and 1.125·0 is last.
        assert_eq!(with(Congruence::Product, 1.0).order(&cues(), 9), [2, 3, 1, 4, 0]);
        assert_eq!(with(Congruence::TwoStage, 1.0).order(&cues(), 2), [3, 2]);
    }
}
