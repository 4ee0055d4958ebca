//! A network, and what moves it.

use std::path::Path;

use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Tensor};
use recloop_nn::{NnError, Optimiser, checkpoint};

use super::super::batch::{Batch, each, numbers};
use super::super::network::{Network, NetworkConfig};
use super::Pace;
use super::logged::Logged;

/// A network that is being trained, with the moments of its optimiser.
pub(super) struct Trained {
    pub(super) network: Network,
    optimiser: Optimiser,
    pub(super) device: Device,
}

impl Trained {
    pub(super) fn new(config: &NetworkConfig, pace: &Pace, log: &Logged, seed: u64, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let network = config.build(log.width(), seed, &device);
        Self { network, optimiser: Optimiser::new(Some(pace.max_norm)), device }
    }

    pub(super) fn batch(&self, log: &Logged, rows: &[u32]) -> Batch {
        Batch::of(&log.taken, rows, &self.device)
    }

    /// Moves the network against the gradient of `loss`; tells the loss and the norm of the gradient.
    pub(super) fn step(&mut self, rate: f64, loss: Tensor<1>) -> Result<[f64; 2], NnError> {
        let (network, told) = self.optimiser.step(rate, self.network.clone(), loss)?;
        self.network = network;
        Ok(told)
    }

    /// What `of` says of each row, by the weights as they are now.
    pub(super) fn each(
        &self,
        log: &Logged,
        rows: &[u32],
        of: impl Fn(&Network, Batch, &[u32], &Device) -> Tensor<1>,
    ) -> Result<Vec<f32>, NnError> {
        let (network, device) = (self.network.valid(), self.device.clone().inner());
        each(rows, |rows| numbers(of(&network, Batch::of(&log.taken, rows, &device), rows, &device)))
    }

    pub(super) fn save(&self, dir: &Path, weights: &str, moments: &str) -> Result<(), NnError> {
        checkpoint::save_weights(&self.network, &dir.join(weights))?;
        self.optimiser.save(&dir.join(moments))
    }

    pub(super) fn load(&mut self, dir: &Path, weights: &str, moments: &str) -> Result<(), NnError> {
        checkpoint::load_weights(&mut self.network, &dir.join(weights))?;
        self.optimiser.load(&dir.join(moments))
    }
}

/// Scores of the candidates that are there.
pub(super) fn scores(network: &Network, batch: &Batch) -> Tensor<2> {
    batch.among_those_there(network.scores(batch.users.clone(), batch.items.clone()))
}

/// Values of the users.
pub(super) fn values(network: &Network, batch: &Batch) -> Tensor<1> {
    network.values(batch.users.clone(), batch.courses.clone())
}
