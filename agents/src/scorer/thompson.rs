//! A guess at a linear reward, as likely as it is believed to be right.

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{
    Catalogue, EnvSpec, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams,
    Tick, purpose,
};

use super::{Offer, Scorer, need_durable, unfit};
use crate::error::check_positive;
use crate::linear::{LinearModel, N_OWN};
use crate::side_by_side::SideBySide;
use crate::{AgentError, LinearReward};

/// Scores an item by its reward under weights drawn from what is believed of them: `s_ui = θ̃·φ_ui` with
/// `θ̃ ~ N(θ̂, v² A⁻¹)`, drawn once for each *(user, tick)*.
///
/// φ, `A` and θ̂ are those of [`LinUcb`](crate::LinUcb), which see. What a user's row is drawn is named by
/// [`purpose::EXPLORE`], so it does not depend on who else is there.
///
/// The lottery comes *before* the ranking: how likely a slate is, over all θ̃, has no closed form, and given θ̃ it is no
/// propensity. Slates ranked by it therefore have propensities that are [`Unavailable`](recloop_env::Known), behind
/// [`PlackettLuce`](crate::PlackettLuce) too, and no questions are answered about it as a target policy.
///
/// # Shapes and units
/// - `v`, dimensionless, widens the draw; with 0 it is a ridge regression
/// - the score is in units of the reward (clicks, or minutes)
///
/// # Numerics
/// As [`LinUcb`](crate::LinUcb); with `A = L Lᵀ`, `θ̃ = θ̂ + v L⁻ᵀ z` for standard normal `z`.
///
/// # Errors
/// As [`LinUcb`](crate::LinUcb).
///
/// # Source
/// Agrawal, Goyal (2013), "Thompson sampling for contextual bandits with linear payoffs"; Chapelle, Li (2011), "An
/// empirical evaluation of Thompson sampling", for drawing less widely than the theory asks.
///
/// ```
/// use recloop_agents::{Greedy, ThompsonSampling};
/// use recloop_env::{Env, Known, Observation, Recommender, ResetOptions, Slates, testing::toy_feed};
///
/// let (mut world, mut seen) = (toy_feed(5), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let (mut bandit, mut slates) = (Greedy::new(ThompsonSampling::default()), Slates::default());
/// bandit.begin(world.spec())?;
/// bandit.recommend(&seen, &world.streams(), &mut slates)?;
/// assert_eq!(slates.known[0], Known::Unavailable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ThompsonSampling {
    exploration: f32,
    settings: LinearReward,
    model: Option<LinearModel>,
    rng: Streams,
    board: Board,
}

impl Default for ThompsonSampling {
    /// v = 0.25, chosen by us.
    fn default() -> Self {
        Self::unfitted(0.25, LinearReward::default())
    }
}

impl ThompsonSampling {
    /// A bandit with this v, which must be finite and not negative.
    pub fn new(exploration: f32, settings: LinearReward) -> Result<Self, AgentError> {
        settings.check()?;
        if exploration != 0.0 {
            check_positive("exploration", exploration)?;
        }
        Ok(Self::unfitted(exploration, settings))
    }

    fn unfitted(exploration: f32, settings: LinearReward) -> Self {
        Self { exploration, settings, model: None, rng: Streams::new(0), board: Board::default() }
    }

    /// The weights drawn for a row: of the columns of `x`, with the similarities folded in, and of what is the item's own.
    fn draw(&self, model: &LinearModel, seen: &Observation, row: usize) -> (Vec<f32>, [f32; N_OWN]) {
        let mut draws = self.rng.at(purpose::EXPLORE, seen.users[row], seen.tick);
        let mut theta: Vec<f64> =
            (0..model.features.width()).map(|_| StandardNormal.sample(&mut draws)).collect();
        model.posterior.draw(f64::from(self.exploration), &mut theta);
        let (fixed, rest) = theta.split_at(model.features.n_fixed);
        let (own, similar) = rest.split_at(N_OWN);
        let (mut weights, mut taste): (Vec<f32>, _) = (fixed.iter().map(|w| *w as f32).collect(), Vec::new());
        let sides = model.sides(seen, row, &mut taste).into_iter().flatten();
        for ((columns, numbers), &weight) in sides.zip(similar) {
            for (sum, number) in columns.of_mut(&mut weights).iter_mut().zip(numbers) {
                *sum += weight as f32 * number;
            }
        }
        (weights, [own[0] as f32, own[1] as f32])
    }

