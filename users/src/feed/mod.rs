//! People who scroll a feed, and who come back next week or not because of what it did to them.
//!
//! Start at [`Feed`], which says what such a user is. Then one file per question: what does an item promise and turn
//! out to be (`impression`), what follows a click (`consume`), how does a slate move its user (`moves`), when does one
//! come back (`returns`), who are they to begin with (`people`), and what does the truth know of it (`accounts`).

mod accounts;
mod consume;
mod impression;
mod moves;
mod params;
mod people;
mod returns;
#[cfg(test)]
pub(crate) mod tests;

pub use params::FeedParams;
pub use people::{GroupShares, People, PeopleTable};

use rand_distr::{Distribution, Gamma};
use recloop_env::{
    Block, BlockAt, BlockKind, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, MAX_SLATE,
    ObservationRows, ResponseRows, Responses, Rows, Scene, Shown, Streams, Terms, Tick, UserId, UserModel,
    purpose,
};

use crate::choice::PositionBased;
use crate::{UserError, refused};
pub(crate) use accounts::ACCOUNTS;
use consume::Verdict;
use impression::promise;
pub(crate) use impression::{dot, experience, sigmoid};
pub(crate) use moves::{Digest, Foresight};
use people::Traits;

recloop_env::state! {
    /// What a feed user carries. Everything is as of the user's next slate: when a slate ends, the time until the next
    /// one has already done its work.
    pub struct FeedState {
        /// `[n, D]` x: what they like now, a unit vector.
        interest,
        /// `[n, D]` x₀: what they liked when they came.
        initial_interest,
        /// `[n, 1]` y: how worthwhile the last slates were, in [0, 1].
        satisfaction,
        /// `[n, 1]` how far they believe a wrapping, in [0, 1].
        trust,
        /// `[n, 1]` a fading share of days visited, in [0, 1], as of the morning.
        habit,
        /// `[n, T]` f: recent impressions of each topic.
        fatigue,
        /// `[n, 1]` patience left in this session (or in the next, between two).
        patience,
        /// `[n, 1]` how often they come back, in standard deviations.
        activity,
        /// `[n, 1]` how much others' clicks count, in [0, 1].
        conformity,
        /// `[n, 1]` how well they see through a wrapping, in [0, 1].
        literacy,
        /// `[n, 1]` how easily their taste moves, in [0, 1].
        openness,
        /// `[n, G]` the level of each group attribute.
        groups,
    }
}

