//! Rows of experience as tensors.

use recloop_nn::NnError;
use recloop_nn::burn::tensor::{Device, Tensor, TensorData};

use super::experience::Experience;
use super::network::COURSE;

/// What stands for the score of a candidate that is not there: low enough that its probability is 0.
const NOBODY: f32 = -1e9;

/// Rows that go through a network at once where no gradient is needed (chosen by us).
const AT_ONCE: usize = 4096;

/// Rows of a batch that are one part of its gradient (chosen by us: a batch then keeps two processors busy or more, and
/// what a part works on stays in their caches).
const PART: usize = 512;

/// Some rows as tensors: users `[N, F_u]`, items `[N, C, F_i]`, and what is added to the scores `[N, C]`: head starts, and
/// where some rows have fewer candidates than others, what keeps those out that are not there.
pub(crate) struct Batch {
    pub(crate) users: Tensor<2>,
    pub(crate) courses: Tensor<2>,
    pub(crate) items: Tensor<3>,
    added: Option<Tensor<2>>,
}

impl Batch {
    /// With all candidates.
    pub(crate) fn of(taken: &Experience, rows: &[u32], device: &Device) -> Self {
        Self::of_first(taken, taken.c, rows, device)
    }

    /// With nobody but the shown, `[N, K]` in place of `[N, C]`.
    pub(crate) fn of_shown(taken: &Experience, rows: &[u32], device: &Device) -> Self {
        Self::of_first(taken, taken.k, rows, device)
    }

    fn of_first(taken: &Experience, c: usize, rows: &[u32], device: &Device) -> Self {
        let (n, width) = (rows.len(), taken.width);
        let [users, courses] = people(taken, rows, device);
        let mut items = Vec::with_capacity(n * c * width.item);
        rows.iter().for_each(|row| taken.items(*row as usize, c, &mut items));
        let full = rows.iter().all(|row| taken.n_candidates[*row as usize] as usize >= c);
        let added = (!full || taken.leans).then(|| {
            let row = |row: &u32| {
                let there = taken.n_candidates[*row as usize] as usize;
                let head_start = &taken.head_start[*row as usize * taken.c..][..c];
                (0..c).map(move |place| if place < there { head_start[place] } else { NOBODY })
            };
            let cells: Vec<f32> = rows.iter().flat_map(row).collect();
            Tensor::from_data(TensorData::new(cells, [n, c]), device)
        });
        Self {
            users,
            courses,
            items: Tensor::from_data(TensorData::new(items, [n, c, width.item]), device),
            added,
        }
    }

    /// What a network says, with head starts, and with nobody where nobody is.
    pub(crate) fn among_those_there(&self, scores: Tensor<2>) -> Tensor<2> {
        match &self.added {
            Some(added) => scores + added.clone(),
            None => scores,
        }
    }
}

/// One number for each row, asked for in pieces.
pub(crate) fn each(
    rows: &[u32],
    of: impl Fn(&[u32]) -> Result<Vec<f32>, NnError>,
) -> Result<Vec<f32>, NnError> {
    let mut all = Vec::with_capacity(rows.len());
    for rows in rows.chunks(AT_ONCE) {
        all.extend(of(rows)?);
    }
    Ok(all)
}

/// The parts of a batch, each with its share of the rows.
pub(crate) fn parts(rows: &[u32]) -> impl Iterator<Item = (f64, &[u32])> {
    rows.chunks(PART).map(|part| (part.len() as f64 / rows.len() as f64, part))
}

/// A tensor as plain numbers.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, NnError> {
    tensor.into_data().try_to_vec::<f32>().map_err(NnError::learner)
}

/// Rows of a table, one after another.
fn gather(table: &[f32], width: usize, rows: &[u32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|row| out.extend_from_slice(&table[*row as usize * width..][..width]));
    out
}

/// One number of every row.
pub(crate) fn column(values: &[f32], rows: &[u32], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = rows.iter().map(|row| values[*row as usize]).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Users `[N, F_u]` and courses `[N, 5]` of some rows.
pub(crate) fn people(taken: &Experience, rows: &[u32], device: &Device) -> [Tensor<2>; 2] {
    [
        table(&taken.users, taken.width.user, rows, device),
        table(taken.course.as_flattened(), COURSE, rows, device),
    ]
}

/// K numbers of every row.
pub(crate) fn table(values: &[f32], k: usize, rows: &[u32], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(gather(values, k, rows), [rows.len(), k]), device)
}
