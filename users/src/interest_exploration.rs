//! Users of unknown type: the recommender has to find out what they like.

use rand_distr::{Distribution, LogNormal};
use recloop_env::{
    BlockAt, BlockKind, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, MAX_SLATE,
    ObservationRows, ResponseRows, Responses, Rows, Scene, Shown, Streams, Tick, UserId, UserModel, purpose,
};

use crate::choice::MultinomialLogit;
use crate::{UserError, luck, refused};

recloop_env::state! {
    /// What an interest-exploration user carries; nothing of it is observed.
    pub struct InterestExplorationState {
        /// `[n, 2]` liking for each topic, positive.
        affinity,
    }
}

/// Parameters of [`InterestExploration`]; the defaults are the published ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InterestExplorationParams {
    /// Share of users of type 0.
    pub first_type_share: f32,
    /// Mean log affinity: `[type][topic]`.
    pub log_affinity: [[f32; 2]; 2],
    /// Standard deviation of log affinity.
    pub affinity_sd: f32,
    /// Logit of clicking nothing.
    pub no_click_logit: f32,
}

impl Default for InterestExplorationParams {
    fn default() -> Self {
        Self {
            first_type_share: 0.3,
            log_affinity: [[0.1, 0.7], [0.7, 0.1]],
            affinity_sd: 0.1,
            no_click_logit: 5.0,
        }
    }
}

/// A user of one of two types, who never changes, never leaves, and shows nothing but clicks.
///
/// `score = affinity[topic] + quality`, chosen by [`MultinomialLogit`] against a no-click logit of 5, with
/// `affinity[topic] ~ LogNormal(μ[type][topic], 0.1)` drawn once.
///
/// # Shapes and units
/// - observed item blocks: category `topic` with two levels, number `quality`
/// - dwell: none; a click is all there is
///
/// # Source
/// Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems".
#[derive(Debug, Clone)]
pub struct InterestExploration {
    first_type_share: f32,
    affinity: [[LogNormal<f32>; 2]; 2],
    choice: MultinomialLogit,
    topic: BlockAt,
    quality: BlockAt,
}

impl InterestExploration {
    /// Users of items with an observed two-level category `topic` and a number `quality`.
    pub fn new(params: &InterestExplorationParams, observed: &Layout) -> Result<Self, UserError> {
        let (sd, share) = (params.affinity_sd, params.first_type_share);
        let refuse = |name, value, allowed| UserError::Parameter { name, value, allowed };
        if !(0.0..=1.0).contains(&share) {
            return Err(refuse("first_type_share", share, "[0, 1]"));
        }
        if !(sd >= 0.0 && sd.is_finite()) {
            return Err(refuse("affinity_sd", sd, "[0, inf)"));
        }
        let law =
            |mean| LogNormal::new(mean, sd).map_err(|_| refuse("log_affinity", mean, "a finite number"));
        let [[a, b], [c, d]] = params.log_affinity;
        let affinity = [[law(a)?, law(b)?], [law(c)?, law(d)?]];
        let topic = crate::block(observed, "topic")?;
        if topic.kind != (BlockKind::Category { levels: 2 }) {
            return Err(UserError::Block { name: "topic", expected: "a category of two levels" });
        }
        let choice = MultinomialLogit::new(params.no_click_logit)?;
        let quality = crate::dense_block(observed, "quality")?;
        Ok(Self { first_type_share: share, affinity, choice, topic, quality })
    }

    fn score(&self, affinity: &[f32], scene: &Scene<'_>, row: usize, item: ItemId) -> f32 {
        let topic = usize::from(scene.items.code(self.topic, row, item));
        affinity[topic] + scene.items.dense(self.quality, row, item)[0]
    }
}

impl UserModel for InterestExploration {
    type State = InterestExplorationState;

    fn spec(&self) -> CohortSpec {
        CohortSpec { name: "interest-exploration".into(), ..CohortSpec::default() }
    }

    fn blank(&self, n: usize) -> InterestExplorationState {
        InterestExplorationState { affinity: Grid::zeros(n, 2) }
    }

    fn begin(
        &self,
        state: &mut InterestExplorationState,
        at: usize,
        user: UserId,
        tick: Tick,
        rng: &Streams,
    ) {
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        let laws = &self.affinity[usize::from(draws.unit() >= self.first_type_share)];
        for (affinity, law) in state.affinity.row_mut(at).iter_mut().zip(laws) {
            *affinity = law.sample(&mut draws);
        }
    }

    fn observe(&self, _state: &InterestExplorationState, _rows: &Rows<'_>, _out: &mut ObservationRows<'_>) {}

    fn respond(
        &self,
        state: &mut InterestExplorationState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        let (mut scores, mut words) = ([0.0; MAX_SLATE], [0; MAX_SLATE]);
        for i in 0..rows.len() {
            let (slate, user) = (shown.slate(i), rows.users[i]);
            let (scores, words) = (&mut scores[..slate.len()], &mut words[..slate.len()]);
            for (score, &item) in scores.iter_mut().zip(slate) {
                *score = self.score(state.affinity.row(rows.at(i)), &shown.scene, rows.row(i), item);
            }
            let luck = luck(shown, i, rng, words);
            if let Some(position) = self.choice.choose(scores, luck).map_err(|error| refused(user, error))? {
                out.click(i, position, 0.0);
            }
            if let Some(probs) = out.probs(i) {
                self.choice.probabilities(scores, probs).map_err(|error| refused(user, error))?;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        _state: &mut InterestExplorationState,
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
        state: &InterestExplorationState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let row = scene.rows.row(i);
        for (score, &item) in out.iter_mut().zip(items) {
            *score = match goal {
                Goal::Click => self.score(state.affinity.row(scene.rows.at(i)), scene, row, item),
                Goal::Utility => scene.items.dense(self.quality, row, item)[0],
                Goal::Dwell => return false,
            };
        }
        true
    }
}
