//! Weights of where a process is, not of how it got there, and what is built on them.

use nalgebra::DVector;

use super::chain::{About, Clock, Frame, Row, dot};
use super::walk::{Walk, Walks};

/// Marginal weights, learned from the other folds.
pub(super) struct Marginal {
    frame: Frame,
    /// By fold, then step.
    alpha: Vec<Vec<DVector<f64>>>,
    /// By fold, then step of a row: `Σ γᵗ α_t` over the steps that it stands for.
    summed: Vec<Vec<DVector<f64>>>,
}

impl Marginal {
    /// From the α of each fold.
    pub(super) fn of(frame: Frame, walks: &Walks<'_>, alpha: Vec<Vec<DVector<f64>>>) -> Self {
        let discounted = |alpha: &Vec<DVector<f64>>| -> Vec<_> {
            alpha.iter().zip(&walks.discounts).map(|(alpha, power)| alpha * *power).collect()
        };
        let summed = alpha.iter().map(discounted).map(|terms| match frame.clock {
            Clock::ByStep => terms,
            Clock::Stationary => vec![terms.iter().sum(); walks.length],
        });
        Self { frame, summed: summed.collect(), alpha }
    }

    /// `Σ_t γᵗ ω(x_t) r_t` of one trajectory, with the ratio of the action where ω is of the situation alone.
    pub(super) fn weighted(&self, walk: &Walk<'_>, fold: usize) -> f64 {
        let term = |(t, row): (usize, Row<'_>)| {
            let action = if self.frame.about == About::States { walk.steps[t].weight } else { 1.0 };
            dot(row.now, &self.summed[fold][t]) * action * row.reward
        };
        self.frame.rows(walk).map(term).sum()
    }

    /// `Σ_t γᵗ ω(s_t, a_t) (r_t + γ V_{t+1} − Q_t)` of one trajectory under `Q_t = φᵀ θ_t`.
    pub(super) fn corrected(
        &self,
        walks: &Walks<'_>,
        walk: &Walk<'_>,
        fold: usize,
        theta: &[DVector<f64>],
    ) -> f64 {
        let mut sum = 0.0;
        for (logged, row) in self.frame.rows(walk) {
            for t in self.frame.stands_for(logged) {
                let next = row.next.map_or(0.0, |(next, scale)| scale * dot(next, &theta[t + 1]));
                let surprise = row.reward + walks.discount * next - dot(row.now, &theta[t]);
                sum += walks.discounts[t] * dot(row.now, &self.alpha[fold][t]) * surprise;
            }
        }
        sum
    }
}
