//! Whether two kinds of users order recommenders alike.

use recloop_env::{Grid, below};

use super::FidelityError;
use super::halves::{RESAMPLES, luck, split_half};

/// How alike two rankings are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Kendall's τ-b of the two rankings.
    pub tau: f64,
    /// Limits of 95 % of what other users would have come to.
    pub interval: (f64, f64),
    /// τ-b between two halves of the panel, on average.
    pub floor: f64,
}

/// Kendall's τ-b: with C pairs ordered alike and D ordered contrarily, `(C − D)/√((P − T_x)(P − T_y))`, P all pairs, T those tied on
/// either side. NaN where one side ties everything.
///
/// # Panics
/// If the two differ in length.
///
/// # Source
/// Kendall (1945), "The treatment of ties in ranking problems".
///
/// ```
/// use recloop_data::fidelity::tau_b;
/// // One of three pairs the other way.
/// assert!((tau_b(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]) - 1.0 / 3.0).abs() < 1e-15);
/// // Of five pairs that the first does not tie, and six: 5/√(5·6).
/// assert!((tau_b(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]) - 5.0 / 30_f64.sqrt()).abs() < 1e-15);
/// ```
#[must_use]
pub fn tau_b(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "two values for each");
    let (mut score, mut untied) = (0.0, [0.0; 2]);
    // The sign of a difference, 0 for none.
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    for i in 0..x.len() {
        for j in 0..i {
            let (by_x, by_y) = (sign(x[i], x[j]), sign(y[i], y[j]));
            score += by_x * by_y;
            untied[0] += by_x.abs();
            untied[1] += by_y.abs();
        }
    }
    score / (untied[0] * untied[1]).sqrt()
}

/// How alike a panel and its surrogate order recommenders by the mean outcome of their users.
///
/// The interval is the percentile bootstrap of users, drawn again together for all recommenders, on either side by itself: recommenders meet the same
/// users. The floor is τ-b between two random halves of the panel.
///
/// # Shapes
/// - `panel`, `surrogate`: `[users, recommenders]` an outcome each, such as slates seen; users of the two sides may differ in number
///
/// # Errors
/// Sides of different recommenders, fewer than two users or recommenders on either side.
///
/// # Source
/// Efron (1979), "Bootstrap methods: another look at the jackknife".
///
/// ```
/// use recloop_data::fidelity::agreement;
/// use recloop_env::Grid;
/// let rows: Vec<f64> = (0..200).map(|i| f64::from(i % 5) + f64::from(i % 7) / 100.0).collect();
/// let panel = Grid::from_vec(rows, 40, 5).expect("40 users of 5 recommenders");
/// let found = agreement(&panel, &panel, 200)?;
/// assert_eq!((found.tau, found.interval, found.floor), (1.0, (1.0, 1.0), 1.0));
/// # Ok::<(), recloop_data::fidelity::FidelityError>(())
/// ```
pub fn agreement(
    panel: &Grid<f64>,
    surrogate: &Grid<f64>,
    replicates: u32,
) -> Result<Agreement, FidelityError> {
    let (one, other) = (panel.width(), surrogate.width());
    if one != other {
        return Err(FidelityError::Shape { what: "recommenders", one, other });
    }
    for (of, found) in [("recommenders", one), ("users", panel.rows().min(surrogate.rows()))] {
        if found < 2 {
            return Err(FidelityError::TooFew { what: "orders of recommenders", of, found, needed: 2 });
        }
    }
    let all = |of: &Grid<f64>| means(of, 0..of.rows() as u32);
    let half = |one: &[u32], other: &[u32]| {
        let tau = tau_b(&means(panel, one.iter().copied()), &means(panel, other.iter().copied()));
        (!tau.is_nan()).then_some(tau)
    };
    Ok(Agreement {
        tau: tau_b(&all(panel), &all(surrogate)),
        interval: interval(panel, surrogate, replicates),
        floor: split_half(panel.rows(), replicates, half),
    })
}

fn interval(panel: &Grid<f64>, surrogate: &Grid<f64>, replicates: u32) -> (f64, f64) {
    let mut taus = Vec::with_capacity(replicates as usize);
    for replicate in 0..replicates {
        let mut draws = luck(replicate, RESAMPLES);
        let mut again = |of: &Grid<f64>| {
            let n = of.rows() as u32;
            let rows: Vec<u32> = (0..n).map(|_| below(draws.word(), n)).collect();
            means(of, rows.into_iter())
        };
        let (panel, surrogate) = (again(panel), again(surrogate));
        taus.push(tau_b(&panel, &surrogate));
    }
    taus.retain(|tau| !tau.is_nan());
    taus.sort_by(f64::total_cmp);
    let at = |p: f64| taus.get((p * taus.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    (at(0.025), at(0.975))
}

/// The mean of each column over some rows.
fn means(of: &Grid<f64>, rows: impl ExactSizeIterator<Item = u32>) -> Vec<f64> {
    let (n, mut sums) = (rows.len() as f64, vec![0.0; of.width()]);
    for row in rows {
        sums.iter_mut().zip(of.row(row as usize)).for_each(|(sum, value)| *sum += value);
    }
    sums.iter_mut().for_each(|sum| *sum /= n);
    sums
}
