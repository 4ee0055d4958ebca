//! Where transitions go: sinks that keep them, metrics that fold them.

use crate::{Catalogue, CreatorFact, EnvSpec, Grid, Population, Tick, Transition};

/// What does not change from tick to tick, or only grows.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Names and shapes.
    pub spec: &'a EnvSpec,
    /// Every item ever published, if items last.
    pub catalogue: Option<&'a Catalogue>,
    /// The first tick that nobody watches, if that is known: a run that empties earlier is still watched until then.
    pub horizon: Option<Tick>,
    /// Everybody's group attributes.
    pub population: &'a Population,
    /// Every creator there ever was; creator `c` is at index `c`.
    pub creators: &'a [CreatorFact],
    /// What only the truth knows: there for the world's owner, never for evaluating a policy from a log.
    pub hindsight: Option<Hindsight<'a>>,
}

impl<'a> Facts<'a> {
    /// The facts of a world without items that last, without creators, seen from outside.
    #[must_use]
    pub fn new(spec: &'a EnvSpec, population: &'a Population) -> Self {
        Self { spec, catalogue: None, horizon: None, population, creators: &[], hindsight: None }
    }
}

/// The latent side of a tick.
#[derive(Debug, Clone, Copy)]
pub struct Hindsight<'a> {
    /// `[B, A]` the accounts of the spec.
    pub accounts: &'a Grid<f32>,
    /// The latent features of every item ever published, by the same ids as the catalogue.
    pub items: Option<&'a Catalogue>,
}

/// Keeps transitions.
///
/// An unfinished sink is not a log: only [`LogSink::finish`] hands out the receipt.
pub trait LogSink {
    /// What a finished log is known by.
    type Receipt;
    /// Why it could not be kept.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Keeps one tick.
    fn write(&mut self, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), Self::Error>;

    /// Makes everything durable.
    fn finish(self) -> Result<Self::Receipt, Self::Error>;
}

/// What a shard must keep whole for a metric to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Rows may be cut anywhere.
    Row,
    /// All rows of a user together.
    User,
    /// All rows of a creator together.
    Creator,
    /// Nothing may be cut.
    Global,
}

/// A number folded from transitions: `start → fold → merge → value`, live or replayed, whole or in shards.
pub trait Metric {
    /// What shards keep whole.
    const KEY: Key;
    /// What is carried while folding.
    type Partial: Send;
    /// What it comes to.
    type Value;

    /// Nothing seen yet.
    fn start(&self) -> Self::Partial;

    /// Takes one tick in.
    fn fold(&self, into: &mut Self::Partial, facts: &Facts<'_>, t: &Transition<'_>);

    /// Two shards as one; `left` comes before `right`.
    fn merge(&self, left: Self::Partial, right: Self::Partial) -> Self::Partial;

    /// The number.
    fn value(&self, total: Self::Partial) -> Self::Value;
}

impl<A: Metric, B: Metric> Metric for (A, B) {
    const KEY: Key = coarser(A::KEY, B::KEY);
    type Partial = (A::Partial, B::Partial);
    type Value = (A::Value, B::Value);

    fn start(&self) -> Self::Partial {
        (self.0.start(), self.1.start())
    }

    fn fold(&self, into: &mut Self::Partial, facts: &Facts<'_>, t: &Transition<'_>) {
        self.0.fold(&mut into.0, facts, t);
        self.1.fold(&mut into.1, facts, t);
    }

    fn merge(&self, left: Self::Partial, right: Self::Partial) -> Self::Partial {
        (self.0.merge(left.0, right.0), self.1.merge(left.1, right.1))
    }

    fn value(&self, total: Self::Partial) -> Self::Value {
        (self.0.value(total.0), self.1.value(total.1))
    }
}

const fn coarser(a: Key, b: Key) -> Key {
    match (a, b) {
        (Key::Row, other) | (other, Key::Row) => other,
        (Key::User, Key::User) => Key::User,
        (Key::Creator, Key::Creator) => Key::Creator,
        _ => Key::Global,
    }
}
