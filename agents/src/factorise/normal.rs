//! Regularised least squares of one row, which every sweep solves again and again.

use rayon::prelude::*;
use recloop_env::Grid;

use super::ratings::Rows;
use crate::error::check_positive;
use crate::{AgentError, cholesky};

/// Rows per block of a Gram matrix. Blocks are summed in order, so the sum does not depend on the thread
/// count.
const GRAM_BLOCK_ROWS: usize = 4096;

/// How strongly a vector is pulled towards zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ridge {
    /// `λ` whatever the number of ratings: a Gaussian prior of one width for everybody.
    Fixed(f32),
    /// `λ · (number of ratings)`, which keeps heavy raters from escaping the penalty.
    ///
    /// Source: Zhou, Wilkinson, Schreiber, Pan (2008), "Large-scale parallel collaborative filtering for the
    /// Netflix prize".
    PerRating(f32),
}

impl Ridge {
    pub(super) fn at(self, n_ratings: usize) -> f64 {
        match self {
            Ridge::Fixed(lambda) => f64::from(lambda),
            Ridge::PerRating(lambda) => f64::from(lambda) * n_ratings as f64,
        }
    }

    pub(super) fn check(self, name: &'static str) -> Result<(), AgentError> {
        let (Ridge::Fixed(value) | Ridge::PerRating(value)) = self;
        check_positive(name, value)
    }
}

/// Vectors whose first `factors` numbers are `init(row, factor)` and the rest zero.
pub(super) fn start(
    n_rows: usize,
    factors: usize,
    width: usize,
    init: impl Fn(usize, usize) -> f32,
) -> Grid<f32> {
    let mut vectors = Grid::zeros(n_rows, width);
    for row in 0..n_rows {
        let numbers = vectors.row_mut(row)[..factors].iter_mut().enumerate();
        numbers.for_each(|(factor, number)| *number = init(row, factor));
    }
    vectors
}

/// `Σ v vᵀ` over all rows; lower triangle, row-major.
pub(super) fn gram(vectors: &Grid<f32>) -> Vec<f64> {
    let width = vectors.width();
    let block_gram = |block: &[f32]| {
        let mut equations = NormalEquations::new(width);
        block.chunks_exact(width).for_each(|row| equations.observe(widen(row), 1.0, 0.0));
        equations.lhs
    };
    let blocks: Vec<_> = vectors.as_slice().par_chunks(GRAM_BLOCK_ROWS * width).map(block_gram).collect();
    let mut total = vec![0.0; width * width];
    for block in blocks {
        total.iter_mut().zip(block).for_each(|(total, part)| *total += part);
    }
    total
}

/// Replaces every vector by the solution of the equations that `assemble(row, equations)` sets up from its row of
/// ratings; rows without ratings become zero. Rows are independent of each other, so threads cannot shape the result.
pub(super) fn solve(
    vectors: &mut Grid<f32>,
    ratings: &Rows,
    assemble: impl Fn(usize, &mut NormalEquations) + Sync,
) -> Result<(), AgentError> {
    let width = vectors.width();
    let solve_row = |equations: &mut NormalEquations, (row, out): (usize, &mut [f32])| {
        out.fill(0.0);
        if ratings.row(row).len() == 0 {
            return None;
        }
        equations.clear();
        assemble(row, equations);
        if equations.solve_into(out) { None } else { Some(row) }
    };
    let rows = vectors.as_mut_slice().par_chunks_exact_mut(width).enumerate();
    let singular = rows.map_init(|| NormalEquations::new(width), solve_row).flatten().min();
    singular.map_or(Ok(()), |row| Err(AgentError::Singular { row }))
}

pub(super) fn widen(row: &[f32]) -> impl Iterator<Item = f64> {
    row.iter().copied().map(f64::from)
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    widen(a).zip(widen(b)).map(|(a, b)| a * b).sum()
}

/// `A x = b` with `A` symmetric and positive definite, of which the lower triangle is kept.
pub(super) struct NormalEquations {
    feature: Vec<f64>,
    lhs: Vec<f64>,
    rhs: Vec<f64>,
}

impl NormalEquations {
    fn new(width: usize) -> Self {
        NormalEquations { feature: vec![0.0; width], lhs: vec![0.0; width * width], rhs: vec![0.0; width] }
    }

    fn clear(&mut self) {
        self.lhs.fill(0.0);
        self.rhs.fill(0.0);
    }

    /// Adds a symmetric matrix to `A`.
    pub(super) fn add(&mut self, gram: &[f64]) {
        self.lhs.iter_mut().zip(gram).for_each(|(lhs, gram)| *lhs += gram);
    }

    /// Adds `weight · f fᵀ` to `A` and `pull · f` to `b`.
    pub(super) fn observe(&mut self, feature: impl Iterator<Item = f64>, weight: f64, pull: f64) {
        let width = self.rhs.len();
        self.feature.iter_mut().zip(feature).for_each(|(slot, value)| *slot = value);
        for (i, &fi) in self.feature.iter().enumerate() {
            self.rhs[i] += pull * fi;
            let row = &mut self.lhs[i * width..][..=i];
            row.iter_mut().zip(&self.feature).for_each(|(cell, fj)| *cell += weight * fi * fj);
        }
    }

    /// Adds `ridge(i)` to the diagonal.
    pub(super) fn penalise(&mut self, ridge: impl Fn(usize) -> f64) {
        let width = self.rhs.len();
        (0..width).for_each(|i| self.lhs[i * width + i] += ridge(i));
    }

    /// Solves by Cholesky, in place of `A` and `b`. False if `A` is not positive definite, or not finite.
    fn solve_into(&mut self, out: &mut [f32]) -> bool {
        let NormalEquations { lhs, rhs, .. } = self;
        if !cholesky::factor(lhs, rhs.len()) {
            return false;
        }
        cholesky::forward(lhs, rhs);
        cholesky::backward(lhs, rhs);
        out.iter_mut().zip(&*rhs).for_each(|(out, &x)| *out = x as f32);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_system_worked_out_by_hand() {
        // A = (1,2)(1,2)ᵀ + (3,0)(3,0)ᵀ + diag(0,1) = [[10, 2], [2, 5]], b = 5·(1,2) + 3·(3,0) = (14, 10).
        let mut equations = NormalEquations::new(2);
        equations.observe([1.0, 2.0].into_iter(), 1.0, 5.0);
        equations.observe([3.0, 0.0].into_iter(), 1.0, 3.0);
        equations.penalise(|i| i as f64);
        let mut x = [0.0; 2];
        assert!(equations.solve_into(&mut x));
        assert_eq!(x, [50.0 / 46.0, 72.0 / 46.0]);
    }

    #[test]
    fn notices_a_singular_system() {
        let mut equations = NormalEquations::new(2);
        equations.observe([1.0, 1.0].into_iter(), 1.0, 1.0);
        assert!(!equations.solve_into(&mut [0.0; 2]));
    }
}
