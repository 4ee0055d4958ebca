//! Rows that are decisions: their weights, models and support.

use super::check::{dot, sum};
use super::columns::{Id, Lanes, List, Number};
use super::files::LogFile;
use super::seen::Seen;
use super::{Logging, Table, Target};
use crate::ope::model::{Desk, Modeller, Predicted};
use crate::ope::{Decisions, ModelSource, OpeError, Predictions, Wanted, WeightSource};

/// Makes decisions of lanes.
pub(super) struct Rows<'a> {
    table: &'a Table,
    wanted: &'a Wanted,
    models: Option<&'a Modeller>,
    desk: Desk,
    /// `[n]` π_target of the logged action.
    target: Vec<f64>,
    /// `[levels]` of an embedding under target and logger.
    masses: (Vec<f64>, Vec<f64>),
    out: Decisions,
    pub(super) seen: Seen,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'a Table, wanted: &'a Wanted, models: Option<&'a Modeller>) -> Self {
        Self {
            table,
            wanted,
            models,
            desk: Desk::default(),
            target: Vec::new(),
            masses: Default::default(),
            out: Decisions::default(),
            seen: Seen::new(table),
        }
    }

    /// The decisions of some rows. What is moved and not copied is missing from `lanes` afterwards.
    pub(super) fn tell(&mut self, file: &LogFile, lanes: &mut Lanes) -> Result<&Decisions, OpeError> {
        let (table, wanted) = (self.table, self.wanted);
        self.out.clear(wanted);
        table.fill_target(lanes, &mut self.target);
        for (at, source) in wanted.weights.iter().enumerate() {
            let mut weights = std::mem::take(&mut self.out.weights[at]);
            self.weigh(source, file, lanes, &mut weights)?;
            self.out.weights[at] = weights;
        }
        for (at, source) in wanted.models.iter().enumerate() {
            let mut model = std::mem::take(&mut self.out.models[at]);
            self.predict(source, file, lanes, &mut model)?;
            self.out.models[at] = model;
        }
        self.seen.take(table, lanes);
        table.move_facts(file, lanes, &mut self.out);
        Ok(&self.out)
    }

    fn weigh(
        &mut self,
        source: &WeightSource,
        file: &LogFile,
        lanes: &Lanes,
        out: &mut Vec<f64>,
    ) -> Result<(), OpeError> {
        let propensity = lanes.number(Number::Propensity);
        match source {
            // Without propensities the target's own probabilities: `replay` asks only whether they are 0.
            WeightSource::Policy if propensity.is_empty() => out.extend_from_slice(&self.target),
            WeightSource::Policy => {
                out.extend(self.target.iter().zip(propensity).map(|(target, p)| target / p));
            }
            WeightSource::Embedding(column) => self.embed(column, lanes, out)?,
            WeightSource::Classifier => {
                let models = self.modeller("balanced-ips")?;
                let table = self.table;
                out.extend((0..lanes.len()).map(|row| {
                    table.with_offer(file, lanes, row, |offer| models.odds(offer, &mut self.desk))
                }));
            }
            WeightSource::Balanced => {
                let shares = self.table.shares()?;
                let loggers = lanes.list(List::Loggers);
                let mixed = |row| dot(loggers.row(row), shares);
                out.extend(self.target.iter().enumerate().map(|(row, target)| target / mixed(row)));
            }
            WeightSource::Kernel(kernel) => {
                let (from, to) = (lanes.number(Number::Action), lanes.number(Number::TargetAction));
                let logged = from.iter().zip(to).zip(propensity);
                out.extend(logged.map(|((a, to), density)| kernel.density(to - a) / density));
            }
        }
        Ok(())
    }

    fn modeller(&self, what: &str) -> Result<&'a Modeller, OpeError> {
        let reason =
            || OpeError::Model { model: what.into(), reason: "no fitted model was handed over".into() };
        self.models.ok_or_else(reason)
    }

    /// `Σ_a π_target(a) 1[e(a) = e] / Σ_a π_log(a) 1[e(a) = e]`: what `E_{π_log(a|x,e)}[w(x, a)]` comes to.
    fn embed(&mut self, column: &str, lanes: &Lanes, out: &mut Vec<f64>) -> Result<(), OpeError> {
        let table = self.table;
        let levels = table.features.items.levels(column).ok_or_else(|| table.no_item_column(column))?;
        let n = levels.iter().max().map_or(0, |level| level + 1);
        let (target, logging) = &mut self.masses;
        for row in 0..lanes.len() {
            let Some(own) = table.chosen(lanes, row).and_then(|at| levels.get(at)) else {
                out.push(0.0);
                continue;
            };
            for (masses, probs) in
                [(&mut *target, table.target_row(lanes, row)), (&mut *logging, table.logging_row(lanes, row))]
            {
                masses.clear();
                masses.resize(n, 0.0);
                levels.iter().zip(probs).for_each(|(level, p)| masses[*level] += p);
            }
            out.push(if target[*own] == 0.0 { 0.0 } else { target[*own] / logging[*own] });
        }
        Ok(())
    }

    fn predict(
        &mut self,
        source: &ModelSource,
        file: &LogFile,
        lanes: &Lanes,
        out: &mut Predictions,
    ) -> Result<(), OpeError> {
        let table = self.table;
        if *source == ModelSource::Outcome && table.given() {
            table.given_predictions(lanes, out);
            return Ok(());
        }
        let what = match source {
            ModelSource::Outcome => Predicted::Outcome,
            ModelSource::MoreRobust => Predicted::MoreRobust,
            ModelSource::MoreRobustDeterministic => Predicted::MoreRobustDeterministic,
        };
        let models = self.modeller("rewards")?;
        for row in 0..lanes.len() {
            let (logged, expected) =
                table.with_offer(file, lanes, row, |offer| models.predict(what, offer, &mut self.desk));
            out.logged.push(logged);
            out.expected.push(expected);
        }
        Ok(())
    }
}

