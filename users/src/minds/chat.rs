//! A mind behind a language model.

use std::sync::Arc;

use recloop_env::{CohortError, Streams, purpose};
use recloop_llm::{ChatBackend, ChatReply, ChatRequest, LlmError, Payer, Wanted};

use super::{Facing, Mind, Thought, prompt};

/// A [`Mind`] that asks a language model: one request for every user and slate, all of a tick in one batch.
///
/// The model reads rules, the persona, the slate (title, topic, popularity in words) and what is so just now (mood, memories, its own view of
/// the feed), and answers in a closed form: of each item skip, watch, like or hide and for how many seconds; stars, feeling; stay, leave or ask,
/// and for what; a reason and a view of the feed in a few plain words. Titles are quoted as data. What is not of that form never gets here, and what
/// it offers to do beyond what it may (asking twice) is leaving.
///
/// A request that fails is a [`Thought`] without a decision: the body decides.
///
/// # Errors
/// [`CohortError::Failed`] when the run must stop: a spent budget, a recording that does not fit.
///
/// ```
/// use std::sync::Arc;
/// use recloop_llm::{ChatReply, Scripted};
/// use recloop_users::minds::{ChatMind, Mind};
///
/// let mind = ChatMind::new(Arc::new(Scripted::new(|request| ChatReply::said(request, "no JSON"))));
/// assert_eq!(mind.name(), "asked");
/// ```
pub struct ChatMind {
    backend: Arc<dyn ChatBackend>,
    temperature: f32,
}

impl ChatMind {
    /// Asks this one, at temperature 1: people are as various as the model holds them to be.
    #[must_use]
    pub fn new(backend: Arc<dyn ChatBackend>) -> Self {
        Self { backend, temperature: 1.0 }
    }

    /// At another temperature, ≥ 0.
    #[must_use]
    pub fn at_temperature(self, temperature: f32) -> Self {
        Self { temperature, ..self }
    }

    /// What is asked about somebody: no two users, ticks or runs of other seeds ask the same.
    fn request(&self, faced: &Facing<'_>, wanted: &Wanted, rng: &Streams) -> ChatRequest {
        let [low, high, ..] = rng.block(purpose::MIND, faced.user, faced.tick, 0);
        // Servers take seeds of 31 bits at least, and recordings of any; a sign would be one too many.
        let seed = (u64::from(high >> 1) << 32) | u64::from(low);
        ChatRequest::new(prompt::TEMPLATE, prompt::VERSION, Payer::User, wanted.clone())
            .system(prompt::RULES)
            .user(prompt::told(faced))
            .seeded(seed, 0)
            .drawn(prompt::most_tokens(faced.offers.len()), self.temperature)
    }

    fn thought(
        &self,
        outcome: Result<ChatReply, LlmError>,
        faced: &Facing<'_>,
    ) -> Result<Thought, CohortError> {
        match outcome {
            Ok(reply) => {
                let decision = reply.value.as_ref().and_then(|value| prompt::decision(value, faced));
                Ok(Thought { decision, tokens: reply.tokens })
            }
            Err(error) if error.is_of_one_request() => Ok(Thought::default()),
            Err(error) => Err(self.stopped(&error)),
        }
    }

    fn stopped(&self, error: &LlmError) -> CohortError {
        let hint = if matches!(error, LlmError::Budget { .. }) {
            "; a run goes on with `--resume --budget MORE`"
        } else {
            ""
        };
        CohortError::Failed { cohort: self.name().into(), reason: format!("failed to {error}{hint}") }
    }
}

impl Mind for ChatMind {
    fn name(&self) -> &str {
        "asked"
    }

    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError> {
        let Some(first) = faced.first() else { return Ok(Vec::new()) };
        let shape = prompt::shape(first.offers.len(), first.topics).map_err(|error| self.stopped(&error))?;
        let wanted = Wanted::Json(shape);
        let requests: Vec<_> = faced.iter().map(|faced| self.request(faced, &wanted, rng)).collect();
        let outcomes = self.backend.submit(&requests);
        outcomes.into_iter().zip(faced).map(|(outcome, faced)| self.thought(outcome, faced)).collect()
    }
}
