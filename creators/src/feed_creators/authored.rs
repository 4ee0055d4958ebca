//! What authors of a feed's creators look at, and how they have their way.

use std::collections::BTreeMap;

use recloop_env::{
    Brief, CreatorAction, CreatorError, CreatorId, Level, NewItem, OwnFeedback, Streams, Tick,
};

use super::FeedCreators;
use crate::belief::Actions;
use crate::feed_items::About;
use crate::made::Choice;
use crate::titles::Tone;
use crate::{Admit, TopicRule};

/// Creators of a feed, whatever they go by, whose decisions somebody else may take.
pub trait Authored: Admit {
    /// Who they are and what they make.
    fn feed(&self) -> &FeedCreators;

    /// [Acts](recloop_env::CreatorModel::act), but for creators named in `instead`: the last item each would publish this turn is made to that
    /// brief, or not at all. Where nobody is named, this is to act.
    ///
    /// # Errors
    /// Those of acting; a brief about a topic there is none of.
    fn act_instead(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        instead: &BTreeMap<CreatorId, Option<Brief>>,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError>;
}

/// What a creator is like, as far as its author knows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Habits {
    pub(crate) home: u16,
    /// Mean quality and bait, in [0, 1].
    pub(crate) quality: f32,
    pub(crate) bait: f32,
}

/// What an item is to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) brief: Brief,
    /// What it is about, in more detail.
    pub(crate) subject: String,
    /// How much its title is to promise.
    pub(crate) tone: Tone,
}

const LEVELS: [Level; 3] = [Level::Low, Level::Usual, Level::High];

impl FeedCreators {
    /// Whether a creator decides about effort and bait, too.
    pub(crate) fn crafts(&self, creator: CreatorId) -> bool {
        self.beliefs.actions == Actions::All && self.params.rule_of(creator.index()) == TopicRule::Belief
    }

    pub(crate) fn habits(&self, creator: CreatorId) -> Habits {
        let at = creator.index();
        let (quality, bait) = self.roster.means(at);
        Habits { home: self.roster.home(at), quality, bait }
    }

    /// What `item` was made to be: its maker has published `later` others since and heard of none of them.
    pub(crate) fn plan(&self, item: &NewItem, later: usize) -> Plan {
        let About { topic, subject, bait } = self.items.about(item);
        let made = self.roster.memory().unheard(item.creator.index()).iter().rev().nth(later);
        let choice = made.map_or(Choice::about(topic), |made| made.choice);
        let brief = Brief {
            topic: choice.topic,
            effort: LEVELS[usize::from(choice.effort)],
            bait: LEVELS[usize::from(choice.bait)],
        };
        Plan { brief, subject, tone: Tone::of(bait) }
    }

    /// What a brief comes to.
    pub(super) fn choice(&self, creator: CreatorId, brief: &Brief) -> Result<Choice, CreatorError> {
        let topic = brief.topic;
        if usize::from(topic) >= self.items.topics().len() {
            return Err(CreatorError::Brief { creator, topic, reason: "there is no such topic" });
        }
        Ok(Choice { topic, effort: brief.effort as u8, bait: brief.bait as u8 })
    }
}

impl Authored for FeedCreators {
    fn feed(&self) -> &FeedCreators {
        self
    }

    fn act_instead(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        instead: &BTreeMap<CreatorId, Option<Brief>>,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        self.take_turns(own, tick, rng, None, instead, out)
    }
}
