//! From a request to a valid answer, by the best means the server has.

use serde_json::Value;

use super::asking::Asking;
use super::{Http, body};
use crate::{ChatReply, ChatRequest, Choice, Letters, LlmError, Rung, Shape, Wanted};

impl Asking<'_> {
    /// Answers the request.
    pub(super) fn decide(&mut self) -> Result<ChatReply, LlmError> {
        match &self.request.wanted {
            Wanted::Text => {
                let answer = self.chat(body::free(self.model(), self.request))?;
                Ok(self.reply(self.said(&answer)?.0, Rung::Free))
            }
            Wanted::Json(shape) => self.object(shape),
            Wanted::Choice(letters) => self.letter(*letters),
        }
    }

    /// Down the ladder: a rung that the server refuses, or on which it says what is not valid, is followed by the next.
    fn object(&mut self, shape: &Shape) -> Result<ChatReply, LlmError> {
        let Http { capabilities: can, .. } = self.http;
        if can.json_schema
            && let Some(reply) =
                self.rung(Rung::Schema, body::by_schema(self.model(), self.request, shape), shape)?
        {
            return Ok(reply);
        }
        if can.grammar
            && let Some(reply) =
                self.rung(Rung::Grammar, body::by_grammar(self.model(), self.request, shape), shape)?
        {
            return Ok(reply);
        }
        self.asked(shape)
    }

    fn rung(&mut self, rung: Rung, body: Value, shape: &Shape) -> Result<Option<ChatReply>, LlmError> {
        let answer = match self.chat(body) {
            Err(LlmError::Refused { .. }) => return Ok(None),
            answer => answer?,
        };
        let (text, _) = self.said(&answer)?;
        Ok(shape.read(text).ok().map(|value| ChatReply { value: Some(value), ..self.reply(text, rung) }))
    }

    /// The last two rungs: told in words, and told what was wrong.
    fn asked(&mut self, shape: &Shape) -> Result<ChatReply, LlmError> {
        let mut body = body::asked(self.model(), self.request, shape, self.http.capabilities.json_object);
        let (mut reason, most) = (String::new(), self.request.max_tokens);
        for rung in [Rung::Asked, Rung::Repaired] {
            let answer = self.chat(body.clone())?;
            let (text, cut) = self.said(&answer)?;
            match shape.read(text) {
                Ok(value) => return Ok(ChatReply { value: Some(value), ..self.reply(text, rung) }),
                Err(wrong) if cut => reason = format!("{wrong}; it was cut off at {most} tokens"),
                Err(wrong) => reason = wrong,
            }
            body = body::repair(body, text, &reason);
        }
        Err(self.unusable(reason))
    }

    fn letter(&mut self, letters: Letters) -> Result<ChatReply, LlmError> {
        let (model, can) = (self.model(), &self.http.capabilities);
        let (body, rung) = match (can.exact_letters, can.logprobs) {
            (true, _) => (body::exact_letters(model, self.request, letters), Rung::ExactLetters),
            (false, true) => (body::likely_letters(model, self.request), Rung::LikelyLetters),
            (false, false) => {
                let server = self.http.wire.server.clone();
                return Err(LlmError::Unsupported { server, what: "probabilities of options" });
            }
        };
        let answer = self.chat(body)?;
        let likeliest = body::likeliest(&answer);
        let choice = Choice::of(letters, likeliest, self.request.temperature.into());
        let choice = choice.map_err(|reason| self.unusable(reason))?;
        // Not what this server happened to draw: the law is the answer, its likeliest letter the short form of it.
        let text = choice.likeliest().to_string();
        Ok(ChatReply { choice: Some(choice), ..self.reply(&text, rung) })
    }

    fn model(&self) -> &str {
        &self.http.config.model
    }

    fn said<'v>(&self, answer: &'v Value) -> Result<(&'v str, bool), LlmError> {
        body::said(answer).ok_or_else(|| {
            let reason = "its answer has no choice with a message".to_owned();
            LlmError::NotCompatible { server: self.http.wire.server.clone(), reason }
        })
    }

    fn reply(&self, text: &str, rung: Rung) -> ChatReply {
        let (tokens, latency, tries) = (self.tokens, self.latency(), self.tries);
        ChatReply { tokens, latency, tries, ..ChatReply::bare(text.into(), rung) }
    }

    fn unusable(&self, reason: String) -> LlmError {
        LlmError::Unusable { template: self.request.template.to_string(), tries: self.tries, reason }
    }
}

/// What a request to nobody in particular is: for probing.
pub(super) fn plain(wanted: Wanted) -> ChatRequest {
    ChatRequest::new("probe", 1, crate::Payer::Recommender, wanted)
}
