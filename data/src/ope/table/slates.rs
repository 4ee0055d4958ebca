//! Rows that are positions of slates.

use recloop_env::Grid;

use super::Table;
use super::check::dot;
use super::columns::{Id, Lanes, List, Number};
use super::files::LogFile;
use super::seen::Seen;
use crate::ope::model::{Desk, Modeller, Predicted};
use crate::ope::{Decisions, OpeError, SlateRows, Told, Wanted};

/// Makes slates of lanes.
pub(super) struct Slates<'a> {
    table: &'a Table,
    models: Option<&'a Modeller>,
    desk: Desk,
    /// `[n, K]` the rows of `lanes`, slate after slate, by position.
    order: Vec<usize>,
    pub(super) out: SlateRows,
    pub(super) decisions: Decisions,
    pub(super) seen: Seen,
}

impl<'a> Slates<'a> {
    pub(super) fn new(table: &'a Table, models: Option<&'a Modeller>) -> Self {
        Self {
            table,
            models,
            desk: Desk::default(),
            order: Vec::new(),
            out: SlateRows::default(),
            decisions: Decisions::default(),
            seen: Seen::new(table),
        }
    }

    /// The slates of some rows, and the same as decisions.
    pub(super) fn tell(
        &mut self,
        wanted: &Wanted,
        file: &LogFile,
        lanes: &Lanes,
        told: &mut Told,
    ) -> Result<(), OpeError> {
        self.table.order(file, lanes, told, &mut self.order)?;
        self.fill(file, lanes);
        if wanted.slates {
            self.predict(file, lanes);
        }
        let firsts = self.order.iter().step_by(self.table.slate.max(1));
        for first in firsts {
            self.seen.told_slate(lanes.number(Number::Propensity).get(*first).copied());
        }
        self.decide(wanted);
        Ok(())
    }

    fn grid(&self, of: impl Fn(usize) -> f64) -> Grid<f64> {
        let k = self.table.slate;
        let data = self.order.iter().map(|row| of(*row)).collect();
        Grid::from_vec(data, self.order.len() / k.max(1), k).unwrap_or_default()
    }

    /// A ratio at every position, if the log has both.
    fn ratios(&self, lanes: &Lanes, above: Number, below: Number) -> Grid<f64> {
        let (above, below) = (lanes.number(above), lanes.number(below));
        if above.is_empty() || below.is_empty() {
            Grid::default()
        } else {
            self.grid(|row| above[row] / below[row])
        }
    }

    fn fill(&mut self, file: &LogFile, lanes: &Lanes) {
        let (table, k) = (self.table, self.table.slate.max(1));
        let firsts = || self.order.iter().step_by(k).copied();
        let users = firsts().map(|row| table.user(file, lanes, row)).collect();
        let levels = firsts().map(|row| lanes.levels.get(row).copied().unwrap_or(0)).collect();
        let rewards = self.grid(|row| table.weighed_reward(lanes, row));
        let cascade = self.ratios(lanes, Number::TargetCascade, Number::PropensityCascade);
        let marginal = self.ratios(lanes, Number::TargetPosition, Number::PropensityPosition);
        let (target, logged) = (lanes.number(Number::Target), lanes.number(Number::Propensity));
        let slate = if target.is_empty() || logged.is_empty() {
            (0..cascade.rows()).map(|slate| cascade.row(slate)[k - 1]).collect()
        } else {
            firsts().map(|row| target[row] / logged[row]).collect()
        };
        let pseudo = if table.mapping.independent_positions {
            (0..marginal.rows())
                .map(|slate| 1.0 - k as f64 + marginal.row(slate).iter().sum::<f64>())
                .collect()
        } else {
            Vec::new()
        };
        let (expected, logged) = Default::default();
        self.out = SlateRows { users, levels, rewards, slate, cascade, marginal, logged, expected, pseudo };
    }

