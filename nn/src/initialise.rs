//! Weights that depend on a seed and a name, and on nothing else.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Sets every weight of `module` to a number drawn for its name, so that two modules of one seed start equal on any
/// device and in any order of construction.
///
/// - matrices `[in, …, out]`: `U(−b, b)`, `b = √(3 / in)`: unit variance in, unit variance out
/// - embeddings `[levels, d]`: `N(0, 1/d)` in the same uniform form, `b = √(3 / d)`
/// - biases: 0; the scale of a norm: 1
///
/// Parameters also get identities made from their names, so that the state of an [`Optimiser`](crate::Optimiser) finds
/// them again in another process.
///
/// # Source
/// LeCun, Bottou, Orr, Müller (1998), "Efficient backprop", for the variance.
#[must_use]
pub fn initialise<M: Module>(module: M, seed: u64, device: &Device) -> M {
    module.map(&mut Initialiser { seed, device: device.clone(), path: Vec::new() })
}

struct Initialiser {
    seed: u64,
    device: Device,
    /// Names and container types from the root.
    path: Vec<(String, String)>,
}

impl Initialiser {
    fn is_in(&self, container: &str) -> bool {
        self.path.iter().rev().any(|(_, kind)| kind.ends_with(container))
    }

    fn name(&self) -> String {
        self.path.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".")
    }

    fn values(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        let n = shape.iter().product();
        if shape.len() == 1 {
            return vec![if name.ends_with("gamma") { 1.0 } else { 0.0 }; n];
        }
        let fan_in = if self.is_in("Embedding") { shape[shape.len() - 1] } else { shape[0] };
        let bound = (3.0 / fan_in.max(1) as f32).sqrt();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ hash(name));
        (0..n).map(|_| rng.random_range(-bound..bound)).collect()
    }
}

impl ModuleMapper for Initialiser {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), container_type.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (name, shape) = (self.name(), param.lazy_shape().to_vec());
        let data = TensorData::new(self.values(&name, &shape), shape);
        let value = Tensor::<D>::from_data(data, &self.device);
        Param::initialized(ParamId::from(hash(&name)), value).set_require_grad(true)
    }
}

/// FNV-1a: short, stable, and good enough to tell names apart.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{Mlp, MlpConfig};

    fn weights(seed: u64) -> Vec<f32> {
        let device = Device::flex();
        let mlp: Mlp = initialise(MlpConfig::new(6, vec![4], 2).build(&device), seed, &device);
        mlp.layers
            .iter()
            .flat_map(|layer| layer.weight.val().into_data().try_to_vec::<f32>().unwrap())
            .collect()
    }

    #[test]
    fn a_seed_names_the_weights() {
        assert_eq!(weights(3), weights(3));
        assert_ne!(weights(3), weights(4));
        let bound = 0.5_f32.sqrt();
        assert!(weights(3)[..24].iter().all(|weight| weight.abs() < bound));
        assert!(weights(3)[..24].iter().any(|weight| weight.abs() > 0.5 * bound));
    }
}
