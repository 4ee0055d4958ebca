//! The log of a run, questioned by a target: what evaluation makes of our own logs.
//!
//! A decision is a whole slate: its weight is the product over positions of `π_target(a_k | above) / π_log(a_k | above)`, its
//! reward `Σ_k α_k r_k`. Start at [`RunLog::open`]; `shown.rs` is one slate under the eyes of the target, `columns.rs` what
//! estimators get of it, `features.rs` what models are told, `pseudo.rs` the weight of the pseudo-inverse estimator.

mod columns;
mod features;
mod lacking;
mod pseudo;
mod reward;
mod shown;
#[cfg(test)]
mod tests;
mod trajectories;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use recloop_env::{EnvSpec, Grid, Known, Observation, RecommendError, TargetPolicy, Transition};

use super::model::{Modeller, Offer};
use super::sequence::Trajectory;
use super::{Declared, Estimator, OpeError, Signals, Source, Told, Wanted};
use crate::{LogSource, Manifest};
use columns::{Ask, Columns};
use features::{Features, Situation};
use reward::Reward;
use shown::Shown;

/// Rows that one task looks at (chosen by us: ticks are small).
const ROWS_PER_TASK: usize = 16;
/// Rows that are handed over together, at least (chosen by us: megabytes).
const BATCH: usize = 4_096;

/// What is made of a run's log besides the choice of a target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunLogOptions {
    /// The reward: a column of the log, or arithmetic over columns such as `click + dwell_secs / 60`; the log's own
    /// `reward` if not said. Columns are `click`, `dwell_secs` and the signals, by position; `reward` and its parts, by slate.
    pub reward: Option<String>,
    /// `[K]` α, the weight of each position's reward; 1 if not said.
    pub position_weights: Option<Vec<f64>>,
    /// The group attribute of users that results are broken down by.
    pub by: Option<String>,
    /// What is declared of rewards and propensities: slates that break it are refused.
    pub declared: Declared,
}

/// Somebody who thinks something of every candidate, and may learn from what is met on the way.
pub trait Opinion: Send + Sync {
    /// Gets ready for a tick.
    ///
    /// # Errors
    /// As a recommender's.
    fn prepare(&mut self, seen: &Observation) -> Result<(), RecommendError>;

    /// Scores of the listed candidates of a row, `[C]`.
    fn scores(&self, seen: &Observation, row: usize, out: &mut [f32]);

    /// Takes in a tick after all have been asked about it.
    fn learn(&mut self, tick: &Transition<'_>);
}

/// Makes one that has met nothing yet: a log is read more than once.
pub type Opinions = Box<dyn Fn() -> Result<Box<dyn Opinion>, RecommendError> + Send + Sync>;

/// The log of a run under the eyes of a target, slate by slate.
///
/// One chunk, replayed tick by tick; the rows of a tick are questioned in parallel and put in order. Memory does not grow
/// with the log.
///
/// # Assumptions
/// The target sees what the logger saw, and nothing else: it is questioned about the logged observations. A reward of the
/// whole slate is shared equally by its positions where a model must speak of positions.
///
/// # Errors
/// [`OpeError::Slate`] names the tick and the user of a slate without exact propensities where one was needed, or with a
/// reward that is no number; [`OpeError::Deterministic`] if nothing was left to chance; and what the log or a policy say.
///
/// ```no_run
/// use recloop_data::ope::{RunLog, RunLogOptions};
/// # fn policy() -> Box<dyn recloop_env::TargetPolicy> { unimplemented!() }
/// let options = RunLogOptions { reward: Some("click".into()), ..RunLogOptions::default() };
/// let log = RunLog::open("runs/mine".as_ref(), policy(), None, &options)?;
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
pub struct RunLog {
    dir: PathBuf,
    manifest: Manifest,
    target: Box<dyn TargetPolicy>,
    logger: Option<Box<dyn TargetPolicy>>,
    reward: Reward,
    /// Which of the groups results are broken down by.
    group: Option<usize>,
    levels: Vec<String>,
    features: Features,
    opinions: Option<Opinions>,
    declared: Declared,
    peek: Peek,
}

impl std::fmt::Debug for RunLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunLog({})", self.dir.display())
    }
}

