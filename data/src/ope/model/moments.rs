//! Normal equations, as sums over rows.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::fold::Sums;
use super::row::Row;

/// What is added to the diagonal of a matrix whose diagonal is one, the intercept's place excepted. Chosen by us: five
/// hundred times what rounding does at a thousand dimensions, so that columns that say the same can be told from an error;
/// and it costs a coefficient one part in 10¹⁰.
const JITTER: f64 = 1e-10;

/// `Σ c x xᵀ` and `Σ g x` over rows x with curvatures c and slopes g.
///
/// Least squares has c = w and g = w y; a Newton step has the second and first derivatives of the loss.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Moments {
    /// How many rows there were.
    count: f64,
    /// The sum of their weights.
    pub(super) weight: f64,
    /// `[d (d + 1) / 2]` the lower triangle, row by row.
    gram: Vec<f64>,
    /// `[d]`.
    slope: Vec<f64>,
    /// `[d]` the largest |x|.
    reach: Vec<f64>,
}

/// Where a row of the lower triangle begins.
fn line(row: usize) -> usize {
    row * (row + 1) / 2
}

impl Sums for Moments {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.weight += other.weight;
        for (here, there) in [(&mut self.gram, &other.gram), (&mut self.slope, &other.slope)] {
            // A chunk without rows does not know how wide they are.
            here.resize(here.len().max(there.len()), 0.0);
            here.iter_mut().zip(there).for_each(|(here, there)| *here += there);
        }
        self.reach.resize(self.slope.len(), 0.0);
        self.reach.iter_mut().zip(&other.reach).for_each(|(here, there)| *here = here.max(*there));
    }
}

impl Moments {
    pub(super) fn dims(&self) -> usize {
        self.slope.len()
    }

    /// `[d]` `Σ g x`.
    pub(super) fn slope(&self) -> &[f64] {
        &self.slope
    }

    /// `[d]` the largest |x| of each column.
    pub(super) fn reach(&self) -> &[f64] {
        &self.reach
    }

    /// An element of `Σ c x xᵀ`.
    pub(super) fn curvature(&self, i: usize, j: usize) -> f64 {
        self.gram[line(i.max(j)) + i.min(j)]
    }

    /// The mean weight; 0 if there is no row.
    pub(super) fn mean_weight(&self) -> f64 {
        if self.count > 0.0 { self.weight / self.count } else { 0.0 }
    }

    /// Adds a row of least squares that counts for `count` rows.
    pub(super) fn regress(&mut self, row: &Row, (count, weight): (f64, f64), y: f64) {
        self.add(row, (count, weight), weight, weight * y);
    }

    /// Adds a row. Costs the square of its entries.
    pub(super) fn add(&mut self, row: &Row, (count, weight): (f64, f64), curvature: f64, slope: f64) {
        self.count += count;
        self.weight += weight;
        if self.slope.is_empty() {
            self.slope.resize(row.dims, 0.0);
            self.reach.resize(row.dims, 0.0);
            self.gram.resize(line(row.dims), 0.0);
        }
        for (n, (at, value)) in row.entries.iter().enumerate() {
            let at = *at as usize;
            self.slope[at] += slope * value;
            self.reach[at] = self.reach[at].max(value.abs());
            let line = &mut self.gram[line(at)..=line(at) + at];
            let scaled = curvature * value;
            row.entries[..=n].iter().for_each(|(other, value)| line[*other as usize] += scaled * value);
        }
    }

    /// `(Σ c x xᵀ + ridge · I)⁻¹ slope`, where the intercept has no ridge; `None` if it overflows.
    ///
    /// # Numerics
    /// Columns are scaled to a diagonal of one first, so features may be of any size.
    pub(super) fn solve(&self, ridge: f64, slope: &[f64]) -> Option<Vec<f64>> {
        let penalty = |at: usize| if at == 0 { 0.0 } else { ridge };
        let own = |at: usize| self.curvature(at, at) + penalty(at);
        if !(0..self.dims()).all(|at| own(at).is_finite()) {
            return None;
        }
        let scale = |at: usize| if own(at) > 0.0 { own(at).sqrt().recip() } else { 1.0 };
        let scales: Vec<f64> = (0..self.dims()).map(scale).collect();
        let scaled = |i: usize, j: usize| match (i, j) {
            (0, 0) => 1.0,
            _ if i == j => 1.0 + JITTER,
            _ => self.curvature(i, j) * scales[i] * scales[j],
        };
        let matrix = DMatrix::from_fn(self.dims(), self.dims(), scaled);
        let right =
            DVector::from_iterator(self.dims(), slope.iter().zip(&scales).map(|(g, scale)| g * scale));
        let solved = matrix.cholesky()?.solve(&right);
        let solution: Vec<f64> = solved.iter().zip(&scales).map(|(x, scale)| x * scale).collect();
        solution.iter().all(|x| x.is_finite()).then_some(solution)
    }
}
