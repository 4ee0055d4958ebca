//! A creator's turn: it hears what became of its items, decides, and makes new ones.

use std::collections::BTreeMap;

use rand_distr::{Distribution, Poisson};
use recloop_env::{
    Brief, CreatorAction, CreatorError, CreatorId, Draws, NewItem, OwnFeedback, Streams, Tick, purpose,
};

use super::FeedCreators;
use crate::TopicRule;
use crate::belief::{Circumstances, Evidence};
use crate::made::Choice;
use crate::params::Posting;
use crate::topic_rule::imitate;

/// Chooses a topic for who knows everything, given what it knows of its own items, topic by topic.
pub(crate) type Informed<'a> = Option<&'a mut dyn FnMut(&[Evidence]) -> u16>;

impl FeedCreators {
    /// Items a creator makes this turn.
    fn n_posts(&self, at: usize, tick: Tick, draws: &mut Draws) -> usize {
        if self.params.rule_of(at) == TopicRule::External {
            return 0;
        }
        let pace = self.minds.as_ref().map_or(1.0, |minds| minds.pace(at));
        let mean = f64::from(self.roster.posts_per_day(at)) * self.turns.days * pace;
        if self.params.posting == Posting::Regular {
            let turn = f64::from(tick.0 / self.turns.period);
            return (mean * (turn + 1.0)).floor() as usize - (mean * turn).floor() as usize;
        }
        // Only a mean of 0 is no Poisson law: whoever posts nothing a day posts nothing now.
        Poisson::new(mean).map_or(0, |law| law.sample(draws) as usize)
    }

    /// One creator's turn; those of full information are told `informed` topics by what they know of their own items. What is
    /// done `instead` of publishing the last one is make it to another brief, or none.
    fn take_turn(
        &mut self,
        own: &OwnFeedback,
        tick: Tick,
        rng: &Streams,
        informed: &mut Informed<'_>,
        instead: Option<&Option<Brief>>,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        let (creator, at) = (own.creator, own.creator.index());
        let value = self.hear(own, tick);
        let mut deciding = rng.at(purpose::CREATOR, creator, tick);
        let mut making = rng.at(purpose::CREATOR_ITEM, creator, tick);
        let spent = self.roster.spent_a_day(at);
        let n = self.n_posts(at, tick, &mut deciding);
        for nth in 1..=n {
            let choice = match (self.params.rule_of(at), &self.minds, &mut *informed) {
                (TopicRule::FullInformation, Some(minds), Some(choose)) => {
                    let items = self.roster.memory().items(at);
                    Choice::about(choose(&minds.evidence_by_topic(at, items, tick, self.lens())))
                }
                _ => self.choose(at, tick, spent, &mut deciding),
            };
            let choice = match instead.filter(|_| nth == n) {
                None => choice,
                Some(Some(brief)) => self.choice(creator, brief)?,
                Some(None) => {
                    out.push((creator, CreatorAction::Wait));
                    break;
                }
            };
            let item = self.publish(at, choice, &mut making);
            out.push((creator, CreatorAction::Publish(item)));
        }
        let keep = (-self.turns.days / f64::from(self.beliefs.utility_half_life_days)).exp2();
        self.roster.book(at, self.turns.days, keep, value);
        Ok(())
    }

    /// Makes an item, and pays for it.
    pub(super) fn publish(&mut self, at: usize, choice: Choice, making: &mut Draws) -> NewItem {
        let live_ticks = self.turns.in_days(self.params.lifetime_days) * self.turns.period;
        let item = self.item(at, choice, live_ticks, making);
        self.roster.publish(at, choice, live_ticks);
        self.roster.pay(at, self.beliefs.cost(choice.effort, self.roster.spent_a_day(at)));
        if let Some(minds) = &mut self.minds {
            minds.fade(at);
        }
        item
    }

    /// A creator takes in what it is told, and forgets what is long past; tells what its items brought.
    fn hear(&mut self, own: &OwnFeedback, tick: Tick) -> f64 {
        let (at, lens) = (own.creator.index(), self.lens());
        let value = self.roster.learn(own, &self.beliefs);
        let minds = &mut self.minds;
        self.roster.memory_mut().forget(at, tick, |item, since| {
            if let Some(minds) = minds {
                minds.fold(at, item, since, tick, lens);
            }
        });
        value
    }

    /// Decides one item by the rule.
    fn choose(&mut self, at: usize, now: Tick, spent: f64, draws: &mut Draws) -> Choice {
        let lens = self.lens();
        let (home, memory) = (self.roster.home(at), self.roster.memory());
        match (self.params.rule_of(at), &mut self.minds) {
            (TopicRule::Belief, Some(minds)) => {
                minds.choose(at, memory, &Circumstances { now, lens, spent }, draws)
            }
            (TopicRule::Imitation, _) => {
                Choice::about(imitate(memory.recent(at), self.items.topics(), draws).unwrap_or(home))
            }
            (rule, _) => {
                let (step, gains) = (self.params.learning_step, self.roster.gains(at));
                Choice::about(rule.choose(home, step, self.roster.leaning_mut(at), &gains, draws))
            }
        }
    }

    /// Everybody's turn, but for what some do `instead`.
    pub(crate) fn take_turns(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        mut informed: Informed<'_>,
        instead: &BTreeMap<CreatorId, Option<Brief>>,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        for own in own {
            if own.creator.index() >= self.roster.len() {
                return Err(CreatorError::Absent { creator: own.creator });
            }
            self.take_turn(own, tick, rng, &mut informed, instead.get(&own.creator), out)?;
        }
        Ok(())
    }
}
