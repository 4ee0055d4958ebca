//! A perceptron that learns `y = sin(3 x₀) + x₁` from batches drawn for their round.

use std::fs;
use std::path::Path;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use recloop_nn::blocks::{Mlp, MlpConfig};
use recloop_nn::burn::tensor::{Device, Tensor, TensorData};
use recloop_nn::checkpoint::{OPTIMISER, WEIGHTS, load_weights, save_weights};
use recloop_nn::training::{Learner, Measures};
use recloop_nn::{Compute, NnError, Optimiser, initialise, open};

/// Examples in a round, each a step of experience.
pub(crate) const BATCH: u64 = 32;

const ROUND: &str = "round";

pub(crate) struct Regression {
    device: Device,
    net: Mlp,
    optimiser: Optimiser,
    rounds: u64,
    /// A round whose examples are damaged.
    pub(crate) damaged: Option<u64>,
}

impl Regression {
    pub(crate) fn new(seed: u64) -> Self {
        Self::on(Compute::Cpu, seed)
    }

    pub(crate) fn on(compute: Compute, seed: u64) -> Self {
        let device = open(compute).expect("the device works").autodiff();
        let net = initialise(MlpConfig::new(2, [16], 1).build(&device), seed, &device);
        Self { device, net, optimiser: Optimiser::new(Some(1.0)), rounds: 0, damaged: None }
    }

    pub(crate) fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Overflows a weight, as an optimiser that steps too far does.
    pub(crate) fn overflow(&mut self) {
        let weight = &mut self.net.layers[0].weight;
        *weight = weight.clone().map(|weight| weight * f32::MAX * 10.0);
    }

    fn batch(&self) -> (Tensor<2>, Tensor<2>) {
        let n = BATCH as usize;
        let mut rng = ChaCha8Rng::seed_from_u64(self.rounds);
        let x: Vec<f32> = (0..2 * n).map(|_| rng.random_range(-1.0..1.0)).collect();
        let damage = if self.damaged == Some(self.rounds) { f32::NAN } else { 0.0 };
        let y = x.chunks(2).map(|x| (3.0 * x[0]).sin() + x[1] + damage).collect();
        let tensor = |values, width| Tensor::from_data(TensorData::new(values, [n, width]), &self.device);
        (tensor(x, 2), tensor(y, 1))
    }
}

impl Learner for Regression {
    fn round(&mut self) -> Result<Measures, NnError> {
        let (x, y) = self.batch();
        let loss = (self.net.forward(x) - y).square().mean();
        let (net, [loss, norm]) = self.optimiser.step(0.01, self.net.clone(), loss)?;
        (self.net, self.rounds) = (net, self.rounds + 1);
        Ok(Measures { steps: BATCH, values: vec![("loss", loss), ("norm", norm)] })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        self.save_policy(dir)?;
        self.optimiser.save(&dir.join(OPTIMISER))?;
        fs::write(dir.join(ROUND), self.rounds.to_string()).map_err(NnError::learner)
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        load_weights(&mut self.net, &dir.join(WEIGHTS))?;
        self.optimiser.load(&dir.join(OPTIMISER))?;
        let rounds = fs::read_to_string(dir.join(ROUND)).map_err(NnError::learner)?;
        self.rounds = rounds.parse().map_err(NnError::learner)?;
        Ok(())
    }

    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        save_weights(&self.net, &dir.join(WEIGHTS))
    }
}
