//! Logistic regression, one pass over the log for each step.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::fold::{Folds, Sums};
use super::linear::OVERFLOW;
use super::moments::Moments;
use super::row::{Row, score};
use super::{RewardModel, Sparse};

/// Passes over the log after which it is not climbed any further (chosen by us: Newton's method doubles the correct
/// digits with each).
const MAX_PASSES: u32 = 8;

/// What a step must promise to bring, per unit of weight, to be worth another pass (chosen by us: far below the noise of
/// a likelihood).
const TOLERANCE: f64 = 1e-10;

/// Log-odds linear in the features.
///
/// `q̂(x, a) = σ(β₀ + β_k + βᵀ x_a)`, `σ(η) = 1/(1 + e^{−η})`, with β the minimum of
/// `−Σ w [r ln q̂ + (1 − r) ln(1 − q̂)] + λ w̄ (Σ β_k² + |β|²)/2`, with the offsets, the ridge and the mean weight of
/// [`Linear`](super::Linear).
///
/// # Assumptions
/// Rewards in [0, 1]; between the two they count as shares of a success.
///
/// # Numerics
/// Newton's method, one pass for each step. The first starts at the mean reward, where the curvature is a multiple of that
/// of least squares; where rewards are rare it would go many times too far. A step that moves log-odds by m > 1
/// is therefore cut to log₂(1 + m)/m of it, and halved if it leads upwards all the same; m is taken from the coefficient
/// that moves them most. It ends when a step would bring less than 10⁻¹⁰ per unit of weight, or after 8 passes with the best
/// point so far.
///
/// # Source
/// Nelder & Wedderburn (1972), "Generalized linear models"; Bach (2010), "Self-concordant analysis for logistic
/// regression", whose bound makes ln(1 + m)/m of a step safe: ours is longer, as it can be taken back, and 1 at m = 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Logistic {
    coefficients: Vec<f64>,
}

impl Logistic {
    /// The intercept, the offsets of 16 positions, the coefficients of the features; empty if there was nothing to fit to.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }
}

impl RewardModel for Logistic {
    #[inline]
    fn predict(&self, _action: u64, position: u16, x: &Sparse) -> f64 {
        // Nothing to fit to: as a linear model, it then says 0.
        if self.coefficients.is_empty() { 0.0 } else { sigmoid(score(&self.coefficients, position, x)) }
    }
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// `−y η + ln(1 + e^η)`.
fn loss(y: f64, log_odds: f64) -> f64 {
    log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p() - y * log_odds
}

/// A point and the step that leads on from it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Point {
    at: Vec<f64>,
    loss: f64,
    step: Vec<f64>,
}

impl Point {
    /// The share of the step that is worth trying.
    fn stride(&self, reach: &[f64]) -> f64 {
        let moved = self.step.iter().zip(reach).map(|(step, reach)| step.abs() * reach).fold(0.0, f64::max);
        if moved > 1.0 { moved.ln_1p() / (moved * LN_2) } else { 1.0 }
    }

    fn towards(&self, share: f64) -> Vec<f64> {
        self.at.iter().zip(&self.step).map(|(at, step)| at + share * step).collect()
    }
}

/// The fit that one group of users is asked of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Climb {
    /// The best point so far.
    best: Point,
    /// The share of its step that is being tried.
    share: f64,
    /// λ w̄.
    ridge: f64,
    model: Logistic,
    done: bool,
    /// Sums of this pass at the model's coefficients.
    sums: Moments,
    loss: f64,
}

