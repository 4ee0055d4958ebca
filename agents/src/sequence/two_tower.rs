//! Two towers that meet in a dot product.

use recloop_nn::blocks::{Levels, Mlp, MlpConfig};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Design, ItemNet, NOBODY, RetrievalNet, Widths};
use crate::learned::Rule;

/// Keeps a vector of zeros from being divided by nothing.
const TINY: f32 = 1e-12;

/// A tower for users and one for items: `q = f([mean of v over the latest clicks, x_u])`, `k_i = v_i`, both scaled to length 1,
/// and the score is `q · k_i / τ`.
///
/// `v_i = e(i) + x_i W`, from id and looks; `f` is a [perceptron](Mlp); `x_u` is what is observed of the user. Before the
/// first click the mean is 0.
///
/// # Shapes and units
/// - the score is a log-odds in [−1/τ, 1/τ]
///
/// # Deviations
/// The paper estimates how likely an item is in a batch from the gaps between its appearances in a stream; a log is at
/// hand whole, so its share of the clicks gives it: `π_i = 1 − (1 − share_i)^{clicks in the batch}`. A batch's other items
/// are scored for every click in it, those of the pasts too. The item tower has no layer above the sum.
///
/// # Source
/// Yi et al. (2019), "Sampling-bias-corrected neural modeling for large corpus item recommendations".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoTower {
    /// Which ids get which vectors; what [`Sequences::levels`](super::Sequences::levels) says if not said.
    pub levels: Option<Levels>,
    /// Numbers per item, d.
    pub width: usize,
    /// How many of the latest clicks are averaged.
    pub length: usize,
    /// Hidden layers of the user tower.
    pub hidden: Vec<usize>,
    /// τ.
    pub temperature: f64,
}

impl TwoTower {
    /// The default sizes, with vectors for these ids.
    #[must_use]
    pub fn new(levels: Levels) -> Self {
        Self { levels: Some(levels), ..Self::default() }
    }

    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::some("width", self.width),
            Rule::some("length", self.length),
            Rule::positive("temperature", self.temperature),
            Rule { key: "hidden", holds: !self.hidden.contains(&0), reason: "a layer has at least one unit" },
        ]
    }
}

impl Default for TwoTower {
    /// 64 numbers, 50 clicks, a hidden layer of 64, τ = 0.1 (chosen by us).
    fn default() -> Self {
        Self { levels: None, width: 64, length: 50, hidden: vec![64], temperature: 0.1 }
    }
}

impl Design for TwoTower {
    type Net = TwoTowerNet;

    fn name(&self) -> &'static str {
        "two-tower"
    }

    fn length(&self) -> usize {
        self.length
    }

    fn settled(self, levels: Levels) -> Self {
        Self { levels: self.levels.or(Some(levels)), ..self }
    }

    fn build(&self, widths: Widths, device: &Device) -> TwoTowerNet {
        let user = MlpConfig::new(self.width + widths.user, self.hidden.iter().copied(), self.width);
        TwoTowerNet {
            items: ItemNet::new(self.levels.unwrap_or(NOBODY), widths.item, self.width, device),
            user: user.build(device),
            temperature: self.temperature,
        }
    }
}

/// The network of a [`TwoTower`].
#[derive(Module, Debug)]
pub struct TwoTowerNet {
    /// `v`.
    pub items: ItemNet,
    /// `f`.
    pub user: Mlp,
    temperature: f64,
}

impl RetrievalNet for TwoTowerNet {
    fn embed(&self, ids: &[u32], features: Tensor<2>) -> Tensor<2> {
        self.items.forward(ids, features)
    }

    fn keys(&self, embedded: Tensor<2>) -> Tensor<2> {
        to_length_one(embedded)
    }

    fn queries(&self, clicks: Tensor<3>, users: Tensor<2>, at: Tensor<1, Int>) -> Tensor<2> {
        let [n, l, d] = clicks.dims();
        let means = means(l, &clicks.device()).expand([n, l + 1, l]).matmul(clicks);
        let means = means.reshape([n * (l + 1), d]).select(0, at);
        let input = if users.dims()[1] > 0 { Tensor::cat(vec![means, users], 1) } else { means };
        to_length_one(self.user.forward(input)).div_scalar(self.temperature)
    }
}

/// `[1, L + 1, L]`: row l averages the first l.
fn means(l: usize, device: &Device) -> Tensor<3> {
    let weight = |i: usize| if i % l < i / l { 1.0 / (i / l) as f32 } else { 0.0 };
    Tensor::from_data(
        TensorData::new((0..(l + 1) * l).map(weight).collect::<Vec<_>>(), [1, l + 1, l]),
        device,
    )
}

fn to_length_one(x: Tensor<2>) -> Tensor<2> {
    x.clone() / (x.square().sum_dim(1) + TINY).sqrt()
}
