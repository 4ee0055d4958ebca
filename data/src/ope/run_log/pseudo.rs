//! The weight of the pseudo-inverse estimator, `q_targetᵀ Γ⁺ 1_slate`.
//!
//! With `1_s ∈ {0, 1}^{K·C}` marking which candidate stands at which position, `Γ = E_log[1_s 1_sᵀ]` and
//! `q = E_target[1_s]`. If what a slate brings is a sum over its positions, `E_log[q_targetᵀ Γ⁺ 1_s · r]` is what the target
//! earns.
//!
//! # Source
//! Swaminathan, Krishnamurthy, Agarwal, Dudík, Langford, Jose, Zitouni (2017), "Off-policy evaluation for slate
//! recommendation".

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use recloop_env::Grid;

/// Most slates that are gone through one by one to know a logger's pairs of positions (chosen by us: milliseconds).
pub(super) const MOST_SLATES: usize = 20_000;

/// Fills the distribution over candidates at the position below those above.
type Next<'a, E> = dyn FnMut(&[usize], &mut [f64]) -> Result<(), E> + 'a;

/// How many slates of `k` can be made of `n` candidates.
pub(super) fn n_slates(n: usize, k: usize) -> usize {
    (0..k).fold(1, |slates: usize, above| slates.saturating_mul(n.saturating_sub(above)))
}

/// The weight under a logger that draws uniformly without replacement from `n` candidates.
///
/// Γ has eigenvalues `K/n`, `(n − K)/(n(n − 1))`, `1/(n − 1)` and 0; projected on their spaces, with `T` the sum of the
/// target's marginals of the shown items at their positions and `M` of the same items at any position,
/// `w = 1 + (n − 1)(n/(n − K) · (M − K²/n)/K + T − M/K)`. For K = n the second eigenvalue is 0 and drops out.
///
/// # Shapes
/// - `target`: `[C, K]` marginals, barred candidates 0; `places`: `[K]`
pub(super) fn uniform(target: &Grid<f64>, places: &[usize], n: usize) -> f64 {
    let (n, k) = (n as f64, places.len() as f64);
    let there: f64 = places.iter().enumerate().map(|(position, place)| target.row(*place)[position]).sum();
    let anywhere: f64 = places.iter().flat_map(|place| target.row(*place)).sum();
    let shown = if n > k { n / (n - k) * (anywhere - k * k / n) / k } else { 0.0 };
    1.0 + (n - 1.0) * (shown + there - anywhere / k)
}

/// Γ of a logger, slate by slate: `next` fills the distribution over `c` candidates below those above.
///
/// # Shapes
/// - returns: `[K·C, K·C]`, position after position
pub(super) fn pairs<E>(c: usize, k: usize, next: &mut Next<'_, E>) -> Result<DMatrix<f64>, E> {
    fn descend<E>(
        (c, k): (usize, usize),
        above: &mut Vec<usize>,
        probability: f64,
        next: &mut Next<'_, E>,
        gamma: &mut DMatrix<f64>,
    ) -> Result<(), E> {
        if above.len() == k {
            for (i, a) in above.iter().enumerate() {
                above.iter().enumerate().for_each(|(j, b)| gamma[(i * c + a, j * c + b)] += probability);
            }
            return Ok(());
        }
        let mut distribution = vec![0.0; c];
        next(above, &mut distribution)?;
        for (place, p) in distribution.into_iter().enumerate().filter(|(_, p)| *p > 0.0) {
            above.push(place);
            descend((c, k), above, probability * p, next, gamma)?;
            above.pop();
        }
        Ok(())
    }
    let mut gamma = DMatrix::zeros(k * c, k * c);
    descend((c, k), &mut Vec::with_capacity(k), 1.0, next, &mut gamma)?;
    Ok(gamma)
}

