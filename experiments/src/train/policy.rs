//! A trained policy as a recommender.

use std::path::{Path, PathBuf};

use recloop_agents::learned::{NetworkConfig, Neural, SlateNets, SlateOptimiser, SlateScorer, Width};
use recloop_agents::sequence::Retrieval as Sequential;
use recloop_agents::{
    AgentError, DotProduct, Familiar, LinUcb, LinearReward, Popularity, Recency, Reward, Scorer, TwoStage,
};
use recloop_env::EnvSpec;
use recloop_nn::checkpoint::{self, CARD, Card, WEIGHTS};
use recloop_nn::training::POLICY;
use recloop_nn::{Compute, NnError, open};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SequenceDesign;

/// A cheap scorer that leaves few candidates to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retrieval {
    /// The most clicked.
    #[default]
    Popularity,
    /// The newest.
    Recency,
    /// The closest to the observed interest.
    Dot,
    /// The most like what the user clicked.
    Familiar,
    /// The best of an optimistic linear model of minutes, which learns as it goes.
    Linucb,
}

impl Retrieval {
    /// The scorer.
    #[must_use]
    pub fn scorer(self) -> Box<dyn Scorer> {
        match self {
            Self::Popularity => Box::new(Popularity::default()),
            Self::Recency => Box::new(Recency),
            Self::Dot => Box::new(DotProduct::default()),
            Self::Linucb => {
                let minutes = LinearReward { reward: Reward::DwellMinutes, ..LinearReward::default() };
                Box::new(LinUcb::new(EXPLORATION, minutes).expect("settings of ours"))
            }
            Self::Familiar => Box::new(Familiar::default()),
        }
    }
}

/// Optimism of the linear retriever, as that of the recommender `linucb`.
const EXPLORATION: f32 = 0.25;

/// What is left to a network, and how far it leans on who left it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieved {
    /// By whom.
    pub by: Retrieval,
    /// How many candidates.
    pub keep: usize,
    /// λ of [`TwoStage`].
    pub lean: f32,
    /// The most of each creator, if that is bounded.
    #[serde(default)]
    pub per_creator: Option<usize>,
}

impl Retrieved {
    /// Puts the retriever before `ranker`.
    ///
    /// # Errors
    /// No candidates, or a λ that is not finite.
    pub fn before<S: Scorer>(self, ranker: S) -> Result<TwoStage<Box<dyn Scorer>, S>, AgentError> {
        let staged = TwoStage::new(self.by.scorer(), ranker, self.keep)?.leaning(self.lean)?;
        match self.per_creator {
            Some(most) => staged.of_each_creator(most),
            None => Ok(staged),
        }
    }
}

/// What a policy is made of, as the card has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyShape {
    /// What leaves how many candidates to be ranked.
    pub retrieval: Option<Retrieved>,
    /// Its networks.
    pub kind: PolicyKind,
}

/// The networks of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// One, which scores candidates.
    Ranker {
        /// Numbers of a user and of an item.
        width: Width,
        /// Sizes.
        network: NetworkConfig,
    },
    /// Two: what is gained when a candidate is taken, and how readily it is.
    SlateQ {
        /// Numbers of a user and of an item.
        width: Width,
        /// Sizes.
        network: NetworkConfig,
        /// How slates are put together from that.
        optimiser: SlateOptimiser,
    },
    /// One that says which item follows on somebody's clicks.
    Sequence {
        /// Its design.
        design: SequenceDesign,
        /// What the world was like whose log it has learned from.
        spec: Box<EnvSpec>,
    },
}

/// The directory of a trained policy: `dir`, or the folder `policy` in it; nothing if it is neither.
#[must_use]
pub fn policy_dir(dir: &Path) -> Option<PathBuf> {
    [dir.to_owned(), dir.join(POLICY)]
        .into_iter()
        .find(|dir| dir.join(CARD).is_file() && dir.join(WEIGHTS).is_file())
}

/// The trained policy in `dir`, ready to rank, and its shape.
///
/// # Errors
/// Files that are missing, damaged, of another version or of another shape than their card says.
pub fn trained(dir: &Path) -> Result<(Box<dyn Scorer>, PolicyShape), NnError> {
    let refused = |reason: String| NnError::Checkpoint { path: dir.join(CARD), reason };
    let card = Card::load(dir)?;
    let shape: PolicyShape = serde_json::from_value(card.shape)
        .map_err(|error| refused(format!("its shape is not that of a ranking network: {error}")))?;
    let device = open(Compute::Cpu)?;
    let weights = dir.join(WEIGHTS);
    let scorer: Box<dyn Scorer> = match &shape.kind {
        PolicyKind::Ranker { width, network } => {
            let mut network = network.build(*width, card.seed, &device);
            checkpoint::load_weights(&mut network, &weights)?;
            Box::new(Neural::new(network.frozen()?, *width))
        }
        PolicyKind::SlateQ { width, network, optimiser } => {
            let mut nets = SlateNets::build(network, *width, card.seed, &device);
            checkpoint::load_weights(&mut nets, &weights)?;
            let [gain, readiness] = nets.frozen()?;
            Box::new(SlateScorer::new(Neural::new(gain, *width), readiness, *optimiser))
        }
        PolicyKind::Sequence { design, spec } => match design.clone() {
            SequenceDesign::SasRec(design) => Box::new(Sequential::read(design, spec, &weights, &device)?),
            SequenceDesign::TwoTower(design) => Box::new(Sequential::read(design, spec, &weights, &device)?),
        },
    };
    Ok((scorer, shape))
}

/// What tells the weights in `dir` from any others.
///
/// # Errors
/// [`NnError::Io`] if they cannot be read.
pub fn digest(dir: &Path) -> Result<String, NnError> {
    let path = dir.join(WEIGHTS);
    let bytes = std::fs::read(&path).map_err(|source| NnError::Io { doing: "read", path, source })?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
