//! What the next item is about.

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{Draws, Topics, below, normalise};
use serde::{Deserialize, Serialize};

use crate::made::OwnItem;

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
/// | imitation | one of the last ten own items is drawn, in proportion to `e^likes` | that of the topic centre nearest to N(its topic's centre, 1/D) |
/// | belief | see below | that of the plan |
/// | external | an agent outside decides: see [`CreatorsEnv`](recloop_env::CreatorsEnv) | that of the brief |
/// | full information | is told everything: see [`FullInformation`](crate::FullInformation) | where an item brings most |
///
/// Equal components: the first topic. u is not scaled, as published: after a few well-clicked items CFD follows u
/// almost at once. Imitation moves around the topic's centre, not around the very item, since a rule decides topics only;
/// whoever has no item yet stays at home.
///
/// # Belief
/// For every topic, [`BeliefParams`](crate::BeliefParams) naming the letters, a creator holds a Beta posterior over the
/// click rate and a Normal–Gamma posterior over the value x of an item per turn on offer: clicks, and likes and minutes if
/// they count. Both rest on its own items alone; each publication lets old evidence fade, by half in `half_life_items`. An item
/// counts by the share of its life it has been on offer. Topics never tried have the prior: κ₀ items of its own
/// average, κ₀ being the ratio of the variance between own items about one topic to that between topics.
///
/// *Slow*, after `revisit_items` items, or when the last item's clicks lie more than `surprise_sds` standard deviations of
/// the beta-binomial posterior predictive law from what was expected: calling recent the topics of the last ten own items,
///
/// - E is the best posterior mean among recent topics, X the best `mean + ρ·sd` among the others, an upper quantile;
/// - p is the prospect value of the last item: `((x − r)/s)^α` for a gain over the reference r, `−λ((r − x)/s)^α` for a loss,
///   where r is a running mean of own items and s one of their distances from it;
/// - EXPLOIT with `σ(δ(E − X)/sd + slope·p)`, sd that between own items: the topic of E; else EXPLORE: the topic of X.
///
/// *Fast*, item by item: about the same. A creator that decides [more than topics](crate::Actions::All) also sets effort, bait and
/// pace when it thinks. With the [table of means](crate::BeliefKind::Means) nothing fades, E and X are plain means, one of
/// the unknown topics is drawn if there are any, worth the mean of all, and nothing surprises.
///
/// # Source
/// "CreAgent: Towards Long-Term Evaluation of Recommender System under Platform-Creator Information Asymmetry" (2025),
/// whose baselines CFD, LBR and imitation are and whose creators' two speeds and table of means these are; the posteriors are
/// ours. Tversky, Kahneman (1992), "Advances in prospect theory", for gains and losses.
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
    /// Does again what was liked, more or less.
    Imitation,
    /// Acts on a belief about its audience.
    Belief,
    /// Knows what the platform knows.
    FullInformation,
    /// Makes nothing unless an agent outside asks it to.
    External,
}

impl TopicRule {
    /// Decides one item by a rule that looks at u alone: `leaning` is v and may move, `gains` is u. The home topic by any other.
    pub(crate) fn choose(
        self,
        home: u16,
        step: f32,
        leaning: &mut [f32],
        gains: &[f32],
        draws: &mut Draws,
    ) -> u16 {
        match self {
            Self::Random => return below(draws.word(), leaning.len() as u32) as u16,
            Self::Cfd => follow(leaning, gains, step),
            Self::Lbr => {
                let mut direction: Vec<f32> = leaning.iter().map(|_| StandardNormal.sample(draws)).collect();
                normalise(&mut direction);
                try_step(leaning, gains, step, &direction);
            }
            Self::Static | Self::Imitation | Self::Belief | Self::FullInformation | Self::External => {
                return home;
            }
        }
        largest(leaning)
    }
}

/// What imitates one of `recent` items, if there are any.
pub(crate) fn imitate(recent: &[OwnItem], topics: &Topics, draws: &mut Draws) -> Option<u16> {
    let most = recent.iter().map(|own| own.likes).fold(0.0, f32::max);
    let weight = |own: &OwnItem| f64::from(own.likes - most).exp();
    let mut left = f64::from(draws.unit()) * recent.iter().map(weight).sum::<f64>();
    let beyond = recent.iter().find(|own| {
        left -= weight(own);
        left < 0.0
    });
    let model = beyond.or(recent.last())?;
    let sd = 1.0 / (topics.centres.width() as f32).sqrt();
    let centre = topics.centres.row(usize::from(model.choice.topic));
    let mut noisy = |x: &f32| {
        let g: f32 = StandardNormal.sample(draws);
        x + sd * g
    };
    let z: Vec<f32> = centre.iter().map(&mut noisy).collect();
    let near = |t: usize| topics.centres.row(t).iter().zip(&z).map(|(c, z)| c * z).sum::<f32>();
    let nearness: Vec<f32> = (0..topics.len()).map(near).collect();
    Some(largest(&nearness))
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
