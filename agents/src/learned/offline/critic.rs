//! Learning what slates bring: fitted Q, conservative or not, of the best slates or of somebody's.

use recloop_nn::NnError;
use recloop_nn::burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::super::advantage::Discount;
use super::super::batch::{Batch, column, table};
use super::super::loss::huber;
use super::super::network::Network;
use super::super::rule::Rule;
use super::super::slate_head;
use super::SPREAD;
use super::lesson::{Begin, Lesson, Told};
use super::logged::Logged;
use super::trained::{Trained, scores, values};

/// How [`Method::Cql`](super::Method::Cql) learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CqlConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// λ: how far targets follow the log before they trust Q; 0 is one slate, 1 is all that was logged.
    pub lambda: f64,
    /// α: how much it costs to think that what was not shown is better than what was.
    pub alpha: f64,
    /// τ: the temperature at which slates count as alternatives, in units of the scores.
    pub temperature: f64,
}

impl Default for CqlConfig {
    /// Chosen by us; published are λ = 0, and α from 0.5 to 10 for one item.
    fn default() -> Self {
        Self { gamma: 1.0, lambda: 1.0, alpha: 0.1, temperature: 1.0 }
    }
}

/// How [`Method::FittedQ`](super::Method::FittedQ) learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FittedQConfig {
    /// γ: per simulated day in worlds with a calendar, per slate in others. 0 is the next slate and nothing else.
    pub gamma: f64,
    /// λ: how far targets follow the log before they trust Q; 0 is one slate, 1 is all that was logged.
    pub lambda: f64,
    /// Whose slates follow: the policy of this name, of which the log must then have been asked; the best by Q if nobody's.
    pub target: Option<String>,
}

impl Default for FittedQConfig {
    fn default() -> Self {
        Self { gamma: 1.0, lambda: 0.0, target: None }
    }
}

impl CqlConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::share("gamma", self.gamma),
            Rule::share("lambda", self.lambda),
            Rule::weight("alpha", self.alpha),
            Rule::positive("temperature", self.temperature),
        ]
    }
}

impl FittedQConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![Rule::share("gamma", self.gamma), Rule::share("lambda", self.lambda)]
    }
}

/// Fits Q to what slates brought and what their users were then worth:
/// `L = E[huber(Q(u, A) − y)] + αρ² E[−log π(A | u)]`, `y_t = r_t + γ_t ((1 − λ) V(u_{t+1}) + λ y_{t+1})`.
///
/// - **CQL**: `V(u) = max_A Q(u, A)`, and π the Plackett–Luce law of `s/τ`
/// - **fitted-Q iteration**: the same with α = 0
/// - **fitted-Q evaluation** of a target π′: `V(u) = E_{A∼π′} Q(u, A)`, exactly, by how likely π′ shows each item; α = 0
///
/// V is of the weights at the beginning of the round: the target network of a deep Q-network, renewed with every pass.
/// Rewards are in standard deviations of the logged return. Measures: `loss`, `error` (mean of the Huber loss), `penalty`,
/// and `value`, what the policy is thought to bring to a user from the first slate on, in the world's unit of reward.
///
/// # Deviation: the penalty
/// CQL(H) charges `log Σ_A exp Q(u, A) − Q(u, A_logged)`, the sum over all ordered slates. Under the additive Q the value
/// cancels and `Q(u, A) = v + Σ_k q(i_k)` with `q = ρs/K`: were positions free, the sum would fall apart into K equal ones.
/// As no item stands twice, it is taken position by position instead, each over what the logged slate leaves,
/// `Σ_k (log Σ_{j not above k} exp(s_j/τ) − s_k/τ)`, which is −log of the slate's Plackett–Luce probability: K sums over
/// candidates in place of one over `C!/(C − K)!` slates. For K = 1 and τ = 1/ρ it is CQL(H), whose temperature is the whole
/// spread of returns; τ = 1 is that of slates. ρ² brings α to the size of what errors about slates cost.
///
/// # Deviation: λ
/// Published is λ = 0. Where what a slate costs or brings is hidden from the value, as a viewer's budget is, one-step targets
/// lose it, and following the log keeps it: then Q is nearer that of the logging policy (Peng's Q(λ)), and what is best by it
/// an improvement of that one.
///
/// # Source
/// Kumar, Zhou, Tucker, Levine (2020), "Conservative Q-learning for offline reinforcement learning"; Ernst, Geurts, Wehenkel
/// (2005), "Tree-based batch mode reinforcement learning"; Le, Voloshin, Yue (2019), "Batch policy learning under
/// constraints", for the evaluation; Peng, Williams (1996), "Incremental multi-step Q-learning"; Wang et al. (2016), "Dueling
/// network architectures".
pub(super) struct Critic {
    trained: Trained,
    discount: Discount,
    /// α and τ, if anything is charged.
    charge: Option<[f64; 2]>,
    scale: f32,
    target: Vec<f32>,
}