/// What the first slates tell of all: which estimators there can be.
#[derive(Debug, Clone, Copy, Default)]
struct Peek {
    /// Whether propensities are exact.
    exact: bool,
    /// Whether position marginals were logged.
    marginals: bool,
    /// Whether the target knows its own.
    target_marginals: bool,
    /// Whether the logger's pairs of positions can be had.
    enumerable: bool,
}

impl RunLog {
    /// Opens the log of the run in `dir` to be questioned by `target`.
    ///
    /// `logger` is the policy that wrote it, where it can be asked again: it gives the logging distribution over what was
    /// not shown, which `mips`, `offcem` and `pseudo-inverse` need, and so does the diagnosis of what lies outside the log.
    ///
    /// # Errors
    /// No log; a reward or a group that it does not have; a target that refuses the log's world.
    pub fn open(
        dir: &Path,
        target: Box<dyn TargetPolicy>,
        logger: Option<Box<dyn TargetPolicy>>,
        options: &RunLogOptions,
    ) -> Result<Self, OpeError> {
        let manifest = Manifest::load(dir)?;
        let spec = &manifest.spec;
        let reward = Reward::read(options.reward.as_deref(), options.position_weights.as_deref(), spec)?;
        let group = options.by.as_deref().map(|by| group(by, spec)).transpose()?;
        let levels = group.map_or_else(Vec::new, |group| spec.groups[group].levels.clone());
        let (features, peek, dir) = (Features::of(spec), Peek::default(), dir.into());
        let declared = options.declared.clone();
        let opinions = None;
        let mut log =
            Self { dir, manifest, target, logger, reward, group, levels, features, opinions, declared, peek };
        log.peek = log.peek()?;
        Ok(log)
    }

    /// Tells reward models, besides the features, what somebody thinks of each candidate: such as Q fitted to another log
    /// of the same world. Fitted to this one, it has seen the rewards it is to predict.
    #[must_use]
    pub fn with_opinions(mut self, opinions: Opinions) -> Self {
        (self.features, self.opinions) = (self.features.scored(), Some(opinions));
        self
    }

    /// Looks at the first slates.
    fn peek(&self) -> Result<Peek, OpeError> {
        let mut source = LogSource::open(&self.dir)?;
        while let Some(tick) = source.next()? {
            let (seen, slates) = (tick.transition.seen, tick.transition.slates);
            if seen.is_empty() {
                continue;
            }
            let shown = Shown::of(self, &tick, 0, None)?;
            let known = self.target.marginals(seen, 0, shown.k(), &mut Grid::default())?;
            let target_marginals = known == Known::Exact;
            return Ok(Peek {
                exact: slates.known.iter().all(|known| *known == Known::Exact),
                marginals: slates.marginal.is_some() || shown.logger_marginals()?,
                target_marginals,
                enumerable: target_marginals && shown.enumerable()?,
            });
        }
        Err(OpeError::Empty { excluded: 0 })
    }

