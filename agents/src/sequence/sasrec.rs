//! Attention to what was clicked.

use recloop_nn::blocks::{Levels, Transformer, TransformerConfig};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::nn::{Embedding, EmbeddingConfig};
use recloop_nn::burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use super::{Design, ItemNet, NOBODY, RetrievalNet, Widths};
use crate::learned::Rule;

/// Self-attention over the latest clicks: the query after l clicks is what a causal [`Transformer`] makes of
/// `s, v_1, …, v_l` at its last step; the key of an item is its `v_i`, the same that stands for it in a past.
///
/// `v_i = e(i) + x_i W`, from id and looks; `s` is a learned start, so that there is an answer before the first click.
///
/// # Shapes and units
/// - the score `q · v_i` is a log-odds: training fits its softmax over the catalogue
///
/// # Deviations
/// The paper trains by the binary cross-entropy of the next item against one drawn at random; here it is the softmax over
/// the catalogue, or over the batch's own and `n` drawn items where that is smaller, which Klenitskiy & Vasilev (2023),
/// "Turning dross into gold loss", found to be what SASRec lacked. Norms come before the layers, sequences are padded at
/// their end, and looks and the start are ours. Nothing is dropped, so that a
/// training is the same again.
///
/// # Source
/// Kang & McAuley (2018), "Self-attentive sequential recommendation".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SasRec {
    /// Which ids get which vectors; what [`Sequences::levels`](super::Sequences::levels) says if not said.
    pub levels: Option<Levels>,
    /// Numbers per item, d.
    pub width: usize,
    /// How many of the latest clicks are read.
    pub length: usize,
    /// Layers of attention.
    pub layers: usize,
    /// Heads of attention; they divide the width.
    pub heads: usize,
}

impl SasRec {
    /// The default sizes, with vectors for these ids.
    #[must_use]
    pub fn new(levels: Levels) -> Self {
        Self { levels: Some(levels), ..Self::default() }
    }

    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let divides = self.heads > 0 && self.width.is_multiple_of(self.heads);
        vec![
            Rule::some("width", self.width),
            Rule::some("length", self.length),
            Rule::some("layers", self.layers),
            Rule { key: "heads", holds: divides, reason: "they must divide the width" },
        ]
    }
}

impl Default for SasRec {
    /// Two layers of one head, 64 numbers, 50 clicks: the sizes of the paper, but for its 50 numbers.
    fn default() -> Self {
        Self { levels: None, width: 64, length: 50, layers: 2, heads: 1 }
    }
}

impl Design for SasRec {
    type Net = SasRecNet;

    fn name(&self) -> &'static str {
        "sasrec"
    }

    fn length(&self) -> usize {
        self.length
    }

    fn settled(self, levels: Levels) -> Self {
        Self { levels: self.levels.or(Some(levels)), ..self }
    }

    fn build(&self, widths: Widths, device: &Device) -> SasRecNet {
        let body = TransformerConfig {
            layers: self.layers,
            heads: self.heads,
            ..TransformerConfig::new(self.width, self.length + 1)
        };
        SasRecNet {
            items: ItemNet::new(self.levels.unwrap_or(NOBODY), widths.item, self.width, device),
            start: EmbeddingConfig::new(1, self.width).init(device),
            body: body.build(device),
        }
    }
}

/// The network of a [`SasRec`].
#[derive(Module, Debug)]
pub struct SasRecNet {
    /// `v`.
    pub items: ItemNet,
    /// `s`.
    pub start: Embedding,
    /// What attends.
    pub body: Transformer,
}

impl RetrievalNet for SasRecNet {
    fn embed(&self, ids: &[u32], features: Tensor<2>) -> Tensor<2> {
        self.items.forward(ids, features)
    }

    fn keys(&self, embedded: Tensor<2>) -> Tensor<2> {
        embedded
    }

    fn queries(&self, clicks: Tensor<3>, _users: Tensor<2>, at: Tensor<1, Int>) -> Tensor<2> {
        let [n, l, d] = clicks.dims();
        let start = self.start.weight.val().unsqueeze::<3>().expand([n, 1, d]);
        let states = self.body.forward(Tensor::cat(vec![start, clicks], 1));
        states.reshape([n * (l + 1), d]).select(0, at)
    }
}
