//! The foundation of recloop: words, contracts, clock, randomness and the engine.
//!
//! Everything is batched: an [`Observation`] has a row for every user who wants a slate now, [`Slates`] answer all
//! rows, a [`Step`] says what came of each. One user is a view of a row.
//!
//! - To *use* a world, read [`Env`], then [`Observation`], [`Slates`], [`Step`].
//! - To *write a user*, read [`UserModel`]; to write a recommender, [`Recommender`]; creators, [`CreatorModel`].
//! - To *build a world*, start at [`World::builder`].
//! - To check your own part against the contract, use [`testing`].
//!
//! This crate knows no concrete user, no file format, no tensor library and no command line.

mod calendar;
mod candidates;
mod cohort;
mod creator;
mod creators_env;
mod crowd;
mod environment;
mod grid;
mod history;
mod ids;
mod instruction;
mod items;
mod layout;
mod log;
mod message;
mod met;
mod objective;
mod observation;
mod people;
mod play;
mod random;
mod recommender;
mod registry;
mod rows;
mod slates;
mod snapshot;
mod spec;
mod step;
mod supply;
mod targeted_shelf;
pub mod testing;
mod topics;
mod world;

pub use candidates::{CandidateIter, CandidateRow, Candidates, ItemSet};
pub use cohort::{
    BLOCK, Cohort, CohortError, CohortSpec, Goal, ObservationRows, ResponseRows, Rows, Scene, Sharded, Shown,
    SplitRows, Terms, UserModel,
};
pub use creator::{
    Brief, CreatorAction, CreatorError, CreatorModel, External, InformedCreators, ItemFeedback, Level,
    OwnFeedback, Platform,
};
pub use creators_env::{CreatorsEnv, CreatorsStep, Ended};
pub use crowd::Crowd;
pub use environment::{Env, ResetOptions, SingleUser, StepError};
pub use grid::Grid;
pub use history::{History, HistorySpec, HistoryStore, Keep, Memory};
pub use ids::{CreatorId, Entity, ItemId, SessionId, SetId, Tick, UserId};
pub use instruction::{Instruction, Strength, Wish};
pub use items::{Catalogue, ItemRowsMut, ItemTable, ItemView, NewItem};
pub use layout::{Block, BlockAt, BlockKind, Layout};
pub use log::{Facts, Hindsight, Key, LogSink, Metric};
pub use message::{Message, Said};
pub use met::Met;
pub use objective::{Objective, Outcome, Part, RewardPart};
pub use observation::{Observation, ObservationRow};
pub use people::{CreatorFact, Group, Population};
pub use play::{PlayError, play};
pub use random::{Draws, Purpose, Streams, below, philox4x32, purpose, unit, unit_f32};
pub use recommender::{Basis, Oracle, RecommendError, Recommender, TargetPolicy};
pub use registry::{Registry, UnknownName};
pub use slates::{Known, MAX_SLATE, SlateError, Slates};
pub use snapshot::{Array, Element, Snapshot, SnapshotError, SnapshotSink, SnapshotSource, State, Values};
pub use spec::{Clock, EnvSpec};
pub use step::{End, Event, Fate, Responses, Step, Transition};
pub use supply::{ItemLaw, OpenShelf, Shelf, Supply, SupplyError};
pub use targeted_shelf::{Targeted, TargetedShelf, TargetingLaw};
pub use topics::{Topics, normalise};
pub use world::{BuildError, Truth, World, WorldBuilder, record};
