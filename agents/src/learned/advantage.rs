//! How much better a slate turned out than was expected of its user.

use recloop_env::{Clock, End, EnvSpec};

use super::experience::Experience;
use crate::moments::moments;

/// What later rewards are worth now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Discount {
    /// γ, per simulated day or per slate.
    pub(crate) gamma: f64,
    /// λ.
    pub(crate) lambda: f64,
}

impl Discount {
    /// What a reward is worth that comes `secs` and one slate later.
    pub(crate) fn over(&self, spec: &EnvSpec, secs: f64) -> f64 {
        if spec.clock.calendar { self.gamma.powf(secs / Clock::DAY_SECS) } else { self.gamma }
    }
}

/// Advantages and targets of the value, `[N]` each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Advantages {
    pub(crate) advantage: Vec<f32>,
    pub(crate) target: Vec<f32>,
}

/// Generalised advantages: `δ_t = r_t + γ_t v_{t+1} − v_t`, `A_t = δ_t + γ_t λ A_{t+1}`, along each user's slates and across
/// sessions; γ_t is the discount over the time between the two slates.
///
/// After the last slate of a user who is gone nothing follows; where we stopped watching, what follows is taken to be
/// worth what the user was before. `value` `[N]` is v.
///
/// # Source
/// Schulman, Moritz, Levine, Jordan, Abbeel (2016), "High-dimensional continuous control using generalized advantage
/// estimation"; the time between steps as in semi-Markov processes (Bradtke, Duff 1994).
pub(crate) fn advantages(
    taken: &Experience,
    value: &[f32],
    spec: &EnvSpec,
    discount: Discount,
    scale: f32,
) -> Advantages {
    let n = taken.len();
    let mut out = Advantages { advantage: vec![0.0; n], target: vec![0.0; n] };
    for i in (0..n).rev() {
        let here = f64::from(value[i]);
        let (follows, credit) = match (taken.next[i], taken.ended[i]) {
            (Some(next), _) => {
                let next = next as usize;
                let gamma = discount.over(spec, taken.time_secs[next] - taken.time_secs[i]);
                let credit = gamma * discount.lambda * f64::from(out.advantage[next]);
                (gamma * f64::from(value[next]), credit)
            }
            (None, Some(End::Terminated)) => (0.0, 0.0),
            (None, _) if discount.gamma == 0.0 => (0.0, 0.0),
            (None, _) => (here, 0.0),
        };
        let advantage = f64::from(taken.reward[i] * scale) + follows - here + credit;
        out.advantage[i] = advantage as f32;
        out.target[i] = (advantage + here) as f32;
    }
    out
}

/// One over the standard deviation of the returns of the slates.
pub(crate) fn scale_of(taken: &Experience, spec: &EnvSpec, discount: Discount) -> f32 {
    let nothing = vec![0.0; taken.len()];
    let all = advantages(taken, &nothing, spec, Discount { lambda: 1.0, ..discount }, 1.0);
    let (_, sd) = moments(all.target.iter().copied());
    if sd > 0.0 { (1.0 / sd) as f32 } else { 1.0 }
}

/// Values less their mean, over their standard deviation.
pub(crate) fn standardised(values: &[f32]) -> Vec<f32> {
    let (mean, sd) = moments(values.iter().copied());
    values.iter().map(|value| ((f64::from(*value) - mean) / sd.max(1e-8)) as f32).collect()
}
