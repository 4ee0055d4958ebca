//! Factors of stated ratings, with biases.

use std::iter::once;

use rayon::prelude::*;
use recloop_env::Grid;

use super::normal::{Ridge, dot, solve, start, widen};
use super::ratings::{Ratings, Rows};
use crate::AgentError;

/// Matrix factorisation of graded ratings with user and item biases, by alternating least squares.
///
/// `r̂_ui = μ + b_u + c_i + x_u · z_i`, where `μ` is the mean rating and the rest minimises
///
/// `Σ_(u,i) (r_ui − r̂_ui)² + Σ_u (λ_x |x_u|² + λ_b b_u²) + Σ_i (λ_x |z_i|² + λ_b c_i²)`
///
/// Each half of a sweep solves `(x_u, b_u)` jointly for every user, then `(z_i, c_i)` for every item. With no
/// factors this is the classic alternation of user and item biases.
///
/// # Shapes and units
/// `factors` numbers per user and item; biases and predictions in rating units, not clipped to the scale.
///
/// # Numerics
/// `f32` vectors, normal equations and Cholesky in `f64`; every row's ratings are added in
/// ascending order of the other index, so results are bit-identical at any thread count and for any order of
/// the triples without repeats.
///
/// # Source
/// Koren, Bell, Volinsky (2009), "Matrix factorization techniques for recommender systems"; Zhou et
/// al. (2008) for [`Ridge::PerRating`].
#[derive(Clone, Debug, PartialEq)]
pub struct ExplicitAls {
    /// Numbers per user and item, biases apart; 0 leaves the biases alone.
    pub factors: usize,
    /// Times that all users and all items are solved.
    pub sweeps: usize,
    /// Penalty on the factors, `λ_x`.
    pub ridge: Ridge,
    /// Penalty on the biases, `λ_b`.
    pub bias_ridge: Ridge,
}

impl Default for ExplicitAls {
    /// Chosen by us on MovieLens-100K: each user's last fifth by time set aside, the best on the last fifth
    /// of the rest, where [`Ridge::PerRating`] did worse at every width.
    fn default() -> Self {
        ExplicitAls { factors: 16, sweeps: 20, ridge: Ridge::Fixed(12.0), bias_ridge: Ridge::Fixed(2.0) }
    }
}

impl ExplicitAls {
    /// Fits the model. Items start at `init(item, factor)`; users need no start, as they are solved first.
    /// `on_sweep` is told the number of sweeps done and the RMSE on the ratings fitted.
    ///
    /// # Errors
    /// No ratings, a penalty that is not above zero, or one so small that a row's equations are singular.
    pub fn fit(
        &self,
        ratings: &Ratings,
        init: impl Fn(usize, usize) -> f32,
        mut on_sweep: impl FnMut(usize, f64),
    ) -> Result<BiasedFactors, AgentError> {
        self.ridge.check("ridge")?;
        self.bias_ridge.check("bias_ridge")?;
        let Ratings { by_user, by_item } = ratings;
        let width = self.factors + 1;
        let mut model = BiasedFactors {
            mean: ratings.mean()?,
            users: Grid::zeros(by_user.n_rows(), width),
            items: start(by_item.n_rows(), self.factors, width, init),
        };
        for sweep in 1..=self.sweeps {
            self.solve_side(by_user, model.mean, &model.items, &mut model.users)?;
            self.solve_side(by_item, model.mean, &model.users, &mut model.items)?;
            on_sweep(sweep, model.training_rmse(by_user));
        }
        Ok(model)
    }

    /// Without factors their penalty is never read.
    fn biases_only(shrinkage: f32, sweeps: usize) -> Self {
        let ridge = Ridge::Fixed(shrinkage);
        ExplicitAls { factors: 0, sweeps, ridge, bias_ridge: ridge }
    }

