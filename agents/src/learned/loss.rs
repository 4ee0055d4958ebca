//! Losses, row by row.

use recloop_nn::burn::tensor::Tensor;

/// `½e²` up to 1, `|e| − ½` beyond: an error counts as much as it is large, but no gradient exceeds 1.
///
/// # Source
/// Huber (1964), "Robust estimation of a location parameter"; the bound of 1 as in Mnih et al. (2015).
pub(super) fn huber(error: Tensor<1>) -> Tensor<1> {
    let size = error.abs();
    let near = size.clone().clamp_max(1.0);
    near.clone().square().mul_scalar(0.5) + (size - near)
}

/// `|τ − 1(e < 0)| e²`: least at the τ-expectile, which is the mean at τ = ½ and moves towards the maximum as τ → 1.
///
/// # Source
/// Newey, Powell (1987), "Asymmetric least squares estimation and testing".
pub(super) fn expectile(error: Tensor<1>, tau: f64) -> Tensor<1> {
    let weight = error.clone().sign().mul_scalar(tau - 0.5).add_scalar(0.5);
    weight * error.square()
}

/// `min(π/β, c) λ_K log π`, summed over the positions, whose gradient is that of the top-K correction:
/// `Σ_k min(π/β, c) λ_K ∇log π`, with `λ_K = ∂α/∂π = K(1 − π)^{K−1}` and α = 1 − (1 − π)^K, how likely K draws show the item
/// at all.
///
/// # Shapes
/// - `log_pi`, `log_beta`: `[N, K]`, of the items shown; returns `[N]`
pub(super) fn top_k(log_pi: Tensor<2>, log_beta: Tensor<2>, most: f64) -> Tensor<1> {
    let [n, k] = log_pi.dims();
    let still = log_pi.clone().detach();
    let ratio = (still.clone() - log_beta).exp().clamp_max(most);
    let lambda =
        still.exp().mul_scalar(-1.0).add_scalar(1.0).powf_scalar(k as f64 - 1.0).mul_scalar(k as f64);
    (ratio * lambda * log_pi).sum_dim(1).reshape([n])
}

#[cfg(test)]
pub(super) mod check {
    use recloop_nn::burn::tensor::{Device, TensorData};

    use super::*;

    pub(crate) fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &Device::flex().autodiff())
    }

    pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec::<f32>().unwrap()
    }

    /// Compares the gradient of `of` with its finite differences.
    pub(crate) fn check_slope<const D: usize>(
        at: &[f32],
        shape: [usize; D],
        of: impl Fn(Tensor<D>) -> Tensor<1>,
    ) {
        check_against(at, shape, &of, &of);
    }

    /// Compares the gradient of `loss` with the finite differences of `value`; both of order 1, so that the rounding of f32
    /// over the step and the third derivative stay below the bound.
    pub(crate) fn check_against<const D: usize>(
        at: &[f32],
        shape: [usize; D],
        loss: impl Fn(Tensor<D>) -> Tensor<1>,
        value: impl Fn(Tensor<D>) -> Tensor<1>,
    ) {
        let x = tensor(at, shape).require_grad();
        let grad = numbers(x.grad(&loss(x.clone()).sum().backward()).unwrap());
        for (i, grad) in grad.iter().enumerate() {
            let step = 1e-2_f32;
            let (mut up, mut down) = (at.to_vec(), at.to_vec());
            up[i] += step;
            down[i] -= step;
            let [up, down] = [up, down].map(|x| value(tensor(&x, shape)).sum().into_scalar::<f64>());
            let slope = (up - down) / f64::from(2.0 * step);
            assert!((slope - f64::from(*grad)).abs() < 2e-3, "{i}: {slope} {grad}");
        }
    }
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::activation::log_softmax;

    use super::check::{check_against, check_slope, numbers, tensor};
    use super::*;

    #[test]
    fn errors_count_squared_near_and_plainly_far() {
        assert_eq!(numbers(huber(tensor(&[0.5, -0.5, 3.0, -2.0], [4]))), [0.125, 0.125, 2.5, 1.5]);
        check_slope(&[0.5, -0.3, 3.0, -2.0], [4], huber);
    }

    #[test]
    fn an_expectile_is_where_the_weighted_errors_balance() {
        // Of 0 and 1 at τ: (1 − τ) m = τ (1 − m), so m = τ. Of 0, 0, 3 at ¾: 2m/4 = 3(3 − m)/4, so m = 1.8.
        for (sample, tau, m) in [(&[0.0, 1.0][..], 0.9, 0.9), (&[0.0, 0.0, 3.0], 0.75, 1.8)] {
            let at = tensor(&[m], [1]).require_grad();
            let errors = tensor(sample, [sample.len()]) - at.clone().expand([sample.len()]);
            let grad = numbers(at.grad(&expectile(errors, tau).sum().backward()).unwrap());
            assert!(grad[0].abs() < 1e-5, "{grad:?}");
        }
        assert_eq!(numbers(expectile(tensor(&[2.0, -2.0], [2]), 0.5)), [2.0, 2.0]);
        check_slope(&[0.5, -0.3, 2.0, -1.0], [4], |errors| expectile(errors, 0.8));
    }

    /// Scores of four candidates in two rows; the first two are shown.
    const SCORES: [f32; 8] = [0.3, -1.2, 1.0, 0.7, -0.4, 0.9, 0.1, 0.0];
    const BETA: [f32; 4] = [0.4, 0.5, 0.25, 0.9];

    fn shown(scores: Tensor<2>) -> Tensor<2> {
        log_softmax(scores, 1).slice([0..2, 0..2])
    }

    #[test]
    fn without_a_cap_the_slope_is_that_of_being_shown_at_all() {
        let beta = || tensor(&BETA, [2, 2]);
        // α/β = (1 − (1 − π)²)/β, differentiated as it stands.
        let value = |scores| {
            let missed = shown(scores).exp().mul_scalar(-1.0).add_scalar(1.0).square();
            (missed.mul_scalar(-1.0).add_scalar(1.0) / beta()).sum_dim(1).reshape([2])
        };
        check_against(&SCORES, [2, 4], |scores| top_k(shown(scores), beta().log(), 1e6), value);
    }

    #[test]
    fn the_cap_bounds_the_ratio_and_nothing_else() {
        let (log_pi, log_beta) =
            (tensor(&[0.8_f32.ln(), 0.5_f32.ln()], [1, 2]), tensor(&[0.1_f32.ln(); 2], [1, 2]));
        let found = numbers(top_k(log_pi, log_beta, 3.0))[0];
        // Ratios of 8 and 5 are 3; λ is 2 · .2 and 2 · .5.
        let expected = 3.0 * (0.4 * 0.8_f32.ln() + 0.5_f32.ln());
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}
