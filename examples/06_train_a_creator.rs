//! Creators as agents: one small network learns what to post about, from own items' clicks alone.
//!
//! Run with `cargo run --release --example 06_train_a_creator`.

use recloop::agents::RandomSlates;
use recloop::nn::blocks::{Mlp, MlpConfig};
use recloop::nn::burn::tensor::activation::log_softmax;
use recloop::nn::burn::tensor::{Device, Tensor, TensorData};
use recloop::nn::{Compute, Optimiser, initialise, open};
use recloop::{Brief, CreatorAction, CreatorsEnv, ResetOptions, Streams, Tick, purpose};

const TOPICS: usize = 6;
const ROUNDS: u32 = 30;
/// Items that are there from the start.
const OPENING: u32 = 100;
/// Rounds an item is on offer: what was made later than this before the end was not seen for long enough to learn from.
const LIFE: u32 = 10;

/// A decision: what its creator knew of each topic, the topic it chose, and the clicks that the item brought.
type Decision = ([f32; 2 * TOPICS], usize, f32);

/// Lets eight agents among twelve random creators live once by the network's lights; tells what they decided.
fn live(net: &Mlp, device: &Device, seed: u64) -> Result<Vec<Decision>, Box<dyn std::error::Error>> {
    let settings = ["rule=external", "focal=8", "rivals=random", "n_creators=20", "users=100", "topics=6"];
    let world =
        recloop::make("creators-v0", &[&settings[..], &["opening_items=100", "exit=never"]].concat())?;
    let mut env = CreatorsEnv::new(world, RandomSlates::default(), |creator| creator.0 < 8);
    let mut seen =
        env.reset(seed, &ResetOptions { horizon: Some(Tick(ROUNDS)), ..ResetOptions::default() })?;
    let (mut knows, mut made) = ([[[0.0_f32; 2]; TOPICS]; 8], Vec::<(usize, u32, Decision)>::new());
    let mut places = std::collections::BTreeMap::new();
    while !env.is_over() {
        for news in seen.told.iter().flat_map(|own| own.items.iter().map(move |news| (own.creator, news))) {
            let (at, news) = (news.0.index(), news.1);
            if news.item.0 < OPENING {
                continue; // somebody else's idea: it was there from the start
            }
            // The oldest decision of this creator without an item is the one whose item it is now told of.
            let next = || made.iter().position(|(who, item, _)| *who == at && *item == u32::MAX);
            let Some(place) = places.get(&news.item).copied().or_else(next) else { continue };
            places.insert(news.item, place);
            let (_, item, decision) = &mut made[place];
            let known = &mut knows[at][decision.1];
            known[1] += f32::from(u8::from(*item == u32::MAX)); // told of for the first time
            (*item, decision.2) = (news.item.0, decision.2 + news.clicks as f32);
            known[0] += news.clicks as f32;
        }
        let mut actions = Vec::new();
        for agent in &seen.agents {
            let known = &knows[agent.index()];
            let mut features = [0.0; 2 * TOPICS];
            for (pair, [clicks, items]) in features.chunks_mut(2).zip(known) {
                pair.copy_from_slice(&[clicks / (items + 1.0) / 5.0, 1.0 / (items + 1.0)]);
            }
            let scores = logits(net, device, &[features]).into_data().try_to_vec::<f32>()?;
            let mut draws = Streams::new(seed).at(purpose::CREATOR, *agent, seen.turn);
            let mut gumbel = |score: &f32| score - (-(draws.unit() + 1e-9).ln()).ln();
            let noisy: Vec<f32> = scores.iter().map(&mut gumbel).collect();
            let topic = (0..TOPICS).max_by(|a, b| noisy[*a].total_cmp(&noisy[*b])).unwrap_or(0);
            actions.push((*agent, CreatorAction::Make(Brief { topic: topic as u16, ..Brief::default() })));
            made.push((agent.index(), u32::MAX, (features, topic, 0.0)));
        }
        seen = env.step(actions)?;
    }
    Ok(made.into_iter().take(8 * (ROUNDS - LIFE) as usize).map(|(_, _, decision)| decision).collect())
}

/// `[N, T]`: the same network scores every topic by what is known of it.
fn logits(net: &Mlp, device: &Device, known: &[[f32; 2 * TOPICS]]) -> Tensor<2> {
    let data = TensorData::new(known.concat(), [known.len() * TOPICS, 2]);
    net.forward(Tensor::from_data(data, device)).reshape([known.len(), TOPICS])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = open(Compute::Cpu)?.autodiff();
    let mut net = initialise(MlpConfig::new(2, [8], 1).build(&device), 7, &device);
    let mean = |lived: &[Decision]| lived.iter().map(|it| it.2).sum::<f32>() / lived.len() as f32;
    let before = (0..4).map(|seed| live(&net, &device, 900 + seed)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut optimiser = Optimiser::new(Some(1.0));
    for episode in 0..120 {
        let lived = live(&net, &device, episode)?;
        let (usual, n) = (mean(&lived), lived.len());
        let sd = (lived.iter().map(|it| (it.2 - usual).powi(2)).sum::<f32>() / n as f32).sqrt().max(1e-6);
        // REINFORCE: what brought more clicks than usual becomes likelier.
        let mut gains = vec![0.0; n * TOPICS];
        lived
            .iter()
            .enumerate()
            .for_each(|(i, it)| gains[i * TOPICS + it.1] = (it.2 - usual) / sd / n as f32);
        let known: Vec<_> = lived.iter().map(|it| it.0).collect();
        let gains = Tensor::<2>::from_data(TensorData::new(gains, [n, TOPICS]), &device);
        let loss = (log_softmax(logits(&net, &device, &known), 1) * gains).sum().neg();
        net = optimiser.step(0.03, net, loss)?.0;
    }
    let after = (0..4).map(|seed| live(&net, &device, 900 + seed)).collect::<Result<Vec<_>, _>>()?.concat();
    println!("clicks per item on new seeds: before {:.2}, after training {:.2}", mean(&before), mean(&after));
    assert!(mean(&after) > 1.15 * mean(&before));
    Ok(())
}
