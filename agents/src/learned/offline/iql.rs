//! Implicit Q-learning: the best of what was shown, without ever asking about anything else.

use std::path::Path;

use recloop_nn::NnError;
use recloop_nn::burn::tensor::Tensor;
use recloop_nn::checkpoint::{OPTIMISER, WEIGHTS};
use serde::{Deserialize, Serialize};

use super::super::advantage::Discount;
use super::super::batch::column;
use super::super::loss::{expectile, huber};
use super::super::rule::Rule;
use super::super::slate_head;
use super::critic::of_shown;
use super::lesson::{Begin, Lesson, Told};
use super::logged::Logged;
use super::trained::{Trained, scores, values};
use crate::moments::moments;

/// The files of Q, beside those of the policy.
const CRITIC: [&str; 2] = ["critic.safetensors", "critic-optimiser.bpk"];

/// How [`Method::Iql`](super::Method::Iql) learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IqlConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// λ: how far targets follow the log before they trust V; 0 is one slate, 1 is all that was logged.
    pub lambda: f64,
    /// τ: which expectile of Q over the slates V is; ½ is their mean.
    pub expectile: f64,
    /// β: how much likelier a slate becomes that is better by one standard deviation of the advantages.
    pub beta: f64,
    /// The largest weight of a slate.
    pub most_weight: f64,
}

impl Default for IqlConfig {
    /// τ and the largest weight as published; β is per standard deviation here, and it and λ are chosen by us.
    fn default() -> Self {
        Self { gamma: 1.0, lambda: 1.0, expectile: 0.7, beta: 1.0, most_weight: 100.0 }
    }
}

impl IqlConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let above_half = (0.5..1.0).contains(&self.expectile);
        vec![
            Rule::share("gamma", self.gamma),
            Rule::share("lambda", self.lambda),
            Rule { key: "expectile", holds: above_half, reason: "it must be at least 0.5 and below 1" },
            Rule::weight("beta", self.beta),
            Rule::positive("most_weight", self.most_weight),
        ]
    }
}

/// Three regressions on a log: `L_V = E[|τ − 1(Q < V)| (Q − V)²]`, `L_Q = E[huber(Q − y)]` and
/// `L_π = −E[w log π(A | u)]`, `w = min(exp(β (Q − V)/σ), w_max)`; y is the λ-return over V as of the critic of CQL, π the
/// Plackett–Luce law of the scores, σ the standard deviation of Q − V over the log.
///
/// Q is one network; V and π are the value and the scores of another, which is the policy. Q and V on the right-hand sides
/// are those of the beginning of the round. At temperature 1 the policy is π; by its best scores it shows what π shows most.
///
/// Measures: `loss` (of V and π), `error` (of Q), `value_error` (of V), `weight`, the mean of w.
///
/// # Deviations
/// Published are λ = 0, a mean square for Q, and an advantage without σ: over σ, β means the same in every world.
///
/// # Source
/// Kostrikov, Nair, Levine (2022), "Offline reinforcement learning with implicit Q-learning"; the weights as in Peng, Kumar,
/// Zhang, Levine (2019), "Advantage-weighted regression".
pub(super) struct Iql {
    config: IqlConfig,
    policy: Trained,
    critic: Trained,
    scale: f32,
    /// Of the round: y, Q and w of every row.
    target: Vec<f32>,
    q: Vec<f32>,
    weight: Vec<f32>,
}

impl Iql {
    pub(super) fn new(config: &IqlConfig, begin: Begin<'_>) -> Self {
        let (network, pace, log, seed, device) = begin;
        let scale = log.scale(config.gamma);
        let one = || Trained::new(network, pace, log, seed, device);
        let (target, q, weight) = (Vec::new(), Vec::new(), Vec::new());
        Self { config: config.clone(), policy: one(), critic: one(), scale, target, q, weight }
    }
}

/// `min(exp(β A/σ), w_max)`.
fn weights(advantage: &[f32], beta: f64, most: f64) -> Vec<f32> {
    let (_, sd) = moments(advantage.iter().copied());
    let weight = |a: &f32| (beta * f64::from(*a) / sd.max(1e-8)).exp().min(most) as f32;
    advantage.iter().map(weight).collect()
}

/// `−w log π`, row by row.
fn weighted(log_p: Tensor<1>, weight: Tensor<1>) -> Tensor<1> {
    (log_p * weight).neg()
}

impl Lesson for Iql {
    fn rows(&self, log: &Logged) -> Vec<u32> {
        log.whole.clone()
    }

    fn prepare(&mut self, log: &mut Logged) -> Result<(), NnError> {
        let (all, k) = (log.taken.rows(), log.taken.k);
        let value = self.policy.each(log, &all, |network, batch, _, _| values(network, &batch))?;
        self.q = self.critic.each(log, &all, |network, batch, _, _| {
            let scores = scores(network, &batch);
            of_shown(network, &batch, scores, k)
        })?;
        let advantage: Vec<f32> = self.q.iter().zip(&value).map(|(q, v)| q - v).collect();
        self.weight = weights(&advantage, self.config.beta, self.config.most_weight);
        let discount = Discount { gamma: self.config.gamma, lambda: self.config.lambda };
        self.target = log.credit(&value, discount, self.scale).target;
        Ok(())
    }

    fn update(&mut self, log: &Logged, rows: &[u32], rate: f64) -> Result<Told, NnError> {
        let (batch, k, device) = (self.critic.batch(log, rows), log.taken.k, &self.critic.device);
        let [target, q, weight] =
            [&self.target, &self.q, &self.weight].map(|values| column(values, rows, device));
        let network = &self.critic.network;
        let error = huber(of_shown(network, &batch, scores(network, &batch), k) - target).mean();
        let network = &self.policy.network;
        let value_error = expectile(q - values(network, &batch), self.config.expectile).mean();
        let (log_p, _) = slate_head::slates(&scores(network, &batch), k);
        let loss = weighted(log_p, weight.clone()).mean() + value_error.clone();
        let told = [value_error, weight.mean()].map(|mean| mean.into_scalar::<f64>());
        let [error, _] = self.critic.step(rate, error)?;
        let [loss, norm] = self.policy.step(rate, loss)?;
        let names = ["loss", "error", "value_error", "weight", "gradient_norm"];
        Ok(names.into_iter().zip([loss, error, told[0], told[1], norm]).collect())
    }

    fn policy(&self) -> &Trained {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Trained {
        &mut self.policy
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        self.policy.save(dir, WEIGHTS, OPTIMISER)?;
        self.critic.save(dir, CRITIC[0], CRITIC[1])
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        self.policy.load(dir, WEIGHTS, OPTIMISER)?;
        self.critic.load(dir, CRITIC[0], CRITIC[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::loss::check::{check_slope, tensor};

    #[test]
    fn what_is_better_by_a_standard_deviation_counts_e_to_the_beta_times() {
        // The standard deviation of −2, 0, 2, 0 is √2.
        let found = weights(&[-2.0, 0.0, 2.0, 0.0], 0.5, 2.0);
        for (found, expected) in found.iter().zip([(-0.5_f64.sqrt()).exp(), 1.0, 2.0, 1.0]) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(weights(&[0.0; 2], 1.0, 100.0), [1.0; 2]);
    }

    #[test]
    fn weighed_likelihoods_fall_as_their_slope_says() {
        let scores = [0.3, -1.2, 2.0, 0.7, 0.1, 0.0, -0.4, 1.0];
        check_slope(&scores, [2, 4], |scores| {
            weighted(slate_head::slates(&scores, 2).0, tensor(&[2.5, 0.5], [2]))
        });
    }
}
