//! How scores become slates: what can be wrapped around any scorer, by keys.

use recloop_agents::{
    AgentError, DotProduct, FairRec, Familiar, Greedy, MatrixFactorisation, PlackettLuce, Popularity,
    Recency, Rerank, Reranked, Scorer, TwoStage,
};
use serde::Deserialize;
use toml::Table;

use super::refused;
use crate::config::{bad, parse};
use crate::{ConfigError, Player};

/// Keys that every ranking takes; without one of them it is something of its own.
pub(super) const OPTIONAL: &[&str] = &[
    "dial",
    "relevance",
    "rerank",
    "retrieve",
    "retriever",
    "shortlist",
    "temperature",
    "tie_seed",
    "waves",
];

/// The dial of a reranker that is not told (chosen by us: half the scores, half what it is for).
const DIAL: f32 = 0.5;
/// How many of the best a diverse reranker looks at unless told (chosen by us: ten slates' worth).
const SHORTLIST: usize = 100;

/// Waves of a tick unless told (chosen by us: a strong dial then swings by a sixty-fourth of a tick).
const WAVES: u32 = 64;

/// What stands between a score and a slate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ranking {
    /// Plackett–Luce at this temperature, in units of the score; greedy if absent.
    temperature: Option<f32>,
    /// Whether slates come with their position marginals.
    pub(super) marginals: bool,
    /// The seed of the order among equal scores, in place of the run's.
    tie_seed: Option<u64>,
    /// How many candidates a cheap scorer leaves to be ranked; all if absent.
    retrieve: Option<usize>,
    /// The cheap scorer; `popularity` if absent.
    retriever: Option<Retriever>,
    /// What makes slates of different items, or fair ones; nothing if absent.
    rerank: Option<Reranker>,
    /// How far it goes: 0 is not at all.
    dial: Option<f32>,
    /// Of a diverse one, 1 less the dial.
    relevance: Option<f32>,
    /// How many of the best a diverse one chooses from.
    shortlist: Option<usize>,
    /// In how many waves a fair one serves a tick.
    waves: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Retriever {
    Popularity,
    Recency,
    Dot,
    Familiar,
    Mf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reranker {
    Mmr,
    Dpp,
    FairCo,
    Tfrom,
    #[serde(rename = "p-mmf")]
    PMmf,
    CpFair,
    FairRec,
}

impl Reranker {
    /// Whether it goes by how alike items are.
    fn is_diverse(self) -> bool {
        matches!(self, Self::Mmr | Self::Dpp)
    }

    /// Whether it goes by what creators were shown so far.
    fn is_served_in_waves(self) -> bool {
        !self.is_diverse() && self != Self::FairRec
    }
}

impl Ranking {
    /// Takes its keys out of `keys` and leaves the scorer's.
    pub(super) fn take(keys: &mut Table) -> Result<Self, ConfigError> {
        let mine = OPTIONAL.iter().chain(&["marginals"]).filter_map(|key| keys.remove_entry(*key)).collect();
        let ranking: Self = parse("recommender", mine)?;
        ranking.check()?;
        Ok(ranking)
    }

    /// Whether it leaves only some candidates to be ranked.
    pub(super) fn retrieves(&self) -> bool {
        self.retrieve.is_some()
    }

    /// Refuses keys that would do nothing.
    fn check(&self) -> Result<(), ConfigError> {
        let diverse = self.rerank.is_some_and(Reranker::is_diverse);
        let idle = [
            (
                "tie_seed",
                self.tie_seed.is_some() && self.temperature.is_some(),
                "it breaks the ties of a greedy ranking; with a `temperature` slates are drawn",
            ),
            (
                "retriever",
                self.retriever.is_some() && self.retrieve.is_none(),
                "it needs `retrieve`: how many candidates it leaves",
            ),
            (
                "dial",
                self.dial.is_some() && self.rerank.is_none(),
                "it needs `rerank`, which it sets: mmr, dpp, fairco, tfrom, p-mmf, cpfair or fairrec",
            ),
            (
                "relevance",
                self.relevance.is_some() && !diverse,
                "it needs `rerank`: \"mmr\" or \"dpp\"; all rerankers take `dial`",
            ),
            (
                "relevance",
                self.relevance.is_some() && self.dial.is_some(),
                "it is 1 less the `dial`, which is given already; give one of them",
            ),
            ("shortlist", self.shortlist.is_some() && !diverse, "it needs `rerank`: \"mmr\" or \"dpp\""),
            (
                "waves",
                self.waves.is_some() && !self.rerank.is_some_and(Reranker::is_served_in_waves),
                "it needs `rerank`: \"fairco\", \"tfrom\", \"p-mmf\" or \"cpfair\"",
            ),
        ];
        match idle.into_iter().find(|(_, idle, _)| *idle) {
            Some((key, _, reason)) => Err(bad(&format!("recommender.{key}"), reason.into())),
            None => Ok(()),
        }
    }

    /// A recommender that ranks by `scorer`.
    pub(super) fn of(&self, scorer: impl Scorer + 'static) -> Result<Player, ConfigError> {
        let reranked = self.candidates(Box::new(scorer))?;
        let Some(temperature) = self.temperature else {
            return Ok(Player::Policy(Box::new(self.greedy(reranked))));
        };
        let ranker = PlackettLuce::new(reranked, temperature).map_err(refused)?;
        Ok(Player::Policy(Box::new(ranker.with_marginals(self.marginals))))
    }

    /// What slates are drawn at, if they are drawn.
    pub(super) fn temperature(&self) -> Option<f32> {
        self.temperature
    }

    /// The best by `scorer`.
    pub(super) fn greedy<S: Scorer>(&self, scorer: S) -> Greedy<S> {
        let greedy = Greedy::new(scorer).with_marginals(self.marginals);
        match self.tie_seed {
            Some(seed) => greedy.with_tie_seed(seed),
            None => greedy,
        }
    }

    /// A scorer behind what retrieves and reranks.
    pub(super) fn candidates(&self, scorer: Box<dyn Scorer>) -> Result<Box<dyn Scorer>, ConfigError> {
        self.reranked(self.retrieved(scorer)?)
    }

    fn retrieved(&self, ranker: Box<dyn Scorer>) -> Result<Box<dyn Scorer>, ConfigError> {
        let Some(keep) = self.retrieve else { return Ok(ranker) };
        let retriever: Box<dyn Scorer> = match self.retriever.unwrap_or(Retriever::Popularity) {
            Retriever::Popularity => Box::new(Popularity::default()),
            Retriever::Recency => Box::new(Recency),
            Retriever::Dot => Box::new(DotProduct::default()),
            Retriever::Familiar => Box::new(Familiar::default()),
            Retriever::Mf => Box::new(MatrixFactorisation::default()),
        };
        Ok(Box::new(TwoStage::new(retriever, ranker, keep).map_err(refused)?))
    }

    fn reranked(&self, scorer: Box<dyn Scorer>) -> Result<Box<dyn Scorer>, ConfigError> {
        let by = match self.rerank {
            None => return Ok(scorer),
            Some(Reranker::FairRec) => {
                return Ok(Box::new(FairRec::new(scorer, self.dial.unwrap_or(DIAL)).map_err(refused)?));
            }
            Some(Reranker::Mmr) => Rerank::Mmr,
            Some(Reranker::Dpp) => Rerank::Dpp,
            Some(Reranker::FairCo) => Rerank::FairCo,
            Some(Reranker::Tfrom) => Rerank::Tfrom,
            Some(Reranker::PMmf) => Rerank::PMmf,
            Some(Reranker::CpFair) => Rerank::CpFair,
        };
        if let Some(relevance) = self.relevance.filter(|relevance| !(0.0..=1.0).contains(relevance)) {
            return Err(refused(AgentError::Share { name: "relevance", value: relevance }));
        }
        let dial = self.dial.or(self.relevance.map(|relevance| 1.0 - relevance)).unwrap_or(DIAL);
        let shortlist = self.shortlist.unwrap_or(SHORTLIST);
        let reranked = Reranked::new(scorer, by, dial, shortlist);
        let waves = self.waves.unwrap_or(WAVES);
        Ok(Box::new(reranked.and_then(|reranked| reranked.in_waves(waves)).map_err(refused)?))
    }
}
