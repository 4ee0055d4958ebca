//! Creators as agents: one small network learns what to post about, from own items' clicks alone.
//!
//! Run with `cargo run --release --example 06_train_a_creator`.

use recloop::agents::RandomSlates;
use recloop::nn::blocks::{Mlp, MlpConfig};
use recloop::nn::burn::tensor::activation::log_softmax;
use recloop::nn::burn::tensor::{Device, Tensor, TensorData};
use recloop::nn::{Compute, Optimiser, initialise, open};
use recloop::{Brief, CreatorAction, CreatorsEnv, Env, ItemId, OwnFeedback, ResetOptions, Tick, purpose};

const TOPICS: usize = 6;
const SETTINGS: &str = "rule=external focal=8 rivals=random n_creators=20 exit=never users=100 topics=6";
type AnyError = Box<dyn std::error::Error>;
/// Clicks on items of each topic, and how many items there were.
type Known = [[f32; 2]; TOPICS];

/// An agent: what it knows, and of each of its items its id once known, what was known before, the topic and the clicks.
#[derive(Default, Clone)]
struct Agent(Known, Vec<(Option<ItemId>, Known, usize, f32)>);

impl Agent {
    fn hear(&mut self, own: &OwnFeedback) {
        // What is there from the start, ids below 500, nobody decided; else a new id is the oldest item without one.
        for news in own.items.iter().filter(|news| news.item.0 >= 500) {
            let is_it = |item: &&mut (Option<ItemId>, _, _, _)| item.0.is_none_or(|id| id == news.item);
            let Some((id, _, topic, clicks)) = self.1.iter_mut().find(is_it) else { continue };
            self.0[*topic][1] += f32::from(u8::from(id.replace(news.item).is_none()));
            self.0[*topic][0] += news.clicks as f32;
            *clicks += news.clicks as f32;
        }
    }
}

/// `[N, T]`: the same network scores every topic by its clicks per item, shrunk to few, and by how little is known.
fn logits(net: &Mlp, device: &Device, known: &[Known]) -> Tensor<2> {
    let feature = |[clicks, items]: &[f32; 2]| [clicks / (items + 1.0) / 5.0, 1.0 / (items + 1.0)];
    let data: Vec<f32> = known.as_flattened().iter().flat_map(feature).collect();
    let data = TensorData::new(data, [known.len() * TOPICS, 2]);
    net.forward(Tensor::from_data(data, device)).reshape([known.len(), TOPICS])
}

/// Lets eight agents among twelve random creators live once by the network's lights; tells their first 20 items each.
fn live(net: &Mlp, device: &Device, seed: u64) -> Result<Vec<(Known, usize, f32)>, AnyError> {
    let world = recloop::make("creators-v0", &SETTINGS.split(' ').collect::<Vec<_>>())?;
    let mut env = CreatorsEnv::new(world, RandomSlates::default(), |creator| creator.0 < 8);
    let mut seen = env.reset(seed, &ResetOptions { horizon: Some(Tick(30)), ..ResetOptions::default() })?;
    let mut agents = vec![Agent::default(); 8];
    while !env.is_over() {
        seen.told.iter().for_each(|own| agents[own.creator.index()].hear(own));
        let known: Vec<Known> = agents.iter().map(|agent| agent.0).collect();
        let scores = logits(net, device, &known).into_data().try_to_vec::<f32>()?;
        let mut actions = Vec::new();
        for (&who, scores) in seen.agents.iter().zip(scores.chunks(TOPICS)) {
            let mut draws = env.world().streams().at(purpose::CREATOR, who, seen.turn);
            let noisy: Vec<f32> = scores.iter().map(|s| s - (-(draws.unit() + 1e-9).ln()).ln()).collect();
            let topic = (0..TOPICS).max_by(|a, b| noisy[*a].total_cmp(&noisy[*b])).unwrap_or(0);
            actions.push((who, CreatorAction::Make(Brief { topic: topic as u16, ..Brief::default() })));
            agents[who.index()].1.push((None, known[who.index()], topic, 0.0));
        }
        seen = env.step(actions)?;
    }
    let first = |agent: Agent| agent.1.into_iter().take(20).map(|it| (it.1, it.2, it.3));
    Ok(agents.into_iter().flat_map(first).collect())
}

/// Mean clicks per item on seeds that no training saw.
fn judge(net: &Mlp, device: &Device) -> Result<f32, AnyError> {
    let lived = (900..904).map(|seed| live(net, device, seed)).collect::<Result<Vec<_>, _>>()?.concat();
    Ok(lived.iter().map(|it| it.2).sum::<f32>() / lived.len() as f32)
}

fn main() -> Result<(), AnyError> {
    let device = open(Compute::Cpu)?.autodiff();
    let mut net = initialise(MlpConfig::new(2, [8], 1).build(&device), 7, &device);
    let (before, mut optimiser) = (judge(&net, &device)?, Optimiser::new(Some(1.0)));
    for episode in 0..120 {
        let lived = live(&net, &device, episode)?;
        let n = lived.len() as f32;
        let usual = lived.iter().map(|it| it.2).sum::<f32>() / n;
        let sd = (lived.iter().map(|it| (it.2 - usual).powi(2)).sum::<f32>() / n).sqrt().max(1e-6);
        // REINFORCE: what brought more clicks than usual becomes likelier.
        let gains = lived.iter().flat_map(|(_, topic, clicks)| {
            (0..TOPICS).map(move |other| if other == *topic { (clicks - usual) / sd / n } else { 0.0 })
        });
        let gains = TensorData::new(gains.collect::<Vec<f32>>(), [lived.len(), TOPICS]);
        let known: Vec<Known> = lived.iter().map(|it| it.0).collect();
        let chances = log_softmax(logits(&net, &device, &known), 1);
        let loss = (chances * Tensor::<2>::from_data(gains, &device)).sum().neg();
        net = optimiser.step(0.03, net, loss)?.0;
    }
    let after = judge(&net, &device)?;
    println!("clicks per item on new seeds: before {before:.2}, after training {after:.2}");
    assert!(after > 1.15 * before);
    Ok(())
}
