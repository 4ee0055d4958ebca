//! One pass over a log, or over a shard of it: chunks in parallel, merged in order.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ledger::{Ground, Ledger, Plan, Planned, place};
use super::model::{Asked, Modeller};
use super::request::{Chosen, PassedOver};
use super::{
    Declared, Estimator, Form, ModelSource, OpeError, Request, Signals, Source, Support, Told, UserSums,
    Wanted, WeightSketch, WeightSource,
};

/// What an evaluation is of; shards that differ in it do not belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// In words, as in [`Request::about`].
    pub(crate) about: Vec<(String, String)>,
    pub(crate) estimators: Vec<String>,
    pub(crate) levels: Vec<String>,
    pub(crate) slate_size: usize,
    pub(crate) n_loggers: u16,
    /// Whether decisions have policy weights, which are diagnosed whatever is estimated.
    pub(crate) weighed: bool,
    /// Whether rows tell whose they are.
    pub(crate) knows_users: bool,
    pub(crate) declared: Declared,
}

/// What is summed of decisions, or of slates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Half {
    pub(crate) plan: Plan,
    pub(crate) ledger: Ledger,
}

impl Half {
    /// How the weights of a ground are distributed.
    pub(crate) fn sketch(
        &self,
        ground: Ground,
        level: Option<usize>,
        position: Option<usize>,
    ) -> WeightSketch {
        let at = self.plan.grounds().iter().position(|(other, _)| *other == ground);
        at.map_or_else(WeightSketch::default, |at| self.ledger.sketch(at, level, position))
    }

    pub(crate) fn n_users(&self, level: Option<usize>, header: &Header) -> u64 {
        if header.knows_users {
            self.ledger.n_users(level, self.plan.terms.len())
        } else {
            self.n_rows(level)
        }
    }

    pub(crate) fn n_rows(&self, level: Option<usize>) -> u64 {
        let width = self.plan.terms.len();
        self.ledger.table(level, width).iter().step_by(width.max(1)).sum::<f64>() as u64
    }
}

/// What a log, or a shard of it, came to.
#[derive(Debug, Clone)]
pub(crate) struct Summed {
    pub(crate) header: Header,
    pub(crate) passed_over: Vec<PassedOver>,
    pub(crate) decisions: Half,
    pub(crate) slates: Half,
    pub(crate) bounds: UserSums,
    pub(crate) told: Told,
}

/// Sees how a log goes by.
pub type Watch<'a> = &'a (dyn Fn(Pass) + Sync);

/// What is being done, and how many rows were just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// 0 while estimators are summed; else which pass it is that models are fitted in.
    pub fitting: usize,
    /// Rows done since the last call.
    pub rows: u64,
}

impl Summed {
    /// Nothing summed yet of what `header` describes.
    pub(crate) fn new(header: Header, passed_over: Vec<PassedOver>) -> Result<Self, OpeError> {
        let estimators =
            header.estimators.iter().map(|name| name.parse()).collect::<Result<Vec<Estimator>, _>>()?;
        let (slates, decisions): (Vec<_>, Vec<_>) =
            estimators.into_iter().partition(|estimator| matches!(estimator.form(), Form::Slate { .. }));
        let half = |estimators: &[Estimator], slate_size, weighed: bool| {
            let plan = Plan::new(estimators, slate_size, header.n_loggers);
            let plan = if weighed { plan.with_policy_weights() } else { plan };
            let ledger = Ledger::new(&plan, header.levels.len());
            Half { plan, ledger }
        };
        let (decisions, slates) =
            (half(&decisions, 0, header.weighed), half(&slates, header.slate_size, false));
        let bounds = UserSums::new(&header.declared, &decisions.plan.bounded(&header.declared));
        Ok(Self { header, passed_over, decisions, slates, bounds, told: Told::default() })
    }

    /// The same, empty: for another chunk.
    fn blank(&self) -> Self {
        let n_levels = self.header.levels.len();
        let half = |half: &Half| Half { plan: half.plan.clone(), ledger: Ledger::new(&half.plan, n_levels) };
        Self {
            decisions: half(&self.decisions),
            slates: half(&self.slates),
            bounds: self.bounds.blank(),
            ..self.clone()
        }
    }

    /// Sums a whole log.
    ///
    /// # Errors
    /// An estimator that was asked for and cannot be had; a log that cannot be read to its end; no rows.
    pub(crate) fn of(
        source: &dyn Source,
        request: &Request,
        chosen: Chosen,
        watch: Watch<'_>,
    ) -> Result<Self, OpeError> {
        let Chosen { estimators, passed_over, by_name } = chosen;
        let header = Header {
            about: request.about.clone(),
            estimators: estimators.iter().map(|estimator| estimator.name().to_owned()).collect(),
            levels: source.levels().to_vec(),
            slate_size: source.slate_size(),
            n_loggers: source.n_loggers(),
            weighed: source.weighed(),
            knows_users: source.knows_users(),
            declared: request.declared.clone(),
        };
        let mut total = Self::new(header, passed_over)?;
        let models = total.fit(source, request, watch)?;
        let wanted = total.wanted();
        let empty = total.blank();
        let read = |chunk| {
            let mut part = empty.blank();
            let told = source.signals(chunk, &wanted, models.as_ref(), &mut |batch| {
                watch(Pass { fitting: 0, rows: batch.len() as u64 });
                part.add(batch)
            })?;
            part.told = told;
            Ok(part)
        };
        in_order(source.n_chunks(), read, |part| total.merge(part))?;
        if !by_name && total.told.support.stochastic > 0 {
            total.forget(&Form::Replay, "the target leaves something to chance");
        }
        total.check()?;
        Ok(total)
    }

