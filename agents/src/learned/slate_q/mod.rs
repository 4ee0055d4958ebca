//! SlateQ: the value of a slate from the values of its items.

mod choice;
mod scorer;
mod slate;

pub use scorer::SlateScorer;
pub use slate::SlateOptimiser;

use rayon::prelude::*;
use recloop_env::{Env, ResetOptions};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Tensor, TensorData};
use recloop_nn::training::Learner;
use recloop_nn::{NnError, initialise};

use super::batch::numbers;
use super::experience::Experience;
use super::fairness::FairnessConfig;
use super::network::{COURSE, FrozenNetwork, Network, NetworkConfig, Width};
use super::neural::Holds;
use super::off_policy::{Asked, Backup, Judges, Loss, Method, OffPolicy, ReplayConfig};
use slate::Choices;

/// The networks of SlateQ: `Q(u, i) = v(u, c_u) + s(u, i)`, where nothing taken is worth `v`, and the readiness to take
/// each item.
///
/// # Source
/// Wang, Schaul, Hessel, van Hasselt, Lanctot, de Freitas (2016), "Dueling network architectures for deep reinforcement
/// learning", for a value and what actions add to it as two parts.
#[derive(Module, Debug)]
pub struct SlateNets {
    /// s and v.
    gain: Network,
    /// c, and c_0 as the value at the beginning of a trajectory.
    readiness: Network,
}

impl SlateNets {
    /// The networks of these sizes with the weights of a seed.
    #[must_use]
    pub fn build(config: &NetworkConfig, width: Width, seed: u64, device: &Device) -> Self {
        let network = || config.build(width, seed, device);
        // Together, as weights are named by where they are.
        initialise(Self { gain: network(), readiness: network() }, seed, device)
    }

    /// Their weights as they are now: gain and readiness.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if one is not a number.
    pub fn frozen(&self) -> Result<[FrozenNetwork; 2], NnError> {
        Ok([self.gain.frozen()?, self.readiness.frozen()?])
    }

    /// c `[N, C]` of items `[N, C, F_i]`, and c_0 `[N]`.
    fn readiness(&self, users: &Tensor<2>, items: Tensor<3>) -> (Tensor<2>, Tensor<1>) {
        let blank = Tensor::zeros([users.dims()[0], COURSE], &users.device());
        (self.readiness.scores(users.clone(), items), self.readiness.values(users.clone(), blank))
    }
}

/// SlateQ in `world`, ranking by a [`SlateScorer`] or one behind a retriever:
/// `Q(u, A) = P(⊥|A) Q(u, ⊥) + Σ_{i∈A} P(i|A) Q(u, i)`, for users who take at most one item of a slate.
///
/// - `P(i|A) = e^{c_i} / (e^{c_0} + Σ_{j∈A} e^{c_j})` is fitted to what was taken, by maximum likelihood;
/// - `Q(u, i)` and `Q(u, ⊥)`, which is what it is worth that i, or nothing, is taken, to the λ-returns of the slates from
///   which it was, by least squares; what is to come is worth the Q of the best slate, or of the one shown;
/// - the slate to show makes `Q(u, A)` large, by a [`SlateOptimiser`].
///
/// # Errors
/// A scorer that does not fit the world, or knows no readiness. A round refuses a world in which two items of one slate were
/// clicked: this decomposition knows no such users.
///
/// # Source
/// Ie, Jain, Wang, Narvekar, Agarwal, Wu, Cheng, Chandra, Boutilier (2019), "SlateQ: a tractable decomposition for
/// reinforcement learning with recommendation sets". There the choice model is given; here it is learned.
pub fn slate_q<W: Env + Send, S: Holds>(
    (optimiser, config): (SlateOptimiser, ReplayConfig),
    network: &NetworkConfig,
    played: (W, ResetOptions, FairnessConfig),
    scorer: S,
    seed: u64,
    device: &Device,
) -> Result<impl Learner + use<W, S>, NnError> {
    OffPolicy::begin((Decomposed { optimiser }, config), network, played, scorer, seed, device)
}

/// Values of slates from values of items, and from how readily each is taken.
struct Decomposed {
    optimiser: SlateOptimiser,
}

impl Method for Decomposed {
    type Nets = SlateNets;

    fn build(&self, config: &NetworkConfig, width: Width, seed: u64, device: &Device) -> SlateNets {
        SlateNets::build(config, width, seed, device)
    }

    fn act_by(nets: &SlateNets, scorer: &mut impl Holds) -> Result<(), NnError> {
        let [gain, readiness] = nets.frozen()?;
        scorer.neural_mut().set(gain);
        let lacking = || "rank by values of slates: this scorer does not know how readily items are taken";
        let part = scorer.readiness_mut().ok_or_else(|| NnError::Training { reason: lacking().into() })?;
        *part = readiness;
        Ok(())
    }

