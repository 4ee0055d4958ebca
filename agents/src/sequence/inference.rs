//! Queries and keys as plain numbers.

use recloop_nn::burn::tensor::{Device, Tensor};

use super::batch::{ints, tensor};
use super::{RetrievalNet, Widths};

/// Items and people are asked about in blocks of so many, filled up with zeros: what is said of one then does not depend
/// on how many others there are. Few people, since somebody may be asked about alone (both chosen by us).
const BLOCK_ITEMS: usize = 64;
const BLOCK_PEOPLE: usize = 8;

/// A network that only answers.
#[derive(Debug, Clone)]
pub(super) struct Inference<N> {
    net: N,
    device: Device,
    widths: Widths,
    length: usize,
}

/// What is known of a person who is asked about.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Past {
    /// The latest clicks, oldest first, no more than the network reads.
    pub(super) items: Vec<u32>,
    /// `[F]` what is observed.
    pub(super) seen: Vec<f32>,
}

/// Embedded items and their keys, `[U, d]` each.
#[derive(Debug, Clone, Default)]
pub(super) struct Vectors {
    pub(super) width: usize,
    embedded: Vec<f32>,
    keys: Vec<f32>,
}

impl Vectors {
    pub(super) fn len(&self) -> usize {
        self.keys.len().checked_div(self.width).unwrap_or(0)
    }

    pub(super) fn embedded(&self, place: usize) -> &[f32] {
        &self.embedded[place * self.width..][..self.width]
    }

    pub(super) fn key(&self, place: usize) -> &[f32] {
        &self.keys[place * self.width..][..self.width]
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.width = more.width;
        self.embedded.extend(more.embedded);
        self.keys.extend(more.keys);
    }
}

impl<N: RetrievalNet> Inference<N> {
    pub(super) fn new(net: &N, device: &Device, widths: Widths, length: usize) -> Self {
        Self { net: net.valid(), device: device.clone().inner(), widths, length }
    }

    pub(super) fn net(&self) -> &N {
        &self.net
    }

    pub(super) fn net_mut(&mut self) -> &mut N {
        &mut self.net
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The vectors of `ids`; `look` writes the features of one over zeros.
    pub(super) fn vectors(&self, ids: &[u32], mut look: impl FnMut(u32, &mut [f32])) -> Vectors {
        let mut out = Vectors::default();
        for ids in ids.chunks(BLOCK_ITEMS) {
            let (mut block, mut features) = ([0; BLOCK_ITEMS], vec![0.0; BLOCK_ITEMS * self.widths.item]);
            block[..ids.len()].copy_from_slice(ids);
            for (id, features) in ids.iter().zip(features.chunks_exact_mut(self.widths.item)) {
                look(*id, features);
            }
            let features = tensor(features, [BLOCK_ITEMS, self.widths.item], &self.device);
            let embedded = self.net.embed(&block, features);
            let width = embedded.dims()[1];
            let [embedded, keys] = [embedded.clone(), self.net.keys(embedded)]
                .map(|numbers| numbers_of(numbers, ids.len() * width));
            out.extend(Vectors { width, embedded, keys });
        }
        out
    }

    /// The queries of `pasts`, `[P, d]`; `embedded(person, click)` is the vector of a click.
    pub(super) fn queries<'a>(
        &self,
        pasts: &[Past],
        width: usize,
        embedded: impl Fn(usize, usize) -> &'a [f32],
    ) -> Vec<f32> {
        let (l, f) = (self.length, self.widths.user);
        let mut out = Vec::with_capacity(pasts.len() * width);
        for (block, people) in pasts.chunks(BLOCK_PEOPLE).enumerate() {
            let mut clicks = vec![0.0; BLOCK_PEOPLE * l * width];
            let mut seen = vec![0.0; BLOCK_PEOPLE * f];
            let mut at: Vec<i32> = (0..BLOCK_PEOPLE).map(|person| (person * (l + 1)) as i32).collect();
            for (i, past) in people.iter().enumerate() {
                for (click, out) in (0..past.items.len()).zip(clicks[i * l * width..].chunks_exact_mut(width))
                {
                    out.copy_from_slice(embedded(block * BLOCK_PEOPLE + i, click));
                }
                seen[i * f..][..f].copy_from_slice(&past.seen);
                at[i] += past.items.len() as i32;
            }
            let clicks = tensor(clicks, [BLOCK_PEOPLE, l, width], &self.device);
            let queries = self.net.queries(
                clicks,
                tensor(seen, [BLOCK_PEOPLE, f], &self.device),
                ints(at, &self.device),
            );
            out.extend(numbers_of(queries, people.len() * width));
        }
        out
    }
}

/// The first `n` numbers; not a number where the device could not give them, which a ranker refuses.
fn numbers_of(of: Tensor<2>, n: usize) -> Vec<f32> {
    let mut numbers = of.into_data().try_to_vec().unwrap_or_default();
    numbers.resize(n, f32::NAN);
    numbers
}
