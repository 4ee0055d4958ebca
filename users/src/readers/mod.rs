//! People who look in once a round: the audience of studies that are about somebody else.
//!
//! Start at [`Readers`]. `taste` says what they like, `params` what can be set.

mod params;
mod taste;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use params::ReadersParams;
use recloop_env::{
    Block, BlockAt, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, MAX_SLATE, ObservationRows,
    ResponseRows, Responses, Rows, Scene, Shown, Streams, Tick, Topics, UserId, UserModel, purpose, unit,
    unit_f32,
};

use crate::choice::PositionBased;
use crate::feed::{dot, sigmoid};
use crate::normal::{capped_log_normal_mean, quantile};
use crate::{UserError, refused};
use taste::Demand;

recloop_env::state! {
    /// What a reader carries; none of it ever moves.
    pub struct ReadersState {
        /// `[n, D]` x: what they like, a unit vector.
        interest,
        /// `[n, 2]` the level of each group attribute.
        groups,
    }
}

/// A reader comes once a round, for ever, and is shown one slate: clicks what appeals, and stays with what is good.
///
/// With interest x, an item of topic vector z, quality q, bait b and length L:
///
/// | | |
/// |---|---|
/// | interest | a unit vector towards one to three topics, weights `Exp(1)`; topic t is wanted in proportion to `rank_t^−ζ · e^{τ n}`, ranks drawn for the run, n ~ N(0, 1) for each topic and level of each attribute |
/// | click | position p is examined with probability `γ^p`, then clicked with `σ(a⟨x,z⟩ + a_b·b − v₀)`: [`PositionBased`] |
/// | taken in | share `w = σ(w₀ + w_q(q − ½) + a(⟨x,z⟩ − ½) − w_b·b)` of a clicked item |
/// | dwell | `log secs ~ N(ln wL, sd)`, at most L |
/// | like | with `σ(l₀ + 2l₁(w − ½))`; only what was clicked |
///
/// Nothing they do changes them, and nobody leaves: what differs between two runs is what was made and what was shown.
/// Letters stand for the fields of [`ReadersParams`]. They are grouped by two attributes, `half` (2 levels) and `fifth`
/// (5), unequal in size, which matter only if τ is above 0.
///
/// # Shapes and units
/// - items: observed `embedding [D]` and `length_secs [1]`; latent `quality [1]` and `bait [1]` in \[0, 1\]
/// - observed users: nothing, or `interest [D]`
/// - dwell in seconds; signal `like`, 0 or 1
///
/// # Luck
/// One word per *(user, item, tick)* each for the click, the dwell and the like; one per *(user, tick)* for how far down
/// a slate is examined.
///
/// # Errors
/// A parameter out of range, items that lack a block, or no topic.
///
/// # Source
/// Ours: the audience that the setting of "CreAgent: Towards Long-Term Evaluation of Recommender System under
/// Platform-Creator Information Asymmetry" (2025) leaves open.
///
/// ```
/// use recloop_env::{Block, Layout, Topics, UserModel};
/// use recloop_users::{Readers, ReadersParams};
/// let number = |name, high| Block::dense(name, 1, (0.0, high), "");
/// let observed = Layout::new(vec![Block::dense("embedding", 32, (-1.0, 1.0), ""), number("length_secs", 180.0)]);
/// let latent = Layout::new(vec![number("quality", 1.0), number("bait", 1.0)]);
/// let topics = Topics::new(14, 32);
/// let readers = Readers::new(ReadersParams::default(), 86_400.0, topics.into(), &observed, &latent)?;
/// assert_eq!(readers.spec().signals, ["like"]);
/// # Ok::<(), recloop_users::UserError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Readers {
    params: ReadersParams,
    round_secs: f32,
    demand: Demand,
    choice: PositionBased,
    embedding: BlockAt,
    length: BlockAt,
    quality: BlockAt,
    bait: BlockAt,
}

/// What one item is to one reader.
struct Impression {
    /// ⟨x, z⟩.
    liking: f32,
    /// Log-odds of a click.
    appeal: f32,
    quality: f32,
    bait: f32,
    length_secs: f32,
}

impl Readers {
    /// Readers who come every `round_secs`, which is how long a tick of their world should be, with a taste for these
    /// topics, among items with these features.
    pub fn new(
        params: ReadersParams,
        round_secs: f32,
        topics: Arc<Topics>,
        observed: &Layout,
        latent: &Layout,
    ) -> Result<Self, UserError> {
        params.check()?;
        if !(round_secs > 0.0 && round_secs.is_finite()) {
            return Err(UserError::Parameter { name: "round_secs", value: round_secs, allowed: "(0, inf)" });
        }
        if topics.is_empty() {
            return Err(UserError::Parameter { name: "topics", value: 0.0, allowed: "1 or more" });
        }
        let embedding = crate::dense_block(observed, "embedding")?;
        let (expected, found) = (embedding.length(), topics.centres.width());
        if expected != found {
            return Err(UserError::Shape { what: "topic centres", expected, found });
        }
        Ok(Self {
            demand: Demand::new(topics, &params),
            choice: PositionBased::new(params.examination)?,
            embedding,
            length: crate::dense_block(observed, "length_secs")?,
            quality: crate::dense_block(latent, "quality")?,
            bait: crate::dense_block(latent, "bait")?,
            round_secs,
            params,
        })
    }

    /// `[half, fifth]` the levels of somebody who first appears at `tick`: whoever draws whom an item is meant for, before
    /// there are any people, may ask.
    #[must_use]
    pub fn levels(&self, user: UserId, tick: Tick, rng: &Streams) -> [u16; 2] {
        self.demand.levels(user, tick, rng)
    }

