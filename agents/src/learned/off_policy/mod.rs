//! Values learned from what was played, by whichever policy played it.
//!
//! [`OffPolicy`] plays, keeps the latest rounds, makes targets by a network that stands still meanwhile, and moves another
//! one towards them; a [`Method`] says what the networks are and what a slate is worth by them.

mod config;
mod replay;
mod spread;

pub use config::{Backup, ReplayConfig};

use std::path::Path;

use recloop_env::{Env, ResetOptions};
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Tensor};
use recloop_nn::checkpoint::{self, OPTIMISER, WEIGHTS};
use recloop_nn::training::{Learner, Measures};
use recloop_nn::{NnError, Optimiser};
use serde::{Deserialize, Serialize};

use super::advantage::{advantages, scale_of};
use super::batch::{Batch, column, each, parts};
use super::experience::Experience;
use super::fairness::{FairnessConfig, Weights};
use super::network::{NetworkConfig, Width};
use super::neural::Holds;
use super::rounds::round_luck;
use super::stage::Stage;
use replay::{Played, Replay};
use spread::Spread;

/// What tells one way of learning the values of slates from another.
pub(crate) trait Method: Sync {
    /// What is learned.
    type Nets: Module;

    /// Untrained networks.
    fn build(&self, config: &NetworkConfig, width: Width, seed: u64, device: &Device) -> Self::Nets;

    /// Gives a scorer the weights to act by.
    fn act_by(nets: &Self::Nets, scorer: &mut impl Holds) -> Result<(), NnError>;

    /// Refuses experience that cannot be learned from.
    fn check(&self, _taken: &Experience) -> Result<(), NnError> {
        Ok(())
    }

    /// `[N]` what the users are worth: the value that `valuer` sees in the slate that `chooser` would show, or in the one
    /// that was shown.
    fn worth(&self, nets: Judges<'_, Self::Nets>, rows: &Asked<'_>) -> Result<Vec<f32>, NnError>;

    /// What is wrong with the values of the slates shown, who are all the candidates here, by their targets `[N]`.
    fn loss(&self, nets: &Self::Nets, rows: &Asked<'_>, target: Tensor<1>) -> Loss;
}

/// Who chooses the next slate and who says what it is worth; two, so that no error of one is taken for a gain.
///
/// # Source
/// van Hasselt, Guez, Silver (2016), "Deep reinforcement learning with double Q-learning".
pub(crate) struct Judges<'a, N> {
    pub(crate) chooser: &'a N,
    pub(crate) valuer: &'a N,
    pub(crate) backup: Backup,
}

