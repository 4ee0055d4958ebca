//! What an item is to a network.

use recloop_nn::blocks::{IdEmbedding, Levels};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::nn::{Linear, LinearConfig};
use recloop_nn::burn::tensor::{Device, Tensor};

/// `v_i = e(i) + x_i W`: what was learned of the item itself and of what it looks like. An item that was never clicked
/// rests on its looks.
#[derive(Module, Debug)]
pub struct ItemNet {
    /// `e`.
    pub ids: IdEmbedding,
    /// `W`: `[F, d]`; the first feature is 1.
    pub looks: Linear,
}

impl ItemNet {
    /// From `n_features` numbers to `width` numbers.
    #[must_use]
    pub fn new(levels: Levels, n_features: usize, width: usize, device: &Device) -> Self {
        Self {
            ids: IdEmbedding::new(levels, width, device),
            looks: LinearConfig::new(n_features, width).with_bias(false).init(device),
        }
    }

    /// Ids `[U]` and features `[U, F]` to `[U, d]`.
    #[must_use]
    pub fn forward(&self, ids: &[u32], features: Tensor<2>) -> Tensor<2> {
        let looks = self.looks.forward(features);
        self.ids.forward(ids, 1).reshape(looks.dims()) + looks
    }
}
