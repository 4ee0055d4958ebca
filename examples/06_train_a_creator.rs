//! Creators as agents: one small network learns what to post about, from own items' clicks alone.
//!
//! Run with `cargo run --release --example 06_train_a_creator`.

use std::collections::BTreeMap;

use recloop::agents::RandomSlates;
use recloop::nn::blocks::{Mlp, MlpConfig};
use recloop::nn::burn::tensor::activation::log_softmax;
use recloop::nn::burn::tensor::{Device, Tensor, TensorData};
use recloop::nn::{Compute, Optimiser, initialise, open};
use recloop::{Brief, CreatorAction, CreatorId, CreatorsEnv, ResetOptions, Streams, Tick, purpose};

const TOPICS: usize = 6;
const OPENING: u32 = 100; // items that are there from the start, which no agent decided
type AnyError = Box<dyn std::error::Error>;

/// A decision: who made it, what it knew of each topic, which it chose, and the clicks that the item brought.
type Decision = (CreatorId, [f32; 2 * TOPICS], usize, f32);

/// Lets eight agents among twelve random creators live once by the network's lights; tells what they decided.
fn live(net: &Mlp, device: &Device, seed: u64) -> Result<Vec<Decision>, AnyError> {
    let agents = ["rule=external", "focal=8", "rivals=random", "n_creators=20", "exit=never"];
    let world = recloop::make(
        "creators-v0",
        &[&agents[..], &["users=100", "topics=6", "opening_items=100"]].concat(),
    )?;
    let mut env = CreatorsEnv::new(world, RandomSlates::default(), |creator| creator.0 < 8);
    let mut seen = env.reset(seed, &ResetOptions { horizon: Some(Tick(30)), ..ResetOptions::default() })?;
    let (mut knows, mut made, mut items) = ([[0.0; 2 * TOPICS]; 8], Vec::<Decision>::new(), BTreeMap::new());
    while !env.is_over() {
        for own in &seen.told {
            for news in own.items.iter().filter(|news| news.item.0 >= OPENING) {
                // An item is told of once when it is new: it is that of the decision just made.
                let latest = || made.iter().rposition(|decision| decision.0 == own.creator).unwrap_or(0);
                let known = &mut knows[own.creator.index()];
                let at = *items.entry(news.item).or_insert_with(|| {
                    known[2 * made[latest()].2 + 1] += 1.0;
                    latest()
                });
                known[2 * made[at].2] += news.clicks as f32;
                made[at].3 += news.clicks as f32;
            }
        }
        let mut actions = Vec::new();
        for agent in &seen.agents {
            let known = as_features(&knows[agent.index()]);
            let scores = logits(net, device, &[known]).into_data().try_to_vec::<f32>()?;
            let mut draws = Streams::new(seed).at(purpose::CREATOR, *agent, seen.turn);
            let noisy: Vec<f32> =
                scores.iter().map(|score| score - (-(draws.unit() + 1e-9).ln()).ln()).collect();
            let topic = (0..TOPICS).max_by(|a, b| noisy[*a].total_cmp(&noisy[*b])).unwrap_or(0);
            actions.push((*agent, CreatorAction::Make(Brief { topic: topic as u16, ..Brief::default() })));
            made.push((*agent, known, topic, 0.0));
        }
        seen = env.step(actions)?;
    }
    made.truncate(8 * 20); // what was made in the last ten rounds was not on offer for long enough
    Ok(made)
}

/// Of each topic: clicks per item, shrunk to few, and how little is known.
fn as_features(known: &[f32; 2 * TOPICS]) -> [f32; 2 * TOPICS] {
    std::array::from_fn(|i| {
        if i % 2 == 0 { known[i] / (known[i + 1] + 1.0) / 5.0 } else { 1.0 / (known[i] + 1.0) }
    })
}

/// `[N, T]`: the same network scores every topic by what is known of it.
fn logits(net: &Mlp, device: &Device, known: &[[f32; 2 * TOPICS]]) -> Tensor<2> {
    let data = TensorData::new(known.concat(), [known.len() * TOPICS, 2]);
    net.forward(Tensor::from_data(data, device)).reshape([known.len(), TOPICS])
}

/// Mean clicks per item on seeds that no training saw.
fn judge(net: &Mlp, device: &Device) -> Result<f32, AnyError> {
    let lived = (900..904).map(|seed| live(net, device, seed)).collect::<Result<Vec<_>, _>>()?.concat();
    Ok(lived.iter().map(|it| it.3).sum::<f32>() / lived.len() as f32)
}

fn main() -> Result<(), AnyError> {
    let device = open(Compute::Cpu)?.autodiff();
    let mut net = initialise(MlpConfig::new(2, [8], 1).build(&device), 7, &device);
    let (before, mut optimiser) = (judge(&net, &device)?, Optimiser::new(Some(1.0)));
    for episode in 0..120 {
        let lived = live(&net, &device, episode)?;
        let n = lived.len();
        let usual = lived.iter().map(|it| it.3).sum::<f32>() / n as f32;
        let sd = (lived.iter().map(|it| (it.3 - usual).powi(2)).sum::<f32>() / n as f32).sqrt().max(1e-6);
        // REINFORCE: what brought more clicks than usual becomes likelier.
        let mut gains = vec![0.0; n * TOPICS];
        lived
            .iter()
            .enumerate()
            .for_each(|(i, it)| gains[i * TOPICS + it.2] = (it.3 - usual) / sd / n as f32);
        let known: Vec<_> = lived.iter().map(|it| it.1).collect();
        let gains = Tensor::<2>::from_data(TensorData::new(gains, [n, TOPICS]), &device);
        let loss = (log_softmax(logits(&net, &device, &known), 1) * gains).sum().neg();
        net = optimiser.step(0.03, net, loss)?.0;
    }
    let after = judge(&net, &device)?;
    println!("clicks per item on new seeds: before {before:.2}, after training {after:.2}");
    assert!(after > 1.15 * before);
    Ok(())
}
