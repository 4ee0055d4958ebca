//! Q-functions, fitted to other users, and how far rewards stray from them.

use nalgebra::DVector;

use super::StepTaken;
use super::chain::dot;
use super::folds::Folds;
use super::walk::Walks;

/// By fold, then step: θ_t of `Q_t(s, a) = φ(s, a)ᵀ θ_t`.
pub(super) type Quality = Vec<Vec<DVector<f64>>>;

/// What a trajectory was expected to bring, and how every step departed from that.
pub(super) struct Residuals {
    /// `[n]` V_0(s_0).
    pub(super) start: Vec<f64>,
    /// `[n]` by step: `γᵗ (r_t − Q_t + γ V_{t+1})`, with V = 0 after the last.
    pub(super) steps: Vec<Vec<f64>>,
}

impl Residuals {
    /// Under a Q that expects nothing: discounted rewards.
    pub(super) fn rewards(walks: &Walks<'_>) -> Self {
        let discounted = |steps: &[StepTaken]| {
            steps.iter().zip(&walks.discounts).map(|(step, power)| power * step.reward).collect()
        };
        Self {
            start: vec![0.0; walks.all.len()],
            steps: walks.all.iter().map(|walk| discounted(walk.steps)).collect(),
        }
    }

    /// Under the Q of each trajectory's fold.
    pub(super) fn of(walks: &Walks<'_>, folds: &Folds, quality: &Quality) -> Self {
        let mut residuals = Self::rewards(walks);
        let rows = residuals.start.iter_mut().zip(&mut residuals.steps);
        for ((start, steps), (walk, fold)) in rows.zip(walks.all.iter().zip(&folds.of)) {
            let theta = &quality[*fold];
            *start = dot(&walk.steps[0].expected, &theta[0]);
            for (t, residual) in steps.iter_mut().enumerate() {
                let next = walk.steps.get(t + 1).map_or(0.0, |next| dot(&next.expected, &theta[t + 1]));
                let surprise = walks.discount * next - dot(&walk.steps[t].taken, &theta[t]);
                *residual += walks.discounts[t] * surprise;
            }
        }
        residuals
    }
}
