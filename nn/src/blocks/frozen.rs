//! A perceptron outside any graph, for one row at a time.

use burn::nn::Linear;

use super::Mlp;
use crate::NnError;

/// The weights of a [`Mlp`] as plain numbers, to run on one row: what a policy acts with.
///
/// A row's result depends on that row alone, to the last bit: how tensors are multiplied may depend on how many rows
/// there are. Sums run over the inputs in order; inputs of 0, as rectified units and one-hot vectors have many, are
/// passed over.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frozen {
    layers: Vec<Layer>,
}

/// Outputs are padded with zeros to a multiple of [`LANES`].
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    n_out: usize,
    /// `[in, padded out]`.
    weight: Vec<f32>,
    /// `[padded out]`.
    bias: Vec<f32>,
}

/// Sums that are kept in registers together (chosen by us: two of the widest there are, four of most).
const LANES: usize = 32;

/// Working memory of [`Frozen::forward`].
#[derive(Debug, Clone, Default)]
pub struct Bench {
    here: Vec<f32>,
    there: Vec<f32>,
    /// Inputs that are not 0, each with where its weights begin.
    given: Vec<(u32, f32)>,
}

impl Mlp {
    /// Its weights as they are now.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if one is not a number.
    pub fn frozen(&self) -> Result<Frozen, NnError> {
        Frozen::of(&self.layers)
    }
}
fn numbers(data: &burn::tensor::TensorData) -> Result<Vec<f32>, NnError> {
    let values = data.try_to_vec::<f32>().map_err(NnError::learner)?;
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => Err(NnError::NotFinite { what: "a weight".into(), value: f64::from(*value) }),
    }
}

impl Frozen {
    /// Layers with rectified units between them, as they are now.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if a weight is not a number.
    pub fn of(layers: &[Linear]) -> Result<Self, NnError> {
        let layers = layers.iter().map(|layer| {
            let n_out = layer.weight.shape().dims::<2>()[1];
            let bias = layer.bias.as_ref().map(|bias| numbers(&bias.val().into_data())).transpose()?;
            let weight = padded(&numbers(&layer.weight.val().into_data())?, n_out);
            Ok(Layer { n_out, weight, bias: padded(&bias.unwrap_or_else(|| vec![0.0; n_out]), n_out) })
        });
        Ok(Self { layers: layers.collect::<Result<_, NnError>>()? })
    }

    /// Weights and bias, if it is but one layer with one output.
    #[must_use]
    pub fn plane(&self) -> Option<(Vec<f32>, f32)> {
        match &self.layers[..] {
            [Layer { n_out: 1, weight, bias }] => {
                Some((weight.iter().copied().step_by(LANES).collect(), bias[0]))
            }
            _ => None,
        }
    }

    /// Runs it on a row of as many numbers as it takes.
    ///
    /// # Panics
    /// If it has no layers.
    pub fn forward<'a>(&self, x: &[f32], bench: &'a mut Bench) -> &'a [f32] {
        let Bench { here, there, given } = bench;
        let (first, rest) = self.layers.split_first().expect("a perceptron has a layer");
        // As wide as the processor's registers are; the order of every sum stays, and so does every bit.
        pulp::Arch::new().dispatch(|| {
            first.apply(x, here, given);
            for layer in rest {
                here.iter_mut().for_each(|x| *x = x.max(0.0));
                layer.apply(here, there, given);
                std::mem::swap(here, there);
            }
        });
        here
    }
}

impl Layer {
    #[inline(always)]
    fn apply(&self, x: &[f32], out: &mut Vec<f32>, given: &mut Vec<(u32, f32)>) {
        let stride = self.bias.len();
        given.clear();
        given
            .extend(x.iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(i, x)| ((i * stride) as u32, *x)));
        out.clear();
        out.extend_from_slice(&self.bias);
        for (block, out) in out.chunks_exact_mut(LANES).enumerate() {
            // In registers until all inputs are in.
            let mut sums: [f32; LANES] = (&*out).try_into().expect("as many as a chunk has");
            for (at, x) in given.iter() {
                let weights = &self.weight[*at as usize + block * LANES..][..LANES];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
            }
            out.copy_from_slice(&sums);
        }
        out.truncate(self.n_out);
    }
}

/// Rows of `n` numbers with zeros behind, up to a multiple of [`LANES`].
fn padded(rows: &[f32], n: usize) -> Vec<f32> {
    let zeros = n.next_multiple_of(LANES) - n;
    rows.chunks_exact(n).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, zeros))).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Tensor, TensorData};

    use super::*;
    use crate::blocks::MlpConfig;
    use crate::{Compute, initialise, open};

    #[test]
    fn it_says_what_the_graph_says() {
        let device = open(Compute::Cpu).unwrap();
        let mlp = initialise(MlpConfig::new(5, [70, 32], 33).build(&device), 2, &device);
        let rows: Vec<f32> = (0..20).map(|i| ((i * 7 % 11) as f32 - 5.0) / 3.0).collect();
        let all = mlp.forward(Tensor::<2>::from_data(TensorData::new(rows.clone(), [4, 5]), &device));
        let all = all.into_data().try_to_vec::<f32>().unwrap();
        let (frozen, mut bench) = (mlp.frozen().unwrap(), Bench::default());
        for (row, expected) in rows.chunks(5).zip(all.chunks(33)) {
            for (found, expected) in frozen.forward(row, &mut bench).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
    }
}
