//! What the layers over sequences have in common: shapes, looking back only, gradients.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Bool, Device, Tensor, TensorData};

use super::{Gru, GruConfig, Transformer, TransformerConfig};
use crate::initialise;

const N: usize = 3;
const T: usize = 5;
const D: usize = 4;

fn number(i: usize) -> f32 {
    ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0
}

fn sequences(n: usize, t: usize, change: impl Fn(usize, usize) -> f32) -> Tensor<3> {
    let numbers = (0..n * t * D).map(|i| number(i % (t * D) + i / (t * D)) + change(i / D / t, i / D % t));
    Tensor::from_data(TensorData::new(numbers.collect::<Vec<_>>(), [n, t, D]), &Device::flex())
}

fn transformer(heads: usize, seed: u64, device: &Device) -> Transformer {
    initialise(TransformerConfig { heads, ..TransformerConfig::new(D, 8) }.build(device), seed, device)
}

fn gru(seed: u64, device: &Device) -> Gru {
    initialise(GruConfig { n_in: D, width: D }.build(device), seed, device)
}

fn numbers<const R: usize>(of: Tensor<R>) -> Vec<f32> {
    of.into_data().try_to_vec().unwrap()
}

type Layer = Box<dyn Fn(Tensor<3>) -> Tensor<3>>;

