//! Learning from lessons.

use std::path::Path;

use rand::seq::SliceRandom;
use recloop_env::{ItemId, Streams, Tick, purpose, unit};
use recloop_nn::blocks::{Mlp, MlpConfig};
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Tensor, TensorData};
use recloop_nn::checkpoint::{Card, load_json, load_weights, save_json, save_weights};
use recloop_nn::training::{
    Better, EarlyStop, End, Learner, Measures, Outcome, POLICY, Plan, Progress, train,
};
use recloop_nn::{Compute, NnError, Optimiser, initialise, open};
use serde::{Deserialize, Serialize};

use super::head::Form;

/// The measure that says when to stop.
const HELD_OUT: &str = "held_out_loss";
/// Files of a training's state.
const WEIGHTS: &str = "weights.safetensors";
const MOMENTS: &str = "optimiser.bpk";
const ROUND: &str = "round.json";
/// Rows that go through a network at once where no gradient is needed (chosen by us).
const AT_ONCE: usize = 4096;

/// How a surrogate is distilled. All chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SurrogateConfig {
    /// Widths of the hidden layers of either network.
    pub hidden: Vec<usize>,
    /// Learning rate at first; it falls linearly to a tenth.
    pub rate: f64,
    /// Rows of a step.
    pub batch: usize,
    /// Most passes over the lessons.
    pub rounds: u32,
    /// Passes in which the loss of those held out may not fall before it is over.
    pub patience: u64,
    /// Share of the users who are not learned from, but tell when to stop.
    pub held_out: f64,
    /// Largest norm of a gradient.
    pub max_norm: f32,
}

impl Default for SurrogateConfig {
    fn default() -> Self {
        Self {
            hidden: vec![32, 16],
            rate: 3e-3,
            batch: 512,
            rounds: 40,
            patience: 4,
            held_out: 0.1,
            max_norm: 1.0,
        }
    }
}

impl SurrogateConfig {
    pub(super) fn check(&self) -> Result<(), NnError> {
        let refuse = |reason: &str| Err(NnError::Training { reason: reason.into() });
        match self {
            _ if self.hidden.contains(&0) => refuse("a hidden layer needs at least one unit"),
            _ if !(self.rate > 0.0 && self.rate.is_finite()) => refuse("its rate must be positive"),
            _ if self.batch == 0 || self.rounds == 0 => refuse("it needs a batch and a round at least"),
            _ if !(self.held_out > 0.0 && self.held_out < 1.0) => {
                refuse("the share held out must lie between 0 and 1")
            }
            _ if self.max_norm.is_nan() || self.max_norm <= 0.0 => {
                refuse("the largest norm must be positive")
            }
            _ => Ok(()),
        }
    }
}

/// How a distillation went.
#[derive(Debug, Clone, PartialEq)]
pub struct Distilled {
    /// Decisions learned from.
    pub learned: usize,
    /// Decisions held out.
    pub held_out: usize,
    /// The network of the offers; losses are per offer, in nats.
    pub offers: Outcome,
    /// The network of the people; losses are per decision, in nats.
    pub people: Outcome,
}

/// Rows of features and targets, of which some are held out.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) x: Vec<f32>,
    pub(super) y: Vec<f32>,
    pub(super) learned: Vec<u32>,
    pub(super) held_out: Vec<u32>,
}

impl Rows {
    /// Counts the row that was just written.
    pub(super) fn count(&mut self, held_out: bool) {
        let row = (self.learned.len() + self.held_out.len()) as u32;
        if held_out { self.held_out.push(row) } else { self.learned.push(row) }
    }
}

/// A network that is being trained.
struct Pupil<'a> {
    form: Form,
    config: &'a SurrogateConfig,
    rows: &'a Rows,
    luck: Streams,
    net: Mlp,
    optimiser: Optimiser,
    device: Device,
    round: u32,
}

/// The network of such a form, with weights of nothing in particular.
pub(super) fn blank(form: Form, hidden: &[usize], device: &Device) -> Mlp {
    MlpConfig::new(form.n_in, hidden.iter().copied(), form.n_out()).build(device)
}