impl Climb {
    /// Starts at the mean.
    fn start(sums: &Moments, ridge: f64) -> Result<Self, String> {
        if sums.weight <= 0.0 {
            return Ok(Self { done: true, ..Self::default() });
        }
        let ridge = ridge * sums.mean_weight();
        // Half a success and half a failure keep the log-odds finite.
        let prior = sums.mean_weight();
        let mean = (sums.slope()[0] + prior / 2.0) / (sums.weight + prior);
        let variance = mean * (1.0 - mean);
        let slope: Vec<f64> =
            sums.slope().iter().enumerate().map(|(at, xy)| xy - mean * sums.curvature(at, 0)).collect();
        let step = sums.solve(ridge / variance, &slope).ok_or(OVERFLOW)?;
        let mut best = Point {
            at: vec![0.0; sums.dims()],
            loss: 0.0,
            step: step.iter().map(|step| step / variance).collect(),
        };
        best.at[0] = (mean / (1.0 - mean)).ln();
        best.loss = sums.weight * loss(sums.slope()[0] / sums.weight, best.at[0]);
        let share = best.stride(sums.reach());
        let model = Logistic { coefficients: best.towards(share) };
        Ok(Self { best, share, ridge, model, ..Self::default() })
    }

    #[inline]
    fn learn(&mut self, row: &Row, (count, weight): (f64, f64), y: f64) {
        let log_odds = row.score(&self.model.coefficients);
        let mean = sigmoid(log_odds);
        self.sums.add(row, (count, weight), weight * mean * (1.0 - mean), weight * (y - mean));
        self.loss += weight * loss(y, log_odds);
    }

    fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.loss += other.loss;
    }

    /// Judges the pass and makes the next step; on the `last` one stays where it is known to be good.
    fn end_pass(&mut self, last: bool) -> Result<(), String> {
        let Self { best, share, ridge, model, .. } = self;
        let sums = std::mem::take(&mut self.sums);
        let penalty = model.coefficients[1..].iter().map(|b| b * b).sum::<f64>() * *ridge / 2.0;
        let reached = std::mem::take(&mut self.loss) + penalty;
        let mut converged = false;
        // Sums of many rows differ in their last digits without meaning anything.
        if reached > best.loss * (1.0 + 1e-12) {
            *share /= 2.0;
        } else {
            let at = std::mem::take(&mut model.coefficients);
            let mut slope: Vec<f64> = at.iter().zip(sums.slope()).map(|(b, g)| g - *ridge * b).collect();
            slope[0] = sums.slope()[0];
            let step = sums.solve(*ridge, &slope).ok_or(OVERFLOW)?;
            let gain = slope.iter().zip(&step).map(|(slope, step)| slope * step).sum::<f64>() / 2.0;
            converged = gain <= TOLERANCE * sums.weight;
            *best = Point { at, loss: reached, step };
            *share = best.stride(sums.reach());
        }
        self.done = last || converged;
        // A step that promises next to nothing is taken without looking.
        model.coefficients = best.towards(if last && !converged { 0.0 } else { *share });
        Ok(())
    }
}

/// Cross-fitted logistic regressions of the same rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Newton {
    ridge: f64,
    passes: u32,
    /// Least squares of each group of users: what the first pass sums.
    first: Folds<Moments>,
    /// From the second pass on, the climb of everybody but each group.
    climbs: Vec<Climb>,
}

impl Newton {
    pub(super) fn new(folds: usize, ridge: f64) -> Self {
        Self { ridge, passes: 0, first: Folds::new(folds), climbs: Vec::new() }
    }

    pub(super) fn blank(&self) -> Self {
        let climbs = self.climbs.iter().map(|climb| Climb {
            model: climb.model.clone(),
            done: climb.done,
            ..Climb::default()
        });
        Self { first: self.first.blank(), climbs: climbs.collect(), ..*self }
    }

    pub(super) fn is_done(&self) -> bool {
        self.passes > 0 && self.climbs.iter().all(|climb| climb.done)
    }

    pub(super) fn learn(&mut self, fold: usize, row: &Row, counts: (f64, f64), y: f64) {
        if self.passes == 0 {
            return self.first.of(fold).regress(row, counts, y);
        }
        let climbs = self.climbs.iter_mut().enumerate();
        let others = climbs.filter(|(left_out, climb)| *left_out != fold && !climb.done);
        others.for_each(|(_, climb)| climb.learn(row, counts, y));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.first.merge(&other.first);
        self.climbs.iter_mut().zip(&other.climbs).for_each(|(here, there)| here.merge(there));
    }

