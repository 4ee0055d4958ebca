//! How likely a slate is, as a tensor that gradients flow through.

use recloop_nn::burn::tensor::activation::log_softmax;
use recloop_nn::burn::tensor::{Tensor, TensorData};

/// Of slates whose items stand first among their candidates: the logarithm of their Plackett–Luce probability, and the
/// mean entropy of the choices they were made of.
///
/// `log P = Σ_{k<K} (s_k − log Σ_{j≥k} exp s_j)`: as the shown come first, what is left at position k is a suffix. Value and
/// slope are computed outside the graph; the tensors that are returned have both.
///
/// # Shapes
/// - scores `[N, C]`, finite and very low where there is no candidate; both results `[N]`
///
/// # Source
/// Plackett (1975), "The analysis of permutations".
pub(crate) fn slates(scores: &Tensor<2>, k: usize) -> (Tensor<1>, Tensor<1>) {
    let [n, c] = scores.dims();
    let plain = scores.clone().detach();
    let values = plain.to_data().try_to_vec::<f32>().expect("scores are f32");
    let (mut slope, mut found) = ([vec![0.0; n * c], vec![0.0; n * c]], [vec![0.0; n], vec![0.0; n]]);
    let [of_log_p, of_entropy] = &mut slope;
    for (row, values) in values.chunks_exact(c).enumerate() {
        let cells = row * c..(row + 1) * c;
        let slopes = [&mut of_log_p[cells.clone()], &mut of_entropy[cells]];
        [found[0][row], found[1][row]] = slate(values, k, slopes);
    }
    let moved = scores.clone() - plain;
    let [log_p, entropy] = [0, 1].map(|i| {
        let slope =
            Tensor::from_data(TensorData::new(std::mem::take(&mut slope[i]), [n, c]), &scores.device());
        let value = Tensor::from_data(TensorData::new(std::mem::take(&mut found[i]), [n]), &scores.device());
        // Nothing has moved yet: this is `value`, and changes with the scores as `slope` says.
        value + (moved.clone() * slope).sum_dim(1).reshape([n])
    });
    (log_p, entropy)
}

/// Logarithm of the probability and mean entropy of a slate of the first `k`, and how both change with each score, over
/// zeros. Each position has the largest score of its suffix for a unit, so that no sum runs out of numbers.
fn slate(scores: &[f32], k: usize, [of_log_p, of_entropy]: [&mut [f32]; 2]) -> [f32; 2] {
    let (mut log_p, mut entropy, mut weights) = (0.0, 0.0, Vec::with_capacity(scores.len()));
    for at in 0..k {
        let rest = &scores[at..];
        let most = rest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let below = || rest.iter().map(|score| f64::from(*score) - f64::from(most));
        weights.clear();
        weights.extend(below().map(f64::exp));
        let total: f64 = weights.iter().sum();
        let mean = weights.iter().zip(below()).map(|(weight, below)| weight * below).sum::<f64>() / total;
        log_p += f64::from(scores[at]) - f64::from(most) - total.ln();
        entropy += total.ln() - mean;
        of_log_p[at] += 1.0;
        for (j, (weight, below)) in weights.iter().zip(below()).enumerate() {
            let share = weight / total;
            of_log_p[at + j] -= share as f32;
            of_entropy[at + j] -= (share * (below - mean) / k as f64) as f32;
        }
    }
    [log_p as f32, (entropy / k as f64) as f32]
}

