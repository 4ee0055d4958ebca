//! Language models: asked in batches, answered in a form that was checked, recorded, paid for and never trusted.
//!
//! A [`ChatRequest`] says what is asked and in which form the answer is wanted; a [`ChatBackend`] answers a batch of them:
//!
//! - [`Http`] asks an OpenAI-compatible server, by the best means it turned out to have ([`Capabilities`]): a JSON schema, a
//!   grammar, words and one repair. It keeps to limits, retries what may help, and stops at its budget.
//! - [`Recorder`] keeps what another one says, [`Replay`] says it again without asking.
//! - [`Scripted`] is for tests, and [`testing`] has a server that fails in every way there is.
//!
//! Whoever asks must have something to fall back on: a [`ChatReply`] is of the form that was asked for or it is an
//! [`LlmError`]. What others wrote goes into prompts through [`quoted`].
//!
//! Start reading at [`ChatRequest`], then [`Shape`]. This crate knows no users, items or slates.

mod accounts;
mod budget;
mod chat;
mod choice;
mod clock;
mod error;
mod http;
mod pace;
mod quote;
mod record;
mod scripted;
mod shape;
pub mod testing;

pub use accounts::{Account, Accounts, Latencies};
pub use budget::{Budget, Prices, Spent};
pub use chat::{ChatBackend, ChatReply, ChatRequest, Payer, Role, Rung, Template, Tokens, Turn, Wanted};
pub use choice::{Choice, Letters};
pub use clock::{Clock, SystemClock};
pub use error::LlmError;
pub use http::{Capabilities, Http, HttpConfig, Trial};
pub use pace::{Limits, Patience, Retry};
pub use quote::quoted;
pub use record::{Recorder, Replay};
pub use scripted::Scripted;
pub use shape::{Charset, Kind, Shape};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is kept behind locks here are sums: they are whole whenever somebody else panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