    pub(super) fn end_pass(&mut self) -> Result<(), String> {
        self.passes += 1;
        if self.passes == 1 {
            let climbs = self.first.others().map(|sums| Climb::start(&sums, self.ridge));
            self.climbs = climbs.collect::<Result<_, _>>()?;
            self.first = self.first.blank();
            return Ok(());
        }
        let last = self.passes == MAX_PASSES;
        self.climbs.iter_mut().filter(|climb| !climb.done).try_for_each(|climb| climb.end_pass(last))
    }

    pub(super) fn fit(&self, fold: usize) -> &Logistic {
        &self.climbs[fold].model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(rows: &[(f64, f64, f64)], ridge: f64) -> Newton {
        fitted_to_copies(1, rows, ridge)
    }

    /// Rows of one feature, in several columns; every one of them for both groups of users, so that both models are fitted
    /// to all.
    fn fitted_to_copies(copies: usize, rows: &[(f64, f64, f64)], ridge: f64) -> Newton {
        let (mut newton, mut row) = (Newton::new(2, ridge), Row::default());
        while !newton.is_done() {
            for (x, weight, y) in rows {
                let x = Sparse { at: (0..copies as u32).collect(), values: vec![*x; copies] };
                row.fill(0, &x, copies, (None, 0)).unwrap();
                (0..2).for_each(|fold| newton.learn(fold, &row, (*weight, *weight), *y));
            }
            newton.end_pass().unwrap();
        }
        newton
    }

    fn feature(x: f64) -> Sparse {
        Sparse { at: vec![0], values: vec![x] }
    }

    #[test]
    fn planted_odds_come_back() {
        // Rewards are the planted probabilities themselves, so that nothing is left to chance.
        let planted = |x: f64| sigmoid(-4.0 + 0.7 * x);
        let rows: Vec<_> =
            (0..9).map(|x| (f64::from(x), 1.0 + f64::from(x), planted(f64::from(x)))).collect();
        let newton = fitted(&rows, 1e-12);
        assert!(newton.passes < MAX_PASSES, "{} passes", newton.passes);
        let model = newton.fit(0);
        (0..12).map(f64::from).for_each(|x| {
            let (value, expected) = (model.predict(0, 0, &feature(x)), planted(x));
            assert!((value - expected).abs() < 1e-8, "{value} for {expected}");
        });
    }

    #[test]
    fn rare_successes_take_few_passes() {
        let newton = fitted(&[(0.0, 1e6, 1e-4), (1.0, 1e6, 3e-4)], 1e-12);
        assert!(newton.passes <= 5, "{} passes", newton.passes);
        assert!((newton.fit(1).predict(0, 0, &feature(1.0)) / 3e-4 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn it_arrives_where_full_steps_would_lead_far_beyond() {
        // From the mean of a thousandth, a full step gives the second row log-odds of 500 and not of 0.
        let rows = [(0.0, 1e4, 5e-4), (1.0, 10.0, 0.5)];
        for copies in [1, 10] {
            let newton = fitted_to_copies(copies, &rows, 1e-12);
            let (at, x) = ((0..copies as u32).collect(), vec![1.0; copies]);
            let value = newton.fit(0).predict(0, 0, &Sparse { at, values: x });
            assert!((value - 0.5).abs() < 1e-4, "{copies}: {value} after {} passes", newton.passes);
            assert!((newton.fit(0).predict(0, 0, &feature(0.0)) / 5e-4 - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn perfectly_divided_and_constant_rewards_stay_finite() {
        let divided = fitted(&[(-1.0, 5.0, 0.0), (1.0, 5.0, 1.0)], 1.0);
        assert!(divided.fit(0).predict(0, 0, &feature(1.0)) > 0.6);
        let constant = fitted(&[(-1.0, 5.0, 0.0), (1.0, 5.0, 0.0)], 1.0);
        assert!((0.0..0.1).contains(&constant.fit(0).predict(0, 0, &feature(1.0))));
        assert_eq!(fitted(&[(1.0, 0.0, 1.0)], 1.0).fit(0).predict(0, 0, &feature(1.0)), 0.0);
    }
}
