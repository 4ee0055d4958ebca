//! Which of the items was it?

use recloop_nn::burn::tensor::{Int, Tensor};

/// Cross-entropy of the softmax over some of the items, corrected for how likely each of them was among them:
/// `−s_t + log Σ_j exp(s_j)`, `s_j = q · k_j − log π_j`, averaged over the queries. With all items there, π = 1 and
/// nothing is to correct.
///
/// # Shapes
/// - `queries`: `[M, d]`; `keys`: `[U, d]`; `log_pi`: `[U]`; `targets`: `[M]`, places among the keys
///
/// # Numerics
/// The largest exponent is subtracted first.
///
/// # Source
/// Bengio & Senécal (2003), "Quick training of probabilistic neural nets by importance sampling"; Yi et al. (2019), as
/// for [`TwoTower`](super::TwoTower).
pub(super) fn sampled_softmax(
    queries: Tensor<2>,
    keys: Tensor<2>,
    log_pi: Tensor<1>,
    targets: Tensor<1, Int>,
) -> Tensor<1> {
    let own = keys.clone().select(0, targets.clone());
    let own = (queries.clone() * own).sum_dim(1) - log_pi.clone().select(0, targets).unsqueeze_dim(1);
    let scores = queries.matmul(keys.transpose()) - log_pi.unsqueeze();
    let top = scores.clone().detach().max_dim(1);
    let total = (scores - top.clone()).exp().sum_dim(1).log() + top;
    (total - own).mean()
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::{Device, TensorData};

    use super::*;

    const QUERIES: [f32; 6] = [0.5, -1.0, 2.0, 0.3, -0.7, 1.1];
    const KEYS: [f32; 4] = [1.0, 0.2, -0.4, 0.9];

    fn loss(queries: &[f32], device: &Device) -> (Tensor<2>, Tensor<1>) {
        let tensor =
            |numbers: &[f32], shape| Tensor::<2>::from_data(TensorData::new(numbers.to_vec(), shape), device);
        let queries = tensor(queries, [3, 2]).require_grad();
        let log_pi = Tensor::from_data([0.0, 0.25_f32.ln()], device);
        let targets = Tensor::from_data([0, 1, 1], device);
        (queries.clone(), sampled_softmax(queries, tensor(&KEYS, [2, 2]), log_pi, targets))
    }

    #[test]
    fn by_hand_and_by_differences() {
        let device = Device::flex().autodiff();
        let (queries, found) = loss(&QUERIES, &device);
        let expected: f64 = [0, 1, 1]
            .iter()
            .zip(QUERIES.chunks(2))
            .map(|(&target, q)| {
                let score = |j: usize, weight: f64| {
                    f64::from(q[0]) * f64::from(KEYS[2 * j])
                        + f64::from(q[1]) * f64::from(KEYS[2 * j + 1])
                        + weight.ln()
                };
                let scores = [score(0, 1.0), score(1, 4.0)];
                (scores[0].exp() + scores[1].exp()).ln() - scores[target]
            })
            .sum::<f64>()
            / 3.0;
        let gradients = queries.grad(&found.backward()).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert!((found.into_scalar::<f64>() - expected).abs() < 1e-6);
        for (i, gradient) in gradients.into_iter().enumerate() {
            let at = |by: f32| {
                let mut queries = QUERIES;
                queries[i] += by;
                loss(&queries, &device).1.into_scalar::<f64>()
            };
            let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((f64::from(gradient) - difference).abs() < 1e-4, "{gradient}, not {difference}");
        }
    }
}
