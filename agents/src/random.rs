//! Slates drawn uniformly.

use recloop_env::{
    EnvSpec, Grid, ItemId, Known, Observation, RecommendError, Recommender, Slates, Snapshot, SnapshotError,
    Streams, TargetPolicy, below, purpose,
};

use crate::rows::{Order, fill_slates, places_above};

/// Slates drawn uniformly without replacement: the baseline that every policy is compared with.
///
/// `P(j | above) = 1 / (C − |above|)`, and every candidate is at every position with probability `1 / C`.
///
/// # Numerics
/// Exact up to the multiply-shift reduction of a 32-bit word, whose bias is below `C / 2³²`.
///
/// # Source
/// Fisher & Yates (1938), "Statistical tables for biological, agricultural and medical research"; the first K steps.
///
/// ```
/// use recloop_agents::RandomSlates;
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(4), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let (mut random, mut slates) = (RandomSlates::default(), Slates::default());
/// random.begin(world.spec())?;
/// random.recommend(&seen, &world.streams(), &mut slates)?;
/// assert_eq!(slates.propensity.row(3), [1.0 / 6.0, 1.0 / 5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RandomSlates {
    order: Order,
    decks: Vec<Deck>,
}

/// A deck that is put back in order after every row, so that a draw of K costs K, not C.
#[derive(Debug, Clone, Default)]
struct Deck {
    /// `cards[i] = i` between rows.
    cards: Vec<u32>,
    swapped: Vec<usize>,
    /// Where the items stand that the row at hand may not be shown; ascending.
    barred: Vec<usize>,
}

impl Deck {
    /// Calls `deal(position, card)` for the first `k` cards of `n`, shuffled by `words`.
    fn deal(
        &mut self,
        n: usize,
        k: usize,
        mut word: impl FnMut() -> u32,
        mut deal: impl FnMut(usize, usize),
    ) {
        self.cards.extend(self.cards.len() as u32..n as u32);
        self.swapped.clear();
        for position in 0..k {
            let other = position + below(word(), (n - position) as u32) as usize;
            self.cards.swap(position, other);
            self.swapped.push(other);
            deal(position, self.cards[position] as usize);
        }
        for (position, &other) in self.swapped.iter().enumerate().rev() {
            self.cards.swap(position, other);
        }
    }
}

/// The place of the `nth` candidate in a list in which these places are barred.
fn place_of(nth: usize, barred: &[usize]) -> usize {
    // Before the i-th barred place there are `barred[i] − i` candidates, which never falls.
    let (mut low, mut high) = (0, barred.len());
    while low < high {
        let middle = (low + high) / 2;
        if barred[middle] - middle <= nth { low = middle + 1 } else { high = middle }
    }
    nth + low
}

impl RandomSlates {
    /// Whether slates come with their position marginals.
    #[must_use]
    pub fn with_marginals(mut self, wanted: bool) -> Self {
        self.order.marginals = wanted;
        self
    }
}

impl Recommender for RandomSlates {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.order.k = spec.slate_size;
        Ok(())
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        fill_slates(seen, self.order, &mut self.decks, out, |deck, row, places| {
            let (listed, n) = (seen.candidates.listed(row), seen.candidates.row(row).len());
            let mut barred = std::mem::take(&mut deck.barred);
            barred.clear();
            barred.extend(seen.candidates.barred_places(row));
            let mut draws = rng.at(purpose::POLICY, seen.users[row], seen.tick);
            deck.deal(
                n,
                places.items.len(),
                || draws.word(),
                |position, nth| {
                    places.items[position] = listed[place_of(nth, &barred)];
                    places.propensity[position] = ((n - position) as f64).recip();
                },
            );
            deck.barred = barred;
            if let Some(marginal) = places.marginal {
                marginal.fill((n as f64).recip());
            }
            Ok(())
        })
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

impl TargetPolicy for RandomSlates {
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        let above = places_above(seen, row, above)?;
        let left = seen.candidates.row(row).len() - above.len();
        out.fill((left as f64).recip());
        let gone = above.into_iter().chain(seen.candidates.barred_places(row));
        gone.for_each(|place| out[place] = 0.0);
        Ok(())
    }

    fn marginals(
        &self,
        seen: &Observation,
        row: usize,
        k: usize,
        out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        let candidates = seen.candidates.row(row).len();
        if candidates < k {
            return Err(RecommendError::TooFew { row, slate: k, candidates });
        }
        out.resize(seen.candidates.listed(row).len(), k);
        out.as_mut_slice().fill((candidates as f64).recip());
        seen.candidates.barred_places(row).for_each(|place| out.row_mut(place).fill(0.0));
        Ok(Known::Exact)
    }
}
