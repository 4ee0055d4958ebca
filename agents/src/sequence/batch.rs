//! What is learned from at once.

use rand::rngs::ChaCha8Rng;
use rand::seq::index;
use recloop_nn::burn::tensor::{Device, Int, Tensor, TensorData};

use super::sequences::{Clicks, Sequences};
use super::{RetrievalNet, loss::sampled_softmax};

/// Some clicks of one person in a row: the past of each is the clicks of the run before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run<'a> {
    pub(super) clicks: &'a Clicks,
    pub(super) first: usize,
    pub(super) end: usize,
}

impl<'a> Run<'a> {
    /// The first `end` clicks as runs of `most`, counted from the latest.
    pub(super) fn all(clicks: &'a Clicks, end: usize, most: usize) -> impl Iterator<Item = Self> {
        (0..end.div_ceil(most)).map(move |i| {
            let end = end - i * most;
            Self { clicks, first: end.saturating_sub(most), end }
        })
    }

    fn items(&self) -> &'a [u32] {
        &self.clicks.items[self.first..self.end]
    }
}

/// Runs, and the items one of which is to be told for each click.
pub(super) struct Batch<'a> {
    runs: &'a [Run<'a>],
    /// Ascending.
    items: Vec<u32>,
    log_pi: Vec<f32>,
}

impl<'a> Batch<'a> {
    /// These runs, and at least `n_drawn` more items, all if there are no more than that.
    pub(super) fn new(runs: &'a [Run<'a>], data: &Sequences, n_drawn: usize, rng: &mut ChaCha8Rng) -> Self {
        let (n_items, n_drawn) = (data.n_items(), n_drawn.min(data.n_items()));
        let drawn = index::sample(rng, n_items, n_drawn).into_iter().map(|item| item as u32);
        let mut items: Vec<u32> = runs.iter().flat_map(Run::items).copied().chain(drawn).collect();
        items.sort_unstable();
        items.dedup();
        let n_clicks = runs.iter().map(|run| run.items().len()).sum::<usize>() as f64;
        let (share_drawn, total) = (n_drawn as f64 / n_items.max(1) as f64, data.n_clicks().max(1) as f64);
        let log_pi = |item: &u32| {
            let share = f64::from(data.counts[*item as usize]) / total;
            let absent = (1.0 - share_drawn) * (1.0 - share).powf(n_clicks);
            // An item that is there had a chance to be.
            (1.0 - absent).max(1.0 / total).ln() as f32
        };
        Self { runs, log_pi: items.iter().map(log_pi).collect(), items }
    }

    /// How many clicks are told.
    pub(super) fn n_clicks(&self) -> usize {
        self.runs.iter().map(|run| run.items().len()).sum()
    }

    pub(super) fn loss(&self, net: &impl RetrievalNet, data: &Sequences, device: &Device) -> Tensor<1> {
        let (items, width) = (self.items.len(), data.items.width());
        let features = self.items.iter().flat_map(|item| data.items.row(*item as usize)).copied().collect();
        let embedded = net.embed(&self.items, tensor(features, [items, width], device));
        let longest = self.runs.iter().map(|run| run.items().len()).max().unwrap_or(1).max(2) - 1;
        let (mut places, mut at, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (n, run) in self.runs.iter().enumerate() {
            let run = run.items().iter().map(|item| self.items.partition_point(|other| other < item) as i32);
            let first = targets.len();
            targets.extend(run);
            at.extend((0..targets.len() - first).map(|l| (n * (longest + 1) + l) as i32));
            places.extend_from_slice(&targets[first..targets.len() - 1]);
            places.resize((n + 1) * longest, 0);
        }
        let (n, m, d) = (self.runs.len(), targets.len(), embedded.dims()[1]);
        let clicks = embedded.clone().select(0, ints(places, device)).reshape([n, longest, d]);
        let f = data.looks.widths().user;
        let seen = self.runs.iter().flat_map(|run| &run.clicks.seen[run.first * f..run.end * f]);
        let users = tensor(seen.copied().collect(), [m, f], device);
        let queries = net.queries(clicks, users, ints(at, device));
        let log_pi = Tensor::from_data(TensorData::new(self.log_pi.clone(), [items]), device);
        sampled_softmax(queries, net.keys(embedded), log_pi, ints(targets, device))
    }
}

pub(super) fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

pub(super) fn ints(numbers: Vec<i32>, device: &Device) -> Tensor<1, Int> {
    let n = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [n]), device)
}
