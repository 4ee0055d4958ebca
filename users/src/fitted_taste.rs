//! Users fitted to real ratings: a fixed taste, and nothing invented but the click.

use std::sync::Arc;

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{
    Block, BlockAt, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, MAX_SLATE, ObservationRows,
    ResponseRows, Responses, Rows, Scene, Shown, Streams, Tick, UserId, UserModel, purpose,
};

use crate::choice::MultinomialLogit;
use crate::{UserError, luck, refused};

recloop_env::state! {
    /// What a fitted user carries.
    pub struct FittedTasteState {
        /// `[n, D]` taste from the factorisation.
        taste,
        /// `[n, 1]` how far this user rates above the mean, in stars.
        generosity,
    }
}

/// What a factorisation of real ratings says about users.
#[derive(Debug, Clone, PartialEq)]
pub struct TasteTable {
    /// Mean rating μ, in stars.
    pub mean_stars: f32,
    /// Lowest star, step and highest star of the scale.
    pub scale: (f32, f32, f32),
    /// Standard deviation of what the fit leaves unexplained, in stars.
    pub residual_sd: f32,
    /// `[n, D]` taste x.
    pub taste: Grid<f32>,
    /// `[n]` user bias b_u, in stars.
    pub generosity: Vec<f32>,
}

/// Parameters of [`FittedTaste`], all chosen by us: ratings tell what people thought of a film they saw, not whether
/// they would have clicked it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedTasteParams {
    /// Log-odds of a click per star.
    pub logit_per_star: f32,
    /// Predicted stars at which an item is as attractive as clicking nothing.
    pub click_threshold_stars: f32,
    /// Whether the taste is observable: then the platform knows its users as well as the fit does.
    pub observe_taste: bool,
}

impl Default for FittedTasteParams {
    fn default() -> Self {
        Self { logit_per_star: 2.0, click_threshold_stars: 4.0, observe_taste: false }
    }
}

/// A user whose liking of an item is the rating a factorisation of real ratings predicts.
///
/// `stars(i) = μ + b_u + b_i + ⟨x, z_i⟩`; clicks by [`MultinomialLogit`] with score
/// `logit_per_star·(stars − threshold)` against a no-click logit of 0; rates what it clicked with
/// `round(stars + N(0, residual))` on the scale. Taste is static; the user never leaves.
///
/// # Shapes and units
/// - latent item blocks `factor [D]` and `bias [1]` (stars)
/// - observed: nothing, or `interest [D]` with `observe_taste`
/// - signal `rating`: stars given to the clicked item, 0 elsewhere; dwell is 0, for the data has none
///
/// # Source
/// Koren, Bell & Volinsky (2009), "Matrix Factorization Techniques for Recommender Systems", for the rating; the click
/// is ours.
#[derive(Debug, Clone)]
pub struct FittedTaste {
    params: FittedTasteParams,
    table: Arc<TasteTable>,
    choice: MultinomialLogit,
    factor: BlockAt,
    bias: BlockAt,
}

impl FittedTaste {
    /// Users of a fitted table, for items with latent blocks `factor` and `bias`.
    pub fn new(
        params: FittedTasteParams,
        table: Arc<TasteTable>,
        latent: &Layout,
    ) -> Result<Self, UserError> {
        let (factor, bias) = (crate::dense_block(latent, "factor")?, crate::dense_block(latent, "bias")?);
        let (expected, found) = (factor.length(), table.taste.width());
        if expected != found {
            return Err(UserError::Shape { what: "fitted tastes", expected, found });
        }
        let (expected, found) = (table.taste.rows(), table.generosity.len());
        if expected != found {
            return Err(UserError::Shape { what: "fitted user biases", expected, found });
        }
        let finite = [
            ("logit_per_star", params.logit_per_star),
            ("click_threshold_stars", params.click_threshold_stars),
        ];
        if let Some((name, value)) = finite.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(UserError::Parameter { name, value, allowed: "a finite number" });
        }
        let choice = MultinomialLogit::new(0.0)?;
        Ok(Self { params, table, choice, factor, bias })
    }

    fn stars(&self, state: &FittedTasteState, at: usize, latent: (&[f32], f32)) -> f32 {
        let (factor, bias) = latent;
        let liking: f32 = state.taste.row(at).iter().zip(factor).map(|(x, z)| x * z).sum();
        self.table.mean_stars + state.generosity.row(at)[0] + bias + liking
    }

    fn score(&self, stars: f32) -> f32 {
        self.params.logit_per_star * (stars - self.params.click_threshold_stars)
    }

    /// A whole number of steps on the scale.
    fn rated(&self, stars: f32) -> f32 {
        let (low, step, high) = self.table.scale;
        (low + ((stars - low) / step).round() * step).clamp(low, high)
    }
}