/// A user of a short-content feed: clicks what promises, is pleased by what delivers, and returns if it did.
///
/// With interest x, an item of topic vector z, quality q and bait b, and `gap = b(1 − q)`:
///
/// | | |
/// |---|---|
/// | promise | `v = a⟨x,z⟩ + a_q(q + trust(1 − literacy)·gap) + a_c·conformity·appeal − a_f·f[topic] − v₀` |
/// | click | position p is examined with probability `γ^p`, then clicked with `σ(v)`: [`PositionBased`] |
/// | experience | `e = a⟨x,z⟩ + a_q·q − a_b·gap − ½a_f·f[topic] − e₀` |
/// | dwell | `log secs ~ N(μ₀ + μ₁(ωv + (1 − ω)e), sd)`, capped |
/// | verdict | hides with `σ(h₀ − h₁e)`, likes with `σ(l₀ + l₁e)`; only what was clicked, and never both |
/// | slate value | `s = mean σ(e)` over clicks, or `s_skip` |
/// | satisfaction | `y += ρ(s − y)` |
/// | trust | `trust += ρ_t(max(0, 1 − 2·mean clicked gap) − trust)` on clicks |
/// | interest | `x ← normalise((1 − κ)x + κx₀ + η·openness·Σ_clicked max(0, σ(e) − ½)·z)` |
/// | fatigue | f halves in 8 slates, then +1 per examined impression of the topic; ×0.71 as a six-hour window begins |
/// | patience | `1 + Gamma(mean 8, shape 4)`; a slate costs 1, +1 without a click, +1 if `s < 0.42` |
/// | stay | while patience is left, with `σ(2.2 + 3(y − ½) − 0.03·max f)` |
/// | return | hazard `c·softplus(r₀ + r₁(y − ½) + r₂(habit − 0.4) + r₃·activity − r₄·log(1 + d))` per window |
/// | habit | as a day ends, `habit += 0.1(visited − habit)` |
///
/// `appeal` is the z-score of an item's fading clicks, 0 in a world without popularity; d is days since the session
/// ended, at the start of the window. Letters stand for the fields of [`FeedParams`], numbers for their defaults.
///
/// # Returns
/// In a whole window of ordinary hours somebody is back with probability `1 − e^{−softplus(r)} = σ(r)`. The time of day
/// scales the hazard by c (0.4 at night, 1, 1.2, 1.4 in the evening; chosen by us), so that a window has probability
/// `1 − (1 − σ(r))^c` and, the mean of c being 1, a day of constant r has exactly what four equal windows would. The
/// window in which a session ends counts by what is left of it: people may be back the same hour. The moment is uniform
/// in the window's remainder. After 14 days away a user is gone.
///
/// # Shapes and units
/// - items: observed `topic` (a category, T levels) and `embedding [D]`; latent `quality [1]` and `bait [1]` in [0, 1]
/// - observed users: nothing, or `interest [D]`, or each group one-hot, as the parameters say
/// - dwell in seconds; a slate takes its dwell plus a second per examined item; signals `like` and `hide`, 0 or 1
/// - accounts of a slate, before it moves anything: `utility_now` (Σ e over clicks), `utility_initial` (the same for
///   x₀), `satisfaction`, `trust`, `habit`, `drift` ‖x − x₀‖, `entropy` of softmax(a⟨x, c_t⟩) over topic centres, nats
///
/// # Luck
/// One word per *(user, item, tick)* each for the click, the dwell and the verdict; one per *(user, tick)* for how far
/// down a slate is examined. A reranked slate meets the same luck. More luck is never a longer absence or less dwell.
///
/// # Errors
/// A parameter or a table of people out of range, or items that lack a block.
///
/// # Source
/// Ours; no published simulator has these equations. The question is that of Zou et al. (2019), "Reinforcement Learning
/// to Optimize Long-term User Engagement in Recommender Systems": a slate is worth what it does to the next visit.
///
/// ```
/// use recloop_env::{Block, Layout, Topics, UserModel};
/// use recloop_users::{Feed, FeedParams, People};
/// let observed = Layout::new(vec![
///     Block::category("topic", 14, "what it is about"),
///     Block::dense("embedding", 32, (-1.0, 1.0), "topic vector"),
/// ]);
/// let unit = |name| Block::dense(name, 1, (0.0, 1.0), "");
/// let latent = Layout::new(vec![unit("quality"), unit("bait")]);
/// let people = People::drawn(Topics::new(14, 32).into());
/// let users = Feed::new(FeedParams::default(), people.clone(), &observed, &latent)?;
/// assert_eq!(users.spec().signals, ["like", "hide"]);
///
/// let blind = FeedParams { examination: 0.0, ..FeedParams::default() };
/// let refused = Feed::new(blind, people, &observed, &latent).unwrap_err();
/// assert_eq!(refused.to_string(), "set `examination` to 0: allowed is [0.01, 1.0]");
/// # Ok::<(), recloop_users::UserError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Feed {
    pub(crate) params: FeedParams,
    pub(crate) people: People,
    choice: PositionBased,
    patience: Gamma<f32>,
    /// Share of fatigue left after a slate.
    slate_keep: f32,
    ln_median_secs: f64,
    ln_cap_secs: f64,
    n_topics: usize,
    /// `[G]` how many levels each group has.
    n_levels: Vec<usize>,
    topic: BlockAt,
    embedding: BlockAt,
    quality: BlockAt,
    bait: BlockAt,
}

