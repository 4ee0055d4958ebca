//! Numbers folded from transitions: the same fold serves a live run, a replayed log and a shard of one.
//!
//! [`Everything`] is what a run folds. It keeps one small record for each user ([`People`]), item and creator ([`Market`])
//! and follows a hashed sample of users ([`Diversity`]); every number is read from these records when it is asked for, so
//! that merging records is all it takes to merge metrics. For one number per user, to pair runs, see [`Measure`].
//!
//! Every metric comes as an [`Estimate`]: a value, its standard error (for the 95 % interval), and n. **Within one run these
//! intervals are conditional on its world**: users share a catalogue, creators and a recommender. Claims between
//! recommenders need paired seeds.

mod concentration;
mod delivery;
mod diversity;
mod engagement;
mod estimate;
mod everything;
mod fairness;
mod market;
mod people;
mod per_user;
mod ranking;
mod retention;
mod returns;
mod sessions;
mod survival;
mod welfare;

#[cfg(test)]
mod tests;

pub use concentration::{correlation, gini, herfindahl, top_share};
pub use delivery::{Counted, Coverage, Delivery, DeliveryTable};
pub use diversity::{Diversity, DiversityTable, SAMPLED, calibration, entropy_bits, jaccard};
pub use engagement::{Doings, Engagement};
pub use estimate::{Estimate, Named, Section, Z95};
pub use everything::{Everything, Records, flat};
pub use fairness::{group_gap, group_ratio, group_variance, worst_group};
pub use market::{CreatorTotals, ItemTotals, Market, MarketTable, NOTICED, WINDOW_DAYS};
pub use people::{People, PeopleTable, UserTotals};
pub use per_user::Measure;
pub use ranking::{Among, Judged, Ranked, Ranking, ranking};
pub use retention::{Days, RETENTION_DAYS};
pub use returns::{CHURN_DAYS, EARLY_DAYS, ReturnGaps, Visits};
pub use survival::{Survival, hazard};
pub use welfare::Account;