/// The same position by position, as a graph: the logarithm of each choice's probability given those above, `[N, K]`, and
/// their mean entropy, `[N]`.
pub(crate) fn choices(scores: &Tensor<2>, k: usize) -> (Tensor<2>, Tensor<1>) {
    let [n, c] = scores.dims();
    let (mut log_p, mut entropy) = (Vec::with_capacity(k), Tensor::<1>::zeros([n], &scores.device()));
    for position in 0..k {
        let choice = log_softmax(scores.clone().slice([0..n, position..c]), 1);
        log_p.push(choice.clone().slice([0..n, 0..1]));
        let terms = choice.clone().exp() * choice;
        entropy = entropy - terms.sum_dim(1).reshape([n]);
    }
    (Tensor::cat(log_p, 1), entropy / k as f64)
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::{Device, TensorData};

    use super::*;
    use crate::plackett_luce::{Scratch, conditional};

    /// Slates of two out of four: every ordered pair, shown first.
    fn all(scores: &[f32; 4]) -> Vec<([usize; 2], Vec<f32>)> {
        let pairs = (0..4).flat_map(|i| (0..4).filter(move |j| *j != i).map(move |j| [i, j]));
        pairs
            .map(|pair| {
                let rest = (0..4).filter(|place| !pair.contains(place));
                (pair, pair.into_iter().chain(rest).map(|place| scores[place]).collect())
            })
            .collect()
    }

    fn tensor(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), rows[0].len()]), device)
    }

    #[test]
    fn slates_are_as_likely_as_the_ranker_says() {
        let scores = [0.3, -1.2, 2.0, 0.7];
        let (pairs, rows): (Vec<_>, Vec<_>) = all(&scores).into_iter().unzip();
        let (log_p, _) = slates(&tensor(&rows, &Device::flex()), 2);
        let found = log_p.into_data().try_to_vec::<f32>().unwrap();
        let mut total = 0.0;
        for (pair, found) in pairs.iter().zip(found) {
            let (mut first, mut second) = ([0.0; 4], [0.0; 4]);
            conditional(&scores, 1.0, &[], &mut first).unwrap();
            conditional(&scores, 1.0, &pair[..1], &mut second).unwrap();
            let exact = first[pair[0]] * second[pair[1]];
            assert!((f64::from(found.exp()) - exact).abs() < 1e-6);
            total += f64::from(found.exp());
        }
        assert!((total - 1.0).abs() < 1e-5);
        let _ = Scratch::default();
    }

    #[test]
    fn the_entropy_of_equals_is_that_of_the_uniform() {
        let (_, entropy) = slates(&Tensor::zeros([1, 4], &Device::flex()), 2);
        let found = entropy.into_scalar::<f64>();
        assert!((found - f64::midpoint(4.0_f64.ln(), 3.0_f64.ln())).abs() < 1e-6);
    }

    #[test]
    fn one_pass_and_graph_say_the_same() {
        let device = Device::flex().autodiff();
        // Somebody nearly sure, somebody with one candidate less, somebody beyond the reach of exponentials.
        let rows = [
            vec![0.3, -1.2, 2.0, 0.7, 0.1, 0.0],
            vec![-40.0, 3.0, 60.0, 1.0, 2.0, 3.0],
            vec![1.0, 0.5, 0.2, 0.0, 0.3, -1e9],
            vec![0.0, -750.0, -750.0, -751.0, -750.0, -749.0],
        ];
        let of = |head: &dyn Fn(&Tensor<2>) -> (Tensor<1>, Tensor<1>)| {
            let scores = tensor(&rows, &device).require_grad();
            let (log_p, entropy) = head(&scores);
            let told =
                [log_p.clone(), entropy.clone()].map(|told| told.into_data().try_to_vec::<f32>().unwrap());
            let grads = (log_p.mul_scalar(2.0) + entropy).sum().backward();
            (told, scores.grad(&grads).unwrap().into_data().try_to_vec::<f32>().unwrap())
        };
        let (told, slope) = of(&|scores| slates(scores, 5));
        let (expected, graph) = of(&|scores| {
            let (log_p, entropy) = choices(scores, 5);
            (log_p.sum_dim(1).reshape([4]), entropy)
        });
        let close = |found: &[f32], expected: &[f32]| {
            let pairs = found.iter().zip(expected);
            pairs.for_each(|(a, b)| {
                assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{found:?} {expected:?}");
            });
        };
        close(&told.concat(), &expected.concat());
        close(&slope, &graph);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let device = Device::flex().autodiff();
        let row = vec![0.3_f32, -1.2, 2.0, 0.7];
        let value = |row: &[f32]| {
            let (log_p, entropy) = slates(&tensor(&[row.to_vec()], &device), 2);
            (log_p + entropy.mul_scalar(0.5)).into_scalar::<f64>()
        };
        let scores = tensor(std::slice::from_ref(&row), &device).require_grad();
        let (log_p, entropy) = slates(&scores, 2);
        let grads = (log_p + entropy.mul_scalar(0.5)).sum().backward();
        let grad = scores.grad(&grads).unwrap().into_data().try_to_vec::<f32>().unwrap();
        for (i, grad) in grad.iter().enumerate() {
            let step = 1e-2_f32;
            let (mut up, mut down) = (row.clone(), row.clone());
            up[i] += step;
            down[i] -= step;
            let slope = (value(&up) - value(&down)) / f64::from(2.0 * step);
            // Rounding of f32 over the step, and the third derivative: both below 1e-3.
            assert!((slope - f64::from(*grad)).abs() < 1e-3, "{i}: {slope} {grad}");
        }
    }
}
