//! Behaviour cloning: what was shown is what to show.

use recloop_env::{ItemId, Streams, Tick, UserId, purpose, unit};
use recloop_nn::NnError;
use serde::{Deserialize, Serialize};

use super::super::rule::Rule;
use super::super::slate_head;
use super::lesson::{Begin, Lesson, Told};
use super::logged::Logged;
use super::trained::{Trained, scores};
use crate::AgentError;

/// How a log is cloned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloningConfig {
    /// Share of the users whose slates are not learned from, but tell when to stop.
    pub held_out: f64,
    /// Rounds in which their loss may not fall before it is over.
    pub patience: u64,
}

impl Default for CloningConfig {
    /// Chosen by us.
    fn default() -> Self {
        Self { held_out: 0.1, patience: 3 }
    }
}

impl CloningConfig {
    /// The measure that tells when to stop.
    pub const HELD_OUT: &'static str = "held_out_loss";

    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let inside = self.held_out > 0.0 && self.held_out < 1.0;
        let reason = "it must lie between 0 and 1: somebody must be learned from, and somebody must not";
        vec![
            Rule { key: "held_out", holds: inside, reason },
            Rule { key: "patience", holds: self.patience > 0, reason: "it needs at least one round" },
        ]
    }
}

/// Makes what was shown as likely as it can: least `E[−log π(A | u)]`, π the Plackett–Luce law of the scores.
///
/// The clone of a policy that draws is the network *at temperature 1*; by its best scores alone it shows what the logger
/// showed most.
///
/// Measures: `loss`, and `held_out_loss` over users who are not learned from; both per slate, in nats.
///
/// # Source
/// Pomerleau (1991), "Efficient training of artificial neural networks for autonomous navigation"; the likelihood of
/// rankings as in Cao, Qin, Liu, Tsai, Li (2007), "Learning to rank: from pairwise approach to listwise approach".
pub(super) struct Cloning {
    trained: Trained,
    learned: Vec<u32>,
    held_out: Vec<u32>,
}

impl Cloning {
    pub(super) fn new(config: &CloningConfig, begin: Begin<'_>) -> Result<Self, NnError> {
        let (network, pace, log, seed, device) = begin;
        let luck = Streams::new(seed);
        let draw = |user: &UserId| luck.at(purpose::TRAINING, ItemId(user.0), Tick(2)).word();
        let is_held_out = |row: &u32| unit(draw(&log.user[*row as usize])) < config.held_out;
        let (held_out, learned): (Vec<_>, Vec<_>) = (0..log.len() as u32).partition(is_held_out);
        if held_out.is_empty() || learned.is_empty() {
            return Err(NnError::learner(AgentError::TooFewUsers { share: config.held_out }));
        }
        Ok(Self { trained: Trained::new(network, pace, log, seed, device), learned, held_out })
    }
}

impl Lesson for Cloning {
    fn rows(&self, _log: &Logged) -> Vec<u32> {
        self.learned.clone()
    }

    fn update(&mut self, log: &Logged, rows: &[u32], rate: f64) -> Result<Told, NnError> {
        let batch = self.trained.batch(log, rows);
        let (log_p, _) = slate_head::slates(&scores(&self.trained.network, &batch), log.taken.k);
        let [loss, norm] = self.trained.step(rate, log_p.mean().neg())?;
        Ok(vec![("loss", loss), ("gradient_norm", norm)])
    }

    fn judge(&self, log: &Logged) -> Result<Told, NnError> {
        let log_p = self.trained.each(log, &self.held_out, |network, batch, _, _| {
            slate_head::slates(&scores(network, &batch), log.taken.k).0
        })?;
        let sum: f64 = log_p.iter().map(|log_p| f64::from(*log_p)).sum();
        Ok(vec![(CloningConfig::HELD_OUT, -sum / log_p.len() as f64)])
    }

    fn policy(&self) -> &Trained {
        &self.trained
    }

    fn policy_mut(&mut self) -> &mut Trained {
        &mut self.trained
    }
}
