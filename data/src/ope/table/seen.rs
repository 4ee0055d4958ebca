//! How much of the target the rows of a chunk can speak of.

use super::columns::{Lanes, Number};
use super::rows::outside;
use super::{Logging, Table, Target};
use crate::ope::Support;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By position, `[A]` how often each action was logged; empty where the log itself says what it could have shown.
    counts: Vec<Vec<u64>>,
    /// By position, `[A]` the target's mass; empty where the target has a table.
    masses: Vec<Vec<f64>>,
    /// By position, rows.
    rows: Vec<u64>,
    told: Support,
    /// Whether actions are counted.
    counted: bool,
}

impl Seen {
    pub(super) fn new(table: &Table) -> Self {
        let all = matches!(table.target, Target::Listed | Target::Placed(_));
        Self { counted: all && matches!(table.logging, Logging::Unknown), ..Self::default() }
    }

    /// Takes rows in.
    pub(super) fn take(&mut self, table: &Table, lanes: &Lanes) {
        self.told.rows += lanes.len() as u64;
        let propensity = lanes.number(Number::Propensity);
        if !matches!(table.target, Target::Real) {
            self.told.certain += propensity.iter().map(|p| u64::from(*p == 1.0)).sum::<u64>();
        }
        let by_chance = |p: f64| u64::from(p > 0.0 && p < 1.0);
        self.told.stochastic += match table.target {
            Target::Logged => lanes.number(Number::Target).iter().map(|p| by_chance(*p)).sum(),
            Target::Listed | Target::Placed(_) => {
                let chance =
                    |row| table.chosen(lanes, row).map_or(0.0, |at| table.target_row(lanes, row)[at]);
                (0..lanes.len()).map(|row| by_chance(chance(row))).sum::<u64>()
            }
            Target::Real | Target::Slates => 0,
        };
        if self.counted {
            (0..lanes.len()).for_each(|row| self.count(table, lanes, row));
        } else if !matches!(table.logging, Logging::Unknown) && table.knows_all() {
            let beyond = |row| outside(table.target_row(lanes, row), table.logging_row(lanes, row));
            self.told.outside += (0..lanes.len()).map(beyond).sum::<f64>();
        }
    }

    fn count(&mut self, table: &Table, lanes: &Lanes, row: usize) {
        let position = usize::from(table.position(lanes, row));
        let n = table.actions.len();
        if self.rows.len() <= position {
            self.rows.resize(position + 1, 0);
            self.counts.resize_with(position + 1, || vec![0; n]);
            self.masses.resize_with(position + 1, Vec::new);
        }
        self.rows[position] += 1;
        if let Some(at) = table.chosen(lanes, row) {
            self.counts[position][at] += 1;
        }
        if let Target::Listed = table.target {
            let masses = &mut self.masses[position];
            masses.resize(n, 0.0);
            masses.iter_mut().zip(table.target_row(lanes, row)).for_each(|(mass, p)| *mass += p);
        }
    }

    /// Takes a whole slate in.
    pub(super) fn told_slate(&mut self, propensity: Option<f64>) {
        self.told.rows += 1;
        self.told.certain += u64::from(propensity == Some(1.0));
    }

    /// What it comes to.
    pub(super) fn support(self, table: &Table) -> Support {
        let mut support = self.told;
        for (position, (rows, counts)) in self.rows.iter().zip(&self.counts).enumerate() {
            let placed = table.placed(position as u16);
            for (at, count) in counts.iter().enumerate() {
                let mass = match placed {
                    Some(probs) => *rows as f64 * probs.get(at).copied().unwrap_or(0.0),
                    None => self.masses[position].get(at).copied().unwrap_or(0.0),
                };
                if *count > 0 || mass > 0.0 {
                    let name = table.actions.name(at).unwrap_or_default();
                    support.actions.insert((position as u16, name), (*count, mass));
                }
            }
        }
        support
    }
}
