//! The network behind every learned ranker: a tower for the user, one for the item, and their product.

use recloop_nn::blocks::{Bench, Frozen, Mlp, MlpConfig};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::nn::{Linear, LinearConfig};
use recloop_nn::burn::tensor::{Device, Tensor};
use recloop_nn::{NnError, initialise};
use serde::{Deserialize, Serialize};

/// How many numbers describe a user and an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Width {
    /// F_u.
    pub user: usize,
    /// F_i.
    pub item: usize,
}

/// Sizes of a [`Network`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Widths of the hidden layers of the user's tower and of the value.
    pub hidden: Vec<usize>,
    /// d, the length of the vectors that are multiplied.
    pub dim: usize,
    /// Widths of the hidden layers of an item's own score.
    pub own: Vec<usize>,
}

impl Default for NetworkConfig {
    /// Two layers of 64 and vectors of 32; an item's own score is linear (the first as Stable-Baselines3 has it, the others
    /// chosen by us).
    fn default() -> Self {
        Self { hidden: vec![64, 64], dim: 32, own: Vec::new() }
    }
}

/// Signals of which a course keeps the sums (chosen by us: no world of ours has more than two).
pub(crate) const SIGNALS: usize = 2;
/// Numbers of a trajectory so far that only a value sees: slates, reward, time, signals.
pub(crate) const COURSE: usize = 3 + SIGNALS;

/// `s(u, i) = ⟨U(x_u), V x_i⟩ / √d + b(x_i)`, where V is linear, and beside it a value `v(x_u, c_u)`.
///
/// The value also sees the course `c_u` of the user's trajectory so far, as what is left of it depends on that, and what
/// users signalled may tell how long they will stay; it is there for learning only, and the policy does without.
///
/// # Shapes
/// - users `[N, F_u]`, courses `[N, 5]`, items `[N, C, F_i]`; scores `[N, C]`, values `[N]`
#[derive(Module, Debug)]
pub struct Network {
    /// U.
    user: Mlp,
    /// Vᵀ.
    item: Linear,
    /// b.
    own: Mlp,
    /// v.
    value: Mlp,
    dim: usize,
}

impl NetworkConfig {
    /// The network of these sizes with the weights of a seed.
    #[must_use]
    pub fn build(&self, width: Width, seed: u64, device: &Device) -> Network {
        let hidden = || self.hidden.iter().copied();
        let network = Network {
            user: MlpConfig::new(width.user, hidden(), self.dim).build(device),
            item: LinearConfig::new(self.dim, width.item).with_bias(false).init(device),
            own: MlpConfig::new(width.item, self.own.iter().copied(), 1).build(device),
            value: MlpConfig::new(width.user + COURSE, hidden(), 1).build(device),
            dim: self.dim,
        };
        initialise(network, seed, device)
    }
}

impl Network {
    /// `[N, C]`.
    #[must_use]
    pub fn scores(&self, users: Tensor<2>, items: Tensor<3>) -> Tensor<2> {
        let [n, c, width] = items.dims();
        // ⟨u, V x⟩ = ⟨Vᵀu, x⟩: a product for every user, not one for every candidate.
        let weights = self.item.forward(self.user.forward(users)) / (self.dim as f64).sqrt();
        let (weights, own) = match &self.own.layers[..] {
            // A linear b is one product with the other: ⟨Vᵀu, x⟩ + ⟨b, x⟩ = ⟨Vᵀu + b, x⟩.
            [Linear { weight, bias: Some(bias), .. }] => {
                (weights + weight.val().transpose(), bias.val().reshape([1, 1]))
            }
            _ => (weights, self.own.forward(items.clone().reshape([n * c, width])).reshape([n, c])),
        };
        items.matmul(weights.reshape([n, width, 1])).reshape([n, c]) + own
    }

    /// `[N]`.
    #[must_use]
    pub fn values(&self, users: Tensor<2>, courses: Tensor<2>) -> Tensor<1> {
        let n = users.dims()[0];
        self.value.forward(Tensor::cat(vec![users, courses], 1)).reshape([n])
    }

    /// Its weights as they are now, to act with.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if one is not a number.
    pub fn frozen(&self) -> Result<FrozenNetwork, NnError> {
        let own = self.own.frozen()?;
        Ok(FrozenNetwork {
            user: self.user.frozen()?,
            item: Frozen::of(std::slice::from_ref(&self.item))?,
            own: own.plane().map_or(Own::Deep(own), |(weights, bias)| Own::Plane { weights, bias }),
            value: self.value.frozen()?,
            scale: (self.dim as f32).sqrt().recip(),
        })
    }
}

/// A [`Network`] as plain numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrozenNetwork {
    user: Frozen,
    /// Vᵀ.
    item: Frozen,
    own: Own,
    value: Frozen,
    scale: f32,
}

/// b.
#[derive(Debug, Clone, PartialEq)]
enum Own {
    /// Linear: its weights join those of the user.
    Plane {
        weights: Vec<f32>,
        bias: f32,
    },
    Deep(Frozen),
}

impl Default for Own {
    fn default() -> Self {
        Self::Deep(Frozen::default())
    }
}

/// Working memory of a [`FrozenNetwork`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk {
    /// Vᵀu / √d of the user met last, and b where it is linear.
    weights: Vec<f32>,
    bench: Bench,
}

impl FrozenNetwork {
    /// Turns to a user, whose items are then [scored](FrozenNetwork::score).
    pub(crate) fn meet(&self, user: &[f32], desk: &mut Desk) {
        let vector = self.user.forward(user, &mut desk.bench).to_vec();
        let weights = self.item.forward(&vector, &mut desk.bench);
        desk.weights.clear();
        desk.weights.extend(weights.iter().map(|weight| weight * self.scale));
        if let Own::Plane { weights, .. } = &self.own {
            desk.weights.iter_mut().zip(weights).for_each(|(weight, own)| *weight += own);
        }
    }

    /// The score of one item for the user met last.
    pub(crate) fn score(&self, item: &[f32], desk: &mut Desk) -> f32 {
        let product: f32 = item.iter().zip(&desk.weights).map(|(x, weight)| x * weight).sum();
        product
            + match &self.own {
                Own::Plane { bias, .. } => *bias,
                Own::Deep(own) => own.forward(item, &mut desk.bench)[0],
            }
    }

    /// The value of a user whose trajectory ran this course.
    pub(crate) fn value(&self, user: &[f32], course: [f32; COURSE]) -> f32 {
        let row: Vec<f32> = user.iter().chain(&course).copied().collect();
        self.value.forward(&row, &mut Bench::default())[0]
    }
}
