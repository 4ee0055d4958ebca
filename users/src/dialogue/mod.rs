//! Feed users with a psyche, who may say what they want before they leave.
//!
//! Start at [`Dialogue`]. What a slate does to them is in `feeling`, what they remember in `slots`, what they answer in `asked`.

mod asked;
pub(crate) mod feeling;
mod params;
pub(crate) mod slots;
mod state;
#[cfg(test)]
mod tests;

pub use params::{DialogueParams, Instructions};
pub use state::{DialogueState, PsycheState};

use recloop_env::{
    CohortError, CohortSpec, Fate, Goal, ItemId, ObservationRows, ResponseRows, Responses, Rows, Scene,
    Shown, Streams, Terms, Tick, UserId, UserModel, purpose,
};

use crate::feed::ACCOUNTS;
use crate::psyche::{BigFive, Emotion, Identity, Life, Mood, Personal, Recall, Routine, Social};
use crate::{Feed, UserError};

/// What the psyche adds to the accounts of a slate: as it is after the slate.
const INNER: [&str; 5] = ["valence", "arousal", "dominance", "emotion", "risk"];
/// Topics a persona names.
const LIKES: usize = 3;

/// A [`Feed`] user with a psyche and a channel to say what it wants.
///
/// It chooses, dwells, judges, drifts and tires as a feed user does. Beyond that, with s the value of a slate, y the satisfaction before it,
/// gap the mean gap of what was clicked and v − v₀ the valence beyond its baseline:
///
/// | | |
/// |---|---|
/// | character | five traits, half of them known by openness, literacy, activity and conformity: [`BigFive::drawn`] |
/// | mood | springs to its baseline, plus `(1 − .5·stability)` times the appraisal: [`Mood`] |
/// | appraisal | valence `.6(s − y) − .4·gap − .005·max f`, arousal `.4·abs(s − y)`, dominance `−.4·gap` |
/// | relief | a slate with `s ≥ 0.6` leaves patience 3 at least |
/// | stay | as in a feed, with `0.5(v − v₀)` more log-odds |
/// | return | as in a feed, with `0.5(v − v₀)` more log-odds per window |
/// | risk | `risk += ½(1 − P(stay)·min(1, patience/3) − risk)` |
/// | emotion | `e += clip(20(s − ½), −10, 10)`, from 50 as a session begins: [`Emotion`] |
/// | memory | of what was felt most in a slate: topic, `2σ(e) − 1`; 8 of them, like [`Memories`](crate::psyche::Memories) |
/// | instruction | who is about to leave at a risk of 0.25 or more speaks with probability `0.7 + 0.2·extraversion`, once a session, and stays for a slate more |
/// | what it says | what would gain most in log-odds of a good experience: [`View`](crate::psyche::View), with Gumbel noise of scale 0.3 |
///
/// Letters are those of [`Feed`], numbers the defaults of [`DialogueParams`]; all are chosen by us. **Nothing reads an instruction**: whether it is heard
/// changes a user only through what is shown next. `Instructions::Muted` says the same to nobody, and everything else is alike.
///
/// # Questions
/// "Do you like cooking?" is answered "Yes." by whoever likes it more than topics on average, else "No."; "Which of cooking or music do you like
/// most, or none of these?" by the one liked most, as "cooking.", or "None of these." where none is liked more than that; "I cannot say."
/// goes for everything else.
///
/// # Luck
/// The feed's, under the same names: with [`DialogueParams::silent`] a user lives exactly as their feed user. Character and speaking have
/// purposes of their own.
///
/// # Errors
/// Parameters out of range.
///
/// # Source
/// RecoWorld (2025), "Building simulated environments for agentic recommender systems", for users who instruct before they leave; equations
/// are ours.
///
/// ```
/// use recloop_env::{Block, Layout, Topics, UserModel};
/// use recloop_users::{Dialogue, DialogueParams, Feed, FeedParams, People};
/// let observed = Layout::new(vec![
///     Block::category("topic", 14, "what it is about"),
///     Block::dense("embedding", 32, (-1.0, 1.0), "topic vector"),
/// ]);
/// let unit = |name| Block::dense(name, 1, (0.0, 1.0), "");
/// let latent = Layout::new(vec![unit("quality"), unit("bait")]);
/// let feed = Feed::new(FeedParams::default(), People::drawn(Topics::new(14, 32).into()), &observed, &latent)?;
/// let users = Dialogue::new(DialogueParams::default(), feed.clone())?;
/// assert!(users.spec().accounts.contains(&"valence".into()));
///
/// let deaf = DialogueParams { candour: 2.0, ..DialogueParams::default() };
/// assert_eq!(Dialogue::new(deaf, feed).unwrap_err().to_string(), "set `candour` to 2: allowed is [0, 1]");
/// # Ok::<(), recloop_users::UserError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dialogue {
    params: DialogueParams,
    pub(crate) recall: Recall,
    pub(crate) feed: Feed,
}

