//! What a slate does to a psyche, and what somebody about to leave says.

use recloop_env::{Draws, Instruction, Message, ResponseRows, Said, Shown, Streams, purpose, unit};

use super::slots::{Felt, Slots, remember};
use super::{Dialogue, DialogueState, Instructions};
use crate::feed::{Digest, Foresight, dot, experience, sigmoid};
use crate::minds::{Decision, Next};
use crate::psyche::{BigFive, Emotion, Mood, View};

/// Change of the emotion score per unit of slate value beyond ½; chosen by us.
const EMOTION_SLOPE: f32 = 20.0;
/// Slates that patience should last for, to feel safe; chosen by us.
const SAFE_SLATES: f32 = 3.0;

/// A number drawn from the standard Gumbel law: differences of two are logistic.
fn gumbel(draws: &mut Draws) -> f32 {
    -(-unit(draws.word()).ln()).ln() as f32
}

impl Dialogue {
    /// The character of the user in row `at`.
    pub(crate) fn character(state: &DialogueState, at: usize) -> BigFive {
        let mut traits = [0.0; 5];
        traits.copy_from_slice(state.psyche.traits.row(at));
        BigFive::of(traits)
    }

    /// How the user in row `at` feels.
    pub(crate) fn mood(state: &DialogueState, at: usize) -> Mood {
        let mut mood = [0.0; 3];
        mood.copy_from_slice(state.psyche.mood.row(at));
        Mood::clipped(mood)
    }

    /// How far valence is from its baseline.
    pub(crate) fn cheer(state: &DialogueState, at: usize) -> f32 {
        Self::mood(state, at).valence - Mood::baseline(&Self::character(state, at)).valence
    }

    /// `[T]` a⟨x, c_t⟩.
    pub(super) fn liking(&self, interest: &[f32]) -> Vec<f32> {
        let centres = &self.feed.people.topics().centres;
        (0..centres.rows()).map(|t| self.feed.params.taste_weight * dot(interest, centres.row(t))).collect()
    }

    /// As the feed user will be, but for the relief of a good slate.
    pub(super) fn foresee(
        &self,
        state: &DialogueState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
    ) -> Foresight {
        let after = self.feed.foresee(&state.feed, shown, i, slate);
        let relieved = slate.value >= self.params.relief_value && self.params.relief_patience > 0.0;
        let least = if relieved { self.params.relief_patience } else { f32::NEG_INFINITY };
        Foresight { patience: after.patience.max(least), ..after }
    }

    /// Row `i` has clicked: moves mood, emotion, memories and mindset, decides whether to go on, and says what is to be said. What it
    /// was `told` by a mind goes before what follows from equations.
    pub(crate) fn feel(
        &self,
        state: &mut DialogueState,
        shown: &Shown<'_>,
        i: usize,
        told: Option<&Decision>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) {
        let (at, k) = (shown.scene.rows.at(i), out.k);
        let row = i * k..(i + 1) * k;
        let mut slate = self.feed.sum_up(
            &state.feed,
            shown,
            i,
            &out.click[row.clone()],
            &out.dwell_secs[row.clone()],
            rng,
        );
        slate.value = told.map_or(slate.value, |told| told.satisfaction);
        let after = self.foresee(state, shown, i, &slate);
        self.touch(state, at, &slate, &after, told.map(|told| told.feeling));
        self.keep(state, shown, i, &out.click[row]);
        let stays = self.weigh(state, at, &after, self.feed.stay_luck(shown, i, rng));
        let goes_on = match told.map(|told| &told.next) {
            None if stays => true,
            None => match self.instruction(state, shown, i, &slate, rng) {
                Some(said) => self.speak(state, at, i, &said, out),
                None => false,
            },
            Some(Next::Stays) => true,
            Some(Next::Leaves) => false,
            Some(Next::Asks(said)) => self.may_speak(state, at) && self.speak(state, at, i, said, out),
        };
        state.psyche.plan.row_mut(at)[0] = f32::from(u8::from(goes_on));
    }

    /// Moves the risk of leaving, uses up a slate of grace, and says whether the body wants another slate.
    fn weigh(&self, state: &mut DialogueState, at: usize, after: &Foresight, luck: f32) -> bool {
        let nudge = self.params.stay_valence * Self::cheer(state, at);
        let safe = (after.patience / SAFE_SLATES).clamp(0.0, 1.0);
        let risk = &mut state.psyche.risk.row_mut(at)[0];
        *risk += self.params.risk_rate * (1.0 - safe * self.feed.stay_chance(after, nudge) - *risk);
        let grace = &mut state.psyche.grace.row_mut(at)[0];
        *grace = (*grace - 1.0).max(0.0);
        self.feed.stays(after, nudge, luck) || *grace > 0.0
    }

    /// Row `i` says this, if anybody is to hear it, and stays.
    fn speak(
        &self,
        state: &mut DialogueState,
        at: usize,
        i: usize,
        said: &Instruction,
        out: &mut ResponseRows<'_>,
    ) -> bool {
        state.psyche.grace.row_mut(at)[0] = f32::from(self.params.grace_slates);
        state.psyche.spoken.row_mut(at)[0] += 1.0;
        if self.params.instructions == Instructions::On {
            let text = said.say(&self.feed.people.topics().names);
            out.replies.push(Message { row: i, said: Said::Instruction, text });
        }
        true
    }

