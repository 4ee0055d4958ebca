//! How unlike two sets of choices are, in bits.

use std::f64::consts::LN_2;

use recloop_env::Grid;

use super::FidelityError;

/// How often each user chose each category.
///
/// # Shapes
/// - `[users, categories]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Grid<u32>);

/// How unlike two distributions are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Of the shares as they were found, in bits: too large on average.
    pub plug_in: f64,
    /// Less what chance adds, in bits; below 0 where chance added less than it does on average.
    pub corrected: f64,
}

impl Counts {
    /// Nobody, of so many categories.
    #[must_use]
    pub fn new(n_categories: usize) -> Self {
        Self(Grid::new(n_categories))
    }

    /// Adds a user.
    ///
    /// # Panics
    /// If there is not a number for each category.
    pub fn push(&mut self, counts: &[u32]) {
        assert_eq!(counts.len(), self.0.width(), "a count for each category");
        self.0.push_row(counts);
    }

    /// How many users there are.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.0.rows()
    }

    /// The users of these rows.
    pub(super) fn of(&self, rows: &[u32]) -> Self {
        let mut some = Self::new(self.0.width());
        rows.iter().for_each(|row| some.push(self.0.row(*row as usize)));
        some
    }

    /// Shares of the categories, and the variance of each over other users: choices of one user may be alike.
    fn shares(&self) -> Option<Vec<[f64; 2]>> {
        let (n, k) = (self.0.rows(), self.0.width());
        let mut shares = vec![[0.0; 2]; k];
        for row in 0..n {
            shares.iter_mut().zip(self.0.row(row)).for_each(|(share, count)| share[0] += f64::from(*count));
        }
        let total: f64 = shares.iter().map(|[sum, _]| sum).sum();
        if n < 2 || total == 0.0 {
            return None;
        }
        shares.iter_mut().for_each(|share| share[0] /= total);
        for row in 0..n {
            let row = self.0.row(row);
            let of_user: u32 = row.iter().sum();
            for ([share, variance], count) in shares.iter_mut().zip(row) {
                *variance += (f64::from(*count) - *share * f64::from(of_user)).powi(2);
            }
        }
        let scale = n as f64 / (n as f64 - 1.0) / (total * total);
        shares.iter_mut().for_each(|[_, variance]| *variance *= scale);
        Some(shares)
    }
}

/// Jensen–Shannon divergence of the categories that two sets of *different* users chose.
///
/// With shares p, q and `m = (p + q)/2`: `JS = ½ Σ p log₂(p/m) + ½ Σ q log₂(q/m)`, in [0, 1] bits.
///
/// # Bias
/// `JS = H(m) − ½H(p) − ½H(q)`, and to second order `E H(p̂) = H(p) − ½ Σ V_j/p_j` with V_j the variance of p̂_j. The variance of m̂_j is a
/// quarter of the sum of the two, so by chance alone JS is too large by
///
/// `b = ¼ Σ_j [V^p_j (1/p_j − 1/(2m_j)) + V^q_j (1/q_j − 1/(2m_j))]` nats.
///
/// For n and n′ independent choices and p = q, where `V_j = p_j(1 − p_j)/n`, this is `(k − 1)(1/n + 1/n′)/8`, the correction of Miller (1955).
/// Here V is found from users, `V_j = n/(n − 1) Σ_u (c_uj − p_j c_u)²/C²`, as choices of one user are alike: then the same chance adds
/// several times as much.
///
/// For the same users under the same luck on both sides chance adds less, and the correction takes off too much, by b at most.
///
/// # Errors
/// Sides of different categories, or with fewer than two users or no choice at all.
///
/// # Source
/// Lin (1991), "Divergence measures based on the Shannon entropy"; Miller (1955), "Note on the bias of information estimates"; Cochran (1977),
/// section 6.4, for the variance of a share by users.
///
/// ```
/// use recloop_data::fidelity::{Counts, jensen_shannon};
/// let (mut one, mut other) = (Counts::new(2), Counts::new(2));
/// for _ in 0..100 {
///     one.push(&[1, 0]);
///     other.push(&[0, 1]);
/// }
/// assert_eq!(jensen_shannon(&one, &other)?.plug_in, 1.0);
/// # Ok::<(), recloop_data::fidelity::FidelityError>(())
/// ```
pub fn jensen_shannon(one: &Counts, other: &Counts) -> Result<Divergence, FidelityError> {
    let (k, other_k) = (one.0.width(), other.0.width());
    if k != other_k {
        return Err(FidelityError::Shape { what: "categories", one: k, other: other_k });
    }
    let found = one.n_users().min(other.n_users());
    let few = FidelityError::TooFew { what: "what was chosen", of: "users who chose", found, needed: 2 };
    let (p, q) = (one.shares().ok_or(few.clone())?, other.shares().ok_or(few)?);
    let (mut nats, mut bias) = (0.0, 0.0);
    for (p, q) in p.iter().zip(&q) {
        let m = 0.5 * (p[0] + q[0]);
        for [share, variance] in [p, q].into_iter().filter(|[share, _]| *share > 0.0) {
            nats += 0.5 * share * (share / m).ln();
            bias += 0.25 * variance * (1.0 / share - 0.5 / m);
        }
    }
    let plug_in = nats.max(0.0) / LN_2;
    Ok(Divergence { plug_in, corrected: plug_in - bias / LN_2 })
}