    /// A bias is a factor whose partner is the constant 1.
    fn solve_side(
        &self,
        rows: &Rows,
        mean: f64,
        fixed: &Grid<f32>,
        free: &mut Grid<f32>,
    ) -> Result<(), AgentError> {
        solve(free, rows, |row, equations| {
            let ratings = rows.row(row);
            for (other, rating) in ratings.clone() {
                let (factors, bias) = split_bias(fixed.row(other));
                let rest = f64::from(rating) - mean - f64::from(bias);
                equations.observe(widen(factors).chain(once(1.0)), 1.0, rest);
            }
            let ridge = |i| if i < self.factors { self.ridge } else { self.bias_ridge };
            equations.penalise(|i| ridge(i).at(ratings.len()));
        })
    }
}

/// What [`ExplicitAls`] fits, and what its baselines are special cases of.
#[derive(Clone, Debug, PartialEq)]
pub struct BiasedFactors {
    mean: f64,
    users: Grid<f32>,
    items: Grid<f32>,
}

impl BiasedFactors {
    /// Baseline `r̂ = μ`.
    ///
    /// # Errors
    /// No ratings.
    pub fn global_mean(ratings: &Ratings) -> Result<Self, AgentError> {
        Ok(BiasedFactors {
            mean: ratings.mean()?,
            users: Grid::zeros(ratings.by_user.n_rows(), 1),
            items: Grid::zeros(ratings.by_item.n_rows(), 1),
        })
    }

    /// Baseline `r̂ = μ + c_i` with `c_i = Σ_u (r_ui − μ) / (n_i + shrinkage)`: the item's mean, as if it had
    /// had `shrinkage` more ratings of `μ`.
    ///
    /// # Errors
    /// No ratings, or a shrinkage that is not above zero.
    pub fn item_mean(ratings: &Ratings, shrinkage: f32) -> Result<Self, AgentError> {
        let biases = ExplicitAls::biases_only(shrinkage, 1);
        biases.bias_ridge.check("shrinkage")?;
        let mut model = BiasedFactors::global_mean(ratings)?;
        biases.solve_side(&ratings.by_item, model.mean, &model.users, &mut model.items)?;
        Ok(model)
    }

    /// Baseline `r̂ = μ + b_u + c_i`, each bias shrunk as in [`item_mean`](Self::item_mean) and solved in
    /// turn.
    ///
    /// # Errors
    /// No ratings, or a shrinkage that is not above zero.
    pub fn user_and_item_bias(ratings: &Ratings, shrinkage: f32, sweeps: usize) -> Result<Self, AgentError> {
        ExplicitAls::biases_only(shrinkage, sweeps).fit(ratings, |_, _| 0.0, |_, _| ())
    }

    /// `μ + b_u + c_i + x_u · z_i`, in rating units.
    ///
    /// # Panics
    /// If the user or the item lies outside the matrix.
    pub fn predict(&self, user: usize, item: usize) -> f64 {
        let ((x, b), (z, c)) = (self.user(user), self.item(item));
        self.mean + f64::from(b) + f64::from(c) + dot(x, z)
    }

    /// Mean rating `μ`.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Factors `x_u` and bias `b_u`.
    ///
    /// # Panics
    /// If the user lies outside the matrix.
    pub fn user(&self, user: usize) -> (&[f32], f32) {
        split_bias(self.users.row(user))
    }

    /// Factors `z_i` and bias `c_i`.
    ///
    /// # Panics
    /// If the item lies outside the matrix.
    pub fn item(&self, item: usize) -> (&[f32], f32) {
        split_bias(self.items.row(item))
    }

    /// Squares are summed by user, then over users in order.
    fn training_rmse(&self, by_user: &Rows) -> f64 {
        let of_user = |user| {
            let errors = by_user.row(user).map(|(item, rating)| f64::from(rating) - self.predict(user, item));
            errors.map(|error| error * error).sum::<f64>()
        };
        let squares: Vec<f64> = (0..by_user.n_rows()).into_par_iter().map(of_user).collect();
        (squares.iter().sum::<f64>() / by_user.n_entries() as f64).sqrt()
    }
}

fn split_bias(row: &[f32]) -> (&[f32], f32) {
    let (&bias, factors) = row.split_last().expect("a row ends in its bias");
    (factors, bias)
}