/// The weight under a logger of this Γ.
///
/// # Numerics
/// Eigenvalues below `K·C · ε` of the largest count as 0.
///
/// # Shapes
/// - `target`: `[C, K]`; `places`: `[K]`
pub(super) fn by_pairs(gamma: DMatrix<f64>, target: &Grid<f64>, places: &[usize]) -> f64 {
    let (c, n) = (target.rows(), gamma.nrows());
    let mut q = DVector::zeros(n);
    for (place, position) in (0..c).flat_map(|place| (0..places.len()).map(move |k| (place, k))) {
        q[position * c + place] = target.row(place)[position];
    }
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(gamma);
    let least = eigenvalues.max() * n as f64 * f64::EPSILON;
    let along = eigenvectors.column_iter().zip(eigenvalues.iter()).filter(|(_, value)| **value > least);
    let part = |(vector, value): (nalgebra::DVectorView<'_, f64>, &f64)| {
        let shown: f64 = places.iter().enumerate().map(|(k, place)| vector[k * c + place]).sum();
        vector.dot(&q) * shown / value
    };
    along.map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plackett–Luce by these weights.
    fn luce(weights: &[f64]) -> impl FnMut(&[usize], &mut [f64]) -> Result<(), ()> {
        move |above, out| {
            let left = |place: usize| if above.contains(&place) { 0.0 } else { weights[place] };
            let total: f64 = (0..weights.len()).map(left).sum();
            out.iter_mut().enumerate().for_each(|(place, p)| *p = left(place) / total);
            Ok(())
        }
    }

    /// Marginals, by the diagonal of Γ.
    fn marginals(weights: &[f64], k: usize) -> Grid<f64> {
        let (c, gamma) = (weights.len(), pairs(weights.len(), k, &mut luce(weights)).unwrap());
        let cells = (0..c).flat_map(|place| (0..k).map(move |position| position * c + place));
        Grid::from_vec(cells.map(|i| gamma[(i, i)]).collect(), c, k).unwrap()
    }

    fn slates(c: usize, k: usize) -> Vec<Vec<usize>> {
        (0..k).fold(vec![vec![]], |slates, _| {
            let longer = |slate: Vec<usize>| {
                let free: Vec<usize> = (0..c).filter(|place| !slate.contains(place)).collect();
                free.into_iter().map(move |place| slate.iter().copied().chain([place]).collect())
            };
            slates.into_iter().flat_map(longer).collect()
        })
    }

    fn probability(weights: &[f64], slate: &[usize]) -> f64 {
        let mut out = vec![0.0; weights.len()];
        let mut conditional = |k: usize| {
            luce(weights)(&slate[..k], &mut out).unwrap();
            out[slate[k]]
        };
        (0..slate.len()).map(&mut conditional).product()
    }

    #[test]
    fn a_uniform_logger_has_a_closed_form() {
        for (weights, k) in
            [([0.5, 0.2, 0.2, 0.1].as_slice(), 2), (&[3.0, 1.0, 0.0, 2.0, 1.0], 3), (&[1.0, 2.0], 2)]
        {
            let (c, target) = (weights.len(), marginals(weights, k));
            let gamma = pairs(c, k, &mut luce(&vec![1.0; c])).unwrap();
            for slate in slates(c, k) {
                let (closed, general) =
                    (uniform(&target, &slate, c), by_pairs(gamma.clone(), &target, &slate));
                assert!((closed - general).abs() < 1e-12, "{slate:?}: {closed} or {general}");
            }
        }
    }

    #[test]
    fn its_expectation_is_the_value_of_any_additive_reward() {
        let (logging, target) = ([0.4, 0.3, 0.1, 0.15, 0.05], [0.1, 0.1, 0.5, 0.1, 0.2]);
        let gamma = pairs(5, 3, &mut luce(&logging)).unwrap();
        let reward = |slate: &[usize]| -> f64 {
            slate.iter().enumerate().map(|(k, place)| (place * place) as f64 / (k + 1) as f64).sum()
        };
        let (q, mut estimate, mut truth, mut mean_weight) = (marginals(&target, 3), 0.0, 0.0, 0.0);
        for slate in slates(5, 3) {
            let (logged, weight) = (probability(&logging, &slate), by_pairs(gamma.clone(), &q, &slate));
            estimate += logged * weight * reward(&slate);
            mean_weight += logged * weight;
            truth += probability(&target, &slate) * reward(&slate);
        }
        assert!((estimate - truth).abs() < 1e-12, "{estimate} or {truth}");
        assert!((mean_weight - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_position_is_inverse_propensity_scoring() {
        let (logging, target) = ([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]);
        let gamma = pairs(3, 1, &mut luce(&logging)).unwrap();
        for place in 0..3 {
            let weight = by_pairs(gamma.clone(), &marginals(&target, 1), &[place]);
            assert!((weight - target[place] / logging[place]).abs() < 1e-12);
        }
        assert_eq!((n_slates(20, 3), n_slates(2, 3)), (6840, 0));
    }
}
