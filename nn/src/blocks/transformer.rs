//! Attention to the past.

use burn::module::Module;
use burn::nn::{
    Dropout, DropoutConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Stands for −∞ among the scores of attention: its exponential is 0, and it stays finite in every product.
const FORBIDDEN: f32 = -1e9;

/// A causal transformer: what comes out at a step depends on the steps up to it and on no later one.
///
/// `x ← x + P`, then for each layer `x ← x + A(norm x)`, `x ← x + F(norm x)`, and at last `norm x`. `P` is learned for
/// each step; `A = concat_heads(softmax(Q Kᵀ / √(d / heads)) V) W` over the steps up to its own; `F = max(0, x W₁ + b₁) W₂ + b₂`.
///
/// Sequences start at step 0 and are padded at their ends: no step that counts ever sees a padded one, so there is no mask
/// to give. What comes out at padded steps means nothing.
///
/// # Shapes
/// - forward: `[N, T, d]` to `[N, T, d]`
///
/// # Numerics
/// A later step enters a sum with weight 0 exactly: finite inputs there change no bit.
///
/// # Source
/// Vaswani et al. (2017), "Attention is all you need"; norms come first as in Xiong et al. (2020), "On layer normalization
/// in the transformer architecture", which trains without a warm-up.
///
/// ```
/// use recloop_nn::blocks::TransformerConfig;
/// use recloop_nn::burn::tensor::Tensor;
/// use recloop_nn::{Compute, initialise, open};
///
/// let device = open(Compute::Cpu)?;
/// let net = initialise(TransformerConfig::new(16, 20).build(&device), 7, &device);
/// assert_eq!(net.forward(Tensor::<3>::ones([3, 5, 16], &device)).dims(), [3, 5, 16]);
/// # Ok::<(), recloop_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct Transformer {
    /// `P`: `[most steps, d]`.
    pub positions: Embedding,
    /// First to last.
    pub layers: Vec<TransformerLayer>,
    /// At the end.
    pub norm: LayerNorm,
    dropout: Dropout,
}

/// One layer of a [`Transformer`].
#[derive(Module, Debug)]
pub struct TransformerLayer {
    attention_norm: LayerNorm,
    /// Q, K, V side by side: `[d, 3 d]`.
    qkv: Linear,
    output: Linear,
    forward_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    dropout: Dropout,
    heads: usize,
}

/// Sizes of a [`Transformer`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerConfig {
    /// Numbers per step, d.
    pub width: usize,
    /// Most steps of a sequence.
    pub length: usize,
    /// How many layers.
    pub layers: usize,
    /// Heads of attention; they divide the width.
    pub heads: usize,
    /// Numbers inside `F`.
    pub inner: usize,
    /// Share of the numbers dropped while training, before the first layer and behind each `A` and `F`. What is dropped
    /// comes from burn's own generator, which a whole process shares: only a training that is alone in it, and seeds it by
    /// `Device::seed`, is the same again.
    pub dropout: f64,
}

impl TransformerConfig {
    /// Two layers of one head, as wide inside as outside, nothing dropped: the sizes of Kang & McAuley (2018),
    /// "Self-attentive sequential recommendation".
    #[must_use]
    pub fn new(width: usize, length: usize) -> Self {
        Self { width, length, layers: 2, heads: 1, inner: width, dropout: 0.0 }
    }

    /// The network; its weights are nothing in particular until they are [initialised](crate::initialise).
    ///
    /// # Panics
    /// If the heads do not divide the width, or the share dropped lies outside [0, 1).
    #[must_use]
    pub fn build(&self, device: &Device) -> Transformer {
        assert!(self.heads > 0 && self.width.is_multiple_of(self.heads), "heads divide the width");
        Transformer {
            positions: EmbeddingConfig::new(self.length, self.width).init(device),
            layers: (0..self.layers).map(|_| self.layer(device)).collect(),
            norm: LayerNormConfig::new(self.width).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }

    fn layer(&self, device: &Device) -> TransformerLayer {
        let (norm, dropout) = (LayerNormConfig::new(self.width), DropoutConfig::new(self.dropout));
        TransformerLayer {
            attention_norm: norm.init(device),
            qkv: LinearConfig::new(self.width, 3 * self.width).init(device),
            output: LinearConfig::new(self.width, self.width).init(device),
            forward_norm: norm.init(device),
            inner: LinearConfig::new(self.width, self.inner).init(device),
            outer: LinearConfig::new(self.inner, self.width).init(device),
            dropout: dropout.init(),
            heads: self.heads,
        }
    }
}

impl Transformer {
    /// Runs it.
    ///
    /// # Panics
    /// If there are more steps than positions.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let ([_, t, _], device) = (x.dims(), x.device());
        let steps = Tensor::<1, Int>::arange(0..t as i64, &device).unsqueeze();
        let x = self.dropout.forward(x + self.positions.forward(steps));
        let forbidden = later(t, &device);
        self.norm.forward(self.layers.iter().fold(x, |x, layer| layer.forward(x, &forbidden)))
    }
}

impl TransformerLayer {
    fn forward(&self, x: Tensor<3>, forbidden: &Tensor<4>) -> Tensor<3> {
        let attended = self.attend(self.attention_norm.forward(x.clone()), forbidden);
        let x = x + self.dropout.forward(attended);
        let inner = relu(self.inner.forward(self.forward_norm.forward(x.clone())));
        x + self.dropout.forward(self.outer.forward(inner))
    }

    fn attend(&self, x: Tensor<3>, forbidden: &Tensor<4>) -> Tensor<3> {
        let [n, t, width] = x.dims();
        let each = width / self.heads;
        let qkv = self.qkv.forward(x).reshape([n, t, 3 * self.heads, each]).swap_dims(1, 2);
        let part = |i: usize| qkv.clone().narrow(1, i * self.heads, self.heads);
        // Fewer numbers are scaled here than after the product.
        let query = part(0).mul_scalar((each as f32).powf(-0.5));
        let scores = query.matmul(part(1).transpose()) + forbidden.clone();
        let context = softmax(scores, 3).matmul(part(2));
        self.output.forward(context.swap_dims(1, 2).reshape([n, t, width]))
    }
}

/// `[1, 1, T, T]`: 0 where a step may look, −∞ where it would look ahead.
fn later(t: usize, device: &Device) -> Tensor<4> {
    let ahead = (0..t * t).map(|i| if i % t > i / t { FORBIDDEN } else { 0.0 });
    Tensor::from_data(TensorData::new(ahead.collect::<Vec<f32>>(), [1, 1, t, t]), device)
}
