//! Optimism about a linear reward.

use rayon::prelude::*;
use recloop_env::{
    Catalogue, EnvSpec, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams,
    Tick,
};

use super::{Offer, Scorer, need_durable, unfit};
use crate::error::check_positive;
use crate::linear::{LinearModel, N_OWN};
use crate::side_by_side::SideBySide;
use crate::{AgentError, LinearReward};

/// Similarities of a user and an item: to what they clicked before, and to what they are observed to like.
const N_SIDES: usize = 2;

/// Scores an item by the most that its reward may well be: `s_ui = θ̂·φ_ui + α √(φ_uiᵀ A⁻¹ φ_ui)`.
///
/// One linear model serves all users and items: `A = λ I + Σ γ² φ φᵀ` and `θ̂ = A⁻¹ Σ γ r φ` over the impressions so far,
/// where γ is how likely the world says their position is looked at. φ is what a platform observes:
/// - of the item: 1, its observed blocks (categories of up to 32 levels as one-hot vectors), `1 / (1 + age in days)`,
///   and its own reward per look, smoothed;
/// - of both: `⟨taste of the user, block of the item⟩`, where the block is `embedding`, else `factor`, else `topic`, and
///   the taste is the mean of the blocks a user met, each weighted by how much more it was clicked than others are;
///   and, where users have an observed `interest`, its product with such a block.
///
/// What is observed of the user alone shifts all scores of a row alike, so it is left out.
///
/// # Shapes and units
/// - `α`, dimensionless, widens the bound; the score is in units of the reward (clicks, or minutes)
///
/// # Numerics
/// Evidence is summed in `f64`, in blocks of rows in order; the estimate is renewed whenever `ln det A` has grown by ¼.
/// With `A = L Lᵀ`, the variance is `|L⁻¹ φ|²`; the part of `L⁻¹ φ` that belongs to the item is kept from renewal to
/// renewal, so that a row costs one dot product per item. Scores are `f32`.
///
/// # Errors
/// `begin` refuses a world whose items are redrawn every tick, or lack all three blocks.
///
/// # Source
/// Li, Chu, Langford, Schapire (2010), "A contextual-bandit approach to personalized news article recommendation"; with
/// shared weights, as Chu, Li, Reyzin, Schapire (2011), "Contextual bandits with linear payoff functions"; γ as Lagrée,
/// Vernade, Cappé (2016), "Multiple-play bandits in the position-based model". The features are ours.
///
/// ```
/// use recloop_agents::{Greedy, LinUcb};
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_feed};
///
/// let (mut world, mut seen) = (toy_feed(5), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let (mut bandit, mut slates) = (Greedy::new(LinUcb::default()), Slates::default());
/// bandit.begin(world.spec())?;
/// bandit.recommend(&seen, &world.streams(), &mut slates)?;
/// assert_eq!(slates.propensity.row(0), [1.0, 1.0]); // optimism is no lottery
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinUcb {
    exploration: f32,
    settings: LinearReward,
    model: Option<LinearModel>,
    /// `[I]` what is known of an item whoever looks and whenever.
    parts: Vec<Part>,
    board: Board,
}

impl Default for LinUcb {
    /// α = 0.25, chosen by us.
    fn default() -> Self {
        Self::unfitted(0.25, LinearReward::default())
    }
}

impl LinUcb {
    /// A bandit with this α, which must be finite and not negative: with 0 it is a ridge regression.
    pub fn new(exploration: f32, settings: LinearReward) -> Result<Self, AgentError> {
        settings.check()?;
        if exploration != 0.0 {
            check_positive("exploration", exploration)?;
        }
        Ok(Self::unfitted(exploration, settings))
    }

    fn unfitted(exploration: f32, settings: LinearReward) -> Self {
        Self { exploration, settings, model: None, parts: Vec::new(), board: Board::default() }
    }

    /// Works out what is not yet known of the listed items since the estimate was renewed.
    fn complete_parts(&mut self, catalogue: &Catalogue, list: &[ItemId]) {
        let Some(model) = &self.model else { return };
        self.parts.resize(catalogue.len().max(self.parts.len()), Part::default());
        let missing = |item: &ItemId| self.parts[item.index()].version != model.version;
        let missing: Vec<ItemId> = list.iter().copied().filter(missing).collect();
        let parts: Vec<Part> =
            missing.par_iter().with_min_len(64).map(|item| Part::of(model, catalogue, *item)).collect();
        for (item, part) in missing.into_iter().zip(parts) {
            self.parts[item.index()] = part;
        }
    }

    fn part(&self, model: &LinearModel, catalogue: &Catalogue, item: ItemId) -> Part {
        let known = self.parts.get(item.index()).filter(|part| part.version == model.version);
        known.copied().unwrap_or_else(|| Part::of(model, catalogue, item))
    }

