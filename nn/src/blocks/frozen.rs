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

#[derive(Debug, Clone, PartialEq)]
struct Layer {
    /// `[in, out]`.
    weight: Vec<f32>,
    /// `[out]`.
    bias: Vec<f32>,
}

/// Working memory of [`Frozen::forward`].
#[derive(Debug, Clone, Default)]
pub struct Bench {
    here: Vec<f32>,
    there: Vec<f32>,
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
            let bias = layer.bias.as_ref().map(|bias| bias.val().into_data());
            let weight = numbers(&layer.weight.val().into_data())?;
            let n_out = layer.weight.shape().dims::<2>()[1];
            Ok(Layer { weight, bias: bias.as_ref().map_or_else(|| Ok(vec![0.0; n_out]), numbers)? })
        });
        Ok(Self { layers: layers.collect::<Result<_, NnError>>()? })
    }

    /// Runs it on a row of as many numbers as it takes.
    ///
    /// # Panics
    /// If it has no layers.
    pub fn forward<'a>(&self, x: &[f32], bench: &'a mut Bench) -> &'a [f32] {
        let Bench { here, there } = bench;
        let (first, rest) = self.layers.split_first().expect("a perceptron has a layer");
        first.apply(x, here);
        for layer in rest {
            here.iter_mut().for_each(|x| *x = x.max(0.0));
            layer.apply(here, there);
            std::mem::swap(here, there);
        }
        here
    }
}

impl Layer {
    fn apply(&self, x: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.extend_from_slice(&self.bias);
        for (x, weights) in x.iter().zip(self.weight.chunks_exact(self.bias.len())) {
            if *x != 0.0 {
                out.iter_mut().zip(weights).for_each(|(out, weight)| *out += x * weight);
            }
        }
    }
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
        let mlp = initialise(MlpConfig::new(5, [16, 8], 3).build(&device), 2, &device);
        let rows: Vec<f32> = (0..20).map(|i| ((i * 7 % 11) as f32 - 5.0) / 3.0).collect();
        let all = mlp.forward(Tensor::<2>::from_data(TensorData::new(rows.clone(), [4, 5]), &device));
        let all = all.into_data().try_to_vec::<f32>().unwrap();
        let (frozen, mut bench) = (mlp.frozen().unwrap(), Bench::default());
        for (row, expected) in rows.chunks(5).zip(all.chunks(3)) {
            for (found, expected) in frozen.forward(row, &mut bench).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
    }
}
