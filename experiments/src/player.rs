//! Whoever fills the slates of a run: a policy, or an oracle that reads the truth.

use recloop_env::{
    EnvSpec, Observation, Oracle, RecommendError, Recommender, Slates, Snapshot, SnapshotError, Step,
    Streams, TargetPolicy, World,
};

/// A recommender that evaluation can question. Whatever is both is one.
pub trait Policy: Recommender + TargetPolicy {}

impl<P: Recommender + TargetPolicy> Policy for P {}

/// Who fills the slates of a run: a policy, which sees observations, or an oracle, which sees the truth.
pub enum Player {
    /// Sees an observation and nothing else.
    Policy(Box<dyn Policy>),
    /// Bounds what can be had; cannot be evaluated as a policy.
    Oracle(Box<dyn Oracle>),
}

impl Player {
    pub(crate) fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        match self {
            Self::Policy(policy) => policy.begin(spec),
            Self::Oracle(oracle) => oracle.begin(spec),
        }
    }

    pub(crate) fn recommend(
        &mut self,
        world: &World,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        match self {
            Self::Policy(policy) => policy.recommend(seen, rng, out),
            Self::Oracle(oracle) => oracle.recommend(seen, &world.truth(), rng, out),
        }
    }

    pub(crate) fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        if let Self::Policy(policy) = self {
            policy.learn(seen, shown, step);
        }
    }

    /// An oracle remembers nothing.
    pub(crate) fn save(&self) -> Result<Snapshot, SnapshotError> {
        match self {
            Self::Policy(policy) => policy.save(),
            Self::Oracle(_) => Ok(Snapshot::default()),
        }
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        match self {
            Self::Policy(policy) => policy.load(from),
            Self::Oracle(_) => Ok(()),
        }
    }
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Policy(_) => "Player::Policy",
            Self::Oracle(_) => "Player::Oracle",
        })
    }
}