    /// Whether the user in row `at` has not yet said all it may in this session.
    pub(crate) fn may_speak(&self, state: &DialogueState, at: usize) -> bool {
        let spoken = state.psyche.spoken.row(at)[0];
        spoken < f32::from(self.params.instructions_per_session) && self.params.grace_slates > 0
    }

    /// Moves mood, emotion and disappointment; who says how they feel (1 is better, −1 worse) is believed, as by a surprise of ½.
    fn touch(
        &self,
        state: &mut DialogueState,
        at: usize,
        slate: &Digest,
        after: &Foresight,
        feeling: Option<f32>,
    ) {
        let (params, who) = (&self.params, Self::character(state, at));
        let surprise = slate.value - state.feed.satisfaction.row(at)[0];
        let sting = params.mood_sting * slate.gap;
        let valence = params.mood_pleasure * surprise - sting - params.mood_tedium * after.tired;
        let appraisal = [
            feeling.map_or(valence, |feeling| 0.5 * params.mood_pleasure * feeling),
            params.mood_surprise * surprise.abs(),
            -sting,
        ];
        let mood = Self::mood(state, at).after(&params.mood(), &who, appraisal);
        state.psyche.mood.row_mut(at).copy_from_slice(&mood.numbers());
        let emotion = &mut state.psyche.emotion.row_mut(at)[0];
        let mut felt = Emotion::at(*emotion);
        felt.feel(EMOTION_SLOPE * (slate.value - 0.5));
        *emotion = felt.score();
        if slate.clicked {
            let gap = &mut state.psyche.disappointment.row_mut(at)[0];
            *gap += params.bait_rate * (slate.gap - *gap);
        }
    }

    /// Remembers what was felt most of what was clicked.
    fn keep(&self, state: &mut DialogueState, shown: &Shown<'_>, i: usize, click: &[bool]) {
        let at = shown.scene.rows.at(i);
        let person = self.feed.person(&state.feed, at);
        let felt = |&item| {
            let it = self.feed.impression(&person, &shown.scene, i, item);
            (it.topic, 2.0 * sigmoid(experience(&self.feed.params, &it)) - 1.0)
        };
        let clicked =
            shown.slate(i).iter().zip(click).filter(|(_, clicked)| **clicked).map(|(item, _)| felt(item));
        let Some((topic, felt)) = clicked.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) else { return };
        let memory = Felt {
            topic,
            felt,
            at_hours: hours(shown, i),
            importance: felt.abs(),
            valence: Self::cheer(state, at),
        };
        let memories = state.psyche.memories.row_mut(at);
        remember(memories, &self.recall, self.params.reflection_threshold, memory);
    }

    /// What somebody about to leave says instead, if anything.
    fn instruction(
        &self,
        state: &DialogueState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
        rng: &Streams,
    ) -> Option<Instruction> {
        let (params, rows) = (&self.params, shown.scene.rows);
        let at = rows.at(i);
        if !self.may_speak(state, at) || state.psyche.risk.row(at)[0] < params.risk_threshold {
            return None;
        }
        let mut draws = rng.at(purpose::INSTRUCTION, rows.users[i], rows.tick);
        let candour = params.candour + params.candour_extraversion * state.psyche.traits.row(at)[2];
        if draws.unit() >= candour {
            return None;
        }
        let noise = |_| params.report_noise * gumbel(&mut draws);
        self.view(state, shown, i, slate, noise)
    }

    /// What follows from the mindset of row `i`, after the slate.
    fn view(
        &self,
        state: &DialogueState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
        noise: impl FnMut(usize) -> f32,
    ) -> Option<Instruction> {
        let (at, feed) = (shown.scene.rows.at(i), &self.feed.params);
        let mut seen = state.feed.fatigue.row(at).to_vec();
        self.feed.tire(&mut seen, shown, i, slate);
        let sum: f32 = seen.iter().sum();
        let share: Vec<f32> = seen.iter().map(|f| if sum > 0.0 { f / sum } else { 0.0 }).collect();
        let weary: Vec<f32> = seen.iter().map(|f| 0.5 * feed.fatigue_weight * f).collect();
        let (memories, cheer) = (Slots::of(&state.psyche.memories, at), Self::cheer(state, at));
        let sour: Vec<f32> =
            (0..seen.len()).map(|t| memories.sour(&self.recall, t, hours(shown, i), cheer)).collect();
        let view = View {
            liking: &self.liking(state.feed.interest.row(at)),
            share: &share,
            weary: &weary,
            sour: &sour,
            bait: feed.bait_weight * state.psyche.disappointment.row(at)[0],
            // Nothing in a feed is better for being over sooner.
            haste: 0.0,
        };
        view.instruction(&self.feed.people.topics().names, noise)
    }
}

/// The user's clock in hours.
pub(crate) fn hours(shown: &Shown<'_>, i: usize) -> f32 {
    (shown.scene.rows.time_secs[i] / 3600.0) as f32
}
