//! Learning from sequences.

use std::path::Path;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use recloop_nn::burn::tensor::Device;
use recloop_nn::checkpoint::{OPTIMISER, WEIGHTS, load_json, load_weights, save_json, save_weights};
use recloop_nn::training::{Learner, Measures};
use recloop_nn::{NnError, Optimiser, initialise};
use serde::{Deserialize, Serialize};

use super::batch::{Batch, Run};
use super::inference::{Inference, Past};
use super::sequences::Clicks;
use super::{Design, Retrieval, Sequences};
use crate::AgentError;
use crate::error::check_positive;
use crate::learned::Rule;
use crate::side_by_side::in_order;

/// Places of a ranking that count as found (as in Kang & McAuley 2018).
const TOP: usize = 10;
/// People whose held-out click is looked for after a round: the first of them (chosen by us).
const MOST_JUDGED: usize = 512;

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingPlan {
    /// Of the first weights, of the order of learning, of the items drawn.
    #[serde(skip)]
    pub seed: u64,
    /// η of Adam.
    pub learning_rate: f64,
    /// Largest norm of a gradient.
    pub max_norm: f32,
    /// Runs of clicks learned from at once.
    pub batch: usize,
    /// Most batches in a round; a round of fewer has seen everything once.
    pub batches: usize,
    /// Items drawn to be told apart from those of a batch; a catalogue of no more takes part whole.
    pub drawn: usize,
    /// Whether everybody's last click is held out, to be looked for after each round.
    pub hold_out: bool,
    /// Rounds in which held-out clicks may be found no better before it ends.
    pub patience: u64,
}

impl TrainingPlan {
    /// What tells how well held-out clicks are found; higher is better.
    pub const FOUND: &str = "ndcg@10";

    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        vec![
            Rule::positive("learning_rate", self.learning_rate),
            Rule::positive("max_norm", self.max_norm.into()),
            Rule::some("batch", self.batch),
            Rule::some("batches", self.batches),
            Rule::some("patience", self.patience as usize),
        ]
    }
}

impl Default for TrainingPlan {
    /// Adam at 1e-3 on 128 runs (as Kang & McAuley 2018), a gradient of norm 5 at most, up to 100 batches a round, 1,024
    /// items drawn, last clicks held out, ten rounds of patience (chosen by us).
    fn default() -> Self {
        Self {
            seed: 0,
            learning_rate: 1e-3,
            max_norm: 5.0,
            batch: 128,
            batches: 100,
            drawn: 1024,
            hold_out: true,
            patience: 10,
        }
    }
}

/// A network that learns from [`Sequences`], a round being so many batches.
///
/// Measures: `loss`, the mean over the round's batches; and where last clicks are held out, `hit_rate@10`, the share of
/// people whose last click is among the ten items of highest score, and `ndcg@10`, which counts it `1 / log₂(1 + rank)`.
/// Items are ranked among all published; of equal scores the smaller id comes first.
pub struct RetrievalTraining<D: Design> {
    design: D,
    plan: TrainingPlan,
    data: Sequences,
    device: Device,
    net: D::Net,
    optimiser: Optimiser,
    /// Rounds so far.
    round: u32,
}

impl<D: Design> RetrievalTraining<D> {
    /// A network that has learned nothing yet.
    ///
    /// # Errors
    /// [`AgentError::Setting`] for a batch, a number of batches or a rate that is zero; [`AgentError::NoClicks`] if there
    /// is nothing to learn from.
    pub fn new(design: D, plan: TrainingPlan, data: Sequences, device: &Device) -> Result<Self, AgentError> {
        let counts = [("batch", plan.batch), ("batches", plan.batches)].map(|(name, n)| (name, n as f32));
        let sizes = [("learning_rate", plan.learning_rate as f32), ("max_norm", plan.max_norm)];
        for (name, value) in counts.into_iter().chain(sizes) {
            check_positive(name, value)?;
        }
        let (design, device) = (design.settled(data.levels()), device.clone().autodiff());
        let net = initialise(design.build(data.looks.widths(), &device), plan.seed, &device);
        let optimiser = Optimiser::new(Some(plan.max_norm));
        let training = Self { design, plan, data, device, net, optimiser, round: 0 };
        if training.runs().is_empty() { Err(AgentError::NoClicks) } else { Ok(training) }
    }

