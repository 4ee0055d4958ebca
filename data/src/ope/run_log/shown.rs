//! One slate of a log, and what the target would have made of it.

use recloop_env::{Grid, ItemId, Known, TargetPolicy};

use super::features::Situation;
use super::pseudo;
use super::{Opinion, RunLog};
use crate::Replayed;
use crate::ope::OpeError;
use crate::ope::model::Offer;

/// A logged slate under the eyes of the target.
pub(super) struct Shown<'a> {
    pub(super) log: &'a RunLog,
    pub(super) tick: &'a Replayed<'a>,
    pub(super) row: usize,
    /// `[K]` where the items shown stand in the row's list.
    pub(super) places: Vec<usize>,
    /// `[K, C]` the target's distribution at each position, given the items shown above it.
    pub(super) target: Grid<f64>,
    pub(super) reward: f64,
    /// `[K]` α_k r_k.
    pub(super) rewards: Vec<f64>,
    /// `[C]` what somebody thinks of the listed, if anybody does.
    pub(super) scores: Vec<f32>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(
        log: &'a RunLog,
        tick: &'a Replayed<'a>,
        row: usize,
        opinion: Option<&dyn Opinion>,
    ) -> Result<Self, OpeError> {
        let (places, target, rewards) = (Vec::new(), Grid::default(), Vec::new());
        let (seen, mut scores) = (tick.transition.seen, Vec::new());
        if let Some(opinion) = opinion {
            scores.resize(seen.candidates.listed(row).len(), 0.0);
            opinion.scores(seen, row, &mut scores);
        }
        let mut shown = Self { log, tick, row, places, target, reward: 0.0, rewards, scores };
        let place = |item: &ItemId| seen.candidates.place(row, *item);
        let places = shown.slate().iter().map(place).collect::<Option<Vec<_>>>();
        shown.places = places.ok_or_else(|| shown.refused("it shows what is no candidate".into()))?;
        shown.target = shown.along(&*log.target)?;
        let mut rewards = std::mem::take(&mut shown.rewards);
        let reward = log.reward.of(tick.transition.step, row, &mut rewards);
        shown.reward = reward.map_err(|reason| shown.refused(reason))?;
        shown.rewards = rewards;
        Ok(shown)
    }

    pub(super) fn slate(&self) -> &'a [ItemId] {
        self.tick.transition.slates.items.row(self.row)
    }

    pub(super) fn k(&self) -> usize {
        self.places.len()
    }

    pub(super) fn user(&self) -> u64 {
        u64::from(self.tick.transition.seen.users[self.row].0)
    }

    /// The level of the group that results are broken down by.
    pub(super) fn level(&self) -> u16 {
        let user = self.tick.transition.seen.users[self.row];
        self.log.group.map_or(0, |group| self.tick.facts.population.level(user, group))
    }

    pub(super) fn refused(&self, reason: String) -> OpeError {
        OpeError::Slate {
            dir: self.log.dir.clone(),
            tick: self.tick.transition.tick().0,
            user: self.user(),
            reason,
        }
    }

    /// `[K]` P(item | those above) as logged; 0 where nobody knows.
    pub(super) fn propensity(&self) -> &'a [f64] {
        self.tick.transition.slates.propensity.row(self.row)
    }

    /// Makes sure that propensities are exact, and can be divided by.
    pub(super) fn check_propensity(&self) -> Result<(), OpeError> {
        match self.tick.transition.slates.known[self.row] {
            Known::Exact => {}
            Known::Estimated { draws } => {
                let reason =
                    format!("its propensities are estimates from {draws} draws, whose error no weight knows");
                return Err(self.refused(reason));
            }
            Known::Unavailable => {
                let reason = "its propensities are not known; `balanced-ips` and `dm` need none".to_owned();
                return Err(self.refused(reason));
            }
        }
        match self.propensity().iter().find(|p| !(**p > 0.0 && **p <= 1.0 + 1e-9)) {
            None => Ok(()),
            Some(p) => Err(self.refused(format!("it has propensity {p}, which is not in (0, 1]"))),
        }
    }

    /// Whether the logger left nothing to chance.
    pub(super) fn is_certain(&self) -> bool {
        self.propensity().iter().all(|p| *p == 1.0)
    }

    /// Whether the target would show this slate by chance: neither surely nor never.
    pub(super) fn is_drawn(&self) -> bool {
        let at = |(k, place): (usize, &usize)| self.target.row(k)[*place];
        let p: f64 = self.places.iter().enumerate().map(at).product();
        p > 0.0 && p < 1.0
    }

    /// `[K, C]` the distribution of `policy` at each position, given the items shown above it.
    pub(super) fn along(&self, policy: &dyn TargetPolicy) -> Result<Grid<f64>, OpeError> {
        let mut out = Grid::default();
        policy.along(self.tick.transition.seen, self.row, self.slate(), &mut out)?;
        Ok(out)
    }

    /// `[C, K]` the marginals of `policy`.
    pub(super) fn marginals(&self, policy: &dyn TargetPolicy) -> Result<Grid<f64>, OpeError> {
        let mut out = Grid::default();
        match policy.marginals(self.tick.transition.seen, self.row, self.k(), &mut out)? {
            Known::Exact => Ok(out),
            _ => Err(self.refused("the policy cannot tell its position marginals".into())),
        }
    }

    /// `[K]` w_{1:k}.
    pub(super) fn cascade(&self) -> Vec<f64> {
        let ratio = |(k, (place, p)): (usize, (&usize, &f64))| self.target.row(k)[*place] / p;
        let ratios = self.places.iter().zip(self.propensity()).enumerate().map(ratio);
        ratios
            .scan(1.0, |product, ratio| {
                *product *= ratio;
                Some(*product)
            })
            .collect()
    }

    /// `[K]` the ratios of position marginals; `None` if nobody knows the logged ones.
    pub(super) fn marginal(&self, target: &Grid<f64>) -> Result<Option<Vec<f64>>, OpeError> {
        let logged: Vec<f64> = match (&self.tick.transition.slates.marginal, &self.log.logger) {
            (Some(logged), _) => logged.row(self.row).to_vec(),
            (None, Some(logger)) => {
                let all = self.marginals(&**logger)?;
                self.places.iter().enumerate().map(|(k, place)| all.row(*place)[k]).collect()
            }
            (None, None) => return Ok(None),
        };
        let ratio = |(k, (place, p)): (usize, (&usize, f64))| target.row(*place)[k] / p;
        Ok(Some(self.places.iter().zip(logged).enumerate().map(ratio).collect()))
    }

    /// `Π_k P_target(level of k | above) / P_log(level of k | above)` of a category of the items.
    pub(super) fn embedding(&self, column: &str) -> Result<f64, OpeError> {
        let seen = self.tick.transition.seen;
        let at = self.log.category(column);
        let (Some(logger), Some(at)) = (&self.log.logger, at) else {
            return Err(self.refused(format!("it needs a logger to be questioned about `{column}`")));
        };
        let (logged, listed) = (self.along(&**logger)?, seen.candidates.listed(self.row));
        let level = |place: usize| seen.items.code(at, self.row, listed[place]);
        let mass = |of: &Grid<f64>, k: usize| -> f64 {
            let mine = level(self.places[k]);
            let alike = of.row(k).iter().enumerate().filter(|(place, p)| **p > 0.0 && level(*place) == mine);
            alike.map(|(_, p)| p).sum()
        };
        let ratio = (0..self.k()).map(|k| mass(&self.target, k) / mass(&logged, k)).product::<f64>();
        if ratio.is_finite() {
            return Ok(ratio);
        }
        Err(self.refused(format!("the logger, questioned again, would not show this `{column}`")))
    }

    /// The target's mass where the logger, questioned again, would not go: at the top, and below what was shown.
    pub(super) fn outside(&self) -> Result<f64, OpeError> {
        let Some(logger) = &self.log.logger else { return Ok(0.0) };
        let logged = self.along(&**logger)?;
        let inside = |k: usize| -> f64 {
            let pairs = self.target.row(k).iter().zip(logged.row(k));
            1.0 - pairs.filter(|(_, logged)| **logged == 0.0).map(|(target, _)| target).sum::<f64>()
        };
        Ok(1.0 - (0..self.k()).map(inside).product::<f64>())
    }

    /// `q_targetᵀ Γ⁺ 1_slate`.
    pub(super) fn pseudo(&self, target: &Grid<f64>) -> Result<Option<f64>, OpeError> {
        let Some(logger) = &self.log.logger else { return Ok(None) };
        let seen = self.tick.transition.seen;
        let (listed, n) = (seen.candidates.listed(self.row), seen.candidates.row(self.row).len());
        if self.is_uniform(&**logger, n)? {
            return Ok(Some(pseudo::uniform(target, &self.places, n)));
        }
        if pseudo::n_slates(n, self.k()) > pseudo::MOST_SLATES {
            let most = pseudo::MOST_SLATES;
            return Err(self.refused(format!(
                "`pseudo-inverse` would go through all slates of {} out of {n} candidates, more than {most}",
                self.k()
            )));
        }
        let mut next = |above: &[usize], out: &mut [f64]| {
            let above: Vec<ItemId> = above.iter().map(|place| listed[*place]).collect();
            logger.distribution(seen, self.row, &above, out)
        };
        let gamma = pseudo::pairs(listed.len(), self.k(), &mut next)?;
        Ok(Some(pseudo::by_pairs(gamma, target, &self.places)))
    }

    /// Whether the logger can be asked for its marginals.
    pub(super) fn logger_marginals(&self) -> Result<bool, OpeError> {
        let Some(logger) = &self.log.logger else { return Ok(false) };
        let seen = self.tick.transition.seen;
        Ok(logger.marginals(seen, self.row, self.k(), &mut Grid::default())? == Known::Exact)
    }

    /// Whether the logger's pairs of positions can be had: from a closed form or slate by slate.
    pub(super) fn enumerable(&self) -> Result<bool, OpeError> {
        let Some(logger) = &self.log.logger else { return Ok(false) };
        let n = self.tick.transition.seen.candidates.row(self.row).len();
        Ok(pseudo::n_slates(n, self.k()) <= pseudo::MOST_SLATES || self.is_uniform(&**logger, n)?)
    }

    /// Whether the logger draws uniformly: told by its distribution along the slate and by its marginals.
    fn is_uniform(&self, logger: &dyn TargetPolicy, n: usize) -> Result<bool, OpeError> {
        let even = |p: &f64, n: usize| *p == 0.0 || (p * n as f64 - 1.0).abs() < 1e-12;
        let along = self.along(logger)?;
        if !(0..self.k()).all(|k| along.row(k).iter().all(|p| even(p, n - k))) {
            return Ok(false);
        }
        let mut marginals = Grid::default();
        let known = logger.marginals(self.tick.transition.seen, self.row, self.k(), &mut marginals)?;
        Ok(known == Known::Exact && marginals.as_slice().iter().all(|p| even(p, n)))
    }

    /// The decision at position `k`, with `target` in place of the target's distribution.
    pub(super) fn offer<T>(
        &self,
        situation: &Situation<'_>,
        k: usize,
        target: &[f64],
        ask: impl FnOnce(&Offer<'_>) -> T,
    ) -> T {
        let listed = self.tick.transition.seen.candidates.listed(self.row);
        ask(&Offer {
            user: self.user(),
            position: k as u16,
            chosen: self.places[k],
            reward: self.rewards[k],
            to_go: self.rewards[k..].iter().sum(),
            propensity: self.propensity()[k],
            target,
            name: &|place| u64::from(listed[place].0),
            features: &|place, out| situation.describe(place, k, out),
            width: self.log.features.width(),
        })
    }
}
