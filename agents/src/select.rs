//! The best few of many scores, and who wins a tie.

use recloop_env::{ItemId, ItemView, Observation, Snapshot, SnapshotError, Streams, Tick, purpose};

/// Scores compared with the bar together, and maxima kept side by side (chosen by us).
const GROUP: usize = 16;
const LANES: usize = 8;

/// A fixed order among items of equal score, drawn once per run: the same wherever and to whomever they are shown.
#[derive(Debug, Clone)]
pub(crate) struct Ties {
    rng: Streams,
    words: Vec<u32>,
}

impl Default for Ties {
    fn default() -> Self {
        Self { rng: Streams::new(0), words: Vec::new() }
    }
}

impl Ties {
    /// Has the words of all items on offer ready.
    pub(crate) fn prepare(&mut self, seen: &Observation, rng: &Streams) {
        if self.rng != *rng {
            *self = Self { rng: *rng, words: Vec::new() };
        }
        let n_items = match &*seen.items {
            ItemView::Durable(catalogue) => catalogue.len(),
            ItemView::Ephemeral { per_row, .. } => *per_row,
        };
        for item in self.words.len()..n_items {
            self.words.push(draw(&self.rng, ItemId(item as u32)));
        }
    }

    #[inline]
    fn word(&self, item: ItemId) -> u32 {
        self.words.get(item.index()).copied().unwrap_or_else(|| draw(&self.rng, item))
    }

    /// A number that is larger for a larger score and, among equal scores, for the winner of the tie.
    #[inline]
    pub(crate) fn key(&self, score: f32, item: ItemId) -> u64 {
        // Adding zero turns −0 into +0; the rest makes the bits of a float sort like the float.
        let bits = (score + 0.0).to_bits();
        let sortable = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
        u64::from(sortable) << 32 | u64::from(self.word(item))
    }

    pub(crate) fn save(&self, into: &mut Snapshot) {
        let seed = self.rng.seed();
        into.put_u32("tie_seed", 1, &[seed as u32, (seed >> 32) as u32]);
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut seed = [0; 2];
        from.get_u32("tie_seed", &mut seed)?;
        let rng = Streams::new(u64::from(seed[1]) << 32 | u64::from(seed[0]));
        *self = Self { rng, words: Vec::new() };
        Ok(())
    }
}

fn draw(rng: &Streams, item: ItemId) -> u32 {
    rng.block(purpose::TIE, item, Tick(0), 0)[0]
}

/// A candidate that made it onto the slate so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pick {
    key: u64,
    /// Its place among the candidates.
    pub(crate) place: usize,
}

/// Leaves the `k` best candidates in `best`, best first; the place of a score that is not finite is an error.
///
/// `scores` and `items` are `[C]` with `C ≥ k ≥ 1`. Keys that are equal to the last bit fall to the lower place.
pub(crate) fn select(
    scores: &[f32],
    items: &[ItemId],
    ties: &Ties,
    k: usize,
    best: &mut Vec<Pick>,
) -> Result<(), usize> {
    // The least of the maxima of k pieces has k scores at or above it, so whatever is below has no chance.
    let mut bar = f32::INFINITY;
    for (i, piece) in scores.chunks(scores.len() / k).enumerate() {
        let top = largest(piece);
        if top.is_nan() {
            return Err(scores.iter().position(|score| !score.is_finite()).unwrap_or(0));
        }
        bar = if i < k { smaller(top, bar) } else { bar };
    }
    best.clear();
    best.resize(k, Pick::default());
    let (groups, rest) = scores.as_chunks::<GROUP>();
    let mut consider = |first: usize, mut hits: u32| {
        while hits != 0 {
            let place = first + hits.trailing_zeros() as usize;
            hits &= hits - 1;
            enter(best, Pick { key: ties.key(scores[place], items[place]), place });
        }
    };
    for (group, some) in groups.iter().enumerate() {
        consider(group * GROUP, at_least(bar, some));
    }
    consider(groups.len() * GROUP, at_least(bar, rest));
    Ok(())
}

/// Which of up to 32 scores are not below the bar, one bit each.
#[inline]
fn at_least(bar: f32, scores: &[f32]) -> u32 {
    scores.iter().enumerate().fold(0, |hits, (i, score)| hits | u32::from(*score >= bar) << i)
}

/// The largest score, or NaN if any is not finite.
#[inline]
fn largest(scores: &[f32]) -> f32 {
    let (mut top, mut zero) = ([f32::NEG_INFINITY; LANES], [0.0; LANES]);
    let (groups, rest) = scores.as_chunks::<LANES>();
    for group in groups {
        for lane in 0..LANES {
            top[lane] = larger(group[lane], top[lane]);
            zero[lane] += group[lane] * 0.0; // 0, or NaN for an infinity or a NaN
        }
    }
    for (lane, score) in rest.iter().enumerate() {
        top[lane] = larger(*score, top[lane]);
        zero[lane] += score * 0.0;
    }
    top.into_iter().fold(f32::NEG_INFINITY, larger) + zero.iter().sum::<f32>()
}

/// One instruction where `f32::max`, which has to mind NaN, is several.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline]
fn enter(best: &mut [Pick], pick: Pick) {
    let Some(mut at) = best.len().checked_sub(1).filter(|last| best[*last].key < pick.key) else { return };
    while at > 0 && best[at - 1].key < pick.key {
        best[at] = best[at - 1];
        at -= 1;
    }
    best[at] = pick;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_agrees_with_a_full_sort() {
        let rng = Streams::new(9);
        let ties = Ties { rng, words: Vec::new() };
        for n in [1, 2, 15, 16, 33, 100, 517] {
            let items: Vec<ItemId> = (0..n as u32).map(ItemId).collect();
            for levels in [1.0, 5.0, 1e6] {
                // Around zero, so that both signs of zero occur.
                let word = |item: &ItemId| draw(&rng, ItemId(item.0 + 1000));
                let level =
                    |item| (recloop_env::unit_f32(word(item)) * levels).floor() - (levels / 2.0).floor();
                let scores: Vec<f32> = items.iter().map(|item| -level(item)).collect();
                let mut sorted: Vec<usize> = (0..n).collect();
                let better = |a: &usize, b: &usize| {
                    let by_score = scores[*b].partial_cmp(&scores[*a]).unwrap();
                    by_score.then(ties.word(items[*b]).cmp(&ties.word(items[*a])))
                };
                sorted.sort_by(better);
                for k in [1, 2, 3, n / 2, n].into_iter().filter(|k| (1..=n).contains(k)) {
                    let mut best = Vec::new();
                    select(&scores, &items, &ties, k, &mut best).unwrap();
                    let places: Vec<usize> = best.iter().map(|pick| pick.place).collect();
                    assert_eq!(places, sorted[..k], "{k} of {n}, {levels} levels");
                }
            }
        }
    }

    #[test]
    fn a_score_that_is_no_number_is_found_wherever_it_stands() {
        let items: Vec<ItemId> = (0..40).map(ItemId).collect();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in 0..40 {
                let mut scores = [f32::MAX; 40];
                scores[place] = bad;
                let found = select(&scores, &items, &Ties::default(), 3, &mut Vec::new());
                assert_eq!(found, Err(place));
            }
        }
    }
}
