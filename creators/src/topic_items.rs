//! Items with a topic, and a quality that depends on it.

use rand_distr::{Distribution, Normal};
use recloop_env::{Block, ItemLaw, ItemRowsMut, Layout, Streams, Tick, UserId, below, purpose};

use crate::CreatorsError;

/// How an item's quality follows from its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityLaw {
    /// q ~ N(μ\[topic\], sd), seen by nobody before it is consumed.
    LatentNormal,
    /// q ~ LogNormal(μ\[topic\], sd), seen by everybody.
    ObservedLogNormal,
}

/// Items of one topic each: topic ~ Categorical(shares), quality by a [`QualityLaw`].
///
/// # Shapes and units
/// - observed category `topic`; `quality [1]`, dimensionless, latent or observed as the law says
///
/// # Numerics
/// A topic takes one 32-bit word, so a share is met to 2⁻³². Normals are `rand_distr`'s ziggurat.
///
/// # Source
/// Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems".
#[derive(Debug, Clone)]
pub struct TopicItems {
    law: QualityLaw,
    /// Cumulative share of the topics up to each, scaled to 2³²; empty when all shares are equal.
    ceilings: Vec<u64>,
    quality: Vec<Normal<f32>>,
}

impl TopicItems {
    /// Items whose topic `c` has probability `shares[c]` (they are normalised) and mean (log) quality `mean[c]`.
    pub fn new(law: QualityLaw, shares: &[f32], mean: &[f32], sd: f32) -> Result<Self, CreatorsError> {
        let refuse = |name, value, allowed: &str| {
            let allowed = allowed.into();
            CreatorsError::Parameter { name, value, allowed }
        };
        if shares.is_empty() || shares.len() > usize::from(u16::MAX) || shares.len() != mean.len() {
            return Err(refuse(
                "number of topics",
                shares.len() as f32,
                "1 to 65,535, one mean quality each",
            ));
        }
        if let Some(&bad) = shares.iter().find(|share| !(**share > 0.0 && share.is_finite())) {
            return Err(refuse("topic share", bad, "(0, inf)"));
        }
        if !(sd >= 0.0 && sd.is_finite()) {
            return Err(refuse("quality sd", sd, "[0, inf)"));
        }
        let normal =
            |&mean| Normal::new(mean, sd).map_err(|_| refuse("mean quality", mean, "a finite number"));
        let quality = mean.iter().map(normal).collect::<Result<_, _>>()?;
        let equal = shares.iter().all(|share| *share == shares[0]);
        Ok(Self { law, ceilings: if equal { Vec::new() } else { ceilings(shares) }, quality })
    }

    /// The published items of interest evolution: 20 equally likely topics, 14 of mean quality evenly from −3 to 0, 6
    /// evenly from 0 to 3, sd 0.1, latent.
    #[must_use]
    pub fn interest_evolution() -> Self {
        let poor = (0..14).map(|c| -3.0 + 3.0 * c as f32 / 13.0);
        let mean: Vec<f32> = poor.chain((0..6).map(|c| 3.0 * c as f32 / 5.0)).collect();
        Self::new(QualityLaw::LatentNormal, &[1.0; 20], &mean, 0.1)
            .expect("the published parameters are allowed")
    }

    /// The published items of interest exploration: two topics with shares .2 and .8 and mean log quality .8 and .2, sd
    /// 0.1, observed.
    #[must_use]
    pub fn interest_exploration() -> Self {
        Self::new(QualityLaw::ObservedLogNormal, &[0.2, 0.8], &[0.8, 0.2], 0.1)
            .expect("the published parameters are allowed")
    }

    #[inline]
    fn topic(&self, word: u32) -> u16 {
        if self.ceilings.is_empty() {
            return below(word, self.quality.len() as u32) as u16;
        }
        self.ceilings.partition_point(|ceiling| *ceiling <= u64::from(word)) as u16
    }
}

