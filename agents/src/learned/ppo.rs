//! Proximal policy optimisation with slates as actions.

use std::path::Path;

use rand::seq::SliceRandom;
use recloop_env::{Env, ItemId, ResetOptions, Tick, purpose};
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Tensor};
use recloop_nn::checkpoint::{self, OPTIMISER, WEIGHTS};
use recloop_nn::training::{Learner, Measures};
use recloop_nn::{NnError, Optimiser};
use serde::{Deserialize, Serialize};

use super::advantage::{Advantages, Discount, advantages, scale_of, standardised};
use super::batch::{Batch, column, each, numbers, parts, people, table};
use super::experience::Experience;
use super::fairness::{FairnessConfig, Weights};
use super::network::{Network, NetworkConfig};
use super::neural::Holds;
use super::rounds::{falling, round_luck};
use super::rule::Rule;
use super::slate_head;
use super::stage::Stage;

/// What is clipped and credited as one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Credit {
    /// The slate: one ratio, one advantage.
    #[default]
    Slate,
    /// Each position: the ratio of its own choice, and an advantage in which what the other items of the slate brought by
    /// themselves does not count.
    Position,
}

/// How [`Ppo`] learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PpoConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// λ: how far credit is carried by rewards that came, and not by the value of where they led.
    pub lambda: f64,
    /// η of Adam at the beginning; it falls linearly to a tenth over `rounds`.
    pub learning_rate: f64,
    /// What is one action.
    pub credit: Credit,
    /// ε: how far the policy may move within a round, as a ratio of probabilities.
    pub clip: f64,
    /// Weight of the entropy of the choices.
    pub entropy: f64,
    /// Weight of the error of the value.
    pub value: f64,
    /// Passes over the experience of a round.
    pub epochs: usize,
    /// Rows per update.
    pub batch: usize,
    /// Largest norm of a gradient.
    pub max_norm: f32,
    /// Rounds over which the learning rate falls.
    pub rounds: u32,
}

impl Default for PpoConfig {
    /// Stable-Baselines3's, but for a larger batch and λ (chosen by us: an episode here is thousands of users at once).
    fn default() -> Self {
        Self {
            gamma: 1.0,
            lambda: 0.97,
            learning_rate: 1e-3,
            credit: Credit::Slate,
            clip: 0.2,
            entropy: 0.001,
            value: 0.5,
            epochs: 4,
            batch: 2048,
            max_norm: 0.5,
            rounds: 100,
        }
    }
}

impl PpoConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::share("gamma", self.gamma),
            Rule::share("lambda", self.lambda),
            Rule::positive("learning_rate", self.learning_rate),
            Rule::positive("clip", self.clip),
            Rule::weight("entropy", self.entropy),
            Rule::weight("value", self.value),
            Rule::positive("max_norm", self.max_norm.into()),
            Rule::some("epochs", self.epochs),
            Rule::some("batch", self.batch),
        ]
    }

    fn discount(&self) -> Discount {
        Discount { gamma: self.gamma, lambda: self.lambda }
    }
}

/// PPO over slates: `L = E[min(ρA, clip(ρ, 1 ± ε)A)] + c_H H − c_v (v − target)²`, `ρ` the ratio of the slate's exact
/// Plackett–Luce probabilities under the new and the old policy.
///
/// With [`Credit::Position`] a slate is a sequence of K choices, each with its own ratio and the advantage
/// `A_k = A − Σ_{j≠k} (g_j − ḡ_j)`, g the part of the reward that an item brought by itself (its clicks, minutes and signals, as
/// weighed) and ḡ_j the mean at its position. What an item does to its neighbours' gains is left out; what the slate does to
/// later ones is not.
///
/// A round plays one run of the world from a seed of its own to its end, with all users at once, and then learns from it.
///
/// # Source
/// Schulman, Wolski, Dhariwal, Radford, Klimov (2017), "Proximal policy optimization algorithms".
pub struct Ppo<W, S> {
    config: PpoConfig,
    stage: Stage<W, S>,
    network: Network,
    optimiser: Optimiser,
    device: Device,
    memory: Memory,
}

/// What is left of earlier rounds beside the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Memory {
    seed: u64,
    round: u32,
    /// What rewards are multiplied by, so that returns have a spread of 1: found in the first round, kept from then on.
    scale: Option<f32>,
    /// What fairness weighs by now.
    #[serde(default)]
    weights: Weights,
}

const MEMORY: &str = "memory.json";