    fn impression(&self, interest: &[f32], scene: &Scene<'_>, i: usize, item: ItemId) -> Impression {
        let (row, params) = (scene.rows.row(i), &self.params);
        let latent = |block| scene.latent.dense(block, row, item)[0];
        let (quality, bait) = (latent(self.quality), latent(self.bait));
        let liking = dot(interest, scene.items.dense(self.embedding, row, item));
        let appeal = params.taste_weight * liking + params.bait_pull * bait - params.click_threshold;
        let length_secs = scene.items.dense(self.length, row, item)[0];
        Impression { liking, appeal, quality, bait, length_secs }
    }

    /// w: the share of an item that is taken in.
    fn share(&self, it: &Impression) -> f32 {
        let params = &self.params;
        sigmoid(
            params.stay_bias
                + params.stay_quality * (it.quality - 0.5)
                + params.taste_weight * (it.liking - 0.5)
                - params.stay_bait * it.bait,
        )
    }

    /// Seconds spent on a clicked item; `word` is the luck of *(user, item, tick)*.
    fn dwell_secs(&self, it: &Impression, word: u32) -> f32 {
        let noise = f64::from(self.params.dwell_log_sd) * quantile(unit(word));
        let secs = f64::from(self.share(it) * it.length_secs) * noise.exp();
        (secs as f32).min(it.length_secs)
    }

    /// The mean of [`Readers::dwell_secs`] over all words.
    fn expected_dwell_secs(&self, it: &Impression) -> f32 {
        let ln_length = f64::from(it.length_secs.max(f32::MIN_POSITIVE)).ln();
        let mean = f64::from(self.share(it).max(f32::MIN_POSITIVE)).ln() + ln_length;
        capped_log_normal_mean(mean, f64::from(self.params.dwell_log_sd), ln_length) as f32
    }

    /// Row `i` looks down its slate, clicks, dwells and judges.
    fn answer(
        &self,
        state: &ReadersState,
        shown: &Shown<'_>,
        i: usize,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let (rows, slate) = (shown.scene.rows, shown.slate(i));
        let (user, tick, interest) = (rows.users[i], rows.tick, state.interest.row(rows.at(i)));
        let (mut chances, mut words, mut clicked) = ([0.0; MAX_SLATE], [0; MAX_SLATE], [false; MAX_SLATE]);
        let (chances, words, clicked) =
            (&mut chances[..slate.len()], &mut words[..slate.len()], &mut clicked[..slate.len()]);
        for (chance, &item) in chances.iter_mut().zip(slate) {
            *chance = sigmoid(self.impression(interest, &shown.scene, i, item).appeal);
        }
        rng.item_words(purpose::CHOICE, user, tick, slate, words);
        let scan_word = rng.block(purpose::EXAMINE, user, tick, 0)[0];
        self.choice.clicks(chances, words, scan_word, clicked).map_err(|error| refused(user, error))?;
        if let Some(probs) = out.probs(i) {
            self.choice.probabilities(chances, probs).map_err(|error| refused(user, error))?;
        }
        for (position, &item) in slate.iter().enumerate().filter(|(position, _)| clicked[*position]) {
            let it = self.impression(interest, &shown.scene, i, item);
            out.click(i, position, self.dwell_secs(&it, rng.item_word(purpose::CONSUME, user, tick, item)));
            let likes = self.params.like_bias + 2.0 * self.params.like_slope * (self.share(&it) - 0.5);
            if unit_f32(rng.item_word(purpose::LIKE, user, tick, item)) < sigmoid(likes) {
                out.signal(0, i, position, 1.0);
            }
        }
        Ok(())
    }
}

impl UserModel for Readers {
    type State = ReadersState;

    fn spec(&self) -> CohortSpec {
        let interest = Block::dense("interest", self.embedding.length(), (-1.0, 1.0), "taste, a unit vector");
        CohortSpec {
            name: "readers".into(),
            features: Layout::new(self.params.observe_interest.then_some(interest).into_iter().collect()),
            signals: vec!["like".into()],
            groups: taste::groups(),
            accounts: Vec::new(),
            examination: Some(self.params.examination),
        }
    }

    fn blank(&self, n: usize) -> ReadersState {
        ReadersState { interest: Grid::zeros(n, self.embedding.length()), groups: Grid::zeros(n, 2) }
    }

    fn begin(&self, state: &mut ReadersState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let levels = self.demand.levels(user, tick, rng);
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        self.demand.draw(levels, rng, &mut draws, state.interest.row_mut(at));
        state.groups.row_mut(at).copy_from_slice(&levels.map(f32::from));
    }

    fn groups(&self, state: &ReadersState, at: usize, out: &mut [u16]) {
        for (level, code) in out.iter_mut().zip(state.groups.row(at)) {
            *level = *code as u16;
        }
    }

    fn observe(&self, state: &ReadersState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        if self.params.observe_interest {
            for i in 0..rows.len() {
                out.row(i).copy_from_slice(state.interest.row(rows.at(i)));
            }
        }
    }

    fn respond(
        &self,
        state: &mut ReadersState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        (0..shown.scene.rows.len()).try_for_each(|i| self.answer(state, shown, i, rng, out))
    }

    fn advance(
        &self,
        _state: &mut ReadersState,
        _shown: &Shown<'_>,
        _did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        out.fill(Fate::Returns(self.round_secs));
        Ok(())
    }

    fn appraise(
        &self,
        state: &ReadersState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let interest = state.interest.row(scene.rows.at(i));
        for (score, &item) in out.iter_mut().zip(items) {
            let it = self.impression(interest, scene, i, item);
            *score = match goal {
                Goal::Click => it.appeal,
                Goal::Dwell => sigmoid(it.appeal) * self.expected_dwell_secs(&it),
                Goal::Utility => self.expected_dwell_secs(&it),
            };
        }
        true
    }
}