    /// Scores the listed items, or those at some places.
    fn score_some(&self, seen: &Observation, row: usize, places: Option<&[usize]>, out: &mut [f32]) {
        let Some((model, catalogue)) = self.model.as_ref().zip(seen.items.catalogue()) else {
            return out.fill(f32::NAN);
        };
        let (weights, own) = self.draw(model, seen, row);
        if self.board.is_of(seen) {
            return self.board.score(&weights, own, places, out);
        }
        let list = seen.candidates.listed(row);
        let item = |place: usize| places.map_or(list[place], |places| list[places[place]]);
        let items: Vec<ItemId> = (0..out.len()).map(item).collect();
        let mut board = Board::default();
        board.gather(model, catalogue, &items);
        board.mark(model, catalogue, &items, seen.tick);
        board.score(&weights, own, None, out);
    }
}

/// What is on offer, side by side.
#[derive(Debug, Clone, Default)]
struct Board {
    offer: Option<Offer>,
    /// When the marks were made; nothing since the model last learned.
    marked: Option<Tick>,
    fixed: SideBySide,
    /// `[C]` what is the item's own and changes.
    own: Vec<[f32; N_OWN]>,
}

impl Board {
    fn gather(&mut self, model: &LinearModel, catalogue: &Catalogue, list: &[ItemId]) {
        let features = &model.features;
        self.fixed.gather(list.len(), features.n_fixed, |place, x| {
            features.write_fixed(catalogue, list[place], x);
        });
    }

    fn mark(&mut self, model: &LinearModel, catalogue: &Catalogue, list: &[ItemId], now: Tick) {
        self.own.clear();
        self.own.extend(list.iter().map(|item| model.own(catalogue, *item, now).map(|x| x as f32)));
    }

    fn is_of(&self, seen: &Observation) -> bool {
        self.marked == Some(seen.tick) && self.offer.as_ref().is_some_and(|offer| offer.is_of(seen))
    }

    fn score(&self, weights: &[f32], own: [f32; N_OWN], places: Option<&[usize]>, out: &mut [f32]) {
        let more = |place: usize| own[0] * self.own[place][0] + own[1] * self.own[place][1];
        match places {
            Some(places) => {
                for (score, &place) in out.iter_mut().zip(places) {
                    *score = self.fixed.dot_at(weights, place) + more(place);
                }
            }
            None => {
                self.fixed.dot(weights, out);
                out.iter_mut().enumerate().for_each(|(place, score)| *score += more(place));
            }
        }
    }
}

impl Scorer for ThompsonSampling {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        *self = Self::unfitted(self.exploration, self.settings);
        need_durable("thompson", spec)?;
        let model = LinearModel::begin(self.settings, spec);
        self.model = Some(model.map_err(|reason| unfit("thompson", spec, reason))?);
        Ok(())
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.rng = *rng;
        if let (Some(model), Some(offer), Some(catalogue)) =
            (&self.model, Offer::of(seen), seen.items.catalogue())
        {
            let board = &mut self.board;
            if !board.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
                board.gather(model, catalogue, offer.list());
            }
            board.mark(model, catalogue, offer.list(), seen.tick);
            (board.offer, board.marked) = (Some(offer), Some(seen.tick));
        }
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.score_some(seen, row, None, out);
    }

    fn score_at(&self, seen: &Observation, row: usize, places: &[usize], out: &mut [f32]) {
        self.score_some(seen, row, Some(places), out);
    }

    fn is_random(&self) -> bool {
        true
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
        self.board = Board::default();
        self.model.as_mut().map_or(Ok(()), |model| model.load(from))
    }
}
