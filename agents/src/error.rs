//! What can go wrong in a recommender's mathematics. Every message reads after "failed to".

use recloop_env::{ItemId, Tick, UserId};
use thiserror::Error;

/// Why a recommender could not do what it was asked; each message reads after "failed to".
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A score was NaN or infinite.
    #[error("rank candidate {candidate}: its score {score} is not finite")]
    ScoreNotFinite {
        /// Index into the scores.
        candidate: usize,
        /// What was found there.
        score: f32,
    },
    /// A temperature was zero, negative, NaN or infinite.
    #[error("rank at temperature {temperature}: it must be finite and above zero")]
    Temperature {
        /// What was asked for.
        temperature: f32,
    },
    /// More positions than candidates to put there.
    #[error("fill {n_positions} positions from {n_candidates} candidates")]
    TooFewCandidates {
        /// Candidates on offer.
        n_candidates: usize,
        /// Positions to fill.
        n_positions: usize,
    },
    /// A slate names something outside the candidates.
    #[error("place candidate {candidate}: only {n_candidates} are on offer")]
    NotACandidate {
        /// The index that was named.
        candidate: usize,
        /// Candidates on offer.
        n_candidates: usize,
    },
    /// The three columns of a set of ratings differ in length.
    #[error(
        "pair {n_users} users with {n_items} items and {n_ratings} ratings: the columns differ in length"
    )]
    RaggedTriples {
        /// Length of the user column.
        n_users: usize,
        /// Length of the item column.
        n_items: usize,
        /// Length of the rating column.
        n_ratings: usize,
    },
    /// A rating names a user or an item outside the matrix.
    #[error("place rating {entry} at user {user}, item {item}: the matrix is {n_users} × {n_items}")]
    OutsideMatrix {
        /// Index of the triple.
        entry: usize,
        /// Its user.
        user: u32,
        /// Its item.
        item: u32,
        /// Rows of the matrix.
        n_users: usize,
        /// Columns of the matrix.
        n_items: usize,
    },
    /// A rating was NaN or infinite.
    #[error("use rating {entry}: its value {rating} is not finite")]
    RatingNotFinite {
        /// Index of the triple.
        entry: usize,
        /// What was found there.
        rating: f32,
    },
    /// A count was zero or negative: what was never seen is left out.
    #[error("count item {item} for user {user}: a count of {count} is not above zero")]
    NotACount {
        /// Row of the matrix.
        user: usize,
        /// Column of the matrix.
        item: usize,
        /// What was found there.
        count: f32,
    },
    /// There is nothing to average.
    #[error("average ratings: there are none")]
    NoRatings,
    /// There is nothing to learn from.
    #[error("learn from sequences: nobody clicked often enough")]
    NoClicks,
    /// A log without a slate of which it is known what came after.
    #[error("learn from the log: it holds no slate whose outcome is known")]
    NoSlates,
    /// A reward in a log was NaN or infinite.
    #[error("learn from the log: at tick {}, user {} was worth {reward}", tick.0, user.0)]
    RewardNotFinite {
        /// When.
        tick: Tick,
        /// Whose slate it was.
        user: UserId,
        /// What was found there.
        reward: f32,
    },
    /// A log that does not say how likely its slates were, for a learner that weighs them by that.
    #[error(
        "weigh the slates of the log: at tick {}, nobody knows how likely user {} was to be shown theirs; log a policy with a temperature, or learn by cloning, cql, iql or fitted-q",
        tick.0, user.0
    )]
    NoPropensity {
        /// When.
        tick: Tick,
        /// To whom.
        user: UserId,
    },
    /// A target that cannot say how likely it shows an item at all.
    #[error("follow the target: how likely it shows an item at each position is not known")]
    NoMarginals,
    /// Too few users to learn from some and to hold out others.
    #[error("hold out a share of {share} of the users: nobody is left on one side; log more users")]
    TooFewUsers {
        /// The share.
        share: f64,
    },
    /// An item that nobody may be shown: its audience has no mix.
    #[error("measure item {}: nobody may be shown it", item.0)]
    NoAudience {
        /// The item.
        item: ItemId,
    },
    /// A group attribute that people do not have.
    #[error("measure by attribute {attribute}: people have {n_attributes}, each with a level or more")]
    NoAttribute {
        /// Its index.
        attribute: usize,
        /// How many there are.
        n_attributes: usize,
    },
    /// Somebody, or something, that was not there when measuring began.
    #[error("measure what user {} was shown: they, or item {}, were not there when measuring began", user.0, item.0)]
    NotMeasured {
        /// Who.
        user: UserId,
        /// What they were shown.
        item: ItemId,
    },
    /// Counts by another number of levels than groups are estimated for.
    #[error("hear counts by {found} levels: groups are estimated for {expected}")]
    OtherLevels {
        /// Levels of the estimates.
        expected: usize,
        /// Levels of the counts.
        found: usize,
    },
    /// A gain that is negative, NaN or infinite.
    #[error("set gain to {gain}: it must be finite and not below zero")]
    Gain {
        /// What was asked for.
        gain: f32,
    },
    /// A setting lies outside its range.
    #[error("set {name} to {value}: it must be finite and above zero")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: f32,
    },
    /// A share lies outside [0, 1].
    #[error("set {name} to {value}: it must lie between 0 and 1")]
    Share {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        value: f32,
    },
    /// The normal equations of one row have no stable solution: the penalty is too small for the data.
    #[error("solve for row {row}: its normal equations are singular, raise the penalty")]
    Singular {
        /// The first such row.
        row: usize,
    },
}

/// Refuses a setting that is not finite and above zero.
pub(crate) fn check_positive(name: &'static str, value: f32) -> Result<(), AgentError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(AgentError::Setting { name, value }) }
}

/// Refuses a share outside [0, 1].
pub(crate) fn check_share(name: &'static str, value: f64) -> Result<(), AgentError> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(AgentError::Share { name, value: value as f32 }) }
}
