//! Users with a body of equations and a mind of their own.

use std::sync::Arc;

use recloop_env::{
    CohortError, CohortSpec, Fate, Goal, Grid, ItemId, ObservationRows, ResponseRows, Responses, Rows, Scene,
    Shown, State, Streams, Terms, Tick, UserId, UserModel, normalise,
};
use recloop_llm::Tokens;

use super::state::{MindState, MindedState};
use super::{Decision, Facing, Law, MINDSET_CHARS, Mind, Next, Offer, Remembered, Thought, Verdict};
use crate::dialogue::feeling::hours;
use crate::dialogue::slots::Slots;
use crate::psyche::{Identity, Mood};
use crate::{Dialogue, UserError};

/// What the mind adds to the accounts of a slate.
const ACCOUNTS: [&str; 7] =
    ["minded", "fell_back", "tokens_read", "tokens_reused", "tokens_written", "leaves", "leave_chance"];
/// Memories a mind is told of; chosen by us.
const RECALLED: usize = 5;
/// Most slates of a session that a mind decides on: assistants are polite and do not leave by themselves (chosen by us).
pub const MOST_SLATES: u32 = 100;

/// A [`Dialogue`] user whose decisions are made by a [`Mind`].
///
/// The mind is told who it is, how it feels, what it remembers and what is shown ([`Facing`]), and decides what to watch, for how long, what to
/// think of the feed, and whether to stay, leave or say what it wants. Everything else is the body's: what a watched item turns out to be, and so
/// what is remembered of it; moods beyond better and worse; absences. The satisfaction a mind reports takes the place of the value of the slate, and so
/// decides with the body whether it comes back. Where a mind fails, the body decides for itself.
///
/// One batch of questions goes to the mind per tick and block of 4,096 users. What a recommender asks is answered by the body.
///
/// Choice probabilities are the [shadow's](Minded::shadowed_by); without one, what was decided has probability 1.
///
/// # Accounts
/// Beside the body's: `minded` and `fell_back` (a mind was asked; it failed), `tokens_read`, `tokens_reused`, `tokens_written`, `leaves`
/// (whether the session was decided to end here), `leave_chance` (by the [shadow](Minded::shadowed_by); 0 without one).
///
/// # Errors
/// What the mind says must stop a run.
///
/// # Source
/// Agent4Rec (2024), "On generative agents in recommendation", and RecoWorld (2025), for users who are asked; bodies are ours.
#[derive(Clone)]
pub struct Minded {
    body: Dialogue,
    mind: Option<Arc<dyn Mind>>,
    shadow: Option<Arc<dyn Mind>>,
    personas: Arc<Vec<Persona>>,
}

/// Somebody written down, with the taste that follows.
struct Persona {
    identity: Identity,
    /// `[D]`, nothing if no topic is liked.
    interest: Option<Vec<f32>>,
}

impl Minded {
    /// These bodies, with nobody to decide for them yet.
    #[must_use]
    pub fn new(body: Dialogue) -> Self {
        Self { body, mind: None, shadow: None, personas: Arc::default() }
    }

    /// Who decides.
    #[must_use]
    pub fn guided_by(self, mind: Arc<dyn Mind>) -> Self {
        Self { mind: Some(mind), ..self }
    }

    /// Who is asked, beside the mind, how likely it holds each thing to be: choice probabilities and `leave_chance` are its
    /// [laws](Mind::laws).
    #[must_use]
    pub fn shadowed_by(self, shadow: Arc<dyn Mind>) -> Self {
        Self { shadow: Some(shadow), ..self }
    }

    /// User u is person `u mod n` of these: character and taste are theirs. Taste is the mean of the topics they like, the first counting most (1, ½, ⅓, …).
    ///
    /// # Errors
    /// No people, or one who likes a topic there is none of.
    pub fn being(self, people: Vec<Identity>) -> Result<Self, UserError> {
        if people.is_empty() {
            return Err(UserError::Persona("there is nobody in it".into()));
        }
        let topics = self.body.feed.people.topics();
        let persona = |mut identity: Identity| {
            let likes = identity.life.iter_mut().flat_map(|life| &mut life.likes);
            let mut interest = vec![0.0; topics.centres.width()];
            let mut any = false;
            for (rank, like) in likes.enumerate() {
                let Some(topic) = topics.names.iter().position(|name| name.eq_ignore_ascii_case(like)) else {
                    let known = topics.names.join(", ");
                    return Err(UserError::Persona(format!("nothing is about `{like}`: topics are {known}")));
                };
                // As everybody else calls it.
                like.clone_from(&topics.names[topic]);
                any = true;
                let weight = 1.0 / (rank + 1) as f32;
                let centre = topics.centres.row(topic);
                interest.iter_mut().zip(centre).for_each(|(x, z)| *x += weight * z);
            }
            normalise(&mut interest);
            Ok(Persona { identity, interest: any.then_some(interest) })
        };
        let personas = people.into_iter().map(persona).collect::<Result<_, _>>()?;
        Ok(Self { personas: Arc::new(personas), ..self })
    }