impl Feed {
    /// These people, among items with these features.
    pub fn new(
        params: FeedParams,
        people: People,
        observed: &Layout,
        latent: &Layout,
    ) -> Result<Self, UserError> {
        params.check()?;
        let topic = crate::block(observed, "topic")?;
        let BlockKind::Category { levels } = topic.kind else {
            return Err(UserError::Block { name: "topic", expected: "a category" });
        };
        let embedding = crate::dense_block(observed, "embedding")?;
        people.check(embedding.length())?;
        let (shape, mean) = (params.patience_shape, params.patience_mean);
        let n_levels = people.groups().iter().map(|group| group.levels.len()).collect();
        Ok(Self {
            people,
            choice: PositionBased::new(params.examination)?,
            patience: Gamma::new(shape, mean / shape).expect("shape and mean were checked"),
            slate_keep: (-1.0 / params.fatigue_half_life_slates).exp2(),
            ln_median_secs: f64::from(params.dwell_median_secs).ln(),
            ln_cap_secs: f64::from(params.dwell_cap_secs).ln(),
            n_topics: usize::from(levels),
            n_levels,
            topic,
            embedding,
            quality: crate::dense_block(latent, "quality")?,
            bait: crate::dense_block(latent, "bait")?,
            params,
        })
    }

    /// How far down row `i` looks, as luck.
    fn scan_word(&self, shown: &Shown<'_>, i: usize, rng: &Streams) -> u32 {
        let rows = shown.scene.rows;
        rng.block(purpose::EXAMINE, rows.users[i], rows.tick, 0)[0]
    }

    /// Row `i` looks down its slate, clicks, dwells and judges.
    pub(crate) fn answer(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let (rows, slate) = (shown.scene.rows, shown.slate(i));
        let (user, tick, person) = (rows.users[i], rows.tick, self.person(state, rows.at(i)));
        let (mut promises, mut chances) = ([0.0; MAX_SLATE], [0.0; MAX_SLATE]);
        let (mut words, mut clicked) = ([0; MAX_SLATE], [false; MAX_SLATE]);
        let (chances, words, clicked) =
            (&mut chances[..slate.len()], &mut words[..slate.len()], &mut clicked[..slate.len()]);
        for ((promised, chance), &item) in promises.iter_mut().zip(&mut *chances).zip(slate) {
            *promised = promise(&self.params, &person, &self.impression(&person, &shown.scene, i, item));
            *chance = sigmoid(*promised);
        }
        rng.item_words(purpose::CHOICE, user, tick, slate, words);
        let refuse = |error| refused(user, error);
        let scan_word = self.scan_word(shown, i, rng);
        self.choice.clicks(chances, words, scan_word, clicked).map_err(refuse)?;
        if let Some(probs) = out.probs(i) {
            self.choice.probabilities(chances, probs).map_err(refuse)?;
        }
        for (position, &item) in slate.iter().enumerate().filter(|(position, _)| clicked[*position]) {
            let felt = experience(&self.params, &self.impression(&person, &shown.scene, i, item));
            let luck = |purpose| rng.item_word(purpose, user, tick, item);
            out.click(i, position, self.dwell_secs(promises[position], felt, luck(purpose::CONSUME)));
            match self.verdict(felt, luck(purpose::LIKE)) {
                Verdict::Like => out.signal(0, i, position, 1.0),
                Verdict::Hide => out.signal(1, i, position, 1.0),
                Verdict::Nothing => {}
            }
        }
        Ok(())
    }
}

impl UserModel for Feed {
    type State = FeedState;

    fn spec(&self) -> CohortSpec {
        let (params, groups) = (&self.params, self.people.groups());
        let mut seen = Vec::new();
        if params.observe_interest {
            let dim = self.embedding.length();
            seen.push(Block::dense("interest", dim, (-1.0, 1.0), "taste, a unit vector"));
        }
        if params.observe_groups {
            let one_hot = |it: &recloop_env::Group| {
                Block::dense(&it.name, it.levels.len(), (0.0, 1.0), "group attribute, one-hot")
            };
            seen.extend(groups.iter().map(one_hot));
        }
        CohortSpec {
            name: "feed".into(),
            features: Layout::new(seen),
            signals: vec!["like".into(), "hide".into()],
            groups,
            accounts: accounts::ACCOUNTS.map(Into::into).to_vec(),
            examination: Some(params.examination),
        }
    }

