//! Scorers trained on what people clicked, one thing after another: [`SasRec`] and [`TwoTower`].
//!
//! Both turn a past into a query `q` and an item into a key `k`, score by `q · k`, and are trained alike: [`Sequences`]
//! collects clicks from any log or live run, [`RetrievalTraining`] learns from them in rounds, [`Retrieval`] is what was
//! learned as a [`Scorer`](crate::Scorer). A third design implements [`Design`] and [`RetrievalNet`].
//!
//! Refuses worlds whose items do not last: nothing could be said of them before they are gone.

mod batch;
mod inference;
mod items;
mod looks;
mod loss;
mod sasrec;
mod scorer;
mod sequences;
mod training;
mod two_tower;

#[cfg(test)]
mod tests;

pub use items::ItemNet;
pub use sasrec::{SasRec, SasRecNet};
pub use scorer::Retrieval;
pub use sequences::Sequences;
pub use training::{RetrievalTraining, TrainingPlan};
pub use two_tower::{TwoTower, TwoTowerNet};

use recloop_nn::blocks::Levels;
use recloop_nn::burn::module::Module;
use recloop_nn::burn::tensor::{Device, Int, Tensor};

/// Vectors for no ids.
const NOBODY: Levels = Levels::Closed(0);

/// How many numbers describe what a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Features of an item.
    pub item: usize,
    /// Features of a user.
    pub user: usize,
}

/// The settings of a network, from which it is built.
pub trait Design: Clone + Send + Sync {
    /// What it builds.
    type Net: RetrievalNet + Send + Sync;

    /// What a world that it cannot work in is told.
    fn name(&self) -> &'static str;

    /// How many of the latest clicks it reads.
    fn length(&self) -> usize;

    /// The same with vectors for these ids, unless it says itself which.
    #[must_use]
    fn settled(self, levels: Levels) -> Self;

    /// The network; its weights are nothing in particular until they are initialised.
    fn build(&self, widths: Widths, device: &Device) -> Self::Net;
}

/// A network that turns pasts into queries and items into keys. `U` items, `N` people, `L` clicks of each, `M` questions.
pub trait RetrievalNet: Module {
    /// What items are to a past: ids `[U]` and features `[U, F]` to `[U, d]`.
    fn embed(&self, ids: &[u32], features: Tensor<2>) -> Tensor<2>;

    /// What a query is compared with: embedded items `[U, d]` to keys `[U, d]`.
    fn keys(&self, embedded: Tensor<2>) -> Tensor<2>;

    /// The queries after some of the clicks.
    ///
    /// # Shapes
    /// - `clicks`: `[N, L, d]` embedded items, oldest first, padded at the end
    /// - `at`: `[M]`, `n (L + 1) + l` asks for person n after l clicks; nothing later may have a say
    /// - `users`: `[M, F]` what is observed of them at that time
    /// - returns: `[M, d]`
    fn queries(&self, clicks: Tensor<3>, users: Tensor<2>, at: Tensor<1, Int>) -> Tensor<2>;
}
