//! The best few of many scores, and who wins a tie.

use std::cmp::Reverse;

use recloop_env::{ItemId, ItemView, Observation, Snapshot, SnapshotError, Streams, Tick, purpose};

/// Scores compared with the bar together, and maxima kept side by side (chosen by us).
const GROUP: usize = 16;
/// Maxima for every place on the slate: with twice as many, a fifth more scores than places reach the bar (chosen by us).
const MAXIMA_PER_PLACE: usize = 2;

/// A fixed order among items of equal score, drawn once per run: the same wherever and to whomever they are shown.
#[derive(Debug, Clone)]
pub(crate) struct Ties {
    rng: Streams,
    /// Whether the seed was given, and is not the run's.
    given: bool,
    words: Vec<u32>,
}

impl Default for Ties {
    fn default() -> Self {
        Self { rng: Streams::new(0), given: false, words: Vec::new() }
    }
}

impl Ties {
    /// An order of a seed of its own.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self { rng: Streams::new(seed), given: true, words: Vec::new() }
    }

    /// Has the words of all items on offer ready.
    pub(crate) fn prepare(&mut self, seen: &Observation, rng: &Streams) {
        if self.rng != *rng && !self.given {
            *self = Self { rng: *rng, given: false, words: Vec::new() };
        }
        let n_items = match &*seen.items {
            ItemView::Durable(catalogue) => catalogue.len(),
            ItemView::Ephemeral { per_row, .. } => *per_row,
        };
        for item in self.words.len()..n_items {
            self.words.push(draw(&self.rng, ItemId(item as u32)));
        }
    }

    /// The streams of the run, or of the seed given.
    pub(crate) fn streams(&self) -> &Streams {
        &self.rng
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
        *self = Self { rng, given: self.given, words: Vec::new() };
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

/// Working memory of [`select`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    maxima: Vec<f32>,
    best: Vec<Pick>,
}

/// The `k` best candidates, best first.
///
/// `scores` and `items` are `[C]`; a score of −∞ keeps a candidate out, no score is NaN, and at least `k ≥ 1` are left.
/// Keys that are equal to the last bit fall to the lower place.
pub(crate) fn select<'a>(
    scores: &[f32],
    items: &[ItemId],
    ties: &Ties,
    k: usize,
    memory: &'a mut Selection,
) -> &'a [Pick] {
    let Selection { maxima, best } = memory;
    let bar = bar(scores, k, maxima);
    best.clear();
    best.resize(k, Pick::default());
    reaching(bar, scores, |place| {
        enter(best, Pick { key: ties.key(scores[place], items[place]), place });
    });
    best
}

/// The places of the `n` best candidates, or of as many as there are, in order of place; ties fall as in [`select`].
pub(crate) fn shortlist(scores: &[f32], items: &[ItemId], ties: &Ties, n: usize, places: &mut Vec<usize>) {
    places.clear();
    let bar = if n < scores.len() { bar(scores, n, &mut Vec::new()) } else { f32::MIN };
    reaching(bar.max(f32::MIN), scores, |place| places.push(place));
    if places.len() > n {
        let key = |place: &usize| (ties.key(scores[*place], items[*place]), Reverse(*place));
        places.select_nth_unstable_by_key(n, |place| Reverse(key(place)));
        places.truncate(n);
        places.sort_unstable();
    }
}

/// The same with at most `most` of each group, as long as there are others; then the best of those left out.
pub(crate) fn shortlist_of_groups(
    scores: &[f32],
    items: &[ItemId],
    ties: &Ties,
    (n, most): (usize, usize),
    group: impl Fn(ItemId) -> usize,
    places: &mut Vec<usize>,
) {
    // More of a group than are kept in all are never kept.
    let (most, mut best) = (most.min(n), Vec::new());
    for (place, score) in scores.iter().enumerate().filter(|(_, score)| **score >= f32::MIN) {
        let first = most * group(items[place]);
        if best.len() < first + most {
            best.resize(first + most, Pick::default());
        }
        enter(&mut best[first..][..most], Pick { key: ties.key(*score, items[place]), place });
    }
    let mut within = vec![f32::NEG_INFINITY; scores.len()];
    // The key of a score is above zero, that of an empty seat is zero.
    best.iter().filter(|pick| pick.key > 0).for_each(|pick| within[pick.place] = scores[pick.place]);
    shortlist(&within, items, ties, n, places);
    if places.len() < n {
        let (mut others, mut more) = (scores.to_vec(), Vec::new());
        places.iter().for_each(|place| others[*place] = f32::NEG_INFINITY);
        shortlist(&others, items, ties, n - places.len(), &mut more);
        places.append(&mut more);
        places.sort_unstable();
    }
}

