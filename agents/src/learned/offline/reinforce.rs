//! REINFORCE on what another policy showed.

use recloop_nn::NnError;
use recloop_nn::burn::tensor::activation::log_softmax;
use serde::{Deserialize, Serialize};

use super::super::advantage::{Advantages, Discount, standardised};
use super::super::batch::{column, table};
use super::super::loss::top_k;
use super::super::rule::Rule;
use super::lesson::{Begin, Lesson, Told};
use super::logged::Logged;
use super::trained::{Trained, scores, values};

/// How [`Method::Reinforce`](super::Method::Reinforce) learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReinforceConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// c: the largest weight π/β of an item.
    pub most_weight: f64,
    /// Weight of the error of the value that is taken off the returns; 0 takes off their mean alone.
    pub value: f64,
}

impl Default for ReinforceConfig {
    /// Chosen by us; c is e³ where it was published.
    fn default() -> Self {
        Self { gamma: 1.0, most_weight: 10.0, value: 0.5 }
    }
}

impl ReinforceConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::share("gamma", self.gamma),
            Rule::positive("most_weight", self.most_weight),
            Rule::weight("value", self.value),
        ]
    }
}

/// Moves by `E[Σ_k min(π(i_k | u)/β_k, c) λ_K(u, i_k) R ∇log π(i_k | u)]`, `λ_K = K (1 − π)^{K−1}`: π is the softmax of the
/// scores over the candidates, β the logged propensity of a position, R the discounted reward of the user from there on,
/// less what the value expected of it, standardised.
///
/// λ_K makes of the law of one draw one for K draws: an item that is likely to be among K already is not pushed further.
///
/// Measures: `loss`, `value_error`.
///
/// # Deviations
/// β is the propensity given what stands above, where they take items of a slate as drawn apart; and the value, which
/// Chen et al. do without: it takes out of R what has nothing to do with the slate, such as how much of a trajectory is left.
///
/// # Source
/// Chen, Beutel, Covington, Jain, Belletti, Chi (2019), "Top-K off-policy correction for a REINFORCE recommender system".
pub(super) struct Reinforce {
    config: ReinforceConfig,
    trained: Trained,
    scale: f32,
    found: Advantages,
}

impl Reinforce {
    pub(super) fn new(config: &ReinforceConfig, begin: Begin<'_>) -> Result<Self, NnError> {
        let (network, pace, log, seed, device) = begin;
        log.check_known()?;
        let (scale, trained) = (log.scale(config.gamma), Trained::new(network, pace, log, seed, device));
        Ok(Self { config: config.clone(), trained, scale, found: Advantages::default() })
    }
}

impl Lesson for Reinforce {
    fn rows(&self, log: &Logged) -> Vec<u32> {
        log.whole.clone()
    }

    fn prepare(&mut self, log: &mut Logged) -> Result<(), NnError> {
        let all = log.taken.rows();
        let value = if self.config.value > 0.0 {
            self.trained.each(log, &all, |network, batch, _, _| values(network, &batch))?
        } else {
            vec![0.0; all.len()]
        };
        let Advantages { advantage, target } =
            log.credit(&value, Discount { gamma: self.config.gamma, lambda: 1.0 }, self.scale);
        self.found = Advantages { advantage: standardised(&advantage), target };
        Ok(())
    }

    fn update(&mut self, log: &Logged, rows: &[u32], rate: f64) -> Result<Told, NnError> {
        let (k, device) = (log.taken.k, &self.trained.device);
        let batch = self.trained.batch(log, rows);
        let network = &self.trained.network;
        let log_pi = log_softmax(scores(network, &batch), 1).slice([0..rows.len(), 0..k]);
        let gain = top_k(log_pi, table(&log.taken.log_choice, k, rows, device), self.config.most_weight);
        let gain = (gain * column(&self.found.advantage, rows, device)).mean();
        let error = (values(network, &batch) - column(&self.found.target, rows, device)).square().mean();
        let told = error.clone().into_scalar::<f64>();
        let [loss, norm] = self.trained.step(rate, error.mul_scalar(self.config.value) - gain)?;
        Ok(vec![("loss", loss), ("value_error", told), ("gradient_norm", norm)])
    }

    fn policy(&self) -> &Trained {
        &self.trained
    }

    fn policy_mut(&mut self) -> &mut Trained {
        &mut self.trained
    }
}
