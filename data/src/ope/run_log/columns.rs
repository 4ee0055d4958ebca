//! Logged slates as the columns that estimators fold.

use recloop_env::Grid;

use super::shown::Shown;
use crate::ope::model::{Desk, Modeller, Predicted};
use crate::ope::{Decisions, ModelSource, OpeError, SlateRows, Told, Wanted, WeightSource};

/// Some rows of a log, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub(super) decisions: Decisions,
    pub(super) slates: SlateRows,
    pub(super) told: Told,
}

/// What is asked about each slate.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) models: Option<&'a Modeller>,
}

impl Ask<'_> {
    /// Whether anything asked divides by a propensity.
    pub(super) fn weighs(&self) -> bool {
        let divides = |source: &WeightSource| *source != WeightSource::Classifier;
        self.wanted.slates || self.wanted.weights.iter().any(divides)
    }
}

impl Columns {
    /// No rows, with every column that is asked for.
    pub(super) fn empty(ask: Ask<'_>) -> Self {
        let mut columns = Self::default();
        columns.decisions.clear(ask.wanted);
        columns
    }

    pub(super) fn len(&self) -> usize {
        self.decisions.len()
    }

    /// Adds a slate.
    pub(super) fn push(&mut self, shown: &Shown<'_>, ask: Ask<'_>) -> Result<(), OpeError> {
        if ask.weighs() {
            shown.check_propensity()?;
            let propensity = shown.propensity().iter().product();
            if let Some(breach) = shown.log.declared.breach(shown.reward, propensity) {
                return Err(shown.refused(breach));
            }
        }
        self.told.support.rows += 1;
        self.told.support.certain += u64::from(shown.is_certain());
        self.told.support.stochastic += u64::from(shown.is_drawn());
        self.told.support.outside += shown.outside()?;
        let marginals =
            (ask.wanted.marginals || !ask.wanted.models.is_empty()) && shown.log.peek.target_marginals;
        let marginals = marginals.then(|| shown.marginals(&*shown.log.target)).transpose()?;
        self.push_decision(shown, marginals.as_ref(), ask)?;
        if ask.wanted.slates {
            self.push_slate(shown, marginals.as_ref(), ask)?;
        }
        Ok(())
    }

    fn push_decision(
        &mut self,
        shown: &Shown<'_>,
        marginals: Option<&Grid<f64>>,
        ask: Ask<'_>,
    ) -> Result<(), OpeError> {
        let to = &mut self.decisions;
        to.users.push(shown.user());
        to.levels.push(shown.level());
        to.rewards.push(shown.reward);
        for (column, source) in to.weights.iter_mut().zip(&ask.wanted.weights) {
            column.push(weight(shown, source, ask)?);
        }
        let (Some(models), Some(marginals)) = (ask.models, marginals) else { return Ok(()) };
        for (column, model) in to.models.iter_mut().zip(&ask.wanted.models) {
            let (logged, expected) = whole_slate(shown, marginals, models, model);
            column.logged.push(logged);
            column.expected.push(expected);
        }
        Ok(())
    }

    fn push_slate(
        &mut self,
        shown: &Shown<'_>,
        marginals: Option<&Grid<f64>>,
        ask: Ask<'_>,
    ) -> Result<(), OpeError> {
        let (to, cascade) = (&mut self.slates, shown.cascade());
        to.users.push(shown.user());
        to.levels.push(shown.level());
        to.slate.push(cascade.last().copied().unwrap_or(1.0));
        push_row(&mut to.rewards, &shown.rewards);
        push_row(&mut to.cascade, &cascade);
        if let Some(marginals) = marginals {
            if let Some(ratios) = shown.marginal(marginals)? {
                push_row(&mut to.marginal, &ratios);
            }
            if ask.wanted.pseudo && shown.log.peek.enumerable {
                to.pseudo.extend(shown.pseudo(marginals)?);
            }
        }
        if let Some(models) = ask.models.filter(|_| ask.wanted.to_go) {
            let (logged, expected) = to_go(shown, models);
            push_row(&mut to.logged, &logged);
            push_row(&mut to.expected, &expected);
        }
        Ok(())
    }