impl Dialogue {
    /// These feed users, with a psyche.
    pub fn new(params: DialogueParams, feed: Feed) -> Result<Self, UserError> {
        params.check()?;
        Ok(Self { recall: params.recall(), params, feed })
    }

    /// Who sat down in row `at`, as a persona says it; what they like by now may differ. The daily routine is that of an average feed user.
    #[must_use]
    pub fn identity(&self, state: &DialogueState, at: usize) -> Identity {
        let levels = state.feed.groups.row(at);
        let groups = self.feed.people.groups().into_iter().zip(levels);
        let named = |(group, level): (recloop_env::Group, &f32)| {
            let level = group.levels.get(*level as usize)?.clone();
            Some((group.name, level))
        };
        let liking = self.liking(state.feed.initial_interest.row(at));
        let mut order: Vec<usize> = (0..liking.len()).collect();
        order.sort_by(|&a, &b| liking[b].total_cmp(&liking[a]));
        let names = &self.feed.people.topics().names;
        let traits = Self::character(state, at);
        let whole = Identity {
            name: String::new(),
            social: Some(Social { groups: groups.filter_map(named).collect() }),
            personal: Some(Personal { traits, values: traits.values() }),
            life: Some(Life {
                likes: order.into_iter().take(LIKES).filter_map(|t| names.get(t).cloned()).collect(),
                routine: Routine([0.1, 0.25, 0.3, 0.35]),
                habits: None,
            }),
        };
        whole.with(self.params.blocks())
    }

    /// Writes the character of a newborn, and their mood: at its baseline.
    fn awaken(&self, state: &mut DialogueState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let feed = &state.feed;
        // In standard deviations: the traits of feed users are Beta(2, 2) and Beta(2, 3), activity is normal.
        let known = [
            (feed.openness.row(at)[0] - 0.5) / 0.2236,
            (feed.literacy.row(at)[0] - 0.4) / 0.2,
            feed.activity.row(at)[0],
            (feed.conformity.row(at)[0] - 0.4) / 0.2,
        ];
        let drawn = BigFive::drawn(known, &mut rng.at(purpose::PERSONA, user, tick));
        let who = if self.params.personality { drawn } else { BigFive::default() };
        let psyche = &mut state.psyche;
        psyche.traits.row_mut(at).copy_from_slice(&who.numbers());
        psyche.mood.row_mut(at).copy_from_slice(&Mood::baseline(&who).numbers());
        psyche.memories.row_mut(at).fill(0.0);
        for scalar in [&mut psyche.risk, &mut psyche.disappointment, &mut psyche.plan] {
            scalar.row_mut(at)[0] = 0.0;
        }
        Self::settle(state, at);
    }

    /// A session is over: what belonged to it begins anew.
    fn settle(state: &mut DialogueState, at: usize) {
        let psyche = &mut state.psyche;
        psyche.emotion.row_mut(at)[0] = Emotion::default().score();
        for scalar in [&mut psyche.risk, &mut psyche.grace, &mut psyche.spoken] {
            scalar.row_mut(at)[0] = 0.0;
        }
    }

