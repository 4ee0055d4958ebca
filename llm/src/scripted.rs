//! Answers by a closure, for tests.

use std::fmt;

use crate::accounts::Ledger;
use crate::{Accounts, ChatBackend, ChatReply, ChatRequest, LlmError};

/// A backend that a closure speaks for. What it says with [`ChatReply::said`] and [`ChatReply::likely`] is checked as a
/// model's words are.
///
/// ```
/// use recloop_llm::{ChatBackend, ChatReply, ChatRequest, Letters, Payer, Scripted, Wanted};
///
/// let backend = Scripted::new(|request| ChatReply::likely(request, &[0.25, 0.75]));
/// let wanted = Wanted::Choice(Letters::first(2)?);
/// let reply = backend.submit(&[ChatRequest::new("pick", 1, Payer::User, wanted)]).remove(0)?;
/// assert_eq!(reply.choice.unwrap().probabilities, [0.25, 0.75]);
/// # Ok::<(), recloop_llm::LlmError>(())
/// ```
pub struct Scripted<F> {
    answer: F,
    ledger: Ledger,
}

impl<F: Fn(&ChatRequest) -> Result<ChatReply, LlmError> + Send + Sync> Scripted<F> {
    /// Answers as `answer` does.
    pub fn new(answer: F) -> Self {
        Self { answer, ledger: Ledger::default() }
    }
}

impl<F> fmt::Debug for Scripted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl<F: Fn(&ChatRequest) -> Result<ChatReply, LlmError> + Send + Sync> ChatBackend for Scripted<F> {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        let answer = |request: &ChatRequest| {
            let outcome = (self.answer)(request);
            let tokens = outcome.as_ref().map(|reply| reply.tokens).unwrap_or_default();
            self.ledger.enter(request.payer, &outcome, 1, tokens);
            outcome
        };
        requests.iter().map(answer).collect()
    }

    fn accounts(&self) -> Accounts {
        self.ledger.read()
    }
}
