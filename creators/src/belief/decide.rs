//! Making up one's mind: slowly, now and then, about what to do; fast, item by item, to go on with it.

use recloop_env::{Draws, Tick, below};

use super::mind::{Knowledge, Lens, Minds};
use super::{Actions, BeliefKind};
use crate::made::{Choice, LEVELS, Memory, OwnItem, USUAL};

/// What a creator decides in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) now: Tick,
    pub(crate) lens: Lens,
    /// Cost spent a day lately, in clicks.
    pub(crate) spent: f64,
}

/// A topic, and what an item about it seems to bring per turn.
type Prospect = (u16, f64);

/// How far a creator raises or lowers its pace at once, and how far it may go (chosen by us).
const PACE_STEP: f64 = 1.25;
const PACES: [f64; 2] = [0.25, 4.0];

impl Minds {
    /// Decides one item: see [`TopicRule::Belief`](crate::TopicRule::Belief) for the equations.
    pub(crate) fn choose(
        &mut self,
        at: usize,
        memory: &Memory,
        here: &Circumstances,
        draws: &mut Draws,
    ) -> Choice {
        let items = memory.items(at);
        let last = items.iter().rev().find(|own| own.ticks(here.now) > 0);
        let news = last.filter(|own| self.plans[at].judged != own.id.0 + 1);
        if self.plans[at].left == 0 || news.is_some() {
            let surprised = |own: &OwnItem| {
                let before = items.partition_point(|other| other.id < own.id);
                self.is_surprised(own, &self.knowledge(at, &items[..before], here.now, here.lens))
            };
            if self.plans[at].left == 0 || news.is_some_and(surprised) {
                let knowledge = self.knowledge(at, items, here.now, here.lens);
                let felt = last.map_or(0.0, |own| self.felt(at, own, here));
                self.think(at, memory, here, &knowledge, felt, draws);
            }
        }
        if let Some(own) = news {
            self.get_used_to(at, own, here);
        }
        let plan = &mut self.plans[at];
        plan.left -= 1;
        plan.choice
    }

    /// Whether an item's clicks are too far from what was believed before it.
    fn is_surprised(&self, own: &OwnItem, knowledge: &Knowledge) -> bool {
        let rate = knowledge.click_rate(usize::from(own.choice.topic));
        let sds = rate.surprise(f64::from(own.impressions), f64::from(own.clicks));
        self.params.belief == BeliefKind::Posterior && sds > f64::from(self.params.surprise_sds)
    }

    /// Prospect value of an item's outcome beside what its maker is used to; 0 for somebody who is used to nothing yet.
    fn felt(&self, at: usize, own: &OwnItem, here: &Circumstances) -> f64 {
        let mood = self.moods[at];
        let Some(value) = self.per_turn(own, here.now, here.lens).filter(|_| mood.scale > 0.0) else {
            return 0.0;
        };
        let gain = (value - mood.reference) / mood.scale;
        let size = gain.abs().powf(f64::from(self.params.value_curvature));
        if gain < 0.0 { -f64::from(self.params.loss_aversion) * size } else { size }
    }

    /// An outcome moves the reference and how far outcomes are believed to lie from it.
    fn get_used_to(&mut self, at: usize, own: &OwnItem, here: &Circumstances) {
        let Some(value) = self.per_turn(own, here.now, here.lens) else { return };
        let (mood, plan) = (&mut self.moods[at], &mut self.plans[at]);
        let rate = if plan.judged == 0 { 1.0 } else { f64::from(self.params.reference_rate) };
        let away = (value - mood.reference).abs();
        if plan.judged > 0 {
            mood.scale = if mood.scale > 0.0 { mood.scale + rate * (away - mood.scale) } else { away };
        }
        mood.reference += rate * (value - mood.reference);
        plan.judged = own.id.0 + 1;
    }

