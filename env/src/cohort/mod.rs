//! Populations: how to write a user ([`UserModel`]) and what a world holds ([`Cohort`]).
//!
//! A model says what one person does; [`Sharded`] makes a population of it, in parallel. Write `Cohort` yourself only
//! if people must be answered together, as a panel behind a language model must.

mod rows;
mod sharded;

pub use rows::{ObservationRows, ResponseRows, Rows, Scene, Shown, SplitRows};
pub use sharded::{BLOCK, Sharded};

use serde::{Deserialize, Serialize};

use crate::snapshot::{SnapshotError, SnapshotSink, SnapshotSource};
use crate::{Fate, Group, ItemId, Layout, Responses, State, Streams, Tick, UserId};

/// A population failed to answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CohortError {
    /// One user's model refused its input.
    #[error("let user {} respond: {source}", .user.0)]
    User {
        /// Whose.
        user: UserId,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The population as a whole could not answer.
    #[error("let the `{cohort}` users respond: {reason}")]
    Failed {
        /// Which population.
        cohort: String,
        /// Why.
        reason: String,
    },
    /// State that is not there.
    #[error("find `{field}` of user {}: {known}", .user.0)]
    Field {
        /// Whose.
        user: UserId,
        /// Which.
        field: String,
        /// What there is instead.
        known: String,
    },
    /// A snapshot did not fit.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// What a population shows and answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CohortSpec {
    /// What it is called, in errors.
    pub name: String,
    /// Observable features, F columns; dense blocks only.
    pub features: Layout,
    /// Signals of a response beside click and dwell.
    pub signals: Vec<String>,
    /// Attributes people are grouped by, for measuring; not observable.
    pub groups: Vec<Group>,
    /// Latent measures of a slate, which only the truth knows.
    pub accounts: Vec<String>,
    /// γ of a user who looks at position *p* with probability `γ^p`; `None` for one who looks at everything.
    pub examination: Option<f32>,
}

/// Why an item was clicked or passed over: named terms, as the user model sees them.
pub type Terms = Vec<(&'static str, f32)>;

/// What an oracle may want to maximise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// A score that orders items by the chance of a click.
    Click,
    /// Expected seconds spent on the item.
    Dwell,
    /// What the user will have got out of it, afterwards.
    Utility,
}

/// How to write a user: arithmetic over the rows of one shard, and nothing else.
///
/// Randomness comes from named streams, never from a stored generator; what a row does never depends on the other
/// rows. [`testing::check_users`](crate::testing::check_users) checks both.
pub trait UserModel: Clone + Send + Sync + 'static {
    /// Struct of arrays, a row for every user of the shard.
    type State: State;

    /// What these users show and answer.
    fn spec(&self) -> CohortSpec;

    /// Room for `n` users, not yet born.
    fn blank(&self, n: usize) -> Self::State;

    /// Writes the newborn `user` into row `at`: at reset, and again when somebody new takes the place.
    fn begin(&self, state: &mut Self::State, at: usize, user: UserId, tick: Tick, rng: &Streams);

    /// Seconds after the start of the world at which `user` first opens the app.
    fn first_visit(&self, _user: UserId, _rng: &Streams) -> f64 {
        0.0
    }

    /// Writes the level of every group attribute of the user in row `at`.
    fn groups(&self, _state: &Self::State, _at: usize, _out: &mut [u16]) {}

    /// Writes what a recommender may know: the only leak.
    fn observe(&self, state: &Self::State, rows: &Rows<'_>, out: &mut ObservationRows<'_>);

    /// Decides what each row does with its slate.
    fn respond(
        &self,
        state: &mut Self::State,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError>;

    /// Writes what its slate was really worth to the `i`-th row: the accounts of the spec. Asked between
    /// [`respond`](UserModel::respond) and [`advance`](UserModel::advance).
    fn account(
        &self,
        _state: &Self::State,
        _shown: &Shown<'_>,
        _did: &Responses,
        _i: usize,
        _out: &mut [f32],
    ) {
    }

    /// Why the `i`-th row would click or pass over what is at `position`, before it responds.
    fn explain(
        &self,
        _state: &Self::State,
        _shown: &Shown<'_>,
        _i: usize,
        _position: usize,
        _rng: &Streams,
    ) -> Terms {
        Terms::new()
    }

    /// Moves each row's state and says what becomes of its session.
    fn advance(
        &self,
        state: &mut Self::State,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError>;

    /// Scores `items` for row `i` of `scene` as an oracle would; `false` if this model has no such notion.
    fn appraise(
        &self,
        state: &Self::State,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool;
}

/// A population as a world holds it: object-safe, all rows of a tick at once, allowed to fail.
pub trait Cohort: Send + Sync {
    /// What these users show and answer.
    fn spec(&self) -> CohortSpec;

    /// How many users there are.
    fn n_users(&self) -> usize;

    /// Everybody is born again; ids start at `first`.
    fn reset(&mut self, first: UserId, rng: &Streams) -> Result<(), CohortError>;

    /// Somebody new takes over `user`'s place.
    fn renew(&mut self, user: UserId, tick: Tick, rng: &Streams) -> Result<(), CohortError>;

    /// Seconds after the start of the world at which `user` first opens the app.
    fn first_visit(&self, user: UserId, rng: &Streams) -> f64;

    /// Writes the group attributes of `user`.
    fn groups(&self, _user: UserId, _out: &mut [u16]) {}

    /// Writes what a recommender may know.
    fn observe(&self, rows: &Rows<'_>, out: ObservationRows<'_>) -> Result<(), CohortError>;

    /// Decides what each row does with its slate.
    fn respond(
        &mut self,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError>;

    /// Writes what the slates were really worth: `[rows, A]`, the accounts of the spec.
    fn account(&self, _shown: &Shown<'_>, _did: &Responses, _out: ObservationRows<'_>) {}

    /// Why the `i`-th row would click or pass over what is at `position`.
    fn explain(&self, _shown: &Shown<'_>, _i: usize, _position: usize, _rng: &Streams) -> Terms {
        Terms::new()
    }

    /// Moves each row's state and says what becomes of its session.
    fn advance(
        &mut self,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError>;

    /// Scores `items` for row `i` of `scene` as an oracle would; `false` if there is no such notion.
    fn appraise(&self, scene: &Scene<'_>, i: usize, goal: Goal, items: &[ItemId], out: &mut [f32]) -> bool;

    /// The names of the latent arrays.
    fn field_names(&self) -> Vec<String>;

    /// One user's values of one latent array.
    fn field(&self, user: UserId, name: &str) -> Option<&[f32]>;

    /// The same, to write.
    fn field_mut(&mut self, user: UserId, name: &str) -> Option<&mut [f32]>;

    /// Puts everything needed to go on, in arrays small beside the population.
    fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError>;

    /// Goes back to what the same population saved, which it takes in the same order.
    fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError>;

    /// A copy that goes its own way.
    fn fork(&self) -> Box<dyn Cohort>;
}
