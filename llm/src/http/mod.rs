//! Any OpenAI-compatible server.
//!
//! Read [`Http::connect`] first; then `ladder.rs` for how an answer gets its form, `asking.rs` for tries and waits, `body.rs`
//! for what goes over the wire, `probe.rs` for what is found out at the start.

mod asking;
mod body;
mod capabilities;
mod config;
mod ladder;
mod probe;
mod secret;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use capabilities::{Capabilities, Trial};
pub use config::HttpConfig;

use crate::accounts::Ledger;
use crate::budget::Purse;
use crate::pace::{Breaker, Pace};
use crate::{Accounts, ChatBackend, ChatReply, ChatRequest, Clock, LlmError, Spent, SystemClock};
use asking::Asking;
use wire::Wire;

/// A server that answers over HTTP: vLLM, SGLang, Ollama, llama.cpp, hosted ones.
///
/// Seeds alone do not make a server repeat itself once several requests are under way: what must be repeated is recorded
/// ([`Recorder`](crate::Recorder)).
///
/// # Errors
/// Of one request: [`LlmError::is_of_one_request`]. The others mean that the run had better stop.
#[derive(Debug)]
pub struct Http {
    config: HttpConfig,
    capabilities: Capabilities,
    wire: Wire,
    clock: Arc<dyn Clock>,
    purse: Purse,
    pace: Pace,
    breaker: Breaker,
    ledger: Ledger,
}

impl Http {
    /// Asks the server what it can do, and is ready.
    ///
    /// # Errors
    /// [`LlmError::Setting`], [`LlmError::Key`], [`LlmError::Unauthorised`], [`LlmError::UnknownModel`],
    /// [`LlmError::NotCompatible`], [`LlmError::Unanswered`], [`LlmError::Failing`].
    pub fn connect(config: HttpConfig) -> Result<Self, LlmError> {
        Self::connect_by(config, Spent::default(), Arc::new(SystemClock::default()))
    }

    /// The same after `spent`, by another clock.
    ///
    /// # Errors
    /// As [`Http::connect`], and [`LlmError::Budget`] if nothing is left for asking.
    pub fn connect_by(config: HttpConfig, spent: Spent, clock: Arc<dyn Clock>) -> Result<Self, LlmError> {
        let mut http = Self::knowing(config, Capabilities::default(), spent, clock)?;
        probe::probe(&mut http)?;
        Ok(http)
    }

    /// Takes somebody's word for what the server can do.
    ///
    /// # Errors
    /// [`LlmError::Setting`], [`LlmError::Key`].
    pub fn knowing(
        config: HttpConfig,
        capabilities: Capabilities,
        spent: Spent,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LlmError> {
        config.check()?;
        let wire = Wire::new(&config)?;
        let purse = Purse::new(config.budget, spent);
        let pace = Pace::new(&config.limits, clock.now());
        let breaker = Breaker::new(config.patience.clone());
        Ok(Self { config, capabilities, wire, clock, purse, pace, breaker, ledger: Ledger::default() })
    }

    /// What a server can do, how long a decision takes it, and of how many tokens.
    ///
    /// # Errors
    /// As [`Http::connect`].
    pub fn probe(config: HttpConfig) -> Result<Capabilities, LlmError> {
        Self::connect(config).map(|http| http.capabilities)
    }

    /// What it can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// What is gone of the budget, probing included: to be kept with a checkpoint, and given to
    /// [`Http::connect_by`] when the run goes on.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.purse.spent()
    }

    fn answer(&self, request: &ChatRequest) -> Result<ChatReply, LlmError> {
        let mut asking = Asking::new(self, request, &self.config.retry);
        let outcome = asking.decide();
        self.ledger.enter(request.payer, &outcome, asking.tries, asking.tokens);
        outcome
    }
}

impl ChatBackend for Http {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        let workers = self.config.concurrency.min(requests.len());
        if workers <= 1 {
            return requests.iter().map(|request| self.answer(request)).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(i) else { break };
                done.push((i, self.answer(request)));
            }
            done
        };
        let mut answers: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("answering does not panic")).collect()
        });
        answers.sort_by_key(|(i, _)| *i);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn accounts(&self) -> Accounts {
        self.ledger.read()
    }
}