/// Trains a network of `form` on `rows`, into the folder `out`.
pub(super) fn learn(
    form: Form,
    rows: &Rows,
    config: &SurrogateConfig,
    card: Card,
    out: &Path,
) -> Result<(Mlp, Outcome), NnError> {
    let device = open(Compute::Cpu)?.autodiff();
    let seed = card.seed;
    let net = initialise(blank(form, &config.hidden, &device), seed, &device);
    let optimiser = Optimiser::new(Some(config.max_norm));
    let mut pupil = Pupil { form, config, rows, luck: Streams::new(seed), net, optimiser, device, round: 0 };
    let stop = EarlyStop {
        measure: HELD_OUT.into(),
        patience: config.patience,
        min_delta: 0.0,
        better: Better::Lower,
    };
    let steps = rows.learned.len() as u64 * u64::from(config.rounds);
    let plan = Plan { steps, checkpoint_secs: 600.0, resume: false, stop: Some(stop), card };
    let outcome = train(&mut pupil, &plan, out, &mut |_: &Progress<'_>| ())?;
    if let End::Diverged { step, what } = outcome.end {
        let reason = format!("the network of the {} diverged at step {step}: {what}", form.name);
        return Err(NnError::Training { reason });
    }
    load_weights(&mut pupil.net, &out.join(POLICY).join(WEIGHTS))?;
    Ok((pupil.net.valid(), outcome))
}

/// Who is held out, the same in every pass: a word for each user.
pub(super) fn is_held_out(seed: u64, user: u32, share: f64) -> bool {
    unit(Streams::new(seed).at(purpose::TRAINING, ItemId(user), Tick(2)).word()) < share
}

impl Pupil<'_> {
    fn loss(&self, net: &Mlp, rows: &[u32], device: &Device) -> Tensor<1> {
        let gather = |all: &[f32], width: usize| {
            let cells = rows.iter().flat_map(|row| &all[*row as usize * width..][..width]).copied();
            let cells: Vec<f32> = cells.collect();
            Tensor::<2>::from_data(TensorData::new(cells, [rows.len(), width]), device)
        };
        let out = net.forward(gather(&self.rows.x, self.form.n_in));
        self.form.loss(out, &gather(&self.rows.y, self.form.n_target()))
    }

    fn judge(&self) -> f64 {
        let (net, device) = (self.net.valid(), self.device.clone().inner());
        let of = |rows: &[u32]| self.loss(&net, rows, &device).into_scalar::<f64>() * rows.len() as f64;
        self.rows.held_out.chunks(AT_ONCE).map(of).sum::<f64>() / self.rows.held_out.len() as f64
    }
}

impl Learner for Pupil<'_> {
    fn round(&mut self) -> Result<Measures, NnError> {
        let mut order = self.rows.learned.clone();
        order.shuffle(&mut self.luck.at(purpose::TRAINING, ItemId(self.round), Tick(1)));
        let done = f64::from(self.round) / f64::from(self.config.rounds);
        let (rate, mut sum) = (self.config.rate * (1.0 - 0.9 * done.min(1.0)), 0.0);
        for rows in order.chunks(self.config.batch) {
            let loss = self.loss(&self.net, rows, &self.device);
            let (net, [loss, _]) = self.optimiser.step(rate, self.net.clone(), loss)?;
            (self.net, sum) = (net, sum + loss * rows.len() as f64);
        }
        self.round += 1;
        let values = vec![("loss", sum / order.len() as f64), (HELD_OUT, self.judge())];
        Ok(Measures { steps: order.len() as u64, values })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        self.save_policy(dir)?;
        self.optimiser.save(&dir.join(MOMENTS))?;
        save_json(&self.round, &dir.join(ROUND))
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        load_weights(&mut self.net, &dir.join(WEIGHTS))?;
        self.optimiser.load(&dir.join(MOMENTS))?;
        self.round = load_json(&dir.join(ROUND))?;
        Ok(())
    }

    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        save_weights(&self.net, &dir.join(WEIGHTS))
    }
}
