//! What readers like to begin with: topics are in unequal demand, and groups may differ.

use std::sync::Arc;

use recloop_env::{Draws, Group, ItemId, Streams, Tick, Topics, UserId, below, normalise, purpose, unit};

use super::ReadersParams;
use crate::category;
use crate::normal::quantile;

/// Topics somebody is interested in, at most.
const MOST_TOPICS: u32 = 3;
/// How common the levels of the two attributes are (chosen by us: unequal, as people are).
const SHARES: [&[f64]; 2] = [&[0.6, 0.4], &[0.4, 0.25, 0.15, 0.12, 0.08]];

/// The two attributes readers are grouped by.
pub(super) fn groups() -> Vec<Group> {
    vec![Group::new("half", &["a", "b"]), Group::new("fifth", &["a", "b", "c", "d", "e"])]
}

/// How tastes are spread over the topics of one world.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) topics: Arc<Topics>,
    skew: f64,
    tilt: f64,
}

impl Demand {
    pub(super) fn new(topics: Arc<Topics>, params: &ReadersParams) -> Self {
        Self { topics, skew: f64::from(params.demand_skew), tilt: f64::from(params.group_tilt) }
    }

    /// `[T]` ln of each topic's weight, before any group: Zipf's law over an order drawn for the run.
    fn base(&self, rng: &Streams) -> Vec<f64> {
        let word = |t: usize| rng.block(purpose::DEMAND, ItemId(t as u32), Tick(0), 0)[0];
        let words: Vec<u32> = (0..self.topics.len()).map(word).collect();
        let rank = |t: usize| (0..words.len()).filter(|s| (words[*s], *s) < (words[t], t)).count();
        (0..words.len()).map(|t| -self.skew * (1.0 + rank(t) as f64).ln()).collect()
    }

    /// What belonging to a level adds to the weights, the same for all who do.
    fn tilt(&self, levels: [u16; 2], rng: &Streams, weights: &mut [f64]) {
        if self.tilt == 0.0 {
            return;
        }
        for (attribute, level) in levels.into_iter().enumerate() {
            for (topic, weight) in (0..).zip(&mut *weights) {
                let words = rng.block(purpose::GROUP_TASTE, ItemId(topic), Tick(0), u32::from(level));
                *weight += self.tilt * quantile(unit(words[attribute]));
            }
        }
    }

    /// The levels of a newborn's attributes.
    pub(super) fn levels(&self, user: UserId, tick: Tick, rng: &Streams) -> [u16; 2] {
        let words = rng.block(purpose::GROUP, user, tick, 0);
        [0, 1].map(|attribute| category(SHARES[attribute].iter().copied(), unit(words[attribute])) as u16)
    }

    /// Writes a newborn's interest: a unit vector towards one to three topics, weights `Exp(1)`.
    pub(super) fn draw(&self, levels: [u16; 2], rng: &Streams, draws: &mut Draws, interest: &mut [f32]) {
        let mut weights = self.base(rng);
        self.tilt(levels, rng, &mut weights);
        weights.iter_mut().for_each(|weight| *weight = weight.exp());
        interest.fill(0.0);
        let n = 1 + below(draws.word(), MOST_TOPICS.min(weights.len() as u32));
        for _ in 0..n {
            let topic = category(weights.iter().copied(), unit(draws.word()));
            weights[topic] = 0.0;
            let strength = -unit(draws.word()).ln() as f32;
            let centre = self.topics.centres.row(topic);
            interest.iter_mut().zip(centre).for_each(|(x, c)| *x += strength * c);
        }
        normalise(interest);
    }
}