impl Table {
    /// Position of a row, from 0.
    #[inline]
    pub(super) fn position(&self, lanes: &Lanes, row: usize) -> u16 {
        let position = lanes.number(Number::Position).get(row);
        position.map_or(0, |position| (position - f64::from(self.mapping.first_position)) as u16)
    }

    /// `[n]` π_target of the logged actions.
    pub(super) fn fill_target(&self, lanes: &Lanes, out: &mut Vec<f64>) {
        out.clear();
        match &self.target {
            Target::Logged => out.extend_from_slice(lanes.number(Number::Target)),
            Target::Listed | Target::Placed(_) => {
                let of =
                    |row| self.chosen(lanes, row).and_then(|at| self.target_row(lanes, row).get(at).copied());
                out.extend((0..lanes.len()).map(|row| of(row).unwrap_or(0.0)));
            }
            Target::Real | Target::Slates => {}
        }
    }

    /// Where the logged action is among all of them.
    #[inline]
    pub(super) fn chosen(&self, lanes: &Lanes, row: usize) -> Option<usize> {
        lanes.id(Id::Action).get(row).and_then(|name| self.actions.index(*name))
    }

    /// `[A]` π_target of every action.
    #[inline]
    pub(super) fn target_row<'a>(&'a self, lanes: &'a Lanes, row: usize) -> &'a [f64] {
        match &self.target {
            Target::Placed(_) => self.placed(self.position(lanes, row)).unwrap_or(&[]),
            _ => lanes.list(List::Target).row(row),
        }
    }

    /// `[A]` π_log of every action.
    pub(super) fn logging_row<'a>(&'a self, lanes: &'a Lanes, row: usize) -> &'a [f64] {
        match &self.logging {
            Logging::Placed(table) => table.at(self.position(lanes, row)).unwrap_or(&[]),
            _ => lanes.list(List::Logging).row(row),
        }
    }

    /// Whether predictions for the target come with the log.
    pub(super) fn given(&self) -> bool {
        let target = self.mapping.reward_prediction_target.is_some();
        self.mapping.reward_predictions.is_some()
            && if self.widths.predictions { self.knows_all() } else { target }
    }

    fn given_predictions(&self, lanes: &Lanes, out: &mut Predictions) {
        if !self.widths.predictions {
            out.logged.extend_from_slice(lanes.number(Number::Predicted));
            out.expected.extend_from_slice(lanes.number(Number::PredictedTarget));
            return;
        }
        let predictions = lanes.list(List::Predictions);
        for row in 0..lanes.len() {
            let own = predictions.row(row);
            let logged = self.chosen(lanes, row).and_then(|at| own.get(at).copied());
            out.logged.push(logged.unwrap_or(0.0));
            out.expected.push(dot(own, self.target_row(lanes, row)));
        }
    }

    /// Users, levels, positions, rewards and loggers.
    pub(super) fn move_facts(&self, file: &LogFile, lanes: &mut Lanes, out: &mut Decisions) {
        let n = lanes.len();
        if self.mapping.user.is_some() {
            std::mem::swap(&mut out.users, lanes.id_mut(Id::User));
        } else {
            out.users.extend(lanes.rows.iter().map(|row| file.nobody(*row)));
        }
        if self.levels.is_some() {
            std::mem::swap(&mut out.levels, &mut lanes.levels);
        } else {
            out.levels.resize(n, 0);
        }
        if self.mapping.position.is_some() {
            let first = f64::from(self.mapping.first_position);
            out.positions
                .extend(lanes.number(Number::Position).iter().map(|position| (position - first) as u16));
        } else {
            out.positions.resize(n, 0);
        }
        out.loggers.extend(lanes.number(Number::Logger).iter().map(|logger| *logger as u16));
        std::mem::swap(&mut out.rewards, lanes.number_mut(Number::Reward));
    }

    /// Whose decision a row is.
    pub(super) fn user(&self, file: &LogFile, lanes: &Lanes, row: usize) -> u64 {
        lanes.id(Id::User).get(row).copied().unwrap_or_else(|| file.nobody(lanes.rows[row]))
    }
}

/// The target's mass where `probs` of the logger is 0.
pub(super) fn outside(target: &[f64], logging: &[f64]) -> f64 {
    let beyond = |(target, logging): (&f64, &f64)| if *logging == 0.0 { *target } else { 0.0 };
    if sum(logging) == 0.0 { 0.0 } else { target.iter().zip(logging).map(beyond).sum() }
}
