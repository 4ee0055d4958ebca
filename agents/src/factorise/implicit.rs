//! Factors of counts: how often somebody chose something.

use recloop_env::Grid;

use super::normal::{Ridge, dot, gram, solve, start, widen};
use super::ratings::{Ratings, Rows};
use crate::AgentError;

/// Matrix factorisation of counts, by alternating least squares over *all* pairs of user and item.
///
/// A pair seen `n_ui` times is a preference `p_ui = 1` held with confidence `1 + α n_ui`, an unseen pair a
/// `p_ui = 0` held with confidence 1. Minimises
///
/// `Σ_{u,i} (1 + α n_ui) (p_ui − x_u · z_i)² + λ_x (Σ_u |x_u|² + Σ_i |z_i|²)`
///
/// The unseen pairs enter through the Gram matrix `Σ_i z_i z_iᵀ`, computed once per half sweep, so a sweep
/// costs the seen pairs only.
///
/// # Shapes and units
/// `factors` numbers per user and item; scores near 0 (no preference) to 1 (preference), not clipped.
///
/// # Numerics
/// As [`ExplicitAls`](super::ExplicitAls); the Gram matrix is summed over fixed blocks of rows.
///
/// # Source
/// Hu, Koren, Volinsky (2008), "Collaborative filtering for implicit feedback datasets".
///
/// ```
/// use recloop_agents::factorise::{ImplicitAls, RatingTriples, Ratings, hashed_start};
///
/// // Users 0 and 1 both click item 0; user 0 also item 1, user 2 items 2 and 3.
/// let (users, items) = (&[0, 0, 1, 2, 2], &[0, 1, 0, 2, 3]);
/// let clicks = RatingTriples { users, items, ratings: &[3.0, 3.0, 3.0, 1.0, 3.0] };
/// let config = ImplicitAls { factors: 2, ..ImplicitAls::default() };
/// let model = config.fit(&Ratings::new(clicks, 3, 4)?, hashed_start(7, 0.1))?;
/// assert!(model.score(1, 1) > model.score(1, 2)); // what the like-minded user clicked
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ImplicitAls {
    /// Numbers per user and item.
    pub factors: usize,
    /// Times that all users and all items are solved.
    pub sweeps: usize,
    /// Penalty on the factors, `λ_x`.
    pub ridge: Ridge,
    /// Confidence gained per count, `α`.
    pub confidence_per_count: f32,
}

impl Default for ImplicitAls {
    /// α = 40 is the paper's; the rest is chosen by us.
    fn default() -> Self {
        ImplicitAls { factors: 32, sweeps: 15, ridge: Ridge::Fixed(10.0), confidence_per_count: 40.0 }
    }
}

impl ImplicitAls {
    /// Fits the model to counts. Items start at `init(item, factor)`; users need no start, as they are solved
    /// first. Without a single count every vector is zero.
    ///
    /// # Errors
    /// A count that is not above zero; no factors or no sweeps; a penalty or a confidence that is not above zero,
    /// or a penalty so small that a row's equations are singular.
    pub fn fit(
        &self,
        counts: &Ratings,
        init: impl Fn(usize, usize) -> f32,
    ) -> Result<ImplicitFactors, AgentError> {
        self.check()?;
        let Ratings { by_user, by_item } = counts;
        if let Some((user, item, count)) = by_user.entries().find(|&(_, _, count)| count <= 0.0) {
            return Err(AgentError::NotACount { user, item, count });
        }
        let mut users = Grid::zeros(by_user.n_rows(), self.factors);
        let mut items = start(by_item.n_rows(), self.factors, self.factors, init);
        for _ in 0..self.sweeps {
            self.solve_side(by_user, &items, &mut users)?;
            self.solve_side(by_item, &users, &mut items)?;
        }
        Ok(ImplicitFactors { users, items })
    }

    pub(crate) fn check(&self) -> Result<(), AgentError> {
        self.ridge.check("ridge")?;
        Ridge::Fixed(self.confidence_per_count).check("confidence_per_count")?;
        let counts = [("factors", self.factors), ("sweeps", self.sweeps)];
        let none = counts.into_iter().find(|(_, count)| *count == 0);
        none.map_or(Ok(()), |(name, _)| Err(AgentError::Setting { name, value: 0.0 }))
    }

    fn solve_side(&self, rows: &Rows, fixed: &Grid<f32>, free: &mut Grid<f32>) -> Result<(), AgentError> {
        let gram = gram(fixed);
        solve(free, rows, |row, equations| {
            let counts = rows.row(row);
            equations.add(&gram);
            let mut previous = None;
            for (other, count) in counts.clone() {
                let gained = f64::from(self.confidence_per_count) * f64::from(count);
                let first = f64::from(u8::from(previous.replace(other) != Some(other)));
                equations.observe(widen(fixed.row(other)), gained, first + gained);
            }
            equations.penalise(|_| self.ridge.at(counts.len()));
        })
    }
}

/// What [`ImplicitAls`] fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImplicitFactors {
    /// `[n_users, D]` factors x.
    pub users: Grid<f32>,
    /// `[n_items, D]` factors z.
    pub items: Grid<f32>,
}

impl ImplicitFactors {
    /// Preference `x_u · z_i`.
    ///
    /// # Panics
    /// If the user or the item lies outside the matrix.
    pub fn score(&self, user: usize, item: usize) -> f64 {
        dot(self.user(user), self.item(item))
    }

    /// Factors `x_u`.
    ///
    /// # Panics
    /// If the user lies outside the matrix.
    pub fn user(&self, user: usize) -> &[f32] {
        self.users.row(user)
    }

    /// Factors `z_i`.
    ///
    /// # Panics
    /// If the item lies outside the matrix.
    pub fn item(&self, item: usize) -> &[f32] {
        self.items.row(item)
    }
}