impl<W: Env + Send, S: Holds> Ppo<W, S> {
    /// A learner for `world`, in which it ranks by `scorer`.
    ///
    /// # Errors
    /// A scorer that does not fit the world.
    pub fn new(
        config: PpoConfig,
        network: &NetworkConfig,
        (world, options, fairness): (W, ResetOptions, FairnessConfig),
        scorer: S,
        seed: u64,
        device: &Device,
    ) -> Result<Self, NnError> {
        let device = device.clone().autodiff();
        let stage = Stage::new(world, options, scorer, 1.0, fairness)?;
        let network = network.build(stage.width(), seed, &device);
        let memory = Memory { seed, round: 0, scale: None, weights: stage.fairness.weights };
        let optimiser = Optimiser::new(Some(config.max_norm));
        let mut learner = Self { config, stage, network, optimiser, device, memory };
        learner.act_anew()?;
        Ok(learner)
    }

    fn act_anew(&mut self) -> Result<(), NnError> {
        self.stage.act_by(self.network.frozen()?);
        Ok(())
    }

    fn learn(&mut self, taken: &Experience) -> Result<Sums, NnError> {
        let (spec, discount) = (self.stage.spec(), self.config.discount());
        let scale = *self.memory.scale.get_or_insert_with(|| scale_of(taken, spec, discount));
        let found = advantages(taken, &self.values(taken)?, spec, discount, scale);
        let advantage = match self.config.credit {
            Credit::Slate => found.advantage,
            Credit::Position => by_position(taken, &found.advantage, scale),
        };
        let found = Advantages { advantage: standardised(&advantage), target: found.target };
        let mut rows = taken.rows();
        let (luck, mut sums) = (round_luck(self.memory.seed, self.memory.round), Sums::default());
        for epoch in 0..self.config.epochs {
            rows.shuffle(&mut luck.at(purpose::TRAINING, ItemId(epoch as u32), Tick(1)));
            for rows in rows.chunks_mut(self.config.batch) {
                // In the order in which they lie in memory: a batch is a sum.
                rows.sort_unstable();
                self.update(taken, &found, rows, &mut sums)?;
            }
        }
        Ok(sums)
    }

    /// `[N]` what the network makes of the users by now.
    fn values(&self, taken: &Experience) -> Result<Vec<f32>, NnError> {
        let (network, device) = (self.network.valid(), self.device.clone().inner());
        each(&taken.rows(), |rows| {
            let [users, courses] = people(taken, rows, &device);
            numbers(network.values(users, courses))
        })
    }

    fn update(
        &mut self,
        taken: &Experience,
        found: &Advantages,
        rows: &[u32],
        sums: &mut Sums,
    ) -> Result<(), NnError> {
        let objective = Objective { config: &self.config, taken, found, device: &self.device };
        let loss = |network: &Network, (share, part): (f64, &[u32])| {
            let (loss, told) = objective.loss(network, part);
            (loss.mul_scalar(share), told.map(|told| share * told))
        };
        let (rate, network) = (self.rate(), self.network.clone());
        let (network, [loss, norm], told) = self.optimiser.step_by_parts(rate, network, parts(rows), loss)?;
        self.network = network;
        for [entropy, error] in told {
            sums.entropy += entropy;
            sums.error += error;
        }
        sums.loss += loss;
        sums.norm += norm;
        sums.updates += 1.0;
        Ok(())
    }

    fn rate(&self) -> f64 {
        falling(self.config.learning_rate, self.memory.round, self.config.rounds)
    }
}

/// What is made small.
struct Objective<'a> {
    config: &'a PpoConfig,
    taken: &'a Experience,
    found: &'a Advantages,
    device: &'a Device,
}

impl Objective<'_> {
    /// The mean loss of some rows; entropy and error of the value beside it.
    fn loss(&self, network: &Network, rows: &[u32]) -> (Tensor<1>, [f64; 2]) {
        let Self { config, taken, found, device } = *self;
        let batch = Batch::of(taken, rows, device);
        let scores = batch.among_those_there(network.scores(batch.users.clone(), batch.items.clone()));
        let (gain, entropy) = match config.credit {
            Credit::Slate => {
                let (log_p, entropy) = slate_head::slates(&scores, taken.k);
                let ratio = (log_p - column(&taken.log_propensity, rows, device)).exp();
                (surrogate(ratio, column(&found.advantage, rows, device), config.clip).mean(), entropy)
            }
            Credit::Position => {
                let (log_p, entropy) = slate_head::choices(&scores, taken.k);
                let of = |values| table(values, taken.k, rows, device);
                let ratio = (log_p - of(&taken.log_choice)).exp();
                (surrogate(ratio, of(&found.advantage), config.clip).mean(), entropy)
            }
        };
        let error = network.values(batch.users, batch.courses) - column(&found.target, rows, device);
        let (entropy, error) = (entropy.mean(), error.square().mean());
        let told = [&entropy, &error].map(|told| told.clone().into_scalar::<f64>());
        let loss = error.mul_scalar(config.value) - gain;
        // An entropy that counts for nothing is not differentiated either.
        let loss = if config.entropy > 0.0 { loss - entropy.mul_scalar(config.entropy) } else { loss };
        (loss, told)
    }
}