/// A score that at least `k` reach, and few more: the k-th largest of maxima over disjoint parts.
fn bar(scores: &[f32], k: usize, maxima: &mut Vec<f32>) -> f32 {
    let n_pieces = (MAXIMA_PER_PLACE * k).div_ceil(GROUP);
    let depth = (scores.len() / (n_pieces * GROUP)).max(1);
    let mut pieces = scores.chunks_exact(depth * GROUP);
    maxima.clear();
    for piece in &mut pieces {
        let mut top = [f32::NEG_INFINITY; GROUP];
        for line in piece.as_chunks::<GROUP>().0 {
            for lane in 0..GROUP {
                top[lane] = larger(line[lane], top[lane]);
            }
        }
        maxima.extend(top);
    }
    maxima.extend(pieces.remainder());
    *maxima.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1
}

/// Calls `visit(place)` for every score that is not below the bar.
#[inline]
fn reaching(bar: f32, scores: &[f32], mut visit: impl FnMut(usize)) {
    for (group, some) in scores.chunks(GROUP).enumerate() {
        let mut hits = at_least(bar, some);
        while hits != 0 {
            visit(group * GROUP + hits.trailing_zeros() as usize);
            hits &= hits - 1;
        }
    }
}

/// The place of a score that is not finite.
pub(crate) fn not_finite(scores: &[f32]) -> Option<usize> {
    let (groups, rest) = scores.as_chunks::<GROUP>();
    let mut zeros = [0.0; GROUP];
    for group in groups {
        for lane in 0..GROUP {
            zeros[lane] += group[lane] * 0.0; // 0, or NaN for an infinity or a NaN
        }
    }
    let fine = zeros.iter().chain(rest).all(|score| score.is_finite());
    if fine { None } else { scores.iter().position(|score| !score.is_finite()) }
}

/// Which of up to 32 scores are not below the bar, one bit each.
#[inline]
fn at_least(bar: f32, scores: &[f32]) -> u32 {
    scores.iter().enumerate().fold(0, |hits, (i, score)| hits | u32::from(*score >= bar) << i)
}

/// One instruction where `f32::max`, which has to mind NaN, is several.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
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
    fn no_group_has_more_than_its_share_while_there_are_others() {
        let (ties, items): (_, Vec<_>) = (Ties::default(), (0..6).map(ItemId).collect());
        // Groups of three and three; the last of the first may not be shown.
        let scores = [9.0, 8.0, f32::NEG_INFINITY, 3.0, 2.0, 1.0];
        let found = |n: usize, most: usize| {
            let mut places = Vec::new();
            shortlist_of_groups(&scores, &items, &ties, (n, most), |item| item.index() / 3, &mut places);
            places
        };
        assert_eq!(found(2, 1), [0, 3]);
        assert_eq!(found(3, 2), [0, 1, 3]);
        assert_eq!(found(3, 1), [0, 1, 3], "nobody else is left of whom there is none");
        assert_eq!(found(9, 1), [0, 1, 3, 4, 5]);
    }

    #[test]
    fn selection_agrees_with_a_full_sort() {
        let rng = Streams::new(9);
        let ties = Ties::of_seed(9);
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
                    let mut memory = Selection::default();
                    let best = select(&scores, &items, &ties, k, &mut memory);
                    let places: Vec<usize> = best.iter().map(|pick| pick.place).collect();
                    assert_eq!(places, sorted[..k], "{k} of {n}, {levels} levels");
                    let mut short = Vec::new();
                    shortlist(&scores, &items, &ties, k, &mut short);
                    let mut by_place = sorted[..k].to_vec();
                    by_place.sort_unstable();
                    assert_eq!(short, by_place);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_out_is_neither_selected_nor_listed() {
        let items: Vec<ItemId> = (0..100).map(ItemId).collect();
        let ties = Ties::default();
        for n_left in [1, 3, 40] {
            let mut scores = [f32::NEG_INFINITY; 100];
            (0..n_left).for_each(|i| scores[i * 37 % 100] = -1e38 * (i % 3) as f32);
            let mut memory = Selection::default();
            let best = select(&scores, &items, &ties, n_left, &mut memory);
            assert!(best.iter().all(|pick| scores[pick.place] > f32::NEG_INFINITY));
            let mut short = Vec::new();
            shortlist(&scores, &items, &ties, 100, &mut short);
            assert_eq!(short.len(), n_left);
            shortlist(&scores, &items, &ties, n_left + 5, &mut short);
            assert_eq!(short.len(), n_left);
        }
    }

    #[test]
    fn a_score_that_is_no_number_is_found_wherever_it_stands() {
        assert_eq!(not_finite(&[f32::MAX; 40]), None);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in 0..40 {
                let mut scores = [f32::MAX; 40];
                scores[place] = bad;
                assert_eq!(not_finite(&scores), Some(place));
            }
        }
    }
}