    fn persona(&self, user: UserId) -> Option<&Persona> {
        self.personas.get(user.index() % self.personas.len().max(1))
    }

    /// Who `user` in row `at` is.
    fn identity(&self, state: &MindedState, at: usize, user: UserId) -> Identity {
        let written = self.persona(user).map(|persona| persona.identity.clone());
        written.unwrap_or_else(|| self.body.identity(&state.body, at))
    }

    /// What row `i` is told.
    fn face<'a>(
        &'a self,
        state: &'a MindedState,
        shown: &Shown<'a>,
        i: usize,
        identity: &'a Identity,
        mindset: &'a str,
    ) -> Facing<'a> {
        let (rows, feed) = (shown.scene.rows, &self.body.feed);
        let (at, body) = (rows.at(i), &state.body);
        let offers: Vec<Offer<'a>> = feed.offers(&body.feed, shown, i);
        let (now_hours, cheer) = (hours(shown, i), Dialogue::cheer(body, at));
        let on_slate = |topic: usize| offers.iter().any(|offer| usize::from(offer.topic) == topic);
        let memories = Slots::of(&body.psyche.memories, at);
        let recalled = memories.recalled(&self.body.recall, on_slate, now_hours, cheer, RECALLED);
        Facing {
            user: rows.users[i],
            tick: rows.tick,
            now_hours,
            identity,
            mood: Dialogue::mood(body, at),
            baseline: Mood::baseline(&Dialogue::character(body, at)),
            fatigue: body.feed.fatigue.row(at),
            memories: recalled
                .map(|it| Remembered {
                    topic: it.topic as u16,
                    felt: it.felt,
                    hours_ago: now_hours - it.at_hours,
                })
                .collect(),
            mindset,
            slates_seen: state.mind.slates_seen.row(at)[0] as u32,
            may_speak: self.body.may_speak(body, at),
            offers,
            topics: &feed.people.topics().names,
        }
    }

    /// Asks the mind and the shadow about all rows.
    fn think(
        &self,
        state: &MindedState,
        shown: &Shown<'_>,
        rng: &Streams,
    ) -> Result<(Vec<Thought>, Option<Vec<Law>>), CohortError> {
        let (rows, mind) = (shown.scene.rows, &state.mind);
        let who = |i: usize| (self.identity(state, rows.at(i), rows.users[i]), mind.mindset_of(rows.at(i)));
        let people: Vec<(Identity, String)> = (0..rows.len()).map(who).collect();
        let told = people.iter().enumerate();
        let faced: Vec<Facing<'_>> =
            told.map(|(i, (identity, mindset))| self.face(state, shown, i, identity, mindset)).collect();
        let thoughts = match &self.mind {
            Some(mind) => mind.decide(&faced, rng)?,
            None => Vec::new(),
        };
        let laws = self.shadow.as_ref().and_then(|shadow| shadow.laws(&faced));
        Ok((thoughts, laws))
    }

    /// Row `i` does as it was told.
    fn act(
        &self,
        state: &mut MindedState,
        shown: &Shown<'_>,
        i: usize,
        told: &Decision,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) {
        let at = shown.scene.rows.at(i);
        let cap = self.body.feed.params.dwell_cap_secs;
        for (position, act) in told.acts.iter().enumerate().take(out.k) {
            let Some(secs) = act.watches_secs else { continue };
            out.click(i, position, secs.clamp(0.0, cap));
            match act.verdict {
                Some(Verdict::Like) => out.signal(0, i, position, 1.0),
                Some(Verdict::Hide) => out.signal(1, i, position, 1.0),
                None => {}
            }
        }
        let told = &Decision {
            next: if is_weary(&state.mind, at) { Next::Leaves } else { told.next.clone() },
            ..told.clone()
        };
        self.body.feel(&mut state.body, shown, i, Some(told), rng, out);
        state.mind.told.row_mut(at).copy_from_slice(&[1.0, told.satisfaction]);
        if let Some(view) = &told.mindset {
            state.mind.keep_mindset(at, view);
        }
    }

    /// Row `i` is left to itself.
    fn drift(
        &self,
        state: &mut MindedState,
        shown: &Shown<'_>,
        i: usize,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        self.body.feed.answer(&state.body.feed, shown, i, rng, out)?;
        self.body.feel(&mut state.body, shown, i, None, rng, out);
        state.mind.told.row_mut(shown.scene.rows.at(i)).fill(0.0);
        Ok(())
    }
}

/// Whether the session ends with this slate whatever a mind decides.
fn is_weary(mind: &MindState, at: usize) -> bool {
    mind.slates_seen.row(at)[0] as u32 + 1 >= MOST_SLATES
}

/// Writes what row `i` was likely to watch: by a law, else, of what a mind decided, what it did.
fn tell(law: Option<&Law>, decided: bool, i: usize, out: &mut ResponseRows<'_>) {
    let did: Vec<f32> = match law {
        Some(law) => law.watches.clone(),
        None if decided => {
            out.click[i * out.k..(i + 1) * out.k].iter().map(|did| f32::from(u8::from(*did))).collect()
        }
        None => return,
    };
    if let Some(probs) = out.probs(i) {
        probs.copy_from_slice(&did);
    }
}