    /// Fits the models that the estimators need and the log does not bring along.
    fn fit(
        &self,
        source: &dyn Source,
        request: &Request,
        watch: Watch<'_>,
    ) -> Result<Option<Modeller>, OpeError> {
        let Wanted { weights, models, .. } = &self.decisions.plan.wanted;
        let fitted = |model: ModelSource| {
            models.contains(&model) && !(source.predicts() && model == ModelSource::Outcome)
        };
        let asked = Asked {
            kind: request.model,
            outcome: fitted(ModelSource::Outcome),
            to_go: self.slates.plan.wanted.to_go && !source.predicts(),
            more_robust: fitted(ModelSource::MoreRobust),
            more_robust_deterministic: fitted(ModelSource::MoreRobustDeterministic),
            classifier: weights.contains(&WeightSource::Classifier),
            folds: request.folds,
        };
        let mut models = Modeller::new(&asked)?;
        if !models.is_needed() {
            return Ok(None);
        }
        for fitting in 1.. {
            let empty = models.blank();
            let learn = |chunk| {
                let mut part = empty.blank();
                source.offers(chunk, &mut |offer| {
                    watch(Pass { fitting, rows: 1 });
                    part.learn(offer)
                })?;
                Ok(part)
            };
            in_order(source.n_chunks(), learn, |part| {
                models.merge(part);
                Ok(())
            })?;
            if !models.end_pass()? {
                break;
            }
        }
        Ok(Some(models))
    }

    /// Passes over an estimator that nobody asked for and that turned out not to fit.
    fn forget(&mut self, form: &Form, reason: &str) {
        for half in [&mut self.decisions, &mut self.slates] {
            let estimators = &mut half.plan.estimators;
            for planned in estimators.extract_if(.., |planned| planned.estimator.form() == form) {
                let estimator = planned.estimator.name().to_owned();
                self.passed_over.push(PassedOver { estimator, reason: reason.into() });
            }
        }
    }

    /// Refuses what no estimate can be made of.
    pub(crate) fn check(&self) -> Result<(), OpeError> {
        let Support { rows, certain, stochastic, .. } = self.told.support;
        let replayed = |planned: &&Planned| *planned.estimator.form() == Form::Replay;
        if let Some(planned) = self.decisions.plan.estimators.iter().find(replayed).filter(|_| stochastic > 0)
        {
            let reason = format!(
                "the target leaves {stochastic} of {rows} rows to chance, this matches rows with a deterministic one; use ips or snips"
            );
            return Err(OpeError::Lacks { estimator: planned.estimator.name().into(), reason });
        }
        if rows == 0 {
            return Err(OpeError::Empty { excluded: self.told.excluded.total() });
        }
        if self.header.weighed && certain == rows {
            return Err(OpeError::Deterministic);
        }
        Ok(())
    }

    fn add(&mut self, batch: Signals<'_>) -> Result<(), OpeError> {
        match batch {
            Signals::Decisions(rows) => {
                self.bounds.add(rows)?;
                self.decisions.ledger.add(&self.decisions.plan, batch);
            }
            Signals::Slates(_) => self.slates.ledger.add(&self.slates.plan, batch),
        }
        Ok(())
    }

    /// Takes in what the next chunk, or another shard, came to.
    pub(crate) fn merge(&mut self, mut other: Self) -> Result<(), OpeError> {
        let levels = &mut self.header.levels;
        let to: Vec<usize> = other.header.levels.drain(..).map(|level| place(levels, level)).collect();
        for ledger in [&mut other.decisions.ledger, &mut other.slates.ledger] {
            ledger.relabel(&to);
        }
        self.decisions.ledger.merge(other.decisions.ledger, self.decisions.plan.terms.len());
        self.slates.ledger.merge(other.slates.ledger, self.slates.plan.terms.len());
        self.told.merge(other.told);
        self.bounds.merge(&other.bounds)
    }

    fn wanted(&self) -> Wanted {
        let Wanted { weights, models, .. } = self.decisions.plan.wanted.clone();
        Wanted { weights, models, ..self.slates.plan.wanted.clone() }
    }
}

/// Works on chunks in parallel and takes what they come to in order, a few at a time: memory does not grow with chunks.
fn in_order<T: Send>(
    n_chunks: usize,
    work: impl Fn(usize) -> Result<T, OpeError> + Sync,
    mut take: impl FnMut(T) -> Result<(), OpeError>,
) -> Result<(), OpeError> {
    let at_once = rayon::current_num_threads();
    for first in (0..n_chunks).step_by(at_once) {
        let chunks = first..n_chunks.min(first + at_once);
        let parts: Vec<_> = chunks.into_par_iter().map(&work).collect();
        parts.into_iter().try_for_each(|part| part.and_then(&mut take))?;
    }
    Ok(())
}
