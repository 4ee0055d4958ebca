//! The best few of many scores, and who wins a tie.

use recloop_env::{ItemId, ItemView, Observation, Snapshot, SnapshotError, Streams, Tick, purpose};

/// Scores looked at together: if their largest cannot enter the slate, none can (chosen by us).
const CHUNK: usize = 16;

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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    key: u64,
    score: f32,
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
    best.clear();
    best.resize(k, Pick { key: 0, score: f32::NEG_INFINITY, place: 0 });
    for (chunk, some) in scores.chunks(CHUNK).enumerate() {
        let bar = best[k - 1].score;
        if some.as_array().is_some_and(|some| largest(some) < bar) {
            continue;
        }
        for (i, &score) in some.iter().enumerate() {
            let place = chunk * CHUNK + i;
            if !score.is_finite() {
                return Err(place);
            }
            if score >= best[k - 1].score {
                enter(best, Pick { key: ties.key(score, items[place]), score, place });
            }
        }
    }
    Ok(())
}

/// The largest score, or NaN if any is not finite.
#[inline]
fn largest(scores: &[f32; CHUNK]) -> f32 {
    let (mut top, mut zero) = ([f32::NEG_INFINITY; 4], [0.0; 4]);
    for four in scores.as_chunks::<4>().0 {
        for lane in 0..4 {
            top[lane] = if four[lane] > top[lane] { four[lane] } else { top[lane] };
            zero[lane] += four[lane] * 0.0; // 0, or NaN for an infinity or a NaN
        }
    }
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    larger(larger(top[0], top[1]), larger(top[2], top[3])) + (zero[0] + zero[1] + zero[2] + zero[3])
}

#[inline]
fn enter(best: &mut [Pick], pick: Pick) {
    let mut at = best.len();
    while at > 0 && best[at - 1].key < pick.key {
        if at < best.len() {
            best[at] = best[at - 1];
        }
        at -= 1;
    }
    if at < best.len() {
        best[at] = pick;
    }
}
