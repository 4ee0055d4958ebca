//! A mind that learned from another: two small networks in place of a language model.
//!
//! A [`Notebook`] writes down what a mind decides, as [`Lesson`]s; [`Surrogate::distil`] learns from them; a [`Surrogate`] is a
//! [`Mind`](super::Mind) again, at a few microseconds a decision. How far it may stand in for the one it learned from is for
//! fidelity gates and audits to say (`docs/fidelity.md`), never for its loss.
//!
//! It sees what a mind is told ([`Facing`](super::Facing)) and no more, as numbers:
//!
//! | numbers | of | what |
//! |---|---|---|
//! | [`PERSON`] | the person | traits, mood, how long the session is, whether they may speak |
//! | [`OFFER`] | an item in front of them | how much its topic is liked, tired of and remembered, its appeal and promise, its place |
//! | [`SLATE`] | the slate | means and maxima of these, and of the chances of watching |
//!
//! One network turns a person and an offer into: watching or not, ln(1 + seconds), a like, a hide. The other turns a person and
//! a slate into: staying, leaving or asking; stars; how it felt; which wish. Each is a softmax learned by cross-entropy, but for
//! the seconds, which are learned by least squares and drawn log-normally around that.
//!
//! **What it cannot say**: titles are not read, nothing is said of the feed in words (the mindset stays), and a wish is for the
//! most liked topic that is not on the slate, or against the topic most tired of; which kind of wish is learned, its topic is not.
//! Given what is told, items of a slate are watched or not independently of each other, and leaving depends on how
//! likely watching was, not on what was watched.

mod distil;
mod drawing;
mod features;
mod head;
mod lesson;
mod model;
mod notebook;
mod training;

#[cfg(test)]
mod tests;

pub use features::{OFFER, PERSON, SLATE};
pub use lesson::{After, Lesson, read_lessons, write_lessons};
pub use model::Surrogate;
pub use notebook::Notebook;
pub use training::{Distilled, SurrogateConfig};
