//! How much of the weights to trust, and how much of the model.

use nalgebra::{DMatrix, DVector};
use recloop_env::Grid;
use statrs::distribution::{ContinuousCDF, Normal};

use super::values::{influences, sums};

/// Lengths of partial returns that are mixed (chosen by us; the first and the last are always among them).
const LENGTHS: usize = 16;
/// Coverage of the interval outside which a partial return counts as biased (chosen by us).
const COVERAGE: f64 = 0.5;
/// Steps of the mixing; each is exact along its line, and dozens are usual (chosen by us).
const ROUNDS: usize = 10_000;

/// `[H]` the part of each step's correction that is kept, from the terms of weighted doubly robust.
///
/// With `g_j` the estimate that trusts weights for j steps and the model from then on, `g_0` the model's alone and `g_H`
/// weighted doubly robust, the mix is `Σ_j x_j g_j` with x on the simplex and `xᵀ (Ω + b bᵀ) x` least: Ω the covariance of
/// the g, b_j how far g_j lies outside the 50 % interval around g_H. A step's correction is in all g_j that reach it.
///
/// # Deviations
/// Ω is the covariance of influence values, so that it counts the spread of the normalisers too, and the interval is normal
/// around g_H instead of a bootstrap's: nothing is drawn.
pub(super) fn kept(terms: &Grid<f64>) -> Vec<f64> {
    let (n, length) = (terms.rows(), terms.width() / 2 - 1);
    let reached = lengths(length);
    let all = sums(terms);
    let ratio = |j: usize| all[j] / all[length + 1 + j];
    let partial: Vec<f64> = reached.iter().map(|last| (0..=*last).map(ratio).sum()).collect();
    let covariance = covariance(&influences(terms), &reached) / n as f64;
    let last = reached.len() - 1;
    let quantile = Normal::standard().inverse_cdf(f64::midpoint(1.0, COVERAGE));
    let half = quantile * covariance[(last, last)].max(0.0).sqrt();
    let outside = |g: &f64| (g - partial[last]).signum() * ((g - partial[last]).abs() - half).max(0.0);
    let bias = DVector::from_iterator(reached.len(), partial.iter().map(outside));
    let mix = least(&(covariance + &bias * bias.transpose()));
    let from = |t: usize| reached.iter().zip(&mix).filter(|(last, _)| **last > t).map(|(_, x)| x).sum();
    (0..length).map(from).collect()
}

/// 0 to `length`, evenly, each once.
fn lengths(length: usize) -> Vec<usize> {
    let n = length.min(LENGTHS - 1);
    (0..=n).map(|i| i * length / n.max(1)).collect()
}

/// Of the sums of the first ratios, up to each of `reached`: `[J, J]`, per row.
fn covariance(influences: &Grid<f64>, reached: &[usize]) -> DMatrix<f64> {
    let n = influences.rows();
    let mut sum = DMatrix::zeros(reached.len(), reached.len());
    for r in 0..n {
        let row = influences.row(r);
        let up_to = reached.iter().map(|last| row[..=*last].iter().sum());
        let g = DVector::from_iterator(reached.len(), up_to);
        sum.ger(1.0, &g, &g, 1.0);
    }
    sum / (n.max(2) - 1) as f64
}

/// The point of the simplex where `xᵀ A x` is least, A positive semi-definite.
///
/// Mass moves along the edge of steepest descent, from the vertex in use with the largest gradient to the one with the
/// smallest, as far as helps. It starts where nothing is left to the model, which so wins all ties.
fn least(a: &DMatrix<f64>) -> Vec<f64> {
    let last = a.nrows() - 1;
    let mut x = DVector::zeros(last + 1);
    x[last] = 1.0;
    let mut gradient = a.column(last).into_owned();
    for _ in 0..ROUNDS {
        let to = gradient.imin();
        let used = (0..=last).filter(|j| x[*j] > 0.0);
        let Some(from) = used.max_by(|i, j| gradient[*i].total_cmp(&gradient[*j])) else { break };
        let gain = gradient[from] - gradient[to];
        if gain.is_nan() || gain <= f64::EPSILON * gradient.amax() {
            break;
        }
        let curvature = a[(from, from)] + a[(to, to)] - 2.0 * a[(from, to)];
        let step = if curvature > 0.0 { (gain / curvature).min(x[from]) } else { x[from] };
        x[to] += step;
        x[from] -= step;
        gradient.axpy(step, &a.column(to), 1.0);
        gradient.axpy(-step, &a.column(from), 1.0);
    }
    x.iter().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_square_on_the_simplex_by_hand() {
        // Uncorrelated: inverse to variances, 1/1 : 1/4.
        let x = least(&DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 4.0]));
        assert!((x[0] - 0.8).abs() < 1e-14 && (x[1] - 0.2).abs() < 1e-14);
        // Covariance above the lesser variance: that vertex alone.
        let x = least(&DMatrix::from_row_slice(2, 2, &[1.0, 1.5, 1.5, 4.0]));
        assert_eq!(x, [1.0, 0.0]);
        // Three: 1/1 : 1/2 : 1/4.
        let x = least(&DMatrix::from_diagonal(&DVector::from_vec(vec![1.0, 2.0, 4.0])));
        let by_hand = [4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0];
        assert!(x.iter().zip(by_hand).all(|(x, by_hand)| (x - by_hand).abs() < 1e-12), "{x:?}");
        // Nothing to choose between: the weights.
        assert_eq!(least(&DMatrix::zeros(3, 3)), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn lengths_reach_from_nothing_to_all() {
        assert_eq!(lengths(1), [0, 1]);
        assert_eq!(lengths(3), [0, 1, 2, 3]);
        let many = lengths(1_000);
        assert_eq!((many.len(), many[0], many[15]), (LENGTHS, 0, 1_000));
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// Terms of one step: V, the correction x and the weight.
    fn terms(rows: &[[f64; 3]]) -> Grid<f64> {
        let mut terms = Grid::new(4);
        rows.iter().for_each(|[v, x, w]| terms.push_row(&[*v, *x, 1.0, *w]));
        terms
    }

    #[test]
    fn a_sure_model_is_trusted_and_a_wrong_one_is_not() {
        // The model never errs and the corrections are noise around zero: all of g_0, which has no variance.
        let sure = terms(&[[1.0, 5.0, 1.0], [1.0, -5.0, 1.0], [1.0, 5.0, 1.0], [1.0, -5.0, 1.0]]);
        assert_eq!(kept(&sure), [0.0]);
        // The weights say exactly 3 and the model 1: any part of it costs bias and saves no variance.
        assert_eq!(kept(&terms(&[[1.0, 2.0, 1.0]; 4])), [1.0]);
    }

    #[test]
    fn between_them_bias_is_weighed_against_variance() {
        // g_0 = 0 surely, g_1 = 2 with influences ±√3: variance (4 · 3 / 3) / 4 = 1, b_0 = −(2 − z). Then x_0² b² + x_1²
        // is least where x_1 = b² / (1 + b²).
        let root = 3.0_f64.sqrt();
        let rows =
            [[0.0, 2.0 + root, 1.0], [0.0, 2.0 - root, 1.0], [0.0, 2.0 + root, 1.0], [0.0, 2.0 - root, 1.0]];
        let b = 2.0 - 0.674_489_750_196_081_7;
        assert!((kept(&terms(&rows))[0] - b * b / (1.0 + b * b)).abs() < 1e-12);
    }
}