    /// Row `i` does as it decided; `value` is what it said the slate was worth, if it said so.
    pub(crate) fn carry_out(
        &self,
        state: &mut DialogueState,
        shown: &Shown<'_>,
        did: &Responses,
        i: usize,
        value: Option<f32>,
        rng: &Streams,
    ) -> Fate {
        let at = shown.scene.rows.at(i);
        let mut slate = self.feed.digest(&state.feed, shown, did, i, rng);
        slate.value = value.unwrap_or(slate.value);
        let after = self.foresee(state, shown, i, &slate);
        self.feed.take_in(&mut state.feed, shown, i, &slate);
        if state.psyche.plan.row(at)[0] > 0.0 {
            return self.feed.linger(&mut state.feed, shown, i, after.patience, slate.secs);
        }
        let nudge = self.params.return_valence * Self::cheer(state, at);
        let fate = self.feed.depart(&mut state.feed, shown, i, slate.secs, nudge, rng);
        Self::settle(state, at);
        if let Fate::Returns(secs) = fate {
            let who = Self::character(state, at);
            let keep = (-secs / 3600.0 / self.params.mood_half_life_hours).exp2();
            let mood = Self::mood(state, at).faded(&who, keep);
            state.psyche.mood.row_mut(at).copy_from_slice(&mood.numbers());
        }
        fate
    }
}

impl UserModel for Dialogue {
    type State = DialogueState;

    fn spec(&self) -> CohortSpec {
        let spec = self.feed.spec();
        let accounts = spec.accounts.into_iter().chain(INNER.map(String::from)).collect();
        CohortSpec { name: "dialogue".into(), accounts, ..spec }
    }

    fn blank(&self, n: usize) -> DialogueState {
        DialogueState { feed: self.feed.blank(n), psyche: PsycheState::blank(n) }
    }

    fn begin(&self, state: &mut DialogueState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        self.feed.begin(&mut state.feed, at, user, tick, rng);
        self.awaken(state, at, user, tick, rng);
    }

    fn first_visit(&self, user: UserId, rng: &Streams) -> f64 {
        self.feed.first_visit(user, rng)
    }

    fn groups(&self, state: &DialogueState, at: usize, out: &mut [u16]) {
        self.feed.groups(&state.feed, at, out);
    }

    fn observe(&self, state: &DialogueState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        self.feed.observe(&state.feed, rows, out);
    }

    fn respond(
        &self,
        state: &mut DialogueState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        for i in 0..shown.scene.rows.len() {
            self.feed.answer(&state.feed, shown, i, rng, out)?;
            self.feel(state, shown, i, None, rng, out);
        }
        self.answer(state, shown, out);
        Ok(())
    }

    fn account(&self, state: &DialogueState, shown: &Shown<'_>, did: &Responses, i: usize, out: &mut [f32]) {
        let (feed, inner) = out.split_at_mut(ACCOUNTS.len());
        self.feed.account(&state.feed, shown, did, i, feed);
        let (at, psyche) = (shown.scene.rows.at(i), &state.psyche);
        inner[..3].copy_from_slice(psyche.mood.row(at));
        inner[3..].copy_from_slice(&[psyche.emotion.row(at)[0], psyche.risk.row(at)[0]]);
    }

    fn explain(
        &self,
        state: &DialogueState,
        shown: &Shown<'_>,
        i: usize,
        position: usize,
        rng: &Streams,
    ) -> Terms {
        self.feed.explain(&state.feed, shown, i, position, rng)
    }

    fn advance(
        &self,
        state: &mut DialogueState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        for (i, fate) in out.iter_mut().enumerate() {
            *fate = self.carry_out(state, shown, did, i, None, rng);
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &DialogueState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        self.feed.appraise(&state.feed, scene, i, goal, items, out)
    }
}
