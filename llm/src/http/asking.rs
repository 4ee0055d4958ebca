//! One request on its way through tries, limits, the budget and the breaker.

use std::time::Duration;

use serde_json::Value;

use super::wire::{Answer, Broken};
use super::{Http, body};
use crate::pace::{retry_after, unit};
use crate::record::Key;
use crate::{ChatRequest, LlmError, Retry, Spent, Tokens};

/// What was done for one request so far.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) http: &'a Http,
    pub(super) request: &'a ChatRequest,
    retry: &'a Retry,
    pub(super) tries: u32,
    failures: u32,
    pub(super) tokens: Tokens,
    begun: Duration,
    /// Time lost to our own limits, not to the server.
    held: Duration,
}

/// Why a try came to nothing: the status with what was said, or silence.
enum Setback {
    Status(u16, String, Option<Duration>),
    Silence(String),
}

impl<'a> Asking<'a> {
    pub(super) fn new(http: &'a Http, request: &'a ChatRequest, retry: &'a Retry) -> Self {
        let begun = http.clock.now();
        let tokens = Tokens::default();
        Self { http, request, retry, tries: 0, failures: 0, tokens, begun, held: Duration::ZERO }
    }

    pub(super) fn latency(&self) -> Duration {
        self.http.clock.now().saturating_sub(self.begun).saturating_sub(self.held)
    }

    /// The models the server lists.
    pub(super) fn models(&mut self) -> Result<Value, LlmError> {
        loop {
            self.admitted()?;
            let setback = match self.http.wire.get("models") {
                Err(broken) => self.silence(broken),
                Ok(answer) => match self.sorted(answer)? {
                    Ok(json) => return Ok(json),
                    Err(setback) => setback,
                },
            };
            self.wait_after(setback)?;
        }
    }

    /// What the server answers to this body; `seed` is put into it anew for each try, so that an answer which broke the
    /// server is not asked for again.
    pub(super) fn chat(&mut self, mut body: Value) -> Result<Value, LlmError> {
        let most = body::most_tokens(self.request, &body);
        loop {
            if self.http.capabilities.seed {
                body["seed"] = body::seed(self.request, self.tries).into();
            }
            self.admitted()?;
            // What was let in has to say how it went: it stops short only before.
            let setback = match self.sent(&body, most)? {
                Err(broken) => self.silence(broken),
                Ok(answer) => match self.sorted(answer)? {
                    Ok(json) => return Ok(json),
                    Err(setback) => setback,
                },
            };
            self.wait_after(setback)?;
        }
    }

    fn admitted(&self) -> Result<(), LlmError> {
        self.http.breaker.admit(self.http.clock.now()).map_err(|leave| LlmError::LeftAlone {
            server: self.http.wire.server.clone(),
            failures: leave.failures,
            secs: leave.more.as_secs_f64(),
        })
    }

    /// One try, paid for.
    fn sent(&mut self, body: &Value, most: Tokens) -> Result<Result<Answer, Broken>, LlmError> {
        let Http { purse, pace, clock, wire, breaker, .. } = self.http;
        if let Err(over) = purse.reserve(most) {
            breaker.withdrawn();
            return Err(over);
        }
        let wait = pace.take(most.total(), clock.now());
        if !wait.is_zero() {
            clock.sleep(wait);
            self.held += wait;
        }
        self.tries += 1;
        let outcome = wire.post("chat/completions", body.to_string().as_bytes());
        let mut spent = Spent::default();
        match &outcome {
            Ok(answer) => match answer.json.as_ref().and_then(body::usage) {
                Some(tokens) => spent.tokens = tokens,
                None if answer.status == 200 => spent.unanswered = most,
                None => {}
            },
            Err(broken) if broken.sent => spent.unanswered = most,
            Err(_) => {}
        }
        self.tokens += spent.tokens;
        purse.settle(most, spent);
        pace.settle(most.total(), spent.tokens.total() + spent.unanswered.total());
        Ok(outcome)
    }

    fn silence(&self, broken: Broken) -> Setback {
        self.http.breaker.failed(self.http.clock.now());
        Setback::Silence(broken.reason)
    }

    /// An answer, a reason to ask again, or a reason not to.
    fn sorted(&self, answer: Answer) -> Result<Result<Value, Setback>, LlmError> {
        let Http { wire, breaker, clock, .. } = self.http;
        let (status, server) = (answer.status, wire.server.clone());
        if status == 408 || status >= 500 {
            breaker.failed(clock.now());
        } else {
            breaker.succeeded();
        }
        match status {
            200..=299 => match answer.json {
                Some(json) => Ok(Ok(json)),
                None => {
                    let reason = format!("it answers with no JSON: {}", answer.words());
                    Err(LlmError::NotCompatible { server, reason })
                }
            },
            408 | 429 | 500.. => {
                let after =
                    answer.retry_after.as_deref().and_then(|header| retry_after(header, clock.date()));
                Ok(Err(Setback::Status(status, answer.words(), after)))
            }
            _ => Err(self.refusal(&answer, server)),
        }
    }

    fn refusal(&self, answer: &Answer, server: String) -> LlmError {
        let (status, message) = (answer.status, answer.words());
        let kind = answer.kind();
        let lower = message.to_lowercase();
        let about = |words: &[&str]| words.iter().any(|word| lower.contains(word) || kind.contains(word));
        match status {
            401 | 403 => LlmError::Unauthorised { server, status, key: self.http.wire.key_words() },
            404 if about(&["model"]) => {
                let known = self.http.capabilities.models.clone();
                LlmError::UnknownModel { server, model: self.http.config.model.clone(), known }
            }
            404 | 405 | 300..=399 => {
                LlmError::NotCompatible { server, reason: format!("it answers {status}: {message}") }
            }
            _ if about(&[
                "exceed_context",
                "context_length",
                "context length",
                "context size",
                "context window",
            ]) =>
            {
                LlmError::Overflow { template: self.request.template.to_string(), message }
            }
            _ => LlmError::Refused { server, status, message },
        }
    }

    /// Waits before the next try, or gives up.
    fn wait_after(&mut self, setback: Setback) -> Result<(), LlmError> {
        self.failures += 1;
        let hash = Key::of(&self.http.config.model, self.request).hash();
        let mut wait = self.retry.wait(self.failures, unit(hash, self.failures));
        let longest = Duration::from_secs_f64(self.retry.longest_wait_secs);
        let mut patient = self.failures < self.retry.tries;
        if let Setback::Status(status, _, Some(asked)) = &setback {
            // What is a little late costs nothing; what comes all at once costs another refusal.
            wait = if asked.is_zero() { wait } else { *asked + wait / 10 };
            patient &= *asked <= longest;
            if *status == 429 && patient {
                self.http.pace.hold(self.http.clock.now() + *asked);
            }
        }
        if patient {
            self.http.clock.sleep(wait);
            return Ok(());
        }
        let (server, tries) = (self.http.wire.server.clone(), self.tries.max(self.failures));
        Err(match setback {
            Setback::Status(status, message, _) => LlmError::Failing { server, tries, status, message },
            Setback::Silence(reason) => LlmError::Unanswered { server, tries, reason },
        })
    }
}
