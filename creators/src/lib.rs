//! How items get made.
//!
//! Item laws ([`recloop_env::ItemLaw`]) draw the fresh candidates of the published worlds; they look at nothing but
//! the draws they are named. Creators that act on beliefs will live here too; a creator sees its own items' feedback
//! alone, by type ([`recloop_env::OwnFeedback`]).
//!
//! Start reading at [`TopicItems`].

mod clickbait_items;
mod error;
mod topic_items;

pub use clickbait_items::ClickbaitItems;
pub use error::ItemError;
pub use topic_items::{QualityLaw, TopicItems};