impl Critic {
    pub(super) fn conservative(config: &CqlConfig, begin: Begin<'_>) -> Self {
        let charge = (config.alpha > 0.0).then_some([config.alpha, config.temperature]);
        Self::new(Discount { gamma: config.gamma, lambda: config.lambda }, charge, begin)
    }

    pub(super) fn fitted(config: &FittedQConfig, begin: Begin<'_>) -> Self {
        Self::new(Discount { gamma: config.gamma, lambda: config.lambda }, None, begin)
    }

    fn new(discount: Discount, charge: Option<[f64; 2]>, begin: Begin<'_>) -> Self {
        let (network, pace, log, seed, device) = begin;
        let scale = log.scale(discount.gamma);
        Self {
            trained: Trained::new(network, pace, log, seed, device),
            discount,
            charge,
            scale,
            target: Vec::new(),
        }
    }

    /// V of some rows, by the weights as they are.
    fn worth(&self, log: &Logged, rows: &[u32]) -> Result<Vec<f32>, NnError> {
        self.trained.each(log, rows, |network, batch, rows, device| {
            let scores = scores(network, &batch);
            values(network, &batch) + expected(log, scores, rows, device)
        })
    }
}

/// `(ρ/K) Σ_i P(i in A) s(u, i)` under the target policy, or under the best slate.
fn expected(log: &Logged, scores: Tensor<2>, rows: &[u32], device: &Device) -> Tensor<1> {
    let ([n, c], k) = (scores.dims(), log.taken.k);
    let sum = match &log.target {
        Some(target) => (scores * table(target, c, rows, device)).sum_dim(1),
        None => scores.topk(k, 1).sum_dim(1),
    };
    sum.reshape([n]).mul_scalar(SPREAD / k as f64)
}

/// Q of the slates that were shown, which come first among the candidates.
pub(super) fn of_shown(network: &Network, batch: &Batch, scores: Tensor<2>, k: usize) -> Tensor<1> {
    let n = scores.dims()[0];
    values(network, batch) + scores.slice([0..n, 0..k]).mean_dim(1).reshape([n]).mul_scalar(SPREAD)
}

/// `−log π(A | u)` of the shown, which come first, by the scores over τ.
fn penalty(scores: Tensor<2>, k: usize, temperature: f64) -> Tensor<1> {
    slate_head::slates(&scores.div_scalar(temperature), k).0.neg()
}

impl Lesson for Critic {
    fn rows(&self, log: &Logged) -> Vec<u32> {
        log.whole.clone()
    }

    fn prepare(&mut self, log: &mut Logged) -> Result<(), NnError> {
        let worth = self.worth(log, &log.taken.rows())?;
        self.target = log.credit(&worth, self.discount, self.scale).target;
        Ok(())
    }

    fn update(&mut self, log: &Logged, rows: &[u32], rate: f64) -> Result<Told, NnError> {
        let (batch, k) = (self.trained.batch(log, rows), log.taken.k);
        let network = &self.trained.network;
        let scores = scores(network, &batch);
        let target = column(&self.target, rows, &self.trained.device);
        let error = huber(of_shown(network, &batch, scores.clone(), k) - target).mean();
        let (mut loss, mut told) = (error.clone(), vec![("error", error.into_scalar::<f64>())]);
        if let Some([alpha, temperature]) = self.charge {
            let penalty = penalty(scores, k, temperature).mean();
            told.push(("penalty", penalty.clone().into_scalar::<f64>()));
            loss = loss + penalty.mul_scalar(alpha * SPREAD * SPREAD);
        }
        let [loss, norm] = self.trained.step(rate, loss)?;
        told.extend([("loss", loss), ("gradient_norm", norm)]);
        Ok(told)
    }

    fn judge(&self, log: &Logged) -> Result<Told, NnError> {
        let first = self.worth(log, &log.first())?;
        let sum: f64 = first.iter().map(|value| f64::from(*value)).sum();
        Ok(vec![("value", sum / first.len() as f64 / f64::from(self.scale))])
    }

    fn policy(&self) -> &Trained {
        &self.trained
    }

    fn policy_mut(&mut self) -> &mut Trained {
        &mut self.trained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::loss::check::{check_slope, numbers, tensor};

    const SCORES: [f32; 4] = [0.3, -1.2, 2.0, 0.7];

    #[test]
    fn for_one_item_the_penalty_is_the_published_one() {
        let sum: f32 = SCORES.iter().map(|score| score.exp()).sum();
        let found = numbers(penalty(tensor(&SCORES, [1, 4]), 1, 1.0))[0];
        assert!((found - (sum.ln() - SCORES[0])).abs() < 1e-6, "{found}");
    }

    #[test]
    fn the_penalty_falls_as_its_slope_says() {
        check_slope(&SCORES, [1, 4], |scores| penalty(scores, 2, 0.5));
    }
}
