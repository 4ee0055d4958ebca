//! A world, and the policy that plays in it between two updates.

use recloop_env::{Env, EnvSpec, Observation, Recommender, ResetOptions, Slates, Step};
use recloop_nn::NnError;

use super::experience::Experience;
use super::fairness::{Fairness, FairnessConfig};
use super::network::{FrozenNetwork, Width};
use super::neural::Holds;
use crate::PlackettLuce;
use crate::scorer::unfit;

/// Plays whole runs of a world by Plackett–Luce slates over what a network says.
pub(crate) struct Stage<W, S> {
    world: W,
    spec: EnvSpec,
    options: ResetOptions,
    ranker: PlackettLuce<S>,
    c: usize,
    /// Rows to make room for.
    n: usize,
    pub(crate) fairness: Fairness,
}

impl<W: Env + Send, S: Holds> Stage<W, S> {
    /// A stage in `world`, where a scorer ranks at this temperature.
    ///
    /// # Errors
    /// A scorer that does not fit the world, or one that may have any number of candidates to rank.
    pub(crate) fn new(
        world: W,
        options: ResetOptions,
        mut scorer: S,
        temperature: f32,
        fairness: FairnessConfig,
    ) -> Result<Self, NnError> {
        let spec = world.spec().clone();
        let fairness = Fairness::new(fairness, &spec)?;
        scorer.begin(&spec).map_err(NnError::learner)?;
        let c = most_offered(&scorer, &spec)?;
        let mut ranker = PlackettLuce::new(scorer, temperature).map_err(NnError::learner)?;
        ranker.begin(&spec).map_err(NnError::learner)?;
        Ok(Self { world, spec, options, ranker, c, n: 0, fairness })
    }

    pub(crate) fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    /// What describes a user and an item here.
    pub(crate) fn width(&self) -> Width {
        self.ranker.scorer().neural().encoder().width()
    }

    /// What ranks here, to give it other weights.
    pub(crate) fn scorer_mut(&mut self) -> &mut S {
        self.ranker.scorer_mut()
    }

    /// Plays by these weights from now on.
    pub(crate) fn act_by(&mut self, network: FrozenNetwork) {
        self.ranker.scorer_mut().neural_mut().set(network);
    }

    /// One run of the world, from a seed to its end, with all users at once.
    pub(crate) fn play(&mut self, seed: u64) -> Result<Experience, NnError> {
        // Within the pool, as every tick is: none has to wake it.
        let taken = rayon::scope(|_| self.played(seed))?;
        // Runs are not equally long.
        self.n = taken.len() + taken.len() / 4;
        Ok(taken)
    }

    fn played(&mut self, seed: u64) -> Result<Experience, NnError> {
        let mut taken = Experience::new(&self.spec, self.ranker.scorer().neural(), self.c, self.n);
        let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
        // What was known of the people and items of the run before is of no use in this one.
        self.ranker.begin(&self.spec).map_err(NnError::learner)?;
        self.world.reset(seed, &self.options, &mut seen).map_err(NnError::learner)?;
        self.fairness.begin();
        while !seen.is_empty() {
            self.ranker.recommend(&seen, &self.world.streams(), &mut slates).map_err(NnError::learner)?;
            self.world.step(&slates, &mut step).map_err(NnError::learner)?;
            taken.record(self.ranker.scorer(), &seen, &slates, &step);
            self.fairness.credit(&mut taken, &seen, &slates, self.world.population());
            self.ranker.learn(&seen, &slates, &step);
            std::mem::swap(&mut seen, &mut step.next);
        }
        Ok(taken)
    }
}

/// C: the most candidates a network is asked about for a row.
pub(crate) fn most_offered(scorer: &impl Holds, spec: &EnvSpec) -> Result<usize, NnError> {
    let boundless =
        || "its rows can have any number of candidates: put a retriever before the network".to_owned();
    scorer.most_offered(spec).ok_or_else(|| NnError::learner(unfit("the network", spec, boundless())))
}