/// The accounts of a slate that cost this.
fn spent(thought: Option<&Thought>, leaves: bool, law: Option<&Law>) -> [f32; 7] {
    let yes = |it: bool| f32::from(u8::from(it));
    let Tokens { prompt, cached, completion } = thought.map(|it| it.tokens).unwrap_or_default();
    [
        yes(thought.is_some()),
        yes(thought.is_some_and(|it| it.decision.is_none())),
        prompt as f32,
        cached as f32,
        completion as f32,
        yes(leaves),
        law.map_or(0.0, |law| law.leaves),
    ]
}

impl UserModel for Minded {
    type State = MindedState;

    fn spec(&self) -> CohortSpec {
        let spec = self.body.spec();
        let accounts = spec.accounts.into_iter().chain(ACCOUNTS.map(String::from)).collect();
        let name = self.mind.as_ref().map_or("dialogue", |mind| mind.name()).into();
        CohortSpec { name, accounts, ..spec }
    }

    fn blank(&self, n: usize) -> MindedState {
        let mind = MindState {
            told: Grid::zeros(n, 2),
            slates_seen: Grid::zeros(n, 1),
            mindset: Grid::zeros(n, 1 + MINDSET_CHARS),
            spent: Grid::zeros(n, ACCOUNTS.len()),
        };
        MindedState { body: self.body.blank(n), mind }
    }

    fn begin(&self, state: &mut MindedState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        self.body.begin(&mut state.body, at, user, tick, rng);
        state.mind.fields_mut().into_iter().for_each(|(_, values)| values.row_mut(at).fill(0.0));
        let Some(persona) = self.persona(user) else { return };
        if let Some(personal) = &persona.identity.personal {
            let psyche = &mut state.body.psyche;
            psyche.traits.row_mut(at).copy_from_slice(&personal.traits.numbers());
            psyche.mood.row_mut(at).copy_from_slice(&Mood::baseline(&personal.traits).numbers());
        }
        if let Some(interest) = &persona.interest {
            state.body.feed.interest.row_mut(at).copy_from_slice(interest);
            state.body.feed.initial_interest.row_mut(at).copy_from_slice(interest);
        }
    }

    fn first_visit(&self, user: UserId, rng: &Streams) -> f64 {
        self.body.first_visit(user, rng)
    }

    fn groups(&self, state: &MindedState, at: usize, out: &mut [u16]) {
        self.body.groups(&state.body, at, out);
    }

    fn observe(&self, state: &MindedState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        self.body.observe(&state.body, rows, out);
    }

    fn respond(
        &self,
        state: &mut MindedState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let alone = self.mind.is_none() && self.shadow.is_none();
        let (thoughts, laws) = if alone { (Vec::new(), None) } else { self.think(state, shown, rng)? };
        for i in 0..shown.scene.rows.len() {
            let thought = thoughts.get(i);
            match thought.and_then(|thought| thought.decision.as_ref()) {
                Some(told) => self.act(state, shown, i, told, rng, out),
                None => self.drift(state, shown, i, rng, out)?,
            }
            let law = laws.as_ref().and_then(|laws| laws.get(i));
            tell(law, thought.is_some_and(|thought| thought.decision.is_some()), i, out);
            let at = shown.scene.rows.at(i);
            // Who is made to leave has not decided to.
            let leaves = state.body.psyche.plan.row(at)[0] <= 0.0 && !is_weary(&state.mind, at);
            state.mind.spent.row_mut(at).copy_from_slice(&spent(thought, leaves, law));
        }
        self.body.answer(&state.body, shown, out);
        Ok(())
    }

    fn account(&self, state: &MindedState, shown: &Shown<'_>, did: &Responses, i: usize, out: &mut [f32]) {
        let (body, mind) = out.split_at_mut(out.len() - ACCOUNTS.len());
        self.body.account(&state.body, shown, did, i, body);
        mind.copy_from_slice(state.mind.spent.row(shown.scene.rows.at(i)));
    }

    fn explain(
        &self,
        state: &MindedState,
        shown: &Shown<'_>,
        i: usize,
        position: usize,
        rng: &Streams,
    ) -> Terms {
        self.body.explain(&state.body, shown, i, position, rng)
    }

    fn advance(
        &self,
        state: &mut MindedState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        for (i, fate) in out.iter_mut().enumerate() {
            let at = shown.scene.rows.at(i);
            let told = state.mind.told.row(at);
            let value = (told[0] > 0.0).then_some(told[1]);
            *fate = self.body.carry_out(&mut state.body, shown, did, i, value, rng);
            let seen = &mut state.mind.slates_seen.row_mut(at)[0];
            *seen = if matches!(fate, Fate::Stays(_)) { *seen + 1.0 } else { 0.0 };
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &MindedState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        self.body.appraise(&state.body, scene, i, goal, items, out)
    }
}
