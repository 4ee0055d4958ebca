//! How items get made.
//!
//! Item laws ([`recloop_env::ItemLaw`]) draw the fresh candidates of the published worlds; they look at nothing but
//! the draws they are named. Creators ([`recloop_env::CreatorModel`]) publish items that last: [`FeedCreators`] in their
//! own style on topics of a [`TopicRule`]'s choice, inside a [`Market`] that lets them come and go. A creator sees its
//! own items' feedback alone, by type ([`recloop_env::OwnFeedback`]); only the market compares. [`Authors`] have a language model write their words.
//!
//! Start reading at [`FeedCreators`].

mod authors;
mod belief;
mod clickbait_items;
mod error;
mod feed_creators;
mod feed_items;
mod full_information;
mod given;
mod ledger;
mod made;
mod market;
mod params;
mod roster;
#[cfg(test)]
mod stage;
mod titles;
mod topic_items;
mod topic_rule;

pub use authors::Authors;
pub use belief::{Actions, BeliefKind, BeliefParams, TopicBelief};
pub use clickbait_items::ClickbaitItems;
pub use error::CreatorsError;
pub use feed_creators::{Authored, FeedCreators};
pub use feed_items::{FeedItems, Maker};
pub use full_information::FullInformation;
pub use given::GivenCreator;
pub use market::{Admit, Market};
pub use params::{Exit, FeedCreatorsParams, MarketParams, Posting};
pub use topic_items::{QualityLaw, TopicItems};
pub use topic_rule::TopicRule;