/// Every layer over sequences, by name.
fn layers(seed: u64) -> [(&'static str, Layer); 3] {
    let device = Device::flex();
    let (one, two, gru) = (transformer(1, seed, &device), transformer(2, seed, &device), gru(seed, &device));
    [
        ("one head", Box::new(move |x| one.forward(x))),
        ("two heads", Box::new(move |x| two.forward(x))),
        ("gru", Box::new(move |x| gru.forward(x, None))),
    ]
}

#[test]
fn what_is_to_come_changes_no_bit_of_what_was() {
    for (name, layer) in layers(7) {
        let before = numbers(layer(sequences(N, T, |_, _| 0.0)));
        let after = numbers(layer(sequences(N, T, |_, t| if t == 3 { 1e4 } else { 0.0 })));
        assert_eq!(before.len(), N * T * D);
        for (i, (before, after)) in before.iter().zip(&after).enumerate() {
            let changed = i / D % T >= 3;
            assert_eq!(before.to_bits() != after.to_bits(), changed, "{name}, number {i}");
        }
    }
}

#[test]
fn a_longer_padding_changes_nothing_and_a_row_is_itself_in_any_company() {
    for (name, layer) in layers(7) {
        let short = numbers(layer(sequences(1, T, |_, _| 0.0)));
        let mut padded = vec![0.0; 8 * D];
        padded[..T * D].copy_from_slice(&numbers(sequences(1, T, |_, _| 0.0)));
        let padded = Tensor::from_data(TensorData::new(padded, [1, 8, D]), &Device::flex());
        for (short, long) in short.iter().zip(numbers(layer(padded))) {
            // Sums of four and of eight products, in another order: a few units in the last place of numbers near 1.
            assert!((short - long).abs() < 1e-5, "{name}");
        }
        let alone = numbers(layer(sequences(N, T, |row, _| if row == 1 { 0.0 } else { 3.0 })));
        let together = numbers(layer(sequences(N, T, |_, _| 0.0)));
        assert_eq!(alone[T * D..2 * T * D], together[T * D..2 * T * D], "{name}");
    }
}

#[test]
fn a_seed_names_the_answer() {
    let answers = |seed| layers(seed).map(|(_, layer)| numbers(layer(sequences(N, T, |_, _| 0.0))));
    assert_eq!(answers(7), answers(7));
    assert!(answers(7).iter().zip(&answers(8)).all(|(one, other)| one != other));
}

#[test]
fn a_padded_step_leaves_the_state_as_it_is() {
    let device = Device::flex();
    let gru = gru(7, &device);
    let padded: Vec<bool> = (0..N * T).map(|i| i % T >= i / T + 2).collect();
    let padded = Tensor::<2, Bool>::from_data(TensorData::new(padded, [N, T]), &device);
    let bare = numbers(gru.forward(sequences(N, T, |_, _| 0.0), None));
    let masked = numbers(gru.forward(sequences(N, T, |_, _| 0.0), Some(&padded)));
    for row in 0..N {
        let state = |of: &[f32], t: usize| of[(row * T + t) * D..][..D].to_vec();
        for t in 0..T {
            assert_eq!(state(&masked, t), state(&bare, t.min(row + 1)));
        }
    }
}

#[test]
fn a_recurrent_step_by_hand() {
    let device = Device::flex();
    let mut gru = GruConfig { n_in: 1, width: 1 }.build(&device);
    let row = |weights: [f32; 3]| Param::from_tensor(Tensor::<2>::from_data([weights], &device));
    (gru.input.weight, gru.state.weight) = (row([0.5, -1.0, 2.0]), row([0.25, 1.5, -0.5]));
    let bias = |bias: [f32; 3]| Some(Param::from_tensor(Tensor::<1>::from_data(bias, &device)));
    (gru.input.bias, gru.state.bias) = (bias([0.1, 0.2, 0.3]), bias([0.0, 0.0, 0.4]));
    let found = numbers(gru.forward(Tensor::<3>::from_data([[[1.0], [-0.5]]], &device), None));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut h = 0.0_f64;
    for (x, found) in [1.0, -0.5].into_iter().zip(found) {
        let (z, r) = (sigmoid(0.5 * x + 0.1 + 0.25 * h), sigmoid(-x + 0.2 + 1.5 * h));
        let n = (2.0 * x + 0.3 + r * (-0.5 * h + 0.4)).tanh();
        h = (1.0 - z) * n + z * h;
        assert!((f64::from(found) - h).abs() < 1e-6, "{found} for {h}");
    }
}

#[test]
fn a_dropped_share_is_dropped_while_training_only() {
    let config = TransformerConfig { dropout: 0.5, ..TransformerConfig::new(D, 8) };
    let learning = Device::flex().autodiff();
    let answer =
        |device: &Device, x: Tensor<3>| numbers(initialise(config.build(device), 7, device).forward(x));
    let plain = numbers(transformer(1, 7, &Device::flex()).forward(sequences(N, T, |_, _| 0.0)));
    assert_eq!(answer(&Device::flex(), sequences(N, T, |_, _| 0.0)), plain);
    assert_ne!(answer(&learning, sequences(N, T, |_, _| 0.0).to_device(&learning)), plain);
}

/// Adds to the one weight it counts down to.
struct Nudge {
    countdown: usize,
    by: f32,
}

impl ModuleMapper for Nudge {
    fn map_float<const R: usize>(&mut self, param: Param<Tensor<R>>) -> Param<Tensor<R>> {
        let n = param.val().shape().num_elements();
        let at = self.countdown;
        self.countdown = at.wrapping_sub(n);
        if at >= n {
            return param;
        }
        // Met: nothing after it may count down to zero again.
        self.countdown = usize::MAX;
        param.map(|tensor| {
            let mut data = numbers(tensor.clone());
            data[at] += self.by;
            Tensor::from_data(TensorData::new(data, tensor.shape()), &tensor.device())
        })
    }
}

/// Compares the gradient of `loss` with differences of it, weight by weight.
fn check_gradient<M: Module>(module: &M, loss: impl Fn(&M) -> Tensor<1>) {
    struct Gradients<'a>(&'a burn::tensor::Gradients, Vec<f32>);
    impl burn::module::ModuleVisitor for Gradients<'_> {
        fn visit_float<const R: usize>(&mut self, param: &Param<Tensor<R>>) {
            let n = param.val().shape().num_elements();
            let grad = param.val().grad(self.0);
            self.1.extend(grad.map_or_else(|| vec![0.0; n], numbers));
        }
    }
    let gradients = loss(module).backward();
    let mut found = Gradients(&gradients, Vec::new());
    module.visit(&mut found);
    let at = |i: usize, by: f32| {
        let nudged = module.clone().map(&mut Nudge { countdown: i, by });
        loss(&nudged).into_scalar::<f64>()
    };
    const STEP: f32 = 2e-3;
    let (here, mut kinks) = (loss(module).into_scalar::<f64>(), 0);
    for (i, gradient) in found.1.iter().enumerate().step_by(3) {
        let [left, right] = [here - at(i, -STEP), at(i, STEP) - here].map(|rise| rise / f64::from(STEP));
        // Sums near 10 in f32 are off by some 1e-6, here over 2e-3; a unit that switches on or off within the step makes
        // the two sides differ by more, and the gradient is that of one of them.
        let tolerance = 4e-3 + 1e-2 * left.abs().max(right.abs());
        kinks += usize::from((left - right).abs() > tolerance);
        let off = f64::from(*gradient).clamp(left.min(right), left.max(right)) - f64::from(*gradient);
        assert!(off.abs() < tolerance, "weight {i}: {gradient}, not {left} to {right}");
    }
    assert!(kinks * 15 < found.1.len(), "{kinks} kinks");
}

#[test]
fn gradients_are_what_differences_say() {
    let device = Device::flex().autodiff();
    let x = || sequences(N, T, |_, _| 0.0).to_device(&device);
    let wave = Tensor::<3>::from_data(
        TensorData::new((0..N * T * D).map(|i| number(7 * i)).collect::<Vec<_>>(), [N, T, D]),
        &device,
    );
    check_gradient(&transformer(2, 7, &device), |net| (net.forward(x()) * wave.clone()).sum());
    check_gradient(&gru(7, &device), |net| (net.forward(x(), None) * wave.clone()).sum());
}