/// Errors and what else was measured.
type Told = (f64, Option<(&'static str, f64)>);

/// Some rows of experience, with their tensors.
pub(crate) struct Asked<'a> {
    pub(crate) taken: &'a Experience,
    pub(crate) rows: &'a [u32],
    pub(crate) batch: Batch,
}

impl<'a> Asked<'a> {
    fn of(taken: &'a Experience, rows: &'a [u32], device: &Device) -> Self {
        Self { taken, rows, batch: Batch::of(taken, rows, device) }
    }

    /// The same with nobody but the shown for candidates.
    fn of_shown(taken: &'a Experience, rows: &'a [u32], device: &Device) -> Self {
        Self { taken, rows, batch: Batch::of_shown(taken, rows, device) }
    }
}

/// What an update is to make smaller, `[1]` each.
pub(crate) struct Loss {
    pub(crate) total: Tensor<1>,
    /// Mean square of the values' errors, in units of the returns' spread.
    pub(crate) error: Tensor<1>,
    /// Whatever else is measured.
    pub(crate) other: Option<(&'static str, Tensor<1>)>,
}

impl Loss {
    /// What is measured, of a part that counts for a share.
    fn told(self, share: f64) -> Told {
        let plain = |told: Tensor<1>| share * told.into_scalar::<f64>();
        (plain(self.error), self.other.map(|(name, value)| (name, plain(value))))
    }
}

/// Learns the values of slates from the latest rounds that were played.
///
/// A round plays one run of the world from a seed of its own to its end, with all users at once, by scores in which chance
/// has less and less of a say; then come some passes over the replay.
///
/// The target of a slate is its λ-return `G_t = r_t + γ_t ((1 − λ) V(x_{t+1}) + λ G_{t+1})`, where V is what the best slate,
/// or the one shown, is worth by networks that stand still between two refreshes. At λ = 0 that is Q-learning; above,
/// credit reaches back at once, at the price of targets that owe something to what chance had shown (Peng & Williams 1996,
/// "Incremental multi-step Q-learning").
///
/// What the replay holds is not written into a checkpoint but played again on resuming: the checkpoint has the weights that
/// each of its rounds was played by.
pub(crate) struct OffPolicy<W, S, M: Method> {
    method: M,
    config: ReplayConfig,
    stage: Stage<W, Spread<S>>,
    nets: M::Nets,
    /// As they were at the last refresh; without gradients.
    still: M::Nets,
    optimiser: Optimiser,
    device: Device,
    replay: Replay<M::Nets>,
    memory: Memory,
}

/// What is left of earlier rounds beside weights and replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Memory {
    seed: u64,
    round: u32,
    /// What rewards are multiplied by, so that returns have a spread of 1: found in the first round, kept from then on.
    scale: Option<f32>,
    /// What fairness weighs by now.
    weights: Weights,
    /// The rounds in the replay whose networks are in the checkpoint, and what fairness weighed in each.
    replayed: Vec<(u32, Weights)>,
}

const MEMORY: &str = "memory.json";
const STILL: &str = "still.safetensors";

impl<W: Env + Send, S: Holds, M: Method> OffPolicy<W, S, M> {
    pub(crate) fn begin(
        (method, config): (M, ReplayConfig),
        network: &NetworkConfig,
        (world, options, fairness): (W, ResetOptions, FairnessConfig),
        scorer: S,
        seed: u64,
        device: &Device,
    ) -> Result<Self, NnError> {
        let device = device.clone().autodiff();
        let mut stage = Stage::new(world, options, Spread { scorer, temperature: 1.0 }, 1.0, fairness)?;
        let nets = method.build(network, stage.width(), seed, &device);
        M::act_by(&nets, stage.scorer_mut())?;
        let still = nets.valid();
        let weights = stage.fairness.weights;
        let memory = Memory { seed, round: 0, scale: None, weights, replayed: Vec::new() };
        let optimiser = Optimiser::new(Some(config.max_norm));
        let replay = Replay::new(config.replay);
        Ok(Self { method, config, stage, nets, still, optimiser, device, replay, memory })
    }

    /// Plays a round by these weights.
    fn play(&mut self, round: u32, nets: M::Nets) -> Result<(), NnError> {
        let scorer = self.stage.scorer_mut();
        scorer.temperature = self.config.temperature(round) as f32;
        M::act_by(&nets, scorer)?;
        let weights = self.stage.fairness.weights;
        let taken = self.stage.play(round_luck(self.memory.seed, round).seed())?;
        if taken.leans {
            let reason = "values of slates do not lean on a retriever: leave `lean` at 0, or use `ppo`";
            return Err(NnError::Training { reason: reason.into() });
        }
        self.method.check(&taken)?;
        self.replay.push(Played { round, weights, nets, taken });
        Ok(())
    }

    /// The targets of everything in the replay.
    fn targets(&self, scale: f32) -> Result<Vec<Vec<f32>>, NnError> {
        let (device, chooser) = (self.device.clone().inner(), self.nets.valid());
        let judges = || Judges { chooser: &chooser, valuer: &self.still, backup: self.config.backup };
        let (spec, discount) = (self.stage.spec(), self.config.discount());
        let mut targets = Vec::new();
        for played in self.replay.rounds() {
            let values = each(&played.taken.rows(), |rows| {
                self.method.worth(judges(), &Asked::of(&played.taken, rows, &device))
            })?;
            targets.push(advantages(&played.taken, &values, spec, discount, scale).target);
        }
        Ok(targets)
    }

    fn learn(&mut self, targets: &[Vec<f32>]) -> Result<Sums, NnError> {
        let (luck, mut sums) = (round_luck(self.memory.seed, self.memory.round), Sums::default());
        for epoch in 0..self.config.epochs as u32 {
            for (played, rows) in self.replay.batches(self.config.batch, &luck, epoch) {
                let (taken, rate) = (self.replay.taken(played), self.config.rate(self.memory.round));
                let part = |nets: &M::Nets, (share, part): (f64, &[u32])| {
                    let asked = Asked::of_shown(taken, part, &self.device);
                    let target = column(&targets[played], part, &self.device);
                    let loss = self.method.loss(nets, &asked, target);
                    (loss.total.clone().mul_scalar(share), loss.told(share))
                };
                let nets = self.nets.clone();
                let (nets, [loss, norm], told) =
                    self.optimiser.step_by_parts(rate, nets, parts(&rows), part)?;
                self.nets = nets;
                told.into_iter().for_each(|told| sums.add(told));
                sums.loss += loss;
                sums.norm += norm;
                sums.updates += 1.0;
            }
        }
        Ok(sums)
    }
}

/// Sums over the updates of a round.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    loss: f64,
    error: f64,
    norm: f64,
    other: Option<(&'static str, f64)>,
    updates: f64,
}

impl Sums {
    fn add(&mut self, (error, other): Told) {
        self.error += error;
        if let Some((name, value)) = other {
            let before = self.other.map_or(0.0, |(_, sum)| sum);
            self.other = Some((name, before + value));
        }
    }

    fn measures(self) -> impl Iterator<Item = (&'static str, f64)> {
        let own = [("loss", self.loss), ("value_error", self.error), ("gradient_norm", self.norm)];
        own.into_iter().chain(self.other).map(move |(name, sum)| (name, sum / self.updates))
    }
}

impl<W: Env + Send, S: Holds, M: Method> Learner for OffPolicy<W, S, M> {
    fn round(&mut self) -> Result<Measures, NnError> {
        let round = self.memory.round;
        self.play(round, self.nets.valid())?;
        let (spec, discount) = (self.stage.spec(), self.config.discount());
        let taken = self.replay.latest();
        let (steps, reward) = (taken.len() as u64, taken.earned / spec.n_users.max(1) as f64);
        let scale = *self.memory.scale.get_or_insert_with(|| scale_of(taken, spec, discount));
        let targets = self.targets(scale)?;
        let sums = self.learn(&targets)?;
        self.memory.round += 1;
        if self.memory.round.is_multiple_of(self.config.refresh) {
            self.still = self.nets.valid();
        }
        let mut values = vec![("reward", reward), ("temperature", self.config.temperature(round))];
        values.extend(sums.measures());
        self.memory.weights = self.stage.fairness.settle(&mut values);
        Ok(Measures { steps, values })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        checkpoint::save_weights(&self.nets, &dir.join(WEIGHTS))?;
        checkpoint::save_weights(&self.still, &dir.join(STILL))?;
        self.optimiser.save(&dir.join(OPTIMISER))?;
        let replayed = self.replay.save(dir)?;
        checkpoint::save_json(&Memory { replayed, ..self.memory.clone() }, &dir.join(MEMORY))
    }

    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        checkpoint::save_weights(&self.nets, &dir.join(WEIGHTS))
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        checkpoint::load_weights(&mut self.nets, &dir.join(WEIGHTS))?;
        checkpoint::load_weights(&mut self.still, &dir.join(STILL))?;
        self.optimiser.load(&dir.join(OPTIMISER))?;
        self.memory = checkpoint::load_json(&dir.join(MEMORY))?;
        self.replay = Replay::new(self.config.replay);
        for (round, weights) in std::mem::take(&mut self.memory.replayed) {
            self.stage.fairness.weights = weights;
            let mut nets = self.still.clone();
            checkpoint::load_weights(&mut nets, &replay::weights(dir, round))?;
            self.play(round, nets)?;
        }
        self.stage.fairness.weights = self.memory.weights;
        Ok(())
    }
}
