//! A panel whose law is known: logistic in what it is told, and not of the surrogate's form.

use recloop::users::minds::{Act, Decision, Facing, Law, Mind, Next, Offer, Thought, Verdict};
use recloop::users::psyche::BigFive;
use recloop_env::{CohortError, Instruction, Streams, Wish, purpose, unit, unit_f32};

/// The panel; `shift` is added to the log-odds of watching and of staying, for one who is not of the panel.
pub(crate) struct Panel {
    pub(crate) shift: f32,
}

/// What somebody would do.
struct Leaning {
    traits: BigFive,
    liked: Vec<f32>,
    watches: Vec<f32>,
    leaves: f32,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

impl Panel {
    fn lean(&self, it: &Facing<'_>) -> Leaning {
        let traits = it.identity.personal.as_ref().map_or(BigFive::default(), |personal| personal.traits);
        let likes = it.identity.life.as_ref().map_or(&[][..], |life| &life.likes);
        let liked = |offer: &Offer<'_>| {
            let rank = likes.iter().position(|like| *like == it.topics[usize::from(offer.topic)]);
            rank.map_or(0.0, |rank| 1.0 / (1.0 + rank as f32))
        };
        let watches = |(k, offer): (usize, &Offer<'_>)| {
            let tired = it.fatigue[usize::from(offer.topic)].sqrt() * (1.0 - 0.5 * traits.openness);
            let felt = it
                .memories
                .iter()
                .find(|memory| memory.topic == offer.topic)
                .map_or(0.0, |memory| memory.felt);
            let promise = 0.7 * offer.promise * (1.0 + traits.extraversion);
            let base = -1.4 + 2.0 * liked(offer) + promise - 0.3 * tired + 0.8 * felt + 0.5 * it.mood.valence;
            sigmoid(base + 1.2 * traits.openness - 0.05 * k as f32 + self.shift)
        };
        let liked = it.offers.iter().map(liked).collect();
        let watches: Vec<f32> = it.offers.iter().enumerate().map(watches).collect();
        let mean = watches.iter().sum::<f32>() / watches.len() as f32;
        let bored = 0.06 * it.slates_seen as f32 - 3.0 * (mean - 0.3) - 1.2 * traits.stability;
        let leaves = sigmoid(-1.2 + bored - 0.6 * it.mood.valence - self.shift);
        Leaning { traits, liked, watches, leaves }
    }

    fn decide_one(&self, it: &Facing<'_>, rng: &Streams) -> Decision {
        let Leaning { traits, liked, watches, leaves } = self.lean(it);
        let act = |(k, offer): (usize, &Offer<'_>)| {
            let word = |purpose| rng.item_word(purpose, it.user, it.tick, offer.item);
            if unit_f32(word(purpose::CHOICE)) >= watches[k] {
                return Act::default();
            }
            // Seconds are not log-normal here: an exponential around what was promised.
            let secs = (2.0 + 0.8 * liked[k] + 0.3 * offer.promise).exp()
                * (0.5 - unit(word(purpose::CONSUME)).ln() as f32);
            let (luck, likes) =
                (unit_f32(word(purpose::LIKE)), sigmoid(-1.5 + 2.0 * liked[k] + traits.agreeableness));
            let verdict =
                if luck < likes { Some(Verdict::Like) } else { (luck > 0.97).then_some(Verdict::Hide) };
            Act { watches_secs: Some(secs.min(120.0)), verdict }
        };
        let acts = it.offers.iter().enumerate().map(act).collect();
        let mut rest = rng.at(purpose::CHOICE_NONE, it.user, it.tick);
        let gone = rest.unit() < leaves;
        let next = match gone {
            true if it.may_speak && rest.unit() < 0.4 => Next::Asks(Instruction::of(Wish::SomethingNew)),
            true => Next::Leaves,
            false => Next::Stays,
        };
        let mean = watches.iter().sum::<f32>() / watches.len() as f32;
        let stars = (4.0 * (1.6 * mean + 0.3 * rest.unit())).min(4.0).round();
        let feeling = if rest.unit() < mean { 1.0 } else { -f32::from(u8::from(rest.unit() < 0.4)) };
        Decision { acts, satisfaction: stars / 4.0, feeling, mindset: None, next }
    }
}

impl Mind for Panel {
    fn name(&self) -> &str {
        "panel"
    }

    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError> {
        let thought = |it| Thought { decision: Some(self.decide_one(it, rng)), tokens: Default::default() };
        Ok(faced.iter().map(thought).collect())
    }

    fn laws(&self, faced: &[Facing<'_>]) -> Option<Vec<Law>> {
        let law = |it: &Facing<'_>| {
            let Leaning { watches, leaves, .. } = self.lean(it);
            Law { watches, leaves: leaves * if it.may_speak { 0.6 } else { 1.0 } }
        };
        Some(faced.iter().map(law).collect())
    }
}