/// `min(ρA, clip(ρ, 1 − ε, 1 + ε)A)`.
fn surrogate<const D: usize>(ratio: Tensor<D>, advantage: Tensor<D>, clip: f64) -> Tensor<D> {
    let bounded = ratio.clone().clamp(1.0 - clip, 1.0 + clip) * advantage.clone();
    (ratio * advantage).min_pair(bounded)
}

/// `[N, K]` the advantage of each position: that of the slate without what the other items brought by themselves.
fn by_position(taken: &Experience, advantage: &[f32], scale: f32) -> Vec<f32> {
    let (k, n) = (taken.k, taken.len().max(1) as f64);
    let mean =
        |at: usize| taken.gain.iter().skip(at).step_by(k).map(|gain| f64::from(*gain)).sum::<f64>() / n;
    let means: Vec<f32> = (0..k).map(|at| mean(at) as f32).collect();
    let rows = taken.gain.chunks_exact(k).zip(advantage);
    rows.flat_map(|(gains, advantage)| {
        let excess: Vec<f32> = gains.iter().zip(&means).map(|(gain, mean)| scale * (gain - mean)).collect();
        let all: f32 = excess.iter().sum();
        excess.into_iter().map(move |own| advantage - all + own)
    })
    .collect()
}

/// Sums over the updates of a round.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    loss: f64,
    entropy: f64,
    error: f64,
    norm: f64,
    updates: f64,
}

impl<W: Env + Send, S: Holds> Learner for Ppo<W, S> {
    fn round(&mut self) -> Result<Measures, NnError> {
        let taken = self.stage.play(round_luck(self.memory.seed, self.memory.round).seed())?;
        let sums = self.learn(&taken)?;
        self.act_anew()?;
        self.memory.round += 1;
        let mut values = vec![
            ("reward", taken.earned / self.stage.spec().n_users.max(1) as f64),
            ("loss", sums.loss / sums.updates),
            ("entropy", sums.entropy / sums.updates),
            ("value_error", sums.error / sums.updates),
            ("gradient_norm", sums.norm / sums.updates),
        ];
        self.memory.weights = self.stage.fairness.settle(&mut values);
        Ok(Measures { steps: taken.len() as u64, values })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        checkpoint::save_weights(&self.network, &dir.join(WEIGHTS))?;
        self.optimiser.save(&dir.join(OPTIMISER))?;
        checkpoint::save_json(&self.memory, &dir.join(MEMORY))
    }

    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        checkpoint::save_weights(&self.network, &dir.join(WEIGHTS))
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        checkpoint::load_weights(&mut self.network, &dir.join(WEIGHTS))?;
        self.optimiser.load(&dir.join(OPTIMISER))?;
        self.memory = checkpoint::load_json(&dir.join(MEMORY))?;
        self.stage.fairness.weights = self.memory.weights;
        self.act_anew()
    }
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::TensorData;

    use super::*;

    #[test]
    fn the_surrogate_and_its_slope_are_those_of_the_formula() {
        let device = Device::flex().autodiff();
        let of = |values: [f32; 4]| Tensor::<1>::from_data(TensorData::new(values.to_vec(), [4]), &device);
        // Below, within and above the bounds for a gain; above them for a loss.
        let ratio = of([0.5, 1.1, 1.5, 1.5]).require_grad();
        let gain = surrogate(ratio.clone(), of([2.0, 2.0, 2.0, -2.0]), 0.2);
        let found = gain.clone().into_data().try_to_vec::<f32>().unwrap();
        for (found, expected) in found.iter().zip([1.0, 2.2, 2.4, -3.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let slope = ratio.grad(&gain.sum().backward()).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(slope, [2.0, 2.0, 0.0, -2.0]);
    }
}
