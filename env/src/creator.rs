//! Creators: what they are told, what they may do.

use serde::{Deserialize, Serialize};

use crate::snapshot::{Snapshot, SnapshotError};
use crate::{Catalogue, CreatorId, ItemId, NewItem, Streams, Tick};

/// What happened to one of a creator's own items since the creator last acted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemFeedback {
    /// Which item.
    pub item: ItemId,
    /// When it was published.
    pub published: Tick,
    /// How often it was shown.
    pub impressions: u32,
    /// How often it was clicked.
    pub clicks: u32,
    /// Seconds spent on it in all.
    pub dwell_secs: f64,
    /// Sum of each signal, in the order of the spec.
    pub signals: Vec<f64>,
}

/// All a creator learns: its own items' fate, and nothing of anybody else's.
///
/// There is no platform-wide field on purpose: the information firewall is this type.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OwnFeedback {
    /// Who is told.
    pub creator: CreatorId,
    /// Own items that were shown or published since the creator last acted, ascending by item: an item is told of once
    /// before anybody saw it, which is how its maker learns its id.
    pub items: Vec<ItemFeedback>,
}

/// How much of something: less than usual, as usual, more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Less than usual.
    Low,
    /// As usual.
    #[default]
    Usual,
    /// More than usual.
    High,
}

/// What an item is to be, as far as a creator decides it; the rest is luck and who the creator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Brief {
    /// What it is about.
    pub topic: u16,
    /// How much effort goes into it.
    pub effort: Level,
    /// How much its wrapping promises.
    pub bait: Level,
}

/// What a creator does when it is its turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CreatorAction {
    /// Makes an item.
    Publish(NewItem),
    /// Has its own kind of item made: the model knows [how](CreatorModel::make).
    Make(Brief),
    /// Does nothing.
    Wait,
    /// Stops for good; its items stay.
    Leave,
}

/// A creator model failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreatorError {
    /// A creator could not decide.
    #[error("let creator {} act: {reason}", .creator.0)]
    Failed {
        /// Who.
        creator: CreatorId,
        /// Why.
        reason: String,
    },
    /// An item whose features do not fit the world's layout.
    #[error("publish an item of creator {}: expected {expected} {what}, found {found}", .creator.0)]
    Features {
        /// Whose.
        creator: CreatorId,
        /// Which features.
        what: &'static str,
        /// How many the layout has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A feature that is no number, or a category that does not exist.
    #[error("publish an item of creator {}: its {what} feature `{block}` has a value that block cannot have", .creator.0)]
    Value {
        /// Whose.
        creator: CreatorId,
        /// Which features.
        what: &'static str,
        /// The block.
        block: String,
    },
    /// An item that this kind of creator cannot make.
    #[error("make an item of creator {} about topic {topic}: {reason}", .creator.0)]
    Brief {
        /// Whose.
        creator: CreatorId,
        /// What it was to be about.
        topic: u16,
        /// Why not.
        reason: &'static str,
    },
    /// An action of somebody who left or never was.
    #[error("let creator {} act: there is no such active creator", .creator.0)]
    Absent {
        /// Who.
        creator: CreatorId,
    },
}

/// Decides for all creators whose turn it is.
pub trait CreatorModel: Send + Sync {
    /// How many creators there are at the start.
    fn n_creators(&self) -> usize;

    /// A new run begins: forgets any earlier one and draws what creators start from.
    fn begin(&mut self, rng: &Streams);

    /// What is on offer when the world opens; asked once, after [`begin`](CreatorModel::begin).
    fn opening(&mut self, _rng: &Streams) -> Vec<NewItem> {
        Vec::new()
    }

    /// What people read.
    fn name(&self, creator: CreatorId) -> String {
        format!("creator {}", creator.0)
    }

    /// Creators take a turn at every multiple of so many ticks, whether or not anybody is there.
    fn period(&self) -> u32 {
        1
    }

    /// How many new creators arrived since the last turn; asked once a turn. Their ids follow on.
    fn arrivals(&mut self, _tick: Tick, _rng: &Streams) -> usize {
        0
    }

    /// Decides, from own feedback alone; pushes any number of actions, each with who takes it.
    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError>;

    /// Makes an item of `creator`'s own kind to somebody else's [`Brief`], for agents who drive creators from outside.
    ///
    /// # Errors
    /// A topic there is none of; any brief, for a model that does not make items to order.
    fn make(
        &mut self,
        creator: CreatorId,
        brief: &Brief,
        _tick: Tick,
        _rng: &Streams,
    ) -> Result<NewItem, CreatorError> {
        let reason = "creators of this model do not make items to order";
        Err(CreatorError::Brief { creator, topic: brief.topic, reason })
    }

    /// Everything needed to go on.
    fn save(&self) -> Result<Snapshot, SnapshotError>;

    /// Goes back to a snapshot.
    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError>;

    /// A copy that goes its own way.
    fn fork(&self) -> Box<dyn CreatorModel>;
}

/// Everything a platform knows of its creators' items.
#[derive(Debug, Clone, Copy)]
pub struct Platform<'a> {
    /// What happened to everybody's items since the last turn, creator by creator; of those who left too,
    /// whose items may still be on offer.
    pub everyone: &'a [OwnFeedback],
    /// Every item there ever was.
    pub catalogue: &'a Catalogue,
    /// Now.
    pub tick: Tick,
}

/// Creators who are told everything: what a study compares belief with, and nobody else may be.
///
/// It is a trait of its own, and a world takes such creators by a door of its own
/// ([`informed_creators`](crate::WorldBuilder::informed_creators)), so that no ordinary creator can get here by mistake.
pub trait InformedCreators: CreatorModel {
    /// Is told, before it [acts](CreatorModel::act), what the platform knows.
    fn inform(&mut self, platform: &Platform<'_>);

    /// A copy that goes its own way and stays informed.
    fn fork_informed(&self) -> Box<dyn InformedCreators>;
}

/// Creators driven from outside: whatever [`World::set_creator_actions`](crate::World::set_creator_actions) was given
/// is what they do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct External {
    n_creators: usize,
}

impl External {
    /// `n_creators` creators who wait until told.
    #[must_use]
    pub fn new(n_creators: usize) -> Self {
        Self { n_creators }
    }
}

impl CreatorModel for External {
    fn n_creators(&self) -> usize {
        self.n_creators
    }

    fn begin(&mut self, _rng: &Streams) {}

    fn act(
        &mut self,
        _own: &[OwnFeedback],
        _tick: Tick,
        _rng: &Streams,
        _out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}
