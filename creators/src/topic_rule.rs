//! What the next item is about.

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{Draws, below, normalise};
use serde::{Deserialize, Serialize};

/// How a creator chooses the topic of its next item, from its own items' clicks alone.
///
/// A creator carries a leaning v, a vector over topics of length 1 that starts as its home topic, and knows u, the mean
/// clicks of its own items of each topic (0 for a topic it never tried). Every item is one decision.
///
/// | rule | before the decision | topic |
/// |---|---|---|
/// | static | | the home topic |
/// | random | | uniform |
/// | CFD | v ← normalise(v + η·u) | argmax v |
/// | LBR | v′ = v + η·(a random direction of length 1); v ← normalise(v′) if v′·u > v·u | argmax v |
///
/// Equal components: the first topic. u is not scaled, as published: after a few well-clicked items CFD follows u
/// almost at once.
///
/// # Source
/// "CreAgent: Towards Long-Term Evaluation of Recommender System under Platform-Creator Information Asymmetry" (2025),
/// whose baselines CFD and LBR are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TopicRule {
    /// Always the home topic.
    #[default]
    Static,
    /// Any topic.
    Random,
    /// Creator feature dynamics: follows mean clicks.
    Cfd,
    /// Local better response: keeps a random step that pays.
    Lbr,
}

impl TopicRule {
    /// Decides one item: `leaning` is v and may move, `gains` is u.
    pub(crate) fn choose(
        self,
        home: u16,
        step: f32,
        leaning: &mut [f32],
        gains: &[f32],
        draws: &mut Draws,
    ) -> u16 {
        match self {
            Self::Static => return home,
            Self::Random => return below(draws.word(), leaning.len() as u32) as u16,
            Self::Cfd => follow(leaning, gains, step),
            Self::Lbr => {
                let mut direction: Vec<f32> = leaning.iter().map(|_| StandardNormal.sample(draws)).collect();
                normalise(&mut direction);
                try_step(leaning, gains, step, &direction);
            }
        }
        largest(leaning)
    }
}

fn follow(leaning: &mut [f32], gains: &[f32], step: f32) {
    leaning.iter_mut().zip(gains).for_each(|(v, u)| *v += step * u);
    normalise(leaning);
}

fn try_step(leaning: &mut [f32], gains: &[f32], step: f32, direction: &[f32]) {
    let stepped: Vec<f32> = leaning.iter().zip(direction).map(|(v, d)| v + step * d).collect();
    if worth(&stepped, gains) > worth(leaning, gains) {
        leaning.copy_from_slice(&stepped);
        normalise(leaning);
    }
}

fn worth(leaning: &[f32], gains: &[f32]) -> f64 {
    leaning.iter().zip(gains).map(|(v, u)| f64::from(*v) * f64::from(*u)).sum()
}

fn largest(leaning: &[f32]) -> u16 {
    let better = |best: usize, at: usize| if leaning[at] > leaning[best] { at } else { best };
    (0..leaning.len()).fold(0, better) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::{CreatorId, Streams, Tick, purpose};

    #[test]
    fn cfd_follows_mean_clicks() {
        // (1, 0, 0) + 0.1·(0, 20, 0) = (1, 2, 0), of length √5.
        let mut leaning = [1.0, 0.0, 0.0];
        follow(&mut leaning, &[0.0, 20.0, 0.0], 0.1);
        let expected = [1.0 / 5.0_f32.sqrt(), 2.0 / 5.0_f32.sqrt(), 0.0];
        assert!(leaning.iter().zip(expected).all(|(v, e)| (v - e).abs() < 1e-6), "{leaning:?}");
        assert_eq!(largest(&leaning), 1);
    }

    #[test]
    fn lbr_keeps_a_step_that_pays_and_no_other() {
        let (up, down) = ([0.6, 0.8], [0.6, -0.8]);
        let mut leaning = [1.0, 0.0];
        try_step(&mut leaning, &[0.0, 3.0], 0.1, &down);
        assert_eq!(leaning, [1.0, 0.0]);
        try_step(&mut leaning, &[0.0, 3.0], 0.1, &up);
        // (1.06, 0.08) over its length √1.13.
        let length = 1.13_f32.sqrt();
        assert!((leaning[0] - 1.06 / length).abs() < 1e-6 && (leaning[1] - 0.08 / length).abs() < 1e-6);
        // Nothing earned yet: no step pays.
        let mut leaning = [0.0, 1.0];
        try_step(&mut leaning, &[0.0, 0.0], 0.1, &up);
        assert_eq!(leaning, [0.0, 1.0]);
    }

    #[test]
    fn rules_that_do_not_learn_leave_the_leaning_alone() {
        let rng = Streams::new(1);
        let (mut leaning, mut seen) = ([0.0, 1.0, 0.0, 0.0], [0; 4]);
        for tick in 0..4_000 {
            let mut draws = rng.at(purpose::CREATOR, CreatorId(0), Tick(tick));
            assert_eq!(TopicRule::Static.choose(1, 0.1, &mut leaning, &[9.0; 4], &mut draws), 1);
            seen[usize::from(TopicRule::Random.choose(1, 0.1, &mut leaning, &[9.0; 4], &mut draws))] += 1;
        }
        assert_eq!(leaning, [0.0, 1.0, 0.0, 0.0]);
        // Binomial(4000, 1/4) has sd 27.4; 6 sd on four counts allows one false alarm in 10⁸.
        assert!(seen.iter().all(|n| (836..=1_164).contains(n)), "{seen:?}");
    }

    #[test]
    fn one_topic_leaves_no_choice() {
        let mut draws = Streams::new(1).at(purpose::CREATOR, CreatorId(0), Tick(0));
        for rule in [TopicRule::Static, TopicRule::Random, TopicRule::Cfd, TopicRule::Lbr] {
            let mut leaning = [1.0];
            assert_eq!(rule.choose(0, 0.1, &mut leaning, &[2.0], &mut draws), 0);
            assert_eq!(leaning, [1.0]);
        }
    }
}
