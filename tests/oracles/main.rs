//! Numbers that were known before recloop was written: published runs, closed forms, laws small enough to compute.
//!
//! Every bound is a number of standard errors or a stated relative error; seeds are fixed, so a pass is a pass.

mod long_term_satisfaction;
mod one_step;
mod published;

use recloop::{Recommender, ResetOptions, Step, Tick, Transition, World};

/// What one user's life came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Life {
    pub(crate) reward: f64,
    pub(crate) steps: f64,
    pub(crate) clicked_slates: f64,
    pub(crate) quality: f64,
}

/// Lets everybody live under `policy`; one [`Life`] per user.
pub(crate) fn lives(
    world: &mut World,
    policy: &mut dyn Recommender,
    seed: u64,
    horizon: Option<u32>,
) -> Vec<Life> {
    use recloop::Env;
    let mut lives = vec![Life::default(); world.spec().n_users];
    let quality = world.spec().signal("quality");
    let options = ResetOptions { horizon: horizon.map(Tick), ..ResetOptions::default() };
    let watch = |t: &Transition<'_>| {
        for (r, user) in t.seen.users.iter().enumerate() {
            let life = &mut lives[user.index()];
            life.reward += f64::from(t.step.reward[r]);
            life.steps += 1.0;
            life.clicked_slates += f64::from(u8::from(t.step.responses.click.row(r).contains(&true)));
            life.quality += quality.map_or(0.0, |s| total(t.step, s, r));
        }
    };
    recloop::play(world, policy, seed, &options, watch).expect("a registered world runs to its end");
    lives
}

fn total(step: &Step, signal: usize, r: usize) -> f64 {
    step.responses.signal(signal, r).iter().map(|value| f64::from(*value)).sum()
}

/// Mean and standard error of one number per user.
pub(crate) fn mean_se(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Ratio of two sums over users, with its standard error by linearisation.
pub(crate) fn ratio_se(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let (top, bottom) = pairs.clone().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let ratio = top / bottom;
    let n = pairs.clone().count() as f64;
    let (_, se) = mean_se(pairs.map(|(top, bottom)| top - ratio * bottom));
    (ratio, se * n / bottom)
}
