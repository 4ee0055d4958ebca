//! What a user is observed to like, matched with what an item is observed to be.

use recloop_env::{BlockAt, BlockKind, EnvSpec, ItemId, Observation, RecommendError, Streams};

use super::{Offer, Scorer, unfit};
use crate::side_by_side::{SideBySide, in_order};

/// Item blocks that describe the same thing as a user's `interest`, the first that fits in length being taken.
const ITEM_BLOCKS: [&str; 3] = ["embedding", "topic", "factor"];

/// Scores an item by `⟨user block, item block⟩`: what a platform can do that observes taste and nothing else.
///
/// A category block stands for its one-hot vector, so the score is then the user's weight of that category.
///
/// # Shapes and units
/// - user block `[D]`, `interest` unless told otherwise
/// - item block `[D]`, or a category of D levels: `embedding`, else `topic`, else `factor`, unless told otherwise
/// - the score is in the product of their units
///
/// # Numerics
/// `f32`, summed in order.
///
/// # Errors
/// `begin` refuses a world without such blocks, or with blocks of different lengths.
///
/// ```
/// use recloop_agents::{Greedy, DotProduct};
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(1), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let (mut greedy, mut slates) = (Greedy::new(DotProduct::default()), Slates::default());
/// greedy.begin(world.spec())?;
/// greedy.recommend(&seen, &world.streams(), &mut slates)?;
/// let topic = seen.items.layout().find("topic").unwrap();
/// let liking = |item| seen.row(0).features()[usize::from(seen.row(0).code(topic, item))];
/// let best = seen.row(0).candidates().iter().map(|item| liking(item)).fold(0.0, f32::max);
/// assert_eq!(liking(slates.items.row(0)[0]), best);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DotProduct {
    user_block: String,
    item_blocks: Vec<String>,
    at: Option<Pair>,
    offer: Option<Gathered>,
}

/// Where the two blocks are.
#[derive(Debug, Clone, Copy)]
struct Pair {
    user: BlockAt,
    item: BlockAt,
}

impl Default for DotProduct {
    fn default() -> Self {
        Self::new("interest", &ITEM_BLOCKS)
    }
}

impl DotProduct {
    /// Scores by `user_block` and the first of `item_blocks` that is as long.
    #[must_use]
    pub fn new(user_block: &str, item_blocks: &[&str]) -> Self {
        let item_blocks = item_blocks.iter().map(|&name| name.into()).collect();
        Self { user_block: user_block.into(), item_blocks, at: None, offer: None }
    }

    fn pair(&self, spec: &EnvSpec) -> Result<Pair, String> {
        let name = &self.user_block;
        let missing = || format!("users have no observable block `{name}`");
        let user = spec.user_features.find(name).filter(|at| at.length() > 0).ok_or_else(missing)?;
        let found = self.item_blocks.iter().filter_map(|name| Some((name, spec.item_features.find(name)?)));
        let fits = found.clone().find(|(_, at)| at.length() == user.length());
        let lacking = || {
            let found: Vec<_> = found.map(|(name, at)| format!("`{name}` of {}", at.length())).collect();
            let wanted = self.item_blocks.join("` or `");
            let found = if found.is_empty() { "none of them".into() } else { found.join(" and ") };
            format!(
                "`{name}` has {} numbers and needs an item block `{wanted}` as long; there is {found}",
                user.length()
            )
        };
        fits.map(|(_, item)| Pair { user, item }).ok_or_else(lacking)
    }
}

impl Scorer for DotProduct {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.at = Some(self.pair(spec).map_err(|reason| unfit("dot", spec, reason))?);
        self.offer = None;
        Ok(())
    }

    fn prepare(&mut self, seen: &Observation, _rng: &Streams) -> Result<(), RecommendError> {
        if let Some(at) = self.at
            && !self.offer.as_ref().is_some_and(|gathered| gathered.offer.is_of(seen))
        {
            self.offer = Offer::of(seen).map(|offer| Gathered::of(offer, seen, at.item));
        }
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(Pair { user, item: block }) = self.at else { return out.fill(f32::NAN) };
        let weights = weights(seen, row, user);
        if let Some(gathered) = self.offer.as_ref().filter(|gathered| gathered.offer.is_of(seen)) {
            return gathered.score(weights, out);
        }
        for (score, &item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            *score = one(seen, row, item, block, weights);
        }
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        let Some(Pair { user, item: block }) = self.at else { return out.fill(f32::NAN) };
        let (weights, listed) = (weights(seen, row, user), seen.candidates.listed(row));
        for (score, &place) in out.iter_mut().zip(places) {
            *score = one(seen, row, listed[place], block, weights);
        }
    }
}

fn weights(seen: &Observation, row: usize, user: BlockAt) -> &[f32] {
    &seen.user_features.row(row)[user.offset..user.offset + user.length()]
}

#[inline]
fn one(seen: &Observation, row: usize, item: ItemId, block: BlockAt, weights: &[f32]) -> f32 {
    match block.kind {
        BlockKind::Category { .. } => weights[usize::from(seen.items.code(block, row, item))],
        BlockKind::Dense { .. } => in_order(seen.items.dense(block, row, item), weights),
    }
}

/// One block of what everybody is offered.
#[derive(Debug, Clone)]
struct Gathered {
    offer: Offer,
    features: Features,
}

#[derive(Debug, Clone)]
enum Features {
    Codes(Vec<u16>),
    Dense(SideBySide),
}

impl Gathered {
    fn of(offer: Offer, seen: &Observation, block: BlockAt) -> Self {
        let (list, items) = (offer.list(), &seen.items);
        let features = match block.kind {
            BlockKind::Category { .. } => {
                Features::Codes(list.iter().map(|item| items.code(block, 0, *item)).collect())
            }
            BlockKind::Dense { width } => {
                let mut dense = SideBySide::default();
                dense.gather(list.len(), width, |place, out| {
                    out.copy_from_slice(items.dense(block, 0, list[place]));
                });
                Features::Dense(dense)
            }
        };
        Self { offer, features }
    }

    #[inline]
    fn score(&self, weights: &[f32], out: &mut [f32]) {
        match &self.features {
            Features::Codes(codes) => {
                for (score, code) in out.iter_mut().zip(codes) {
                    *score = weights[usize::from(*code)];
                }
            }
            Features::Dense(items) => items.dot(weights, out),
        }
    }
}
