//! Numbers folded from transitions: the same fold serves a live run, a replayed log and a shard of one.

mod engagement;
mod estimate;

pub use engagement::{Engagement, Totals, UserTotals};
pub use estimate::{Estimate, Named};