impl UserModel for FittedTaste {
    type State = FittedTasteState;

    fn spec(&self) -> CohortSpec {
        let bounds = (f32::NEG_INFINITY, f32::INFINITY);
        let interest = Block::dense("interest", self.factor.length(), bounds, "taste from the factorisation");
        let features = if self.params.observe_taste { vec![interest] } else { vec![] };
        CohortSpec {
            name: "fitted-taste".into(),
            features: Layout::new(features),
            signals: vec!["rating".into()],
            ..CohortSpec::default()
        }
    }

    fn blank(&self, n: usize) -> FittedTasteState {
        FittedTasteState { taste: Grid::zeros(n, self.table.taste.width()), generosity: Grid::zeros(n, 1) }
    }

    fn begin(&self, state: &mut FittedTasteState, at: usize, user: UserId, _tick: Tick, _rng: &Streams) {
        // More simulated users than fitted ones: the fitted people appear again, each time with their own luck.
        let person = user.index() % self.table.taste.rows();
        state.taste.row_mut(at).copy_from_slice(self.table.taste.row(person));
        state.generosity.row_mut(at)[0] = self.table.generosity[person];
    }

    fn observe(&self, state: &FittedTasteState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        if self.params.observe_taste {
            for i in 0..rows.len() {
                out.row(i).copy_from_slice(state.taste.row(rows.at(i)));
            }
        }
    }

    fn respond(
        &self,
        state: &mut FittedTasteState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let (rows, tick) = (shown.scene.rows, shown.scene.rows.tick);
        let (mut scores, mut words) = ([0.0; MAX_SLATE], [0; MAX_SLATE]);
        for i in 0..rows.len() {
            let (slate, user) = (shown.slate(i), rows.users[i]);
            let (scores, words) = (&mut scores[..slate.len()], &mut words[..slate.len()]);
            let stars = |item| {
                let latent = (shown.latent(self.factor, i, item), shown.latent(self.bias, i, item)[0]);
                self.stars(state, rows.at(i), latent)
            };
            for (score, &item) in scores.iter_mut().zip(slate) {
                *score = self.score(stars(item));
            }
            let luck = luck(shown, i, rng, words);
            if let Some(position) = self.choice.choose(scores, luck).map_err(|error| refused(user, error))? {
                let noise: f32 = StandardNormal.sample(&mut rng.at(purpose::CONSUME, user, tick));
                let rating = self.rated(stars(slate[position]) + self.table.residual_sd * noise);
                out.click(i, position, 0.0);
                out.signal(0, i, position, rating);
            }
            if let Some(probs) = out.probs(i) {
                self.choice.probabilities(scores, probs).map_err(|error| refused(user, error))?;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        _state: &mut FittedTasteState,
        _shown: &Shown<'_>,
        _did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        out.fill(Fate::Stays(1.0));
        Ok(())
    }

    fn appraise(
        &self,
        state: &FittedTasteState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let row = scene.rows.row(i);
        for (score, &item) in out.iter_mut().zip(items) {
            let latent =
                (scene.latent.dense(self.factor, row, item), scene.latent.dense(self.bias, row, item)[0]);
            *score = self.stars(state, scene.rows.at(i), latent);
        }
        goal != Goal::Dwell
    }
}
