//! Layers one after another.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A multilayer perceptron with rectified linear units: `x ← max(0, x W + b)` for each hidden layer, then `x W + b`.
///
/// # Shapes
/// - forward: `[N, in]` to `[N, out]`
///
/// ```
/// use recloop_nn::blocks::MlpConfig;
/// use recloop_nn::burn::tensor::Tensor;
/// use recloop_nn::{Compute, initialise, open};
///
/// let device = open(Compute::Cpu)?;
/// let mlp = initialise(MlpConfig::new(3, vec![64, 64], 2).build(&device), 7, &device);
/// assert_eq!(mlp.forward(Tensor::<2>::ones([5, 3], &device)).dims(), [5, 2]);
/// # Ok::<(), recloop_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct Mlp {
    /// First to last.
    pub layers: Vec<Linear>,
}

/// Widths of a [`Mlp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlpConfig {
    widths: Vec<usize>,
}

impl MlpConfig {
    /// From `n_in` numbers through hidden layers of these widths to `n_out` numbers.
    #[must_use]
    pub fn new(n_in: usize, hidden: impl IntoIterator<Item = usize>, n_out: usize) -> Self {
        Self { widths: std::iter::once(n_in).chain(hidden).chain(std::iter::once(n_out)).collect() }
    }

    /// The perceptron; its weights are nothing in particular until they are [initialised](crate::initialise).
    #[must_use]
    pub fn build(&self, device: &Device) -> Mlp {
        let layer = |pair: &[usize]| LinearConfig::new(pair[0], pair[1]).init(device);
        Mlp { layers: self.widths.windows(2).map(layer).collect() }
    }
}

impl Mlp {
    /// Runs it.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = layer.forward(x);
            if i < last { relu(x) } else { x }
        })
    }
}
