//! What a draw is for. Codes are append-only: adding one moves no existing number.

use std::marker::PhantomData;

use crate::{CreatorId, Entity, ItemId, UserId};

/// What a draw is for, and what kind of entity it is drawn for: asking a user's purpose for an item does not
/// compile.
///
/// ```compile_fail
/// use recloop_env::{ItemId, Streams, Tick, purpose};
/// let _ = Streams::new(1).at(purpose::CHOICE, ItemId(3), Tick(0));
/// ```
#[derive(Debug)]
pub struct Purpose<E> {
    code: u32,
    entity: PhantomData<fn(E)>,
}

impl<E> Clone for Purpose<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Purpose<E> {}

impl<E: Entity> Purpose<E> {
    /// A purpose of your own. Codes below 1,000 belong to recloop; a code, once used, keeps its meaning.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self { code, entity: PhantomData }
    }

    /// The 32 bits that stand for this purpose in a counter.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.code
    }
}

/// What a person is like when they first appear.
pub const USER_INIT: Purpose<UserId> = Purpose::new(1);
/// Which item of a slate a user picks; one word per item.
pub const CHOICE: Purpose<UserId> = Purpose::new(2);
/// The no-click option and other slate-wide luck of a choice.
pub const CHOICE_NONE: Purpose<UserId> = Purpose::new(3);
/// How a consumed item is experienced (dwell, engagement); one stream per user and tick.
pub const CONSUME: Purpose<UserId> = Purpose::new(4);
/// How a user's state moves after a slate.
pub const DRIFT: Purpose<UserId> = Purpose::new(5);
/// Whether and when a user comes back.
pub const RETURN: Purpose<UserId> = Purpose::new(6);
/// The candidates drawn for one row this tick.
pub const CANDIDATES: Purpose<UserId> = Purpose::new(7);
/// The noise of a stochastic policy; one word per candidate.
pub const POLICY: Purpose<UserId> = Purpose::new(8);
/// A policy's fixed order among equal scores; one word per item.
pub const TIE: Purpose<ItemId> = Purpose::new(9);
/// What a durable item is like when a world is made.
pub const ITEM_INIT: Purpose<ItemId> = Purpose::new(10);
/// What a creator does.
pub const CREATOR: Purpose<CreatorId> = Purpose::new(11);
/// Starting values of a learned model's rows.
pub const MODEL_INIT: Purpose<ItemId> = Purpose::new(12);
/// How far down a slate a user looks.
pub const EXAMINE: Purpose<UserId> = Purpose::new(13);
/// Whether a consumed item is liked or hidden; one word per item.
pub const LIKE: Purpose<UserId> = Purpose::new(14);
/// Which groups a person belongs to.
pub const GROUP: Purpose<UserId> = Purpose::new(15);
/// How long a session's patience lasts.
pub const PATIENCE: Purpose<UserId> = Purpose::new(16);
/// What a creator is like when it first appears.
pub const CREATOR_INIT: Purpose<CreatorId> = Purpose::new(17);
/// What a creator's next item is like.
pub const CREATOR_ITEM: Purpose<CreatorId> = Purpose::new(18);
/// Who enters a market.
pub const MARKET: Purpose<CreatorId> = Purpose::new(19);
/// What a policy tries out with a user.
pub const EXPLORE: Purpose<UserId> = Purpose::new(20);
/// A draw from a model's posterior.
pub const POSTERIOR: Purpose<ItemId> = Purpose::new(21);
/// What of a person is set aside to test a fit; one word per item.
pub const HELD_OUT: Purpose<UserId> = Purpose::new(22);
/// Which of a log's buckets of users are drawn again; one stream per replicate.
pub const RESAMPLE: Purpose<UserId> = Purpose::new(23);
/// What a round of training draws: its seed, and the order of its samples.
pub const TRAINING: Purpose<ItemId> = Purpose::new(24);
/// Which topics a run's people ask for most; one word per topic.
pub const DEMAND: Purpose<ItemId> = Purpose::new(25);
/// Which topics groups of people ask for more or less than others do; one word per topic and group.
pub const GROUP_TASTE: Purpose<ItemId> = Purpose::new(26);
/// Whose turn comes first where users choose one after another.
pub const TURN: Purpose<UserId> = Purpose::new(27);
/// What is added to a count before anybody else is told it; one block per item and level.
pub const MEASUREMENT: Purpose<ItemId> = Purpose::new(28);
/// Which group a platform takes a person to be of.
pub const GROUP_GUESS: Purpose<UserId> = Purpose::new(29);
/// Whom an item is meant for; one word per user.
pub const AUDIENCE: Purpose<ItemId> = Purpose::new(30);
/// What a person's character is like.
pub const PERSONA: Purpose<UserId> = Purpose::new(31);
/// Whether somebody says what they want before they leave, and how well they know it.
pub const INSTRUCTION: Purpose<UserId> = Purpose::new(32);
/// What a mind draws when it decides for a user: the seed of a question.
pub const MIND: Purpose<UserId> = Purpose::new(33);
/// What an author writes for a creator.
pub const AUTHOR: Purpose<CreatorId> = Purpose::new(34);