    /// The slow decision.
    fn think(
        &mut self,
        at: usize,
        memory: &Memory,
        here: &Circumstances,
        knowledge: &Knowledge,
        felt: f64,
        draws: &mut Draws,
    ) {
        let (luck, which) = (f64::from(draws.unit()), draws.word());
        let recent = memory.recent(at);
        let is_recent = |topic: usize| recent.iter().any(|own| usize::from(own.choice.topic) == topic);
        let known = best(knowledge, is_recent, |topic| self.worth(knowledge, topic));
        let new = self.novelty(knowledge, is_recent, which);
        let scale = knowledge.prior.sd();
        let (exploits, topic, value) = match (known, new) {
            (None, None) => (true, self.plans[at].choice.topic, 0.0),
            (None, Some(_)) if recent.is_empty() => (true, self.plans[at].choice.topic, 0.0),
            (None, Some((topic, value))) => (false, topic, value),
            (Some((topic, value)), None) => (true, topic, value),
            (Some(known), Some(new)) => {
                let logit = f64::from(self.params.decisiveness) * (known.1 - new.1) / scale
                    + f64::from(self.params.prospect_slope) * felt;
                let exploits = luck < 1.0 / (1.0 + (-logit).exp());
                let (topic, value) = if exploits { known } else { new };
                (exploits, topic, value)
            }
        };
        self.plans[at].choice = Choice::about(topic);
        self.plans[at].left = self.params.revisit_items;
        if self.params.actions == Actions::All {
            self.craft(at, memory, here, knowledge, (exploits, value), draws);
        }
    }

    /// What an item about a topic is believed to bring per turn.
    fn worth(&self, knowledge: &Knowledge, topic: usize) -> f64 {
        match self.params.belief {
            BeliefKind::Posterior => knowledge.value(topic).mean,
            BeliefKind::Means => knowledge.topics[topic].mean().unwrap_or(knowledge.prior.mean),
        }
    }

    /// What seems best of what was not done lately.
    fn novelty(
        &self,
        knowledge: &Knowledge,
        is_recent: impl Fn(usize) -> bool,
        which: u32,
    ) -> Option<Prospect> {
        if self.params.belief == BeliefKind::Posterior {
            let risk = f64::from(self.params.risk);
            return best(
                knowledge,
                |topic| !is_recent(topic),
                |topic| {
                    let value = knowledge.value(topic);
                    value.mean + risk * value.sd
                },
            );
        }
        let topics = 0..knowledge.topics.len();
        let unknown: Vec<usize> =
            topics.filter(|topic| !is_recent(*topic) && knowledge.topics[*topic].weight == 0.0).collect();
        if unknown.is_empty() {
            return best(knowledge, |topic| !is_recent(topic), |topic| self.worth(knowledge, topic));
        }
        let topic = unknown[below(which, unknown.len() as u32) as usize];
        Some((topic as u16, knowledge.prior.mean))
    }

    /// How much effort and bait go into the next items, and how often they come: tried out at random while exploring; else
    /// the levels that bring most after cost, and more often as long as an item is worth its cost.
    fn craft(
        &mut self,
        at: usize,
        memory: &Memory,
        here: &Circumstances,
        knowledge: &Knowledge,
        (exploits, value): (bool, f64),
        draws: &mut Draws,
    ) {
        let (effort, bait) = (below(draws.word(), LEVELS as u32), below(draws.word(), LEVELS as u32));
        let (mut effort, mut bait) = (effort as usize, bait as usize);
        let topic = self.plans[at].choice.topic;
        let view = (memory.items(at), here.now, here.lens);
        let brings = self.by_effort(at, view, (topic, value));
        let worth = |effort: usize| {
            brings[effort] * here.lens.life_turns - self.params.cost(effort as u8, here.spent)
        };
        if exploits {
            effort = largest([0, 1, 2].map(worth));
            bait = largest(self.by_bait(at, view, knowledge));
        }
        let step = if worth(effort) > 0.0 { PACE_STEP } else { 1.0 / PACE_STEP };
        let mood = &mut self.moods[at];
        mood.pace = (mood.pace * step).clamp(PACES[0], PACES[1]);
        let choice = &mut self.plans[at].choice;
        (choice.effort, choice.bait) = (effort as u8, bait as u8);
    }
}

/// The topic of most worth among some; the first of equal ones.
fn best(
    knowledge: &Knowledge,
    among: impl Fn(usize) -> bool,
    worth: impl Fn(usize) -> f64,
) -> Option<Prospect> {
    let topics = (0..knowledge.topics.len()).filter(|topic| among(*topic));
    let better = |best: Option<Prospect>, topic: usize| {
        let worth = worth(topic);
        if best.is_some_and(|(_, most)| most >= worth) { best } else { Some((topic as u16, worth)) }
    };
    topics.fold(None, better)
}

/// The level of most worth; the usual one where others are worth no more.
fn largest(values: [f64; LEVELS]) -> usize {
    (0..LEVELS).fold(usize::from(USUAL), |best, at| if values[at] > values[best] { at } else { best })
}