    /// What there is to know of these items now, whoever looks.
    fn mark(
        &self,
        model: &LinearModel,
        catalogue: &Catalogue,
        list: &[ItemId],
        now: Tick,
        marks: &mut Marks,
    ) {
        marks.clear();
        let w = |k: usize, g: usize| {
            model.posterior.whitening_at(model.features.n_fixed + k, model.features.n_fixed + g)
        };
        for &item in list {
            let (part, own) = (self.part(model, catalogue, item), model.own(catalogue, item, now));
            let white = |k: usize| {
                let known: f64 =
                    own.iter().enumerate().map(|(g, x)| if g <= k { w(k, g) * x } else { 0.0 }).sum();
                f64::from(part.white[k]) + known
            };
            let theta = &model.posterior.mean[model.features.n_fixed..];
            let mean: f64 = own.iter().zip(theta).map(|(x, theta)| x * theta).sum();
            let variance: f64 = (0..N_OWN).map(|k| white(k) * white(k)).sum();
            marks.mean.push(part.mean + mean as f32);
            marks.variance.push(part.variance + variance as f32);
            for side in 0..N_SIDES {
                let there = side < model.features.n_similarities();
                marks.white[side].push(if there { white(N_OWN + side) as f32 } else { 0.0 });
            }
        }
    }

    /// A board of any items, for questions outside a tick.
    fn board_of(&self, model: &LinearModel, catalogue: &Catalogue, list: &[ItemId], now: Tick) -> Board {
        let mut board = Board::default();
        board.gather(model, catalogue, list);
        self.mark(model, catalogue, list, now, &mut board.marks);
        board
    }
}

/// What the weights say of an item before its age, its rate and the user are known.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Of the model; 0 if this was never worked out.
    version: u32,
    mean: f32,
    variance: f32,
    /// `L⁻¹ φ` in the places of what is not yet known.
    white: [f32; N_OWN + N_SIDES],
}

impl Part {
    fn of(model: &LinearModel, catalogue: &Catalogue, item: ItemId) -> Self {
        let mut x = vec![0.0; model.features.n_fixed];
        model.features.write_fixed(catalogue, item, &mut x);
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let mut white = vec![0.0; model.features.width()];
        model.posterior.whiten_into(&x, &mut white);
        let (own, rest) = white.split_at(x.len());
        let mut part = Self { version: model.version, ..Self::default() };
        part.mean = x.iter().zip(&model.posterior.mean).map(|(x, theta)| x * theta).sum::<f64>() as f32;
        part.variance = own.iter().map(|y| y * y).sum::<f64>() as f32;
        part.white.iter_mut().zip(rest).for_each(|(to, from)| *to = *from as f32);
        part
    }
}

/// What is on offer, side by side.
#[derive(Debug, Clone, Default)]
struct Board {
    offer: Option<Offer>,
    /// When the marks were made; nothing since the model last learned.
    marked: Option<Tick>,
    sides: [SideBySide; N_SIDES],
    marks: Marks,
}

/// `[C]` each: mean and variance of the score so far, and `L⁻¹ φ` in the places of the similarities.
#[derive(Debug, Clone, Default)]
struct Marks {
    mean: Vec<f32>,
    variance: Vec<f32>,
    white: [Vec<f32>; N_SIDES],
}

impl Marks {
    fn clear(&mut self) {
        self.mean.clear();
        self.variance.clear();
        self.white.iter_mut().for_each(Vec::clear);
    }
}

impl Board {
    fn gather(&mut self, model: &LinearModel, catalogue: &Catalogue, list: &[ItemId]) {
        let (features, mut x) = (&model.features, vec![0.0; model.features.n_fixed]);
        let interest = features.interest.map(|(_, columns)| columns);
        for (side, columns) in self.sides.iter_mut().zip([Some(features.taste), interest]) {
            let Some(columns) = columns else { continue };
            side.gather(list.len(), columns.len, |place, out| {
                x.fill(0.0);
                features.write_fixed(catalogue, list[place], &mut x);
                out.copy_from_slice(columns.of(&x));
            });
        }
    }

    fn is_of(&self, seen: &Observation) -> bool {
        self.marked == Some(seen.tick) && self.offer.as_ref().is_some_and(|offer| offer.is_of(seen))
    }

