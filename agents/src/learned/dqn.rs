//! DQN with slates as actions.

use recloop_env::{Env, ResetOptions};
use recloop_nn::NnError;
use recloop_nn::burn::tensor::{Device, Tensor};
use recloop_nn::training::Learner;

use super::batch::numbers;
use super::fairness::FairnessConfig;
use super::loss::huber;
use super::network::{Network, NetworkConfig, Width};
use super::neural::Holds;
use super::off_policy::{Asked, Backup, Judges, Loss, Method, OffPolicy, ReplayConfig};

/// DQN over slates in `world`: `Q(u, A) = v(u, c_u) + (1/K) Σ_{i∈A} s(u, i)`, so that the best slate is the K items of the
/// largest s.
///
/// It asks nothing of how users choose, and does not learn it either: the items of a slate share what came of it.
///
/// # Source
/// Mnih et al. (2015), "Human-level control through deep reinforcement learning"; van Hasselt, Guez, Silver (2016), "Deep
/// reinforcement learning with double Q-learning"; Wang et al. (2016), "Dueling network architectures for deep
/// reinforcement learning". Targets are λ-returns, and whole rounds are kept rather than single steps.
///
/// # Errors
/// A scorer that does not fit the world.
///
/// ```
/// use recloop_agents::learned::{FairnessConfig, NetworkConfig, Neural, ReplayConfig, dqn};
/// use recloop_env::{ResetOptions, testing::toy_world};
/// use recloop_nn::{Compute, open, training::Learner};
///
/// let (config, network) = (ReplayConfig::default(), NetworkConfig::default());
/// let played = (toy_world(20), ResetOptions::default(), FairnessConfig::default());
/// let device = open(Compute::Cpu)?;
/// let mut learner = dqn(config, &network, played, Neural::untrained(), 1, &device)?;
/// assert_eq!(learner.round()?.steps, 20 * 12); // everybody stays for 12 slates
/// # Ok::<(), recloop_nn::NnError>(())
/// ```
pub fn dqn<W: Env + Send, S: Holds>(
    config: ReplayConfig,
    network: &NetworkConfig,
    played: (W, ResetOptions, FairnessConfig),
    scorer: S,
    seed: u64,
    device: &Device,
) -> Result<impl Learner + use<W, S>, NnError> {
    OffPolicy::begin((Additive, config), network, played, scorer, seed, device)
}

/// Values of slates as sums over their items.
struct Additive;

impl Method for Additive {
    type Nets = Network;

    fn build(&self, config: &NetworkConfig, width: Width, seed: u64, device: &Device) -> Network {
        config.build(width, seed, device)
    }

    fn act_by(nets: &Network, scorer: &mut impl Holds) -> Result<(), NnError> {
        scorer.neural_mut().set(nets.frozen()?);
        Ok(())
    }

    fn worth(&self, nets: Judges<'_, Network>, asked: &Asked<'_>) -> Result<Vec<f32>, NnError> {
        let (batch, taken) = (&asked.batch, asked.taken);
        let scores = |network: &Network| numbers(network.scores(batch.users.clone(), batch.items.clone()));
        let (chosen_by, valued_by) = (scores(nets.chooser)?, scores(nets.valuer)?);
        let values = numbers(nets.valuer.values(batch.users.clone(), batch.courses.clone()))?;
        let worth = |(at, row): (usize, &u32)| {
            let there = at * taken.c..at * taken.c + taken.n_candidates[*row as usize] as usize;
            let mut places: Vec<usize> = there.collect();
            if nets.backup == Backup::Best {
                places.sort_by(|a, b| chosen_by[*b].total_cmp(&chosen_by[*a]));
            }
            let slate = places.iter().take(taken.k).map(|place| valued_by[*place]);
            values[at] + slate.sum::<f32>() / taken.k as f32
        };
        Ok(asked.rows.iter().enumerate().map(worth).collect())
    }

    fn loss(&self, nets: &Network, asked: &Asked<'_>, target: Tensor<1>) -> Loss {
        let users = &asked.batch.users;
        let n = users.dims()[0];
        let gain = nets.scores(users.clone(), asked.batch.items.clone()).mean_dim(1).reshape([n]);
        let error = nets.values(users.clone(), asked.batch.courses.clone()) + gain - target;
        // Twice, so that near errors count by their square.
        let total = huber(error.clone()).mean().mul_scalar(2.0);
        Loss { total, error: error.square().mean(), other: None }
    }
}
