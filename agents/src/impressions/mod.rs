//! Showing items to the people they could reach in the mix they have, without knowing who anybody is.
//!
//! Three parties, kept apart by type. The [`ImpressionMeter`] alone reads true groups, and lets out nothing but
//! [`NoisedCounts`]. [`EstimatedGroups`] are a platform's guesses. [`Controlled`], the recommender's part, takes guesses and
//! hears noised counts; there is no way to hand it anybody's group.
//!
//! # Source
//! Timmaraju et al. (2023), "Towards fairness in personalized ads using impression variance aware reinforcement
//! learning", arXiv 2306.03293, for the measure and the separation. Deviation: the published controller is a policy
//! trained by reinforcement; here it is proportional control with a small integral term, which needs no training.

mod controlled;
mod estimated_groups;
mod heard;
mod meter;
mod noised_counts;
#[cfg(test)]
mod tests;

pub use controlled::Controlled;
pub use estimated_groups::EstimatedGroups;
pub use meter::ImpressionMeter;
pub use noised_counts::NoisedCounts;
