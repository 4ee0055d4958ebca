//! Users whose interests move with what they watch, until their time is spent.

use recloop_env::{
    Block, BlockAt, BlockKind, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, MAX_SLATE,
    ObservationRows, ResponseRows, Responses, Rows, Scene, Shown, Streams, Tick, UserId, UserModel, purpose,
    unit_f32,
};

use crate::choice::MultinomialProportional;
use crate::{ChoiceError, UserError, luck, refused};

recloop_env::state! {
    /// What an interest-evolution user carries.
    pub struct InterestEvolutionState {
        /// `[n, T]` interest in each topic, in [−1, 1]; fully observed.
        interest,
        /// `[n, 1]` minutes left.
        budget_minutes,
    }
}

/// Parameters of [`InterestEvolution`]; the defaults are the published ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InterestEvolutionParams {
    /// Minutes a user starts with.
    pub budget_minutes: f32,
    /// Minutes a slate without a click costs.
    pub no_click_minutes: f32,
    /// Minutes an item lasts.
    pub video_minutes: f32,
    /// Share of watched minutes that a unit of quality gives back.
    pub quality_bonus: f32,
    /// Step size of an interest's move.
    pub learning_rate: f32,
    /// Smallest score that can occur, `n` of the choice law.
    pub min_normalizer: f32,
    /// No-click mass, `m` of the choice law.
    pub no_click_mass: f32,
}

impl Default for InterestEvolutionParams {
    fn default() -> Self {
        Self {
            budget_minutes: 200.0,
            no_click_minutes: 0.5,
            video_minutes: 4.0,
            quality_bonus: 0.9 / 3.4,
            learning_rate: 0.3,
            min_normalizer: -1.0,
            no_click_mass: 1.0,
        }
    }
}

impl InterestEvolutionParams {
    /// Refuses minutes that would not pass, or would run backwards, and steps that leave [−1, 1].
    fn check(&self) -> Result<(), UserError> {
        let minutes = [
            ("budget_minutes", self.budget_minutes),
            ("no_click_minutes", self.no_click_minutes),
            ("video_minutes", self.video_minutes),
        ];
        for (name, value) in minutes {
            if !(value > 0.0 && value.is_finite()) {
                return Err(UserError::Parameter { name, value, allowed: "(0, inf)" });
            }
        }
        for (name, value) in [("learning_rate", self.learning_rate), ("quality_bonus", self.quality_bonus)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(UserError::Parameter { name, value, allowed: "[0, 1]" });
            }
        }
        Ok(())
    }
}

/// A viewer with a time budget, whose interest in a topic grows or shrinks each time it is watched.
///
/// An item of topic c scores `s = u·d = u_c` (d is one-hot) and is chosen by [`MultinomialProportional`]. Watching
/// takes `w = min(B, 4)` minutes; then, with `Δ = 0.3·(1 − |u_c|)·(1 − u_c)`,
/// `u_c ← clip(u_c ± Δ)` (plus with probability `(u_c + 1)/2`) and `B ← B − w + (0.9/3.4)·w·q`. Clicking nothing costs
/// half a minute. The user is gone when `B ≤ 0`.
///
/// # Shapes and units
/// - observed: `interest [T]`; the item block `topic` is a category with T levels
/// - latent item block `quality [1]`, dimensionless
/// - dwell: seconds watched; signal `quality`: that of the watched item, 0 elsewhere
///
/// # Source
/// Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems"; used in Ie et al. (2019),
/// "Reinforcement Learning for Slate-based Recommender Systems".
#[derive(Debug, Clone)]
pub struct InterestEvolution {
    params: InterestEvolutionParams,
    choice: MultinomialProportional,
    n_topics: usize,
    topic: BlockAt,
    quality: BlockAt,
}

impl InterestEvolution {
    /// Viewers of items with these features: an observed category `topic` and a latent number `quality`.
    pub fn new(
        params: InterestEvolutionParams,
        observed: &Layout,
        latent: &Layout,
    ) -> Result<Self, UserError> {
        let topic = crate::block(observed, "topic")?;
        let quality = crate::block(latent, "quality")?;
        let BlockKind::Category { levels } = topic.kind else {
            return Err(UserError::Block { name: "topic", expected: "a category" });
        };
        params.check()?;
        let choice = MultinomialProportional::new(params.min_normalizer, params.no_click_mass)?;
        Ok(Self { params, choice, n_topics: usize::from(levels), topic, quality })
    }

    fn choose(
        &self,
        interest: &[f32],
        shown: &Shown<'_>,
        i: usize,
        rng: &Streams,
    ) -> Result<Option<usize>, ChoiceError> {
        let slate = shown.slate(i);
        let (mut scores, mut words) = ([0.0; MAX_SLATE], [0; MAX_SLATE]);
        let (scores, words) = (&mut scores[..slate.len()], &mut words[..slate.len()]);
        for (score, &item) in scores.iter_mut().zip(slate) {
            *score = interest[usize::from(shown.code(self.topic, i, item))];
        }
        self.choice.choose(scores, luck(shown, i, rng, words))
    }

    fn probabilities(
        &self,
        interest: &[f32],
        shown: &Shown<'_>,
        i: usize,
        out: &mut [f32],
    ) -> Result<f32, ChoiceError> {
        let mut scores = [0.0; MAX_SLATE];
        let scores = &mut scores[..out.len()];
        for (score, &item) in scores.iter_mut().zip(shown.slate(i)) {
            *score = interest[usize::from(shown.code(self.topic, i, item))];
        }
        self.choice.probabilities(scores, out)
    }
}

