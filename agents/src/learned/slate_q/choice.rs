//! Which item of a slate a user takes, if any.

use recloop_nn::burn::tensor::Tensor;
use recloop_nn::burn::tensor::activation::log_softmax;

/// Readiness further below the greatest than this is taken to be this: still above zero as a weight, and never chosen.
const LOWEST: f64 = -600.0;

/// The logarithms of what was taken: `log P(i|A) = c_i − log(e^{c_0} + Σ_{j∈A} e^{c_j})`, and `c_0` in place of `c_i` where
/// none was.
///
/// # Shapes and units
/// - `readiness`: `[N, K]`, c of the items of each slate; `none`: `[N]`, c_0; log-odds
/// - `taken`: `[N, K]`, one 1 in the place of the item that was taken, none where nothing was
/// - returns `[N]`
///
/// # Source
/// McFadden (1974), "Conditional logit analysis of qualitative choice behavior".
pub(crate) fn log_likelihood(readiness: Tensor<2>, none: Tensor<1>, taken: Tensor<2>) -> Tensor<1> {
    let [n, k] = readiness.dims();
    let choice = log_softmax(Tensor::cat(vec![readiness, none.reshape([n, 1])], 1), 1);
    let items = (choice.clone().slice([0..n, 0..k]) * taken.clone()).sum_dim(1).reshape([n]);
    let nothing = taken.sum_dim(1).reshape([n]).mul_scalar(-1.0).add_scalar(1.0);
    items + choice.slice([0..n, k..k + 1]).reshape([n]) * nothing
}

/// `e^c` of each item and of none, in a common unit in which the largest is 1.
pub(crate) fn weights(readiness: &[f32], none: f32) -> (Vec<f64>, f64) {
    let top = readiness.iter().copied().fold(none, f32::max);
    let weight = |c: f32| (f64::from(c) - f64::from(top)).max(LOWEST).exp();
    (readiness.iter().map(|c| weight(*c)).collect(), weight(none))
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::{Device, TensorData};

    use super::*;

    fn tensor<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
    }

    /// Two slates of two: of the first the second item was taken, of the other nothing.
    fn total(c: &[f32], device: &Device) -> (Tensor<1>, Tensor<1>) {
        let c = tensor(c, [6], device).require_grad();
        let readiness = c.clone().slice(0..4).reshape([2, 2]);
        let taken = tensor(&[0.0, 1.0, 0.0, 0.0], [2, 2], device);
        (c.clone(), log_likelihood(readiness, c.slice(4..6), taken))
    }

    #[test]
    fn what_is_taken_is_as_likely_as_the_logit_says() {
        let c = [0.2_f32, 1.0, -0.5, 0.3, 0.1, 0.4];
        let (_, found) = total(&c, &Device::flex().autodiff());
        let found = found.into_data().try_to_vec::<f32>().unwrap();
        let e = |i: usize| f64::from(c[i]).exp();
        let expected = [(e(1) / (e(0) + e(1) + e(4))).ln(), (e(5) / (e(2) + e(3) + e(5))).ln()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
        let (weight, none) = weights(&c[..2], c[4]);
        assert!((weight[1] / (weight[0] + weight[1] + none) - expected[0].exp()).abs() < 1e-7);
        let (weight, none) = weights(&[1e9, -1e9], 0.0);
        assert!(weight[0] == 1.0 && weight[1] > 0.0 && none > 0.0);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let device = Device::flex().autodiff();
        let at = [0.2_f32, 1.0, -0.5, 0.3, 0.1, 0.4];
        let (c, found) = total(&at, &device);
        let grad = c.grad(&found.sum().backward()).unwrap().into_data().try_to_vec::<f32>().unwrap();
        let value = |i: usize, by: f32| {
            let mut c = at;
            c[i] += by;
            total(&c, &device).1.sum().into_scalar::<f64>()
        };
        for (i, grad) in grad.iter().enumerate() {
            let slope = (value(i, 1e-2) - value(i, -1e-2)) / 2e-2;
            // Rounding of f32 over the step, and the third derivative: both below 1e-3.
            assert!((slope - f64::from(*grad)).abs() < 1e-3, "{i}: {slope} {grad}");
        }
    }
}
