//! Filling slates in parallel: rows are cut into fixed blocks, each with working memory that stays.

use recloop_env::{Grid, ItemId, Known, Observation, RecommendError, Slates};

/// Rows per block: enough to pay for a task, few enough to share out (chosen by us).
const BLOCK_ROWS: usize = 64;

/// One row of the slates, to write.
pub(crate) struct Places<'a> {
    pub(crate) items: &'a mut [ItemId],
    pub(crate) propensity: &'a mut [f64],
    /// There if marginals were asked for.
    pub(crate) marginal: Option<&'a mut [f64]>,
}

/// What is asked for every row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order {
    /// Slate size; 0 before `begin`.
    pub(crate) k: usize,
    /// Whether position marginals are wanted.
    pub(crate) marginals: bool,
    /// Whether the lottery of the scores comes before the ranking, so that nobody knows how likely a slate is.
    pub(crate) blind: bool,
}

/// Fills every row of `out` by `fill(memory, row, places)` and calls its propensities exact, unless the order is blind.
///
/// Of several rows that fail, the first is reported, whatever the threads do. Allocates only past the high-water
/// mark of rows.
pub(crate) fn fill_slates<M: Default + Send>(
    seen: &Observation,
    order: Order,
    memory: &mut Vec<M>,
    out: &mut Slates,
    fill: impl Fn(&mut M, usize, Places<'_>) -> Result<(), RecommendError> + Sync,
) -> Result<(), RecommendError> {
    let (rows, k) = (seen.len(), order.k);
    if k == 0 {
        return Err(RecommendError::Failed { reason: "no world was begun".into() });
    }
    let marginal = out.marginal.take();
    out.reset(rows, k);
    if order.marginals && !order.blind {
        out.marginal.insert(marginal.unwrap_or_default()).resize(rows, k);
    }
    let n_blocks = rows.div_ceil(BLOCK_ROWS);
    if memory.len() < n_blocks {
        memory.resize_with(n_blocks, M::default);
    }
    let blocks = Blocks {
        first: 0,
        k,
        items: out.items.as_mut_slice(),
        propensity: out.propensity.as_mut_slice(),
        marginal: out.marginal.as_mut().map(Grid::as_mut_slice),
        memory: &mut memory[..n_blocks],
    };
    blocks.fill(&|memory, row, places| {
        let candidates = seen.candidates.row(row).len();
        if candidates < k {
            return Err(RecommendError::TooFew { row, slate: k, candidates });
        }
        fill(memory, row, places)
    })?;
    out.known.fill(if order.blind { Known::Unavailable } else { Known::Exact });
    Ok(())
}

/// The places of `above` among row `row`'s candidates; refuses strangers, repeats, and a row with nothing left.
pub(crate) fn places_above(
    seen: &Observation,
    row: usize,
    above: &[ItemId],
) -> Result<Vec<usize>, RecommendError> {
    let candidates = seen.candidates.row(row).len();
    if candidates <= above.len() {
        return Err(RecommendError::TooFew { row, slate: above.len() + 1, candidates });
    }
    let mut places = Vec::with_capacity(above.len());
    for item in above {
        match seen.candidates.place(row, *item).filter(|place| !places.contains(place)) {
            Some(place) => places.push(place),
            None => {
                let reason =
                    format!("item {} cannot stand above in row {row}: not a candidate, or twice", item.0);
                return Err(RecommendError::Failed { reason });
            }
        }
    }
    Ok(places)
}

/// A run of blocks: their places, `[rows, K]` each, and a memory for every block.
struct Blocks<'a, M> {
    first: usize,
    k: usize,
    items: &'a mut [ItemId],
    propensity: &'a mut [f64],
    marginal: Option<&'a mut [f64]>,
    memory: &'a mut [M],
}

impl<M: Send> Blocks<'_, M> {
    fn fill(
        self,
        fill: &(impl Fn(&mut M, usize, Places<'_>) -> Result<(), RecommendError> + Sync),
    ) -> Result<(), RecommendError> {
        if self.memory.len() > 1 {
            let (left, right) = self.halve();
            let (left, right) = rayon::join(|| left.fill(fill), || right.fill(fill));
            return left.and(right);
        }
        let Some(memory) = self.memory.first_mut() else { return Ok(()) };
        let mut marginals = self.marginal.map(|cells| cells.chunks_exact_mut(self.k));
        let rows = self.items.chunks_exact_mut(self.k).zip(self.propensity.chunks_exact_mut(self.k));
        for (i, (items, propensity)) in rows.enumerate() {
            let marginal = marginals.as_mut().and_then(Iterator::next);
            fill(memory, self.first + i, Places { items, propensity, marginal })?;
        }
        Ok(())
    }

    fn halve(self) -> (Self, Self) {
        let blocks = self.memory.len() / 2;
        let cells = blocks * BLOCK_ROWS * self.k;
        let (items, items_rest) = self.items.split_at_mut(cells);
        let (propensity, propensity_rest) = self.propensity.split_at_mut(cells);
        let (marginal, marginal_rest) = self.marginal.map(|all| all.split_at_mut(cells)).unzip();
        let (memory, memory_rest) = self.memory.split_at_mut(blocks);
        let (first, k) = (self.first, self.k);
        let right = Self {
            first: first + blocks * BLOCK_ROWS,
            k,
            items: items_rest,
            propensity: propensity_rest,
            marginal: marginal_rest,
            memory: memory_rest,
        };
        (Self { first, k, items, propensity, marginal, memory }, right)
    }
}
