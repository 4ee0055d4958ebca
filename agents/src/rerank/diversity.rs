//! How much less an item is worth below others like it.

use recloop_env::{BlockAt, BlockKind, ItemId, Observation};

use super::place::Penalty;

/// Variance below which an item counts as a copy of those above; the loss of such an item is then `−ln` of it (chosen by
/// us).
const LEAST_VARIANCE: f64 = 1e-6;

/// How alike the items of a shortlist are: the cosine of one of their blocks; of categories, whether they are the same.
#[derive(Debug)]
pub(super) enum Likeness {
    Codes(Vec<u16>),
    /// Unit vectors, or zero ones, one after another.
    Vectors {
        width: usize,
        numbers: Vec<f32>,
    },
}

impl Likeness {
    pub(super) fn of(
        seen: &Observation,
        row: usize,
        block: BlockAt,
        items: impl Iterator<Item = ItemId>,
    ) -> Self {
        match block.kind {
            BlockKind::Category { .. } => {
                Self::Codes(items.map(|item| seen.items.code(block, row, item)).collect())
            }
            BlockKind::Dense { width } => {
                let mut numbers = Vec::new();
                for item in items {
                    let vector = seen.items.dense(block, row, item);
                    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
                    let scale = if length > 0.0 { length.recip() } else { 0.0 };
                    numbers.extend(vector.iter().map(|x| x * scale));
                }
                Self::Vectors { width, numbers }
            }
        }
    }

    pub(super) fn between(&self, a: usize, b: usize) -> f32 {
        match self {
            Self::Codes(codes) => f32::from(u8::from(codes[a] == codes[b])),
            Self::Vectors { width, numbers } => {
                let [a, b] = [a, b].map(|item| &numbers[item * width..(item + 1) * width]);
                lanes_dot(a, b).clamp(-1.0, 1.0)
            }
        }
    }
}

/// The largest likeness to an item above, from 0 to 1.
#[derive(Debug)]
pub(super) struct MostAlike {
    likeness: Likeness,
    losses: Vec<f32>,
}

impl MostAlike {
    pub(super) fn new(likeness: Likeness, n_items: usize) -> Self {
        Self { likeness, losses: vec![0.0; n_items] }
    }
}

impl Penalty for MostAlike {
    fn worst(&self) -> f32 {
        1.0
    }

    fn loss(&self, item: usize) -> f32 {
        self.losses[item]
    }

    fn place(&mut self, item: usize) {
        for (other, loss) in self.losses.iter_mut().enumerate() {
            *loss = loss.max(self.likeness.between(item, other));
        }
    }
}

/// `−ln d²`, where d² is the share of the item that the items above do not span: `det S_{Y+i} = det S_Y · d_i²`.
#[derive(Debug)]
pub(super) struct Spanned {
    likeness: Likeness,
    /// d² of every item.
    variance: Vec<f64>,
    /// Row p: of every item, its component along what the p-th placed item added.
    components: Vec<Vec<f64>>,
}

impl Spanned {
    pub(super) fn new(likeness: Likeness, n_items: usize) -> Self {
        Self { likeness, variance: vec![1.0; n_items], components: Vec::new() }
    }
}

impl Penalty for Spanned {
    fn worst(&self) -> f32 {
        -LEAST_VARIANCE.ln() as f32
    }

    fn loss(&self, item: usize) -> f32 {
        -self.variance[item].max(LEAST_VARIANCE).ln() as f32
    }

    fn place(&mut self, item: usize) {
        let length = self.variance[item].max(LEAST_VARIANCE).sqrt();
        let mut along: Vec<f64> =
            (0..self.variance.len()).map(|other| f64::from(self.likeness.between(item, other))).collect();
        for component in &self.components {
            let own = component[item];
            along.iter_mut().zip(component).for_each(|(sum, other)| *sum -= own * other);
        }
        for (component, variance) in along.iter_mut().zip(&mut self.variance) {
            *component /= length;
            *variance -= *component * *component;
        }
        self.components.push(along);
    }
}

/// `a · b` in eight interleaved sums, which the compiler keeps in vector registers.
fn lanes_dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}
