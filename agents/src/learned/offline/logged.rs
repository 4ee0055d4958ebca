//! A log as rows of experience.

use rayon::prelude::*;
use recloop_env::{
    End, EnvSpec, Grid, ItemId, Known, Observation, Streams, TargetPolicy, Transition, UserId,
};
use recloop_nn::NnError;

use super::super::experience::Experience;
use super::super::network::Width;
use super::super::neural::Holds;
use super::super::stage::most_offered;
use crate::AgentError;

/// What was logged, ready to be learned from.
#[derive(Debug, Clone)]
pub struct Logged {
    pub(super) spec: EnvSpec,
    pub(super) taken: Experience,
    /// `[N]`.
    pub(super) user: Vec<UserId>,
    /// The first row whose propensities nobody knows.
    pub(super) unknown: Option<AgentError>,
    /// `[N, C]` how likely a target policy shows each candidate, if there is one.
    pub(super) target: Option<Vec<f32>>,
    /// Rows of which it is known what came after.
    pub(super) whole: Vec<u32>,
}

impl Logged {
    /// Slates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn width(&self) -> Width {
        self.taken.width
    }
}

/// Takes in a log, transition by transition, in the order in which it was written.
///
/// The candidates of a row are those that `scorer` would rank: all of them, or what its retriever leaves, which learns from
/// the log as it would have learned in the run. The slate that was shown is among them in any case.
///
/// # Errors
/// A reward that is not finite; a log without a slate whose outcome is known.
pub struct Collector<S> {
    scorer: S,
    streams: Streams,
    target: Option<Box<dyn TargetPolicy>>,
    logged: Logged,
}

impl<S: Holds> Collector<S> {
    /// Room for the log of a world, of a run from this seed.
    ///
    /// # Errors
    /// A scorer that does not fit the world, or one that may have any number of candidates to rank.
    pub fn new(spec: &EnvSpec, seed: u64, mut scorer: S) -> Result<Self, NnError> {
        scorer.begin(spec).map_err(NnError::learner)?;
        let c = most_offered(&scorer, spec)?;
        let logged = Logged {
            spec: spec.clone(),
            taken: Experience::new(spec, scorer.neural(), c, 0),
            user: Vec::new(),
            unknown: None,
            target: None,
            whole: Vec::new(),
        };
        Ok(Self { scorer, streams: Streams::new(seed), target: None, logged })
    }

    /// Asks `policy` of every row how likely it would show each candidate.
    #[must_use]
    pub fn with_target(mut self, policy: Box<dyn TargetPolicy>) -> Self {
        (self.target, self.logged.target) = (Some(policy), Some(Vec::new()));
        self
    }

    /// Bytes that so many slates take.
    #[must_use]
    pub fn bytes(&self, n_slates: u64) -> u64 {
        let Experience { width, n_looks, c, k, .. } = &self.logged.taken;
        // What items that last look like is kept once for all slates.
        let n_told = if self.logged.spec.durable_items { width.item - n_looks + 1 } else { width.item };
        let cells = width.user + c * (n_told + 1 + usize::from(self.target.is_some())) + 3 * k;
        // Course, reward, time, links: about 64 bytes beside the cells.
        n_slates.saturating_mul((4 * cells + 64) as u64)
    }

    /// Takes one tick in.
    ///
    /// # Errors
    /// [`AgentError::RewardNotFinite`]; a target that does not know how likely it shows an item.
    pub fn take(&mut self, tick: &Transition<'_>) -> Result<(), NnError> {
        let Transition { seen, slates, step } = *tick;
        if let Some(row) = step.reward.iter().position(|reward| !reward.is_finite()) {
            let (user, reward) = (seen.users[row], step.reward[row]);
            return Err(NnError::learner(AgentError::RewardNotFinite { tick: seen.tick, user, reward }));
        }
        self.scorer.prepare(seen, &self.streams).map_err(NnError::learner)?;
        self.logged.taken.record(&self.scorer, seen, slates, step);
        self.logged.user.extend(&seen.users);
        for (row, user) in seen.users.iter().enumerate() {
            let propensity = slates.propensity.row(row);
            let is_known = slates.known.get(row).is_some_and(|known| *known != Known::Unavailable);
            if !is_known || propensity.iter().any(|p| !(*p > 0.0 && *p <= 1.0 + 1e-9)) {
                let unknown = AgentError::NoPropensity { tick: seen.tick, user: *user };
                self.logged.unknown.get_or_insert(unknown);
            }
        }
        if let (Some(target), Some(known)) = (&self.target, &mut self.logged.target) {
            let (scorer, c) = (&self.scorer, self.logged.taken.c);
            let first = known.len();
            known.resize(first + seen.len() * c, 0.0);
            let rows = known[first..].par_chunks_mut(c.max(1)).enumerate();
            rows.try_for_each(|(row, out)| shown(&**target, scorer, seen, row, slates.items.row(row), out))?;
        }
        self.scorer.learn(seen, slates, step);
        Ok(())
    }

    /// All of it.
    ///
    /// # Errors
    /// [`AgentError::NoSlates`].
    pub fn finish(self) -> Result<Logged, NnError> {
        let mut logged = self.logged;
        for row in 0..logged.taken.len() {
            let ends = logged.taken.ended[row] == Some(End::Terminated);
            if ends || logged.taken.next[row].is_some() {
                logged.whole.push(row as u32);
            } else {
                // So that what came before ends in what the user was worth here.
                logged.taken.reward[row] = 0.0;
            }
        }
        if logged.whole.is_empty() {
            return Err(NnError::learner(AgentError::NoSlates));
        }
        Ok(logged)
    }
}

/// How likely `target` shows each of a row's candidates at all, in the order of [`Experience`].
fn shown(
    target: &dyn TargetPolicy,
    scorer: &impl Holds,
    seen: &Observation,
    row: usize,
    slate: &[ItemId],
    out: &mut [f32],
) -> Result<(), NnError> {
    let mut marginals = Grid::default();
    let known = target.marginals(seen, row, slate.len(), &mut marginals).map_err(NnError::learner)?;
    if known == Known::Unavailable {
        return Err(NnError::learner(AgentError::NoMarginals));
    }
    let listed = seen.candidates.listed(row);
    let place_of = |item: &ItemId| listed.iter().position(|other| other == item);
    let offered = scorer.offered(seen, row).into_iter().map(|(place, _)| place);
    let others = offered.filter(|place| !slate.contains(&listed[*place]));
    for (place, out) in slate.iter().filter_map(place_of).chain(others).zip(out) {
        *out = marginals.row(place).iter().sum::<f64>() as f32;
    }
    Ok(())
}
