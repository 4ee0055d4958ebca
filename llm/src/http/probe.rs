//! Finding out what a server can do, by asking it to.

use serde_json::{Value, json};

use super::asking::Asking;
use super::capabilities::{Capabilities, Trial};
use super::ladder::plain;
use super::{Http, body};
use crate::{Charset, ChatRequest, Kind, Letters, LlmError, Retry, Shape, Wanted};

/// What it cannot do it may say by failing: it is not asked often.
const RETRY: Retry = Retry { tries: 2, first_wait_secs: 0.05, longest_wait_secs: 1.0 };

/// How often likeliest tokens are listened for before a server counts as one that does not tell (chosen by us).
const LISTENS: usize = 6;

/// Fills in what `http` can do.
pub(super) fn probe(http: &mut Http) -> Result<(), LlmError> {
    let request = plain(Wanted::Text).user("Say hello.").drawn(16, 1.0);
    let listed = Asking::new(http, &request, &http.config.retry).models()?;
    let can = listed_by(http, &listed)?;
    // The one question that has to be answered; who does not let us in says so here.
    let alone = chat(http, &request, body::free(&http.config.model, &request))?;
    if body::said(&alone).is_none() {
        let reason = "its answer has no choice with a message".to_owned();
        return Err(LlmError::NotCompatible { server: http.wire.server.clone(), reason });
    }
    let asks = |body: Value| match chat(http, &request, body) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_of_one_request() => Ok(None),
        Err(error) => Err(error),
    };
    http.capabilities = tried(&http.config.model, &request, &asks, can)?;
    http.capabilities.trial = trial(http)?;
    Ok(())
}

/// Tries everything that servers can but need not do.
fn tried(
    model: &str,
    request: &ChatRequest,
    asks: &impl Fn(Value) -> Result<Option<Value>, LlmError>,
    mut can: Capabilities,
) -> Result<Capabilities, LlmError> {
    let shape = trial_shape()?;
    // The prompt says nothing of JSON: who answers with a valid object was made to.
    let object = asks(body::by_schema(model, &request.clone().drawn(256, 1.0), &shape))?;
    can.json_schema = object.is_some_and(|answer| valid(&answer, &shape));
    let json = plain(Wanted::Text).user("Answer in JSON: an empty object.").drawn(64, 0.0);
    let mut object = body::free(model, &json);
    object["response_format"] = json!({"type": "json_object"});
    can.json_object = asks(object)?.is_some_and(|answer| is_object(&answer));
    let mut grammar = body::free(model, request);
    grammar["grammar"] = "root ::= \"qz7\"".into();
    can.grammar =
        asks(grammar)?.is_some_and(|answer| body::said(&answer).is_some_and(|(text, _)| text == "qz7"));
    // llama.cpp tells nothing of a token that is half a character: a model without weights draws one time in seven.
    for _ in 0..LISTENS {
        let answer = asks(body::likely_letters(model, request))?;
        can.logprobs |= answer.is_some_and(|answer| !body::likeliest(&answer).is_empty());
        if can.logprobs {
            break;
        }
    }
    if can.grammar {
        let letters = Letters::first(3)?;
        can.exact_letters =
            asks(body::exact_letters(model, request, letters))?.is_some_and(|a| exact(&a, letters));
    }
    can.seed = repeats(asks, model, request)?;
    Ok(can)
}

fn chat(http: &Http, request: &ChatRequest, body: Value) -> Result<Value, LlmError> {
    Asking::new(http, request, &RETRY).chat(body)
}

/// What the list of models says.
fn listed_by(http: &Http, listed: &Value) -> Result<Capabilities, LlmError> {
    let server = || http.wire.server.clone();
    let Some(data) = listed.get("data").and_then(Value::as_array) else {
        let reason = "its list of models has no `data`".to_owned();
        return Err(LlmError::NotCompatible { server: server(), reason });
    };
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let known: Vec<String> = data.iter().filter_map(|entry| text(entry, "id")).collect();
    let model = &http.config.model;
    if !known.is_empty() && !known.contains(model) {
        return Err(LlmError::UnknownModel { server: server(), model: model.clone(), known });
    }
    let entry = data.iter().find(|entry| text(entry, "id").as_ref() == Some(model));
    let by = entry.and_then(|entry| text(entry, "owned_by"));
    Ok(Capabilities { server: by, models: known, ..Capabilities::default() })
}

/// A decision as agents ask for, small.
fn trial_shape() -> Result<Shape, LlmError> {
    Shape::new(
        "reaction",
        [
            ("does", Kind::among(["watch", "skip"])),
            ("secs", Kind::Integer { min: 0, max: 300 }),
            ("why", Kind::Text { max_chars: 40, charset: Charset::Words }),
        ],
    )
}

fn valid(answer: &Value, shape: &Shape) -> bool {
    body::said(answer).is_some_and(|(text, _)| shape.read(text).is_ok())
}

fn is_object(answer: &Value) -> bool {
    let said = body::said(answer).and_then(|(text, _)| serde_json::from_str::<Value>(text).ok());
    said.is_some_and(|value| value.is_object())
}

/// Whether nothing but letters is likely, and all of it is told.
fn exact(answer: &Value, letters: Letters) -> bool {
    let likeliest = body::likeliest(answer);
    let told: f64 = likeliest.iter().map(|(_, p)| p).sum();
    likeliest.iter().all(|(token, _)| letters.index(token).is_some()) && (told - 1.0).abs() < 1e-3
}

fn repeats(
    asks: &impl Fn(Value) -> Result<Option<Value>, LlmError>,
    model: &str,
    request: &ChatRequest,
) -> Result<bool, LlmError> {
    let mut said = Vec::new();
    for seed in [17, 17] {
        let mut body = body::free(model, request);
        body["seed"] = seed.into();
        let Some(answer) = asks(body)? else { return Ok(false) };
        said.push(body::said(&answer).map(|(text, _)| text.to_owned()));
    }
    // One that says the same whatever the seed keeps to its seed as well.
    Ok(said[0] == said[1])
}

fn trial(http: &Http) -> Result<Option<Trial>, LlmError> {
    let request = plain(Wanted::Json(trial_shape()?))
        .system("You are somebody who scrolls through a feed of short films, and you do what you feel like.")
        .user("The next one: \"Baking bread at altitude\", food, 45 seconds, popular. What do you do?")
        .drawn(200, 1.0);
    let mut asking = Asking::new(http, &request, &RETRY);
    match asking.decide() {
        Ok(reply) => Ok(Some(Trial { rung: reply.rung, tokens: reply.tokens, latency: reply.latency })),
        Err(error) if error.is_of_one_request() => Ok(None),
        Err(error) => Err(error),
    }
}
