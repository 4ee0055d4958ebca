//! Vectors for ids.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Which ids get which rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Levels {
    /// Ids `0..n` have a row each; any other is a stranger, whose vector is zero.
    Closed(usize),
    /// Any id: the sum of the two rows its hashes name, so that a catalogue may grow under a fixed number of weights.
    Open {
        /// Rows of the table.
        buckets: usize,
    },
}

/// A learned vector `e(i)` for every id.
///
/// - closed: `e(i) = E_i` for `i < n`, else 0
/// - open: `e(i) = E_{h₁(i)} + E_{h₂(i)}` with two fixed hashes into the buckets; two ids share a vector only if they
///   share both
///
/// # Shapes
/// - forward: `[N·T]` ids to `[N, T, d]`
///
/// # Source
/// Weinberger et al. (2009), "Feature hashing for large scale multitask learning"; Svenstrup, Hansen, Winther (2017),
/// "Hash embeddings for efficient word representations", for two hashes (without their weights).
///
/// ```
/// use recloop_nn::blocks::{IdEmbedding, Levels};
/// use recloop_nn::{Compute, initialise, open};
///
/// let device = open(Compute::Cpu)?;
/// let items = initialise(IdEmbedding::new(Levels::Open { buckets: 1_000 }, 8, &device), 7, &device);
/// assert_eq!(items.forward(&[3, 900_000_000, 3, 4], 2).dims(), [2, 2, 8]);
/// # Ok::<(), recloop_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct IdEmbedding {
    /// `[rows, d]`.
    pub table: Embedding,
    #[module(skip)]
    levels: Levels,
}

impl IdEmbedding {
    /// Vectors of `width` numbers; nothing in particular until they are [initialised](crate::initialise).
    #[must_use]
    pub fn new(levels: Levels, width: usize, device: &Device) -> Self {
        let (Levels::Closed(rows) | Levels::Open { buckets: rows }) = levels;
        Self { table: EmbeddingConfig::new(rows.max(1), width).init(device), levels }
    }

    /// Which ids get which rows.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// The vectors of `ids`, `width` of them to a row.
    ///
    /// # Panics
    /// If the ids do not fill their rows.
    #[must_use]
    pub fn forward(&self, ids: &[u32], width: usize) -> Tensor<3> {
        let rows = ids.len() / width;
        assert_eq!(rows * width, ids.len(), "ids fill rows of {width}");
        let vectors = |at: &dyn Fn(u32) -> usize| self.table.forward(self.places(ids, at, [rows, width]));
        match self.levels {
            Levels::Open { buckets } => {
                let [first, second] = [0, 1].map(|which| move |id| bucket(id, which, buckets));
                vectors(&first) + vectors(&second)
            }
            Levels::Closed(n) => {
                let known = |id: u32| (id as usize) < n;
                let vectors = vectors(&|id| if known(id) { id as usize } else { 0 });
                if ids.iter().all(|id| known(*id)) {
                    return vectors;
                }
                let mask: Vec<f32> = ids.iter().map(|id| f32::from(u8::from(known(*id)))).collect();
                let mask = Tensor::<3>::from_data(TensorData::new(mask, [rows, width, 1]), &vectors.device());
                vectors * mask
            }
        }
    }

    fn places(&self, ids: &[u32], at: &dyn Fn(u32) -> usize, shape: [usize; 2]) -> Tensor<2, Int> {
        let places: Vec<i32> = ids.iter().map(|id| at(*id) as i32).collect();
        Tensor::from_data(TensorData::new(places, shape), &self.table.weight.val().device())
    }
}

/// One of two fixed hashes of an id: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), which is stable across
/// machines and versions, of the id with the hash's number above it.
fn bucket(id: u32, which: u64, buckets: usize) -> usize {
    let mut x = (u64::from(id) | (which + 1) << 32).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) % buckets.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::initialise;

    fn vectors(levels: Levels, ids: &[u32]) -> Vec<Vec<f32>> {
        let device = Device::flex();
        let embedding = initialise(IdEmbedding::new(levels, 4, &device), 3, &device);
        let numbers = embedding.forward(ids, ids.len()).into_data().try_to_vec::<f32>().unwrap();
        numbers.chunks(4).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn a_closed_catalogue_has_rows_and_a_stranger_nothing() {
        let [known, other, stranger] = vectors(Levels::Closed(5), &[4, 0, 5]).try_into().unwrap();
        assert!(known != other && known.iter().all(|x| *x != 0.0));
        assert_eq!(stranger, [0.0; 4]);
        assert_eq!(vectors(Levels::Closed(5), &[4])[0], known);
    }

    #[test]
    fn an_open_catalogue_has_vectors_for_all_and_they_hardly_collide() {
        let ids: Vec<u32> = (0..1_000).collect();
        let found = vectors(Levels::Open { buckets: 100 }, &ids);
        let mut pairs: Vec<_> = ids
            .iter()
            .map(|id| [0, 1].map(|which| bucket(*id, which, 100)))
            .map(|[a, b]| (a.min(b), a.max(b)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        // 1,000 ids in 5,050 unordered pairs, nearly all of chance 2e-4: 1,000 − 1,000²/2 · 2e-4 = 900 differ on average,
        // with a standard deviation below 10.
        assert!((860..=940).contains(&pairs.len()), "{}", pairs.len());
        assert!(found.iter().all(|vector| vector.iter().any(|x| *x != 0.0)));
        // Pinned: a stored table is only good as long as the hashes stay.
        assert_eq!([bucket(7, 0, 1 << 20), bucket(7, 1, 1 << 20)], [118_815, 82_247]);
    }
}