impl UserModel for InterestEvolution {
    type State = InterestEvolutionState;

    fn spec(&self) -> CohortSpec {
        let interest = Block::dense("interest", self.n_topics, (-1.0, 1.0), "interest in each topic");
        CohortSpec {
            name: "interest-evolution".into(),
            features: Layout::new(vec![interest]),
            signals: vec!["quality".into()],
            ..CohortSpec::default()
        }
    }

    fn blank(&self, n: usize) -> InterestEvolutionState {
        InterestEvolutionState { interest: Grid::zeros(n, self.n_topics), budget_minutes: Grid::zeros(n, 1) }
    }

    fn begin(&self, state: &mut InterestEvolutionState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        state.interest.row_mut(at).fill_with(|| 2.0 * draws.unit() - 1.0);
        state.budget_minutes.row_mut(at)[0] = self.params.budget_minutes;
    }

    fn observe(&self, state: &InterestEvolutionState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        for i in 0..rows.len() {
            out.row(i).copy_from_slice(state.interest.row(rows.at(i)));
        }
    }

    fn respond(
        &self,
        state: &mut InterestEvolutionState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            let interest = state.interest.row(rows.at(i));
            let chosen =
                self.choose(interest, shown, i, rng).map_err(|error| refused(rows.users[i], error))?;
            if let Some(position) = chosen {
                let item = shown.slate(i)[position];
                let minutes = state.budget_minutes.row(rows.at(i))[0].min(self.params.video_minutes);
                out.click(i, position, 60.0 * minutes);
                out.signal(0, i, position, shown.latent(self.quality, i, item)[0]);
            }
            if let Some(probs) = out.probs(i) {
                self.probabilities(interest, shown, i, probs)
                    .map_err(|error| refused(rows.users[i], error))?;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut InterestEvolutionState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let (rows, params) = (shown.scene.rows, &self.params);
        for (i, fate) in out.iter_mut().enumerate() {
            let (row, at) = (rows.row(i), rows.at(i));
            let budget = &mut state.budget_minutes.row_mut(at)[0];
            if let Some(position) = did.click.row(row).iter().position(|clicked| *clicked) {
                let item = shown.slate(i)[position];
                let minutes = budget.min(params.video_minutes);
                *budget += minutes * (params.quality_bonus * did.signal(0, row)[position] - 1.0);
                let u = &mut state.interest.row_mut(at)[usize::from(shown.code(self.topic, i, item))];
                let luck = unit_f32(rng.block(purpose::DRIFT, rows.users[i], shown.scene.rows.tick, 0)[0]);
                *u = moved(*u, params.learning_rate, luck);
            } else {
                *budget -= params.no_click_minutes;
            }
            *fate = if *budget <= 0.0 { Fate::Gone } else { Fate::Stays(1.0) };
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &InterestEvolutionState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let (row, interest) = (scene.rows.row(i), state.interest.row(scene.rows.at(i)));
        for (score, &item) in out.iter_mut().zip(items) {
            let appeal = interest[usize::from(scene.items.code(self.topic, row, item))];
            *score = match goal {
                Goal::Click => appeal,
                Goal::Dwell => {
                    let weight = appeal - self.params.min_normalizer;
                    let none = self.params.no_click_mass - self.params.min_normalizer;
                    60.0 * self.params.video_minutes * weight / (weight + none)
                }
                Goal::Utility => scene.latent.dense(self.quality, row, item)[0],
            };
        }
        true
    }
}

/// An interest after watching its topic: `u ± rate·(1 − |u|)·(1 − u)`, up if `luck < (u + 1)/2`, clipped to [−1, 1].
fn moved(u: f32, rate: f32, luck: f32) -> f32 {
    let delta = rate * (1.0 - u.abs()) * (1.0 - u);
    let signed = if luck < 0.5 * (u + 1.0) { delta } else { -delta };
    (u + signed).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_time_that_stands_still() {
        let items = Layout::new(vec![Block::category("topic", 2, "")]);
        let latent = Layout::new(vec![Block::dense("quality", 1, (0.0, 1.0), "")]);
        let published = InterestEvolutionParams::default();
        assert!(InterestEvolution::new(published, &items, &latent).is_ok());
        for bad in [
            InterestEvolutionParams { budget_minutes: f32::NAN, ..published },
            InterestEvolutionParams { no_click_minutes: 0.0, ..published },
            InterestEvolutionParams { video_minutes: -1.0, ..published },
            InterestEvolutionParams { learning_rate: f32::INFINITY, ..published },
        ] {
            assert!(matches!(InterestEvolution::new(bad, &items, &latent), Err(UserError::Parameter { .. })));
        }
    }

    #[test]
    fn an_interest_moves_by_hand_computed_steps() {
        // u = 0.5: Δ = 0.3·0.5·0.5 = 0.075, up with probability 0.75.
        assert!((moved(0.5, 0.3, 0.7499) - 0.575).abs() < 1e-7);
        assert!((moved(0.5, 0.3, 0.7501) - 0.425).abs() < 1e-7);
        // u = −0.5: Δ = 0.3·0.5·1.5 = 0.225, up with probability 0.25.
        assert!((moved(-0.5, 0.3, 0.2) + 0.275).abs() < 1e-7);
        assert!((moved(-0.5, 0.3, 0.3) + 0.725).abs() < 1e-7);
        // The ends are absorbing.
        assert_eq!((moved(1.0, 0.3, 0.9), moved(-1.0, 0.3, 0.0)), (1.0, -1.0));
    }
}