    /// What is trained, with all that its log had to say.
    #[must_use]
    pub fn design(&self) -> &D {
        &self.design
    }

    /// What was learned so far.
    #[must_use]
    pub fn scorer(&self) -> Retrieval<D> {
        Retrieval::of(self.design.clone(), self.data.looks.clone(), &self.net, &self.device)
    }

    /// How many of somebody's clicks are learned from.
    fn learned(&self, clicks: &Clicks) -> usize {
        clicks.items.len() - usize::from(self.plan.hold_out)
    }

    fn runs(&self) -> Vec<Run<'_>> {
        let most = self.design.length() + 1;
        self.data.people().flat_map(|clicks| Run::all(clicks, self.learned(clicks), most)).collect()
    }

    /// Hit rate and NDCG at [`TOP`] of the clicks held out.
    fn judge(&self) -> [f64; 2] {
        let inference =
            Inference::new(&self.net, &self.device, self.data.looks.widths(), self.design.length());
        let ids: Vec<u32> = (0..self.data.n_items() as u32).collect();
        let items = inference.vectors(&ids, |id, out| out.copy_from_slice(self.data.items.row(id as usize)));
        let f = self.data.looks.widths().user;
        let judged = self.data.people().filter(|clicks| clicks.items.len() > 1).take(MOST_JUDGED);
        let (pasts, targets): (Vec<_>, Vec<_>) = judged
            .map(|clicks| {
                let last = clicks.items.len() - 1;
                let past = &clicks.items[last.saturating_sub(inference.length())..last];
                (Past { items: past.to_vec(), seen: clicks.seen[last * f..].to_vec() }, clicks.items[last])
            })
            .unzip();
        let embedded = |person: usize, click: usize| items.embedded(pasts[person].items[click] as usize);
        let queries = inference.queries(&pasts, items.width, embedded);
        let mut sums = [0.0; 2];
        for (query, target) in queries.chunks_exact(items.width.max(1)).zip(&targets) {
            let score = |item: u32| in_order(items.key(item as usize), query);
            let own = score(*target);
            let better = |item: &u32| score(*item) > own || (score(*item) == own && item < target);
            let place = ids.iter().filter(|item| better(item)).count();
            if place < TOP {
                sums[0] += 1.0;
                sums[1] += 1.0 / (place as f64 + 2.0).log2();
            }
        }
        sums.map(|sum| sum / targets.len().max(1) as f64)
    }
}

impl<D: Design> Learner for RetrievalTraining<D> {
    fn round(&mut self) -> Result<Measures, NnError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.plan.seed);
        rng.set_stream(u64::from(self.round));
        let (mut net, mut optimiser) = (self.net.clone(), self.optimiser.clone());
        let mut runs = self.runs();
        runs.shuffle(&mut rng);
        let (mut steps, mut losses, mut n_batches) = (0, 0.0, 0.0_f64);
        for runs in runs.chunks(self.plan.batch).take(self.plan.batches) {
            let batch = Batch::new(runs, &self.data, self.plan.drawn, &mut rng);
            let loss = batch.loss(&net, &self.data, &self.device);
            let (moved, [loss, _]) = optimiser.step(self.plan.learning_rate, net, loss)?;
            net = moved;
            steps += batch.n_clicks() as u64;
            losses += loss;
            n_batches += 1.0;
        }
        drop(runs);
        (self.net, self.optimiser, self.round) = (net, optimiser, self.round + 1);
        let mut values = vec![("loss", losses / n_batches.max(1.0))];
        if self.plan.hold_out {
            values.extend(["hit_rate@10", TrainingPlan::FOUND].into_iter().zip(self.judge()));
        }
        Ok(Measures { steps, values })
    }

    fn save(&self, dir: &Path) -> Result<(), NnError> {
        save_weights(&self.net, &dir.join(WEIGHTS))?;
        self.optimiser.save(&dir.join(OPTIMISER))?;
        save_json(&self.round, &dir.join(ROUND))
    }

    fn load(&mut self, dir: &Path) -> Result<(), NnError> {
        self.round = load_json(&dir.join(ROUND))?;
        load_weights(&mut self.net, &dir.join(WEIGHTS))?;
        self.optimiser.load(&dir.join(OPTIMISER))
    }
}

/// Which round comes next.
const ROUND: &str = "round.json";