    /// Adds the rows of another, with the same columns, and leaves it empty.
    pub(super) fn append(&mut self, mut other: Self) {
        let (to, from) = (&mut self.decisions, &mut other.decisions);
        to.users.append(&mut from.users);
        to.levels.append(&mut from.levels);
        to.positions.append(&mut from.positions);
        to.rewards.append(&mut from.rewards);
        to.weights.iter_mut().zip(&mut from.weights).for_each(|(to, from)| to.append(from));
        for (to, from) in to.models.iter_mut().zip(&mut from.models) {
            to.logged.append(&mut from.logged);
            to.expected.append(&mut from.expected);
        }
        let (to, from) = (&mut self.slates, &mut other.slates);
        to.users.append(&mut from.users);
        to.levels.append(&mut from.levels);
        to.slate.append(&mut from.slate);
        to.pseudo.append(&mut from.pseudo);
        let grids = [
            (&mut to.rewards, &from.rewards),
            (&mut to.cascade, &from.cascade),
            (&mut to.marginal, &from.marginal),
            (&mut to.logged, &from.logged),
            (&mut to.expected, &from.expected),
        ];
        for (to, from) in grids {
            (0..from.rows()).for_each(|row| push_row(to, from.row(row)));
        }
        self.told.merge(other.told);
    }
}

/// Adds a row to a grid that takes its width from the first.
fn push_row(grid: &mut Grid<f64>, row: &[f64]) {
    if grid.rows() == 0 {
        grid.reset(0, row.len());
    }
    grid.push_row(row);
}

fn weight(shown: &Shown<'_>, source: &WeightSource, ask: Ask<'_>) -> Result<f64, OpeError> {
    match (source, ask.models) {
        (WeightSource::Policy, _) => Ok(shown.cascade().last().copied().unwrap_or(1.0)),
        (WeightSource::Embedding(column), _) => shown.embedding(column),
        (WeightSource::Classifier, Some(models)) => {
            let situation = shown.situation();
            let mut desk = Desk::default();
            let odds =
                |k| shown.offer(&situation, k, shown.target.row(k), |offer| models.odds(offer, &mut desk));
            Ok((0..shown.k()).map(odds).product())
        }
        (other, _) => Err(shown.refused(format!("the log of a run has no weights {other:?}"))),
    }
}

/// Σ_k q̂(x, a_k, k) and Σ_k Σ_a P_target(a at k) q̂(x, a, k).
fn whole_slate(
    shown: &Shown<'_>,
    marginals: &Grid<f64>,
    models: &Modeller,
    model: &ModelSource,
) -> (f64, f64) {
    let what = match model {
        ModelSource::Outcome => Predicted::Outcome,
        ModelSource::MoreRobust => Predicted::MoreRobust,
        ModelSource::MoreRobustDeterministic => Predicted::MoreRobustDeterministic,
    };
    let (situation, mut desk) = (shown.situation(), Desk::default());
    let mut at = vec![0.0; marginals.rows()];
    (0..shown.k()).fold((0.0, 0.0), |(logged, expected), k| {
        at.iter_mut().enumerate().for_each(|(place, p)| *p = marginals.row(place)[k]);
        let (taken, mean) = shown.offer(&situation, k, &at, |offer| models.predict(what, offer, &mut desk));
        (logged + taken, expected + mean)
    })
}

/// `[K]` q̂_k of what the position and those below bring: of the item shown, and in the mean over the target's choice.
fn to_go(shown: &Shown<'_>, models: &Modeller) -> (Vec<f64>, Vec<f64>) {
    let (situation, mut desk) = (shown.situation(), Desk::default());
    let ask = |k| {
        let target = shown.target.row(k);
        shown.offer(&situation, k, target, |offer| models.predict(Predicted::ToGo, offer, &mut desk))
    };
    (0..shown.k()).map(ask).unzip()
}
