//! Passes over a log, whatever is learned from it.

use std::path::Path;

use rand::seq::SliceRandom;
use recloop_env::{ItemId, Tick, purpose};
use recloop_nn::NnError;
use recloop_nn::burn::tensor::Device;
use recloop_nn::checkpoint::{self, OPTIMISER, WEIGHTS};
use recloop_nn::training::{Learner, Measures};
use serde::{Deserialize, Serialize};

use super::super::network::NetworkConfig;
use super::super::rounds::{falling, round_luck};
use super::super::rule::Rule;
use super::cloning::{Cloning, CloningConfig};
use super::critic::{CqlConfig, Critic, FittedQConfig};
use super::iql::{Iql, IqlConfig};
use super::logged::Logged;
use super::reinforce::{Reinforce, ReinforceConfig};
use super::trained::Trained;

/// How fast something is learned from a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// η of Adam at the beginning; it falls linearly to a tenth over `rounds`.
    pub learning_rate: f64,
    /// Rows per update.
    pub batch: usize,
    /// Largest norm of a gradient.
    pub max_norm: f32,
    /// Rounds over which the learning rate falls.
    pub rounds: u32,
}

impl Default for Pace {
    /// Adam's own rate; the others chosen by us.
    fn default() -> Self {
        Self { learning_rate: 1e-3, batch: 1024, max_norm: 1.0, rounds: 30 }
    }
}

impl Pace {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::positive("learning_rate", self.learning_rate),
            Rule::some("batch", self.batch),
            Rule::positive("max_norm", self.max_norm.into()),
        ]
    }

    fn rate(&self, round: u32) -> f64 {
        falling(self.learning_rate, round, self.rounds)
    }
}

/// What is learned from a log, and how.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// The policy that wrote the log.
    Cloning(CloningConfig),
    /// Conservative Q-learning.
    Cql(CqlConfig),
    /// Implicit Q-learning.
    Iql(IqlConfig),
    /// Fitted Q, iterated or of a target.
    FittedQ(FittedQConfig),
    /// REINFORCE with top-K correction.
    Reinforce(ReinforceConfig),
}

/// What learns from `log` by `method`.
///
/// # Errors
/// A log that lacks what the method needs, such as propensities; too few users.
pub fn learner(
    method: &Method,
    pace: &Pace,
    network: &NetworkConfig,
    log: Logged,
    seed: u64,
    device: &Device,
) -> Result<Box<dyn Learner>, NnError> {
    let mut log = log;
    let begin = (network, pace, &mut log, seed, device);
    Ok(match method {
        Method::Cloning(config) => Offline::boxed(Cloning::new(config, begin)?, pace, log, seed),
        Method::Cql(config) => Offline::boxed(Critic::conservative(config, begin), pace, log, seed),
        Method::Iql(config) => Offline::boxed(Iql::new(config, begin), pace, log, seed),
        Method::FittedQ(config) => Offline::boxed(Critic::fitted(config, begin), pace, log, seed),
        Method::Reinforce(config) => Offline::boxed(Reinforce::new(config, begin)?, pace, log, seed),
    })
}

/// What a lesson begins with.
pub(super) type Begin<'a> = (&'a NetworkConfig, &'a Pace, &'a mut Logged, u64, &'a Device);

/// Named numbers.
pub(super) type Told = Vec<(&'static str, f64)>;

/// One way of learning from rows of a log.
pub(super) trait Lesson {
    /// The rows that are learned from.
    fn rows(&self, log: &Logged) -> Vec<u32>;

    /// Computes what stands still for a round.
    fn prepare(&mut self, _log: &mut Logged) -> Result<(), NnError> {
        Ok(())
    }

    /// Learns from some rows; what is told is averaged over the round.
    fn update(&mut self, log: &Logged, rows: &[u32], rate: f64) -> Result<Told, NnError>;

    /// What there is to tell at the end of a round.
    fn judge(&self, _log: &Logged) -> Result<Told, NnError> {
        Ok(Told::new())
    }

    /// The network that is to rank.
    fn policy(&self) -> &Trained;

    fn policy_mut(&mut self) -> &mut Trained;

    /// Writes what a later round depends on: the policy, unless there is more.
    fn save(&self, dir: &Path) -> Result<(), NnError> {
        self.policy().save(dir, WEIGHTS, OPTIMISER)
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        self.policy_mut().load(dir, WEIGHTS, OPTIMISER)
    }
}

/// Learns from a log, a round being a pass over its rows in an order of its own.
struct Offline<L> {
    pace: Pace,
    log: Logged,
    rows: Vec<u32>,
    lesson: L,
    memory: Memory,
}

/// What is left of earlier rounds beside what the lesson keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Memory {
    seed: u64,
    round: u32,
}

const MEMORY: &str = "memory.json";

impl<L: Lesson + 'static> Offline<L> {
    fn boxed(lesson: L, pace: &Pace, log: Logged, seed: u64) -> Box<dyn Learner> {
        let rows = lesson.rows(&log);
        Box::new(Self { pace: pace.clone(), log, rows, lesson, memory: Memory { seed, round: 0 } })
    }
}

impl<L: Lesson> Offline<L> {
    /// The rows in the order of this round.
    fn shuffled(&self) -> Vec<u32> {
        let (luck, mut rows) = (round_luck(self.memory.seed, self.memory.round), self.rows.clone());
        rows.shuffle(&mut luck.at(purpose::TRAINING, ItemId(0), Tick(1)));
        rows
    }
}

impl<L: Lesson> Learner for Offline<L> {
    fn round(&mut self) -> Result<Measures, NnError> {
        let (rows, rate) = (self.shuffled(), self.pace.rate(self.memory.round));
        self.lesson.prepare(&mut self.log)?;
        let mut values = Told::new();
        let n = rows.len().div_ceil(self.pace.batch) as f64;
        for rows in rows.chunks(self.pace.batch) {
            let told = self.lesson.update(&self.log, rows, rate)?;
            values.resize(told.len(), ("", 0.0));
            values.iter_mut().zip(told).for_each(|(sum, (name, x))| *sum = (name, sum.1 + x / n));
        }
        values.extend(self.lesson.judge(&self.log)?);
        self.memory.round += 1;
        Ok(Measures { steps: rows.len() as u64, values })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        self.lesson.save(dir)?;
        checkpoint::save_json(&self.memory, &dir.join(MEMORY))
    }

    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        checkpoint::save_weights(&self.lesson.policy().network, &dir.join(WEIGHTS))
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        self.lesson.load(dir)?;
        self.memory = checkpoint::load_json(&dir.join(MEMORY))?;
        Ok(())
    }
}