    fn blank(&self, n: usize) -> FeedState {
        let (dim, one) = (self.embedding.length(), || Grid::zeros(n, 1));
        FeedState {
            interest: Grid::zeros(n, dim),
            initial_interest: Grid::zeros(n, dim),
            satisfaction: one(),
            trust: one(),
            habit: one(),
            fatigue: Grid::zeros(n, self.n_topics),
            patience: one(),
            activity: one(),
            conformity: one(),
            literacy: one(),
            openness: one(),
            groups: Grid::zeros(n, self.n_levels.len()),
        }
    }

    fn begin(&self, state: &mut FeedState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        let mut traits = Traits {
            interest: state.interest.row_mut(at),
            activity: state.activity.row_mut(at),
            conformity: state.conformity.row_mut(at),
            literacy: state.literacy.row_mut(at),
            openness: state.openness.row_mut(at),
            groups: state.groups.row_mut(at),
        };
        self.people.meet(user, tick, rng, &mut draws, &mut traits);
        state.initial_interest.row_mut(at).copy_from_slice(state.interest.row(at));
        state.satisfaction.row_mut(at)[0] = self.params.initial_satisfaction;
        state.trust.row_mut(at)[0] = self.params.initial_trust;
        state.habit.row_mut(at)[0] = self.params.initial_habit;
        state.fatigue.row_mut(at).fill(0.0);
        state.patience.row_mut(at)[0] = self.params.patience_least + self.patience.sample(&mut draws);
    }

    fn first_visit(&self, user: UserId, rng: &Streams) -> f64 {
        // A session that ends at tick 0 spends draw 0; this one is nobody else's.
        returns::first_visit_secs(rng.block(purpose::RETURN, user, Tick(0), u32::MAX))
    }

    fn groups(&self, state: &FeedState, at: usize, out: &mut [u16]) {
        for (level, code) in out.iter_mut().zip(state.groups.row(at)) {
            *level = *code as u16;
        }
    }

    fn observe(&self, state: &FeedState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        let (params, dim) = (&self.params, self.embedding.length());
        for i in 0..rows.len() {
            let (at, mut rest) = (rows.at(i), out.row(i));
            if params.observe_interest {
                let (interest, others) = rest.split_at_mut(dim);
                interest.copy_from_slice(state.interest.row(at));
                rest = others;
            }
            if params.observe_groups {
                rest.fill(0.0);
                for (code, &n_levels) in state.groups.row(at).iter().zip(&self.n_levels) {
                    let (levels, others) = rest.split_at_mut(n_levels);
                    levels[(*code as usize).min(n_levels - 1)] = 1.0;
                    rest = others;
                }
            }
        }
    }

    fn respond(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        (0..shown.scene.rows.len()).try_for_each(|i| self.answer(state, shown, i, rng, out))
    }

    fn account(&self, state: &FeedState, shown: &Shown<'_>, did: &Responses, i: usize, out: &mut [f32]) {
        out.copy_from_slice(&self.accounts(state, shown, did, i));
    }

    fn explain(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        position: usize,
        rng: &Streams,
    ) -> Terms {
        self.terms(state, shown, i, position, rng)
    }

    fn advance(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        for (i, fate) in out.iter_mut().enumerate() {
            let slate = self.digest(state, shown, did, i, rng);
            self.take_in(state, shown, i, &slate);
            *fate = self.go_on(state, shown, i, &slate, rng);
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &FeedState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let person = self.person(state, scene.rows.at(i));
        for (score, &item) in out.iter_mut().zip(items) {
            let it = self.impression(&person, scene, i, item);
            let promised = promise(&self.params, &person, &it);
            *score = match goal {
                Goal::Click => promised,
                Goal::Dwell => {
                    let felt = experience(&self.params, &it);
                    sigmoid(promised) * self.expected_dwell_secs(promised, felt)
                }
                Goal::Utility => experience(&self.params, &it),
            };
        }
        true
    }
}