    /// Scores the item at every place, or at some.
    fn score(&self, law: &Law, seen: &Observation, row: usize, places: Option<&[usize]>, out: &mut [f32]) {
        let mut taste = Vec::new();
        let sides = law.model.sides(seen, row, &mut taste).map(|side| side.map(|(_, numbers)| numbers));
        let Marks { mean, variance, white: [first, second] } = &self.marks;
        let bound = |place: usize, similarity| {
            law.bound(mean[place], variance[place], [first[place], second[place]], similarity)
        };
        let at = |side: usize, place: usize| {
            sides[side].map_or(0.0, |numbers| self.sides[side].dot_at(numbers, place))
        };
        if let Some(places) = places {
            for (score, &place) in out.iter_mut().zip(places) {
                *score = bound(place, [at(0, place), at(1, place)]);
            }
            return;
        }
        let mut other = vec![0.0; out.len()];
        for (side, into) in [&mut *out, &mut other].into_iter().enumerate() {
            if let Some(numbers) = sides[side] {
                self.sides[side].dot(numbers, into);
            }
        }
        let marks = mean.iter().zip(variance).zip(first.iter().zip(second));
        for ((score, other), ((mean, variance), (first, second))) in out.iter_mut().zip(&other).zip(marks) {
            *score = law.bound(*mean, *variance, [*first, *second], [*score, *other]);
        }
    }
}

/// How a similarity moves a score.
struct Law<'a> {
    model: &'a LinearModel,
    exploration: f32,
    theta: [f32; N_SIDES],
    /// `[w_00, w_10, w_11]` of `L⁻¹`, in the places of the similarities.
    w: [f32; 3],
}

impl<'a> Law<'a> {
    fn of(model: &'a LinearModel, exploration: f32) -> Self {
        let (first, n) = (model.features.n_fixed + N_OWN, model.features.n_similarities());
        let theta = |k: usize| if k < n { model.posterior.mean[first + k] as f32 } else { 0.0 };
        let w = |i: usize, j: usize| {
            if i < n { model.posterior.whitening_at(first + i, first + j) as f32 } else { 0.0 }
        };
        Self { model, exploration, theta: [theta(0), theta(1)], w: [w(0, 0), w(1, 0), w(1, 1)] }
    }

    #[inline]
    fn bound(&self, mean: f32, variance: f32, white: [f32; N_SIDES], similarity: [f32; N_SIDES]) -> f32 {
        let [s, t] = similarity;
        let (first, second) = (white[0] + self.w[0] * s, white[1] + self.w[1] * s + self.w[2] * t);
        let width = (variance + first * first + second * second).sqrt();
        mean + self.theta[0] * s + self.theta[1] * t + self.exploration * width
    }
}

impl Scorer for LinUcb {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        *self = Self::unfitted(self.exploration, self.settings);
        need_durable("linucb", spec)?;
        let model = LinearModel::begin(self.settings, spec);
        self.model = Some(model.map_err(|reason| unfit("linucb", spec, reason))?);
        Ok(())
    }

    fn prepare(&mut self, seen: &Observation, _rng: &Streams) -> Result<(), RecommendError> {
        let Some((offer, catalogue)) = Offer::of(seen).zip(seen.items.catalogue()) else { return Ok(()) };
        self.complete_parts(catalogue, offer.list());
        let mut board = std::mem::take(&mut self.board);
        if let Some(model) = &self.model {
            if !board.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
                board.gather(model, catalogue, offer.list());
            }
            self.mark(model, catalogue, offer.list(), seen.tick, &mut board.marks);
            (board.offer, board.marked) = (Some(offer), Some(seen.tick));
        }
        self.board = board;
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some((model, catalogue)) = self.model.as_ref().zip(seen.items.catalogue()) else {
            return out.fill(f32::NAN);
        };
        let law = Law::of(model, self.exploration);
        if self.board.is_of(seen) {
            return self.board.score(&law, seen, row, None, out);
        }
        let board = self.board_of(model, catalogue, seen.candidates.listed(row), seen.tick);
        board.score(&law, seen, row, None, out);
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        let Some((model, catalogue)) = self.model.as_ref().zip(seen.items.catalogue()) else {
            return out.fill(f32::NAN);
        };
        let law = Law::of(model, self.exploration);
        if self.board.is_of(seen) {
            return self.board.score(&law, seen, row, Some(places), out);
        }
        let list = seen.candidates.listed(row);
        let items: Vec<ItemId> = places.iter().map(|place| list[*place]).collect();
        self.board_of(model, catalogue, &items, seen.tick).score(&law, seen, row, None, out);
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.board.marked = None;
        if let Some(model) = &mut self.model {
            model.learn(seen, shown, step);
        }
    }

    fn learns(&self) -> bool {
        true
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(self.model.as_ref().map(LinearModel::save).unwrap_or_default())
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        (self.parts, self.board) = (Vec::new(), Board::default());
        self.model.as_mut().map_or(Ok(()), |model| model.load(from))
    }
}
