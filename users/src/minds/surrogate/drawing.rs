//! From what somebody leans to, to what they do.

use recloop_env::{Instruction, Streams, Wish, purpose, unit, unit_f32};
use serde::{Deserialize, Serialize};

use super::super::{Act, Decision, Facing, Next, Verdict};
use super::head::{WISHES, softmax};
use crate::normal::quantile;

/// How long watching lasts, beyond what the network says of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dwell {
    /// Standard deviation of ln(1 + seconds) around what the network says, over the decisions held out.
    pub(super) log_sd: f32,
    /// Longest there was.
    pub(super) most_secs: f32,
}

/// What the network of the offers says of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LeaningOffer {
    /// Of watching it.
    pub(super) chance: f32,
    /// Logits of nothing, a like, a hide.
    verdict: [f32; 3],
    /// ln(1 + seconds).
    pub(super) log_secs: f32,
}

/// How likely somebody is to do what.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Leaning {
    /// `[K]`.
    pub(super) offers: Vec<LeaningOffer>,
    /// Staying, leaving, asking.
    pub(super) after: [f32; 3],
    stars: [f32; 5],
    feeling: [f32; 3],
    wish: [f32; WISHES.len()],
}

impl LeaningOffer {
    /// From the outputs of its network.
    pub(super) fn of(out: &[f32]) -> Self {
        let chance = 1.0 / (1.0 + (out[0] - out[1]).exp());
        Self { chance, verdict: [out[2], out[3], out[4]], log_secs: out[5] }
    }

    fn act(&self, dwell: Dwell, [watch, secs, verdict]: [u32; 3]) -> Act {
        if unit_f32(watch) >= self.chance {
            return Act::default();
        }
        let log_secs = self.log_secs + dwell.log_sd * quantile(unit(secs)) as f32;
        let [_, like, hide] = softmax(&self.verdict);
        let luck = unit_f32(verdict);
        // One word decides both, from its two ends.
        let verdict = match () {
            () if luck < like => Some(Verdict::Like),
            () if 1.0 - luck <= hide => Some(Verdict::Hide),
            () => None,
        };
        Act { watches_secs: Some(log_secs.exp_m1().clamp(0.0, dwell.most_secs)), verdict }
    }
}

impl Leaning {
    pub(super) fn chances(&self) -> impl Iterator<Item = f32> {
        self.offers.iter().map(|offer| offer.chance)
    }

    /// Takes in the outputs of the network of the people; whoever may not speak stays or leaves in the same proportion.
    pub(super) fn person(&mut self, out: &[f32], may_speak: bool) {
        let [stay, leave, ask] = softmax(&out[..3]);
        self.after =
            if may_speak { [stay, leave, ask] } else { [stay / (stay + leave), leave / (stay + leave), 0.0] };
        self.stars = softmax(&out[3..8]);
        self.feeling = softmax(&out[8..11]);
        self.wish = softmax(&out[11..11 + WISHES.len()]);
    }
}

/// Which of several probabilities a word falls on.
fn fallen(p: &[f32], word: u32) -> usize {
    let mut left = unit_f32(word);
    let last = p.len() - 1;
    p[..last]
        .iter()
        .position(|p| {
            left -= p;
            left < 0.0
        })
        .unwrap_or(last)
}

/// What somebody does.
pub(super) fn draw(leaning: &Leaning, dwell: Dwell, faced: &Facing<'_>, rng: &Streams) -> Decision {
    let act = |(offer, shown): (&LeaningOffer, &super::super::Offer<'_>)| {
        let word = |purpose| rng.item_word(purpose, faced.user, faced.tick, shown.item);
        let watch = word(purpose::CHOICE);
        // Most is passed over, and needs no more luck.
        let rest = if unit_f32(watch) < offer.chance {
            [word(purpose::CONSUME), word(purpose::LIKE)]
        } else {
            [0; 2]
        };
        offer.act(dwell, [watch, rest[0], rest[1]])
    };
    let acts = leaning.offers.iter().zip(&faced.offers).map(act).collect();
    let [after, stars, feeling, wish] = rng.block(purpose::CHOICE_NONE, faced.user, faced.tick, 1);
    let next = match fallen(&leaning.after, after) {
        0 => Next::Stays,
        1 => Next::Leaves,
        _ => Next::Asks(asked(WISHES[fallen(&leaning.wish, wish)], faced)),
    };
    Decision {
        acts,
        satisfaction: fallen(&leaning.stars, stars) as f32 / 4.0,
        feeling: fallen(&leaning.feeling, feeling) as f32 - 1.0,
        mindset: None,
        next,
    }
}

/// The instruction of such a wish: more of the topic liked most that is not on the slate, or of the one liked most; less of
/// the one most tired of. Without any such topic it is for something new.
fn asked(wish: Wish, faced: &Facing<'_>) -> Instruction {
    let topic = match wish {
        Wish::MoreOf => missed(faced),
        Wish::LessOf => {
            let tired = (0..).zip(faced.fatigue).filter(|(_, f)| **f > 0.0);
            tired.max_by(|a, b| a.1.total_cmp(b.1)).map(|(topic, _): (u16, _)| topic)
        }
        _ => return Instruction::of(wish),
    };
    match topic {
        Some(_) => Instruction { topic, ..Instruction::of(wish) },
        None => Instruction::of(Wish::SomethingNew),
    }
}

fn missed(faced: &Facing<'_>) -> Option<u16> {
    let likes = faced.identity.life.iter().flat_map(|life| &life.likes);
    let named = |like: &String| faced.topics.iter().position(|topic| topic == like).map(|at| at as u16);
    let mut liked = likes.filter_map(named);
    let first = liked.clone().next();
    liked.find(|topic| faced.offers.iter().all(|offer| offer.topic != *topic)).or(first)
}