    /// q̂_k of what was shown and under the target, from the log or a fitted model.
    fn predict(&mut self, file: &LogFile, lanes: &Lanes) {
        let table = self.table;
        if table.given() {
            let listed =
                |row: usize| (lanes.list(List::Predictions).row(row), lanes.list(List::Target).row(row));
            if table.widths.predictions {
                self.out.logged =
                    self.grid(|row| table.chosen(lanes, row).map_or(0.0, |at| listed(row).0[at]));
                self.out.expected = self.grid(|row| dot(listed(row).0, listed(row).1));
            } else {
                self.out.logged = self.grid(|row| lanes.number(Number::Predicted)[row]);
                self.out.expected = self.grid(|row| lanes.number(Number::PredictedTarget)[row]);
            }
        } else if let (Some(models), true) = (self.models, table.knows_all()) {
            let (mut logged, mut expected) = (self.grid(|_| 0.0), self.grid(|_| 0.0));
            for (cell, row) in self.order.iter().enumerate() {
                let told = table.with_offer(file, lanes, *row, |offer| {
                    models.predict(Predicted::ToGo, offer, &mut self.desk)
                });
                (logged.as_mut_slice()[cell], expected.as_mut_slice()[cell]) = told;
            }
            (self.out.logged, self.out.expected) = (logged, expected);
        }
    }

    /// Whole slates as decisions.
    fn decide(&mut self, wanted: &Wanted) {
        let (slates, out) = (&self.out, &mut self.decisions);
        out.clear(wanted);
        out.users.extend_from_slice(&slates.users);
        out.levels.extend_from_slice(&slates.levels);
        out.rewards.extend((0..slates.len()).map(|slate| slates.rewards.row(slate).iter().sum::<f64>()));
        out.weights.iter_mut().for_each(|weights| weights.extend_from_slice(&slates.slate));
    }
}

impl Table {
    /// α_k r_k.
    pub(super) fn weighed_reward(&self, lanes: &Lanes, row: usize) -> f64 {
        let weights = self.mapping.position_weights.as_ref();
        let place = usize::from(self.position(lanes, row));
        let weight = weights.and_then(|weights| weights.get(place)).copied().unwrap_or(1.0);
        weight * lanes.number(Number::Reward)[row]
    }

    /// The rows of whole slates, by position; the others are faults.
    pub(super) fn order(
        &self,
        file: &LogFile,
        lanes: &Lanes,
        told: &mut Told,
        order: &mut Vec<usize>,
    ) -> Result<(), OpeError> {
        order.clear();
        let mut from = 0;
        for rows in lanes.id(Id::Slate).chunk_by(|a, b| a == b) {
            let begun = order.len();
            let rows = from..from + rows.len();
            from = rows.end;
            let Some((row, kind)) = self.place(lanes, rows.clone(), order) else { continue };
            order.truncate(begun);
            if !self.options.skip_invalid {
                return Err(file.row_error(lanes.rows[row], kind));
            }
            rows.for_each(|_| told.excluded.count(&kind));
        }
        Ok(())
    }

    /// Adds the rows of a slate by position; else a row and what is wrong with it.
    fn place(
        &self,
        lanes: &Lanes,
        rows: std::ops::Range<usize>,
        order: &mut Vec<usize>,
    ) -> Option<(usize, String)> {
        let (k, begun, first) = (self.slate, order.len(), rows.start);
        let same = |which: Number, row: usize| {
            let values = lanes.number(which);
            values.is_empty() || values[row] == values[first]
        };
        order.resize(begun + k, usize::MAX);
        for row in rows.clone() {
            let place = usize::from(self.position(lanes, row));
            match order.get_mut(begun + place) {
                None => {
                    let from = self.mapping.first_position;
                    let hint = format!("declare `first_position` if positions do not count from {from}");
                    return Some((row, format!("its position is beyond a slate of {k}; {hint}")));
                }
                Some(taken) if *taken != usize::MAX => {
                    return Some((
                        row,
                        "its slate has the position twice; the rows of a slate must be neighbours".into(),
                    ));
                }
                Some(free) => *free = row,
            }
            if !(same(Number::Propensity, row) && same(Number::Target, row)) {
                return Some((row, "the probability of its slate differs from that of the row above".into()));
            }
        }
        let short = rows.len() < k;
        short.then(|| {
            (first, format!("its slate has not all {k} positions; the rows of a slate must be neighbours"))
        })
    }
}
