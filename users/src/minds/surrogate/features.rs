//! What a mind is told, as numbers.

use super::super::{Facing, Offer};

/// What is known of the person, each about in [−1, 1]; 0 where a block of the identity was left out.
///
/// | | |
/// |---|---|
/// | five traits, three moods | as they are |
/// | `slates_seen` | n / (n + 8) |
/// | `may_speak` | 0 or 1 |
pub const PERSON: [&str; 10] = [
    "openness",
    "conscientiousness",
    "extraversion",
    "agreeableness",
    "stability",
    "valence",
    "arousal",
    "dominance",
    "slates_seen",
    "may_speak",
];

/// What is known of an offer, each about in [−1, 1] and within [−2, 2] in any case. A topic's memory is the one that comes to mind
/// first.
///
/// | | |
/// |---|---|
/// | `liked` | 1 − r/n for the topic at rank r = 0, 1, … of n liked; 0 for any other |
/// | `fatigue` | ln(1 + f) / 3 |
/// | `felt`, `recency` | of the remembered: how it felt; 1 / (1 + hours/24), 0 if nothing is remembered |
/// | `appeal` | / 3 |
/// | `promise`, `promise_beyond` | / 4; by itself, and less the mean of the slate |
/// | `position` | k / K |
/// | `again` | share of the places above that hold the same topic |
pub const OFFER: [&str; 9] =
    ["liked", "fatigue", "felt", "recency", "appeal", "promise", "promise_beyond", "position", "again"];

/// What is known of the slate beyond the person: chances are those of watching, by the network of the offers. Zeros for a
/// slate of nothing.
pub const SLATE: [&str; 8] = [
    "chance_mean",
    "chance_max",
    "liked_mean",
    "fatigue_mean",
    "felt_mean",
    "promise_mean",
    "promise_max",
    "again_mean",
];

pub(super) const N_PERSON: usize = PERSON.len();
pub(super) const N_OFFER: usize = OFFER.len();
pub(super) const N_SLATE: usize = SLATE.len();

/// Where some of them are among those of an offer.
const LIKED: usize = 0;
const FATIGUE: usize = 1;
const FELT: usize = 2;
const PROMISE: usize = 5;
const AGAIN: usize = 8;

/// Slates of a session after which half of the scale is used up.
const LONG_SESSION: f32 = 8.0;
/// Hours after which a memory is half as recent.
const A_DAY: f32 = 24.0;
/// Levels at which an offer's numbers are 1: ln(1 + 19 impressions), 3 standard deviations, 4 in log-odds.
const TIRED: f32 = 3.0;
const APPEALING: f32 = 3.0;
const PROMISING: f32 = 4.0;
/// Nothing is further out than this.
const FURTHEST: f32 = 2.0;

/// Somebody in front of a slate, as numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Seen {
    pub(super) person: [f32; N_PERSON],
    /// `[K]`.
    pub(super) offers: Vec<[f32; N_OFFER]>,
}

/// Within bounds, whatever was told.
fn bounded(x: f32) -> f32 {
    if x.is_finite() { x.clamp(-FURTHEST, FURTHEST) } else { 0.0 }
}

impl Seen {
    pub(super) fn of(faced: &Facing<'_>) -> Self {
        let mut seen = Self::default();
        seen.read(faced);
        seen
    }

    /// Reads another situation into the same memory.
    pub(super) fn read(&mut self, faced: &Facing<'_>) {
        let traits = faced.identity.personal.as_ref().map_or([0.0; 5], |personal| personal.traits.numbers());
        let slates = faced.slates_seen as f32;
        let rest = [slates / (slates + LONG_SESSION), f32::from(u8::from(faced.may_speak))];
        let numbers = traits.into_iter().chain(faced.mood.numbers()).chain(rest);
        self.person.iter_mut().zip(numbers).for_each(|(to, from)| *to = bounded(from));
        let k = faced.offers.len() as f32;
        let mean = faced.offers.iter().map(|offer| offer.promise).sum::<f32>() / k.max(1.0);
        self.offers.clear();
        self.offers.extend(faced.offers.iter().enumerate().map(|(at, offer)| {
            let above = &faced.offers[..at];
            let again = above.iter().filter(|other| other.topic == offer.topic).count() as f32;
            let [felt, recency] = remembered(faced, offer);
            [
                liked(faced, offer),
                fatigue(faced, offer).ln_1p() / TIRED,
                felt,
                recency,
                offer.appeal / APPEALING,
                offer.promise / PROMISING,
                (offer.promise - mean) / PROMISING,
                at as f32 / k,
                again / (at as f32).max(1.0),
            ]
            .map(bounded)
        }));
    }

    /// `[K]` what the network of the offers reads.
    pub(super) fn rows(&self) -> impl Iterator<Item = [f32; N_PERSON + N_OFFER]> {
        self.offers.iter().map(|offer| joined(&self.person, offer))
    }

    /// What the network of the people reads, given how likely each item is to be watched.
    pub(super) fn row(&self, chances: impl Iterator<Item = f32>) -> [f32; N_PERSON + N_SLATE] {
        joined(&self.person, &self.slate(chances))
    }

    fn slate(&self, chances: impl Iterator<Item = f32>) -> [f32; N_SLATE] {
        if self.offers.is_empty() {
            return [0.0; N_SLATE];
        }
        let share = 1.0 / self.offers.len() as f32;
        let (mut sum, mut most) = (0.0_f32, 0.0_f32);
        chances.for_each(|chance| (sum, most) = (sum + chance, most.max(chance)));
        let mean = |at: usize| self.offers.iter().map(|offer| offer[at]).sum::<f32>() * share;
        let best = self.offers.iter().map(|offer| offer[PROMISE]).fold(f32::MIN, f32::max);
        [sum * share, most, mean(LIKED), mean(FATIGUE), mean(FELT), mean(PROMISE), best, mean(AGAIN)]
    }
}

/// One behind the other.
fn joined<const A: usize, const B: usize, const N: usize>(a: &[f32; A], b: &[f32; B]) -> [f32; N] {
    let mut row = [0.0; N];
    row[..A].copy_from_slice(a);
    row[A..].copy_from_slice(b);
    row
}

fn liked(faced: &Facing<'_>, offer: &Offer<'_>) -> f32 {
    let (Some(life), Some(name)) = (&faced.identity.life, faced.topics.get(usize::from(offer.topic))) else {
        return 0.0;
    };
    let rank = life.likes.iter().position(|like| like == name);
    rank.map_or(0.0, |rank| 1.0 - rank as f32 / life.likes.len() as f32)
}

fn fatigue(faced: &Facing<'_>, offer: &Offer<'_>) -> f32 {
    faced.fatigue.get(usize::from(offer.topic)).map_or(0.0, |f| f.max(0.0))
}

/// How the topic is remembered, and how recently.
fn remembered(faced: &Facing<'_>, offer: &Offer<'_>) -> [f32; 2] {
    let memory = faced.memories.iter().find(|memory| memory.topic == offer.topic);
    memory.map_or([0.0; 2], |memory| [memory.felt, 1.0 / (1.0 + memory.hours_ago.max(0.0) / A_DAY)])
}