    fn check(&self, taken: &Experience) -> Result<(), NnError> {
        let several = |clicks: &[bool]| clicks.iter().filter(|clicked| **clicked).count() > 1;
        if taken.click.chunks_exact(taken.k).any(several) {
            let reason = "SlateQ is for users who click at most one item of a slate, and here some clicked more: \
                          use `dqn` or `ppo`";
            return Err(NnError::Training { reason: reason.into() });
        }
        Ok(())
    }

    fn worth(&self, nets: Judges<'_, SlateNets>, asked: &Asked<'_>) -> Result<Vec<f32>, NnError> {
        let (batch, taken) = (&asked.batch, asked.taken);
        let gains = |nets: &SlateNets| numbers(nets.gain.scores(batch.users.clone(), batch.items.clone()));
        let (chosen_by, valued_by) = (gains(nets.chooser)?, gains(nets.valuer)?);
        let (readiness, none) = nets.chooser.readiness(&batch.users, batch.items.clone());
        let (readiness, none) = (numbers(readiness)?, numbers(none)?);
        let values = numbers(nets.valuer.gain.values(batch.users.clone(), batch.courses.clone()))?;
        let worth = |(at, row): (usize, &u32)| {
            let there = at * taken.c..at * taken.c + taken.n_candidates[*row as usize] as usize;
            let (weight, none) = choice::weights(&readiness[there.clone()], none[at]);
            let gain =
                |gains: &[f32]| gains[there.clone()].iter().copied().map(f64::from).collect::<Vec<_>>();
            let (guess, gain) = (gain(&chosen_by), gain(&valued_by));
            let slate = match nets.backup {
                Backup::Shown => (0..taken.k).collect(),
                Backup::Best => {
                    self.optimiser.slate(Choices { weight: &weight, gain: &guess, none }, taken.k)
                }
            };
            values[at] + Choices { weight: &weight, gain: &gain, none }.value(&slate) as f32
        };
        Ok(asked.rows.par_iter().enumerate().with_min_len(64).map(worth).collect())
    }

    fn loss(&self, nets: &SlateNets, asked: &Asked<'_>, target: Tensor<1>) -> Loss {
        let (users, slates) = (&asked.batch.users, &asked.batch.items);
        let clicked = clicks(asked, &target.device());
        let gain = nets.gain.scores(users.clone(), slates.clone());
        let value = nets.gain.values(users.clone(), asked.batch.courses.clone());
        let error = (of_taken(value, gain, clicked.clone()) - target).square().mean();
        let (readiness, none) = nets.readiness(users, slates.clone());
        let surprise = choice::log_likelihood(readiness, none, clicked).mean().neg();
        let total = error.clone() + surprise.clone();
        Loss { total, error, other: Some(("choice_loss", surprise)) }
    }
}

/// Q of what was taken: `v + s_i`, or v where nothing was. Values `[N]`, gains and clicks `[N, K]`.
fn of_taken(value: Tensor<1>, gain: Tensor<2>, clicked: Tensor<2>) -> Tensor<1> {
    let n = value.dims()[0];
    value + (gain * clicked).sum_dim(1).reshape([n])
}

/// `[N, K]` 1 where there was a click.
fn clicks(asked: &Asked<'_>, device: &Device) -> Tensor<2> {
    let k = asked.taken.k;
    let of = |row: &u32| {
        asked.taken.click[*row as usize * k..][..k].iter().map(|click| f32::from(u8::from(*click)))
    };
    let cells: Vec<f32> = asked.rows.iter().flat_map(of).collect();
    Tensor::from_data(TensorData::new(cells, [asked.rows.len(), k]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_valued_and_nothing_else_moves() {
        let device = Device::flex().autodiff();
        let tensor = |values: &[f32]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [2, values.len() / 2]), &device)
        };
        // Of the first slate the second item was taken, of the other nothing.
        let clicked = || tensor(&[0.0, 1.0, 0.0, 0.0]);
        let value = || tensor(&[3.0, 0.5]).reshape([2]);
        let error = |gain: Tensor<2>| of_taken(value(), gain, clicked()) - tensor(&[1.0, 2.0]).reshape([2]);
        let at = [0.25, -1.5, 4.0, 5.0];
        assert_eq!(numbers(error(tensor(&at))).unwrap(), [0.5, -1.5]);
        let gain = tensor(&at).require_grad();
        let slope = gain.grad(&error(gain.clone()).square().mean().backward()).unwrap();
        let loss = |i: usize, by: f32| {
            let mut moved = at;
            moved[i] += by;
            error(tensor(&moved)).square().mean().into_scalar::<f32>()
        };
        for (i, slope) in numbers(slope).unwrap().into_iter().enumerate() {
            // Quadratic: nothing but the rounding of f32 over the step is left, 1e-6 / 2e-2.
            assert!(((loss(i, 1e-2) - loss(i, -1e-2)) / 2e-2 - slope).abs() < 1e-4, "{i}: {slope}");
            assert_eq!(slope != 0.0, i == 1);
        }
    }
}