fn ceilings(shares: &[f32]) -> Vec<u64> {
    let total: f64 = shares.iter().copied().map(f64::from).sum();
    let mut sum = 0.0;
    let ceiling = |share: &f32| {
        sum += f64::from(*share) / total;
        (sum * 4_294_967_296.0).round() as u64
    };
    let mut ceilings: Vec<u64> = shares.iter().map(ceiling).collect();
    // Rounding must not leave a word without a topic.
    *ceilings.last_mut().expect("there is a topic") = 1 << 32;
    ceilings
}

impl ItemLaw for TopicItems {
    fn observed(&self) -> Layout {
        let topic = Block::category("topic", self.quality.len() as u16, "what it is about");
        let quality = Block::dense("quality", 1, (0.0, f32::INFINITY), "how good it is");
        Layout::new(if self.law == QualityLaw::LatentNormal { vec![topic] } else { vec![topic, quality] })
    }

    fn latent(&self) -> Layout {
        let bounds = (f32::NEG_INFINITY, f32::INFINITY);
        let quality = Block::dense("quality", 1, bounds, "how good it turns out to be");
        Layout::new(if self.law == QualityLaw::LatentNormal { vec![quality] } else { vec![] })
    }

    fn draw(
        &self,
        user: UserId,
        tick: Tick,
        rng: &Streams,
        observed: ItemRowsMut<'_>,
        latent: ItemRowsMut<'_>,
    ) {
        let mut draws = rng.at(purpose::CANDIDATES, user, tick);
        let is_latent = self.law == QualityLaw::LatentNormal;
        let qualities = if is_latent { latent.dense } else { observed.dense };
        for (topic, quality) in observed.codes.iter_mut().zip(qualities) {
            *topic = self.topic(draws.word());
            let value = self.quality[usize::from(*topic)].sample(&mut draws);
            *quality = if is_latent { value } else { value.exp() };
        }
    }

    fn fork(&self) -> Box<dyn ItemLaw> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::ItemTable;

    fn drawn(law: &TopicItems, n: usize) -> (ItemTable, ItemTable) {
        let (mut seen, mut latent) = (ItemTable::new(law.observed()), ItemTable::new(law.latent()));
        seen.resize(n);
        latent.resize(n);
        law.draw(UserId(3), Tick(5), &Streams::new(1), seen.rows_mut(), latent.rows_mut());
        (seen, latent)
    }

    #[test]
    fn every_word_has_a_topic_and_shares_are_met() {
        let law = TopicItems::interest_exploration();
        assert_eq!(law.topic(0), 0);
        assert_eq!((law.topic(858_993_458), law.topic(858_993_460)), (0, 1)); // 0.2·2³² = 858,993,459.2
        assert_eq!(law.topic(u32::MAX), 1);
    }

    #[test]
    fn published_qualities_have_their_published_means() {
        // n = 40,000: the mean of a topic's ~2,000 draws has se 0.1/√2000 = 0.0022; 6 se allows one false alarm in 10⁷.
        let law = TopicItems::interest_evolution();
        let (seen, latent) = drawn(&law, 40_000);
        let topic = law.observed().find("topic").unwrap();
        let quality = law.latent().find("quality").unwrap();
        for (c, mean) in [(0, -3.0), (13, 0.0), (14, 0.0), (15, 0.6), (19, 3.0)] {
            let of_topic: Vec<f32> = (0..40_000)
                .filter(|i| seen.code(topic, *i) == c)
                .map(|i| latent.dense(quality, i)[0])
                .collect();
            let found = of_topic.iter().sum::<f32>() / of_topic.len() as f32;
            assert!(of_topic.len() > 1_700 && (found - mean).abs() < 0.0135, "topic {c}: {found}");
        }
    }

    #[test]
    fn refuses_laws_that_are_none() {
        let new = |shares: &[f32], sd| TopicItems::new(QualityLaw::LatentNormal, shares, &[0.0], sd).is_err();
        assert!(new(&[], 0.1) && new(&[0.0], 0.1) && new(&[1.0], -1.0) && new(&[1.0, 1.0], 0.1));
    }
}
