//! What a step costs; `scripts/bench_torch.py` times the same shapes in PyTorch. `RAYON_NUM_THREADS` sets the threads.
//!
//! With `--features mimalloc` the allocator is the other one: large tensors otherwise come from the system and go back to
//! it, page by page, at every operation.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_nn::blocks::{IdEmbedding, Levels, Mlp, MlpConfig, Transformer, TransformerConfig};
use recloop_nn::burn;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::activation::{log_sigmoid, log_softmax};
use recloop_nn::burn::tensor::{Device, Int, Tensor, TensorData};
use recloop_nn::{Optimiser, initialise};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sizes of the sequential step.
const BATCH: usize = 128;
const LENGTH: usize = 50;
const WIDTH: usize = 64;
const ITEMS: u32 = 10_000;

#[derive(Module, Debug)]
struct Sequential {
    items: IdEmbedding,
    body: Transformer,
}

impl Sequential {
    /// Binary cross-entropy of the next item against one drawn item, as Kang & McAuley (2018) train.
    fn loss(&self, [seen, next, other]: &[Vec<u32>; 3]) -> Tensor<1> {
        let states = self.body.forward(self.items.forward(seen, LENGTH));
        let score = |ids: &[u32]| (states.clone() * self.items.forward(ids, LENGTH)).sum_dim(2);
        -(log_sigmoid(score(next)) + log_sigmoid(-score(other))).mean()
    }
}

fn sequential(c: &mut Criterion) {
    let device = Device::flex().autodiff();
    let net = Sequential {
        items: IdEmbedding::new(Levels::Closed(ITEMS as usize), WIDTH, &device),
        body: TransformerConfig::new(WIDTH, LENGTH).build(&device),
    };
    let (mut net, mut optimiser) = (Some(initialise(net, 7, &device)), Optimiser::new(None));
    let ids =
        |salt: u32| (0..(BATCH * LENGTH) as u32).map(|i| (i * 7_919 + salt) % ITEMS).collect::<Vec<_>>();
    let batch = [1, 2, 3].map(ids);
    c.bench_function("sasrec step", |b| {
        b.iter(|| {
            let moved = net.take().expect("a network comes back");
            let loss = moved.loss(&batch);
            net = Some(optimiser.step(1e-3, moved, loss).expect("it trains").0);
        });
    });
}

/// Sizes of the actor and the critic.
const INPUTS: usize = 32;
const ACTIONS: usize = 10;
const ROWS: usize = 2_048;

#[derive(Module, Debug)]
struct ActorCritic {
    actor: Mlp,
    critic: Mlp,
}

impl ActorCritic {
    fn new(device: &Device) -> Self {
        let mlp = |outputs| MlpConfig::new(INPUTS, [64, 64], outputs).build(device);
        initialise(Self { actor: mlp(ACTIONS), critic: mlp(1) }, 7, device)
    }

    /// The clipped objective of Schulman et al. (2017), with an entropy bonus of .01 and half the squared error of the value.
    fn loss(
        &self,
        x: Tensor<2>,
        action: Tensor<2, Int>,
        [old, advantage, value]: [Tensor<2>; 3],
    ) -> Tensor<1> {
        let log_p = log_softmax(self.actor.forward(x.clone()), 1);
        let entropy = -(log_p.clone().exp() * log_p.clone()).sum_dim(1).mean();
        let ratio = (log_p.gather(1, action) - old).exp();
        let clipped = ratio.clone().clamp(0.8, 1.2) * advantage.clone();
        let policy = -(ratio * advantage).min_pair(clipped).mean();
        policy + (self.critic.forward(x) - value).square().mean().mul_scalar(0.5) - entropy.mul_scalar(0.01)
    }
}

fn numbers<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let n = shape.iter().product();
    let number = |i: usize| ((i * 7_919) % 1_009) as f32 / 504.5 - 1.0;
    Tensor::from_data(TensorData::new((0..n).map(number).collect::<Vec<f32>>(), shape), device)
}

fn actor_critic(c: &mut Criterion) {
    let device = Device::flex().autodiff();
    let (mut net, mut optimiser) = (Some(ActorCritic::new(&device)), Optimiser::new(None));
    let actions: Vec<i32> = (0..ROWS).map(|i| (i * 31 % ACTIONS) as i32).collect();
    let action = Tensor::<2, Int>::from_data(TensorData::new(actions, [ROWS, 1]), &device);
    let x = numbers([ROWS, INPUTS], &device);
    let old = numbers([ROWS, 1], &device).mul_scalar(0.1).sub_scalar(2.3);
    let rest = [old, numbers([ROWS, 1], &device), numbers([ROWS, 1], &device)];
    c.bench_function("actor-critic update", |b| {
        b.iter(|| {
            let moved = net.take().expect("a network comes back");
            let loss = moved.loss(x.clone(), action.clone(), rest.clone());
            net = Some(optimiser.step(3e-4, moved, loss).expect("it trains").0);
        });
    });
}

fn rollout(c: &mut Criterion) {
    const USERS: usize = 16_384;
    let device = Device::flex();
    let (net, x) = (ActorCritic::new(&device), numbers([USERS, INPUTS], &device));
    let mut group = c.benchmark_group("rollout");
    group.throughput(Throughput::Elements(USERS as u64));
    group.bench_function("forward", |b| b.iter(|| black_box(net.actor.forward(x.clone()).into_data())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = sequential, actor_critic, rollout
}
criterion_main!(benches);