    /// Questions the target about every tick's rows in parallel, has a `look` at them, and hands over what that came to, in
    /// order.
    fn each_block<T: Send>(
        &self,
        look: impl Fn(&[Shown<'_>]) -> Result<T, OpeError> + Sync,
        mut take: impl FnMut(&[Shown<'_>], T) -> Result<(), OpeError>,
    ) -> Result<(), OpeError> {
        let mut source = LogSource::open(&self.dir)?;
        let mut opinion = self.opinions.as_ref().map(|begin| begin()).transpose()?;
        while let Some(tick) = source.next()? {
            if let Some(opinion) = &mut opinion {
                opinion.prepare(tick.transition.seen)?;
            }
            let (n, told) = (tick.transition.seen.len(), opinion.as_deref());
            let block = |block: usize| {
                let rows = block * ROWS_PER_TASK..n.min((block + 1) * ROWS_PER_TASK);
                let shown =
                    rows.map(|row| Shown::of(self, &tick, row, told)).collect::<Result<Vec<_>, _>>()?;
                look(&shown).map(|found| (shown, found))
            };
            let blocks: Vec<_> = (0..n.div_ceil(ROWS_PER_TASK)).into_par_iter().map(block).collect();
            // The first row that fails is the one reported, whichever thread finds one first.
            blocks.into_iter().try_for_each(|block| block.and_then(|(shown, found)| take(&shown, found)))?;
            if let Some(opinion) = &mut opinion {
                opinion.learn(&tick.transition);
            }
        }
        Ok(())
    }
}

impl Shown<'_> {
    fn situation(&self) -> Situation<'_> {
        self.log.features.situation(self.tick.transition.seen, self.row, &self.scores)
    }
}

/// The place of a group attribute.
fn group(by: &str, spec: &EnvSpec) -> Result<usize, OpeError> {
    let refused = |reason: String| OpeError::Request { what: format!("breakdown by `{by}`"), reason };
    if by == "position" {
        return Err(refused(
            "a decision of this log is a whole slate; break it down by a group of users".into(),
        ));
    }
    let known: Vec<&str> = spec.groups.iter().map(|group| group.name.as_str()).collect();
    known.iter().position(|name| *name == by).ok_or_else(|| match &known[..] {
        [] => refused(format!("the users of `{}` belong to no groups", spec.id)),
        known => refused(format!("the log has no such group of users; there are {}", known.join(", "))),
    })
}

impl Source for RunLog {
    fn n_chunks(&self) -> usize {
        1
    }

    fn rows_of(&self, _chunk: usize) -> Option<u64> {
        Some(self.manifest.rows)
    }

    fn levels(&self) -> &[String] {
        &self.levels
    }

    fn slate_size(&self) -> usize {
        self.manifest.spec.slate_size
    }

    fn weighed(&self) -> bool {
        self.peek.exact
    }

    fn lacks(&self, estimator: &Estimator) -> Option<String> {
        self.lacking(estimator.form())
    }

    fn offers(
        &self,
        _chunk: usize,
        visit: &mut dyn FnMut(&Offer<'_>) -> Result<(), OpeError>,
    ) -> Result<(), OpeError> {
        self.each_block(
            |_| Ok(()),
            |block, ()| {
                block.iter().try_for_each(|shown| {
                    let situation = shown.situation();
                    let mut at = |k| shown.offer(&situation, k, shown.target.row(k), |offer| visit(offer));
                    (0..shown.k()).try_for_each(&mut at)
                })
            },
        )
    }

    fn signals(
        &self,
        _chunk: usize,
        wanted: &Wanted,
        models: Option<&Modeller>,
        visit: &mut dyn FnMut(Signals<'_>) -> Result<(), OpeError>,
    ) -> Result<Told, OpeError> {
        let ask = Ask { wanted, models };
        let look = |block: &[Shown<'_>]| {
            let mut columns = Columns::empty(ask);
            block.iter().try_for_each(|shown| columns.push(shown, ask)).map(|()| columns)
        };
        let (mut batch, mut told) = (Columns::empty(ask), Told::default());
        let mut flush = |batch: &mut Columns| {
            let whole = std::mem::replace(batch, Columns::empty(ask));
            visit(Signals::Decisions(&whole.decisions))?;
            told.merge(whole.told);
            if wanted.slates { visit(Signals::Slates(&whole.slates)) } else { Ok(()) }
        };
        self.each_block(look, |_, columns| {
            batch.append(columns);
            if batch.len() >= BATCH { flush(&mut batch) } else { Ok(()) }
        })?;
        flush(&mut batch)?;
        if ask.weighs() && told.support.rows == told.support.certain {
            return Err(OpeError::Deterministic);
        }
        Ok(told)
    }

    fn trajectories(&self) -> Result<Vec<Trajectory>, OpeError> {
        let mut lives = trajectories::Lives::default();
        let look = |block: &[Shown<'_>]| block.iter().map(trajectories::step).collect::<Result<Vec<_>, _>>();
        self.each_block(look, |block, steps| {
            block.iter().zip(steps).for_each(|(shown, step)| lives.push(shown, step));
            Ok(())
        })?;
        Ok(lives.finish())
    }

    fn predicts(&self) -> bool {
        false
    }
}
