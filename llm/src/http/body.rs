//! What is sent, and where in what comes back the answer stands.

use serde_json::{Value, json};

use crate::pace::mix;
use crate::{ChatRequest, Letters, Role, Shape, Tokens, Turn};

/// As many of the likeliest tokens as hosted servers tell at most.
const LIKELIEST: usize = 20;

/// Longest part of an unusable answer that is sent back to be repaired.
const MOST_BACK: usize = 2_000;

/// A request as it is, without anything about its form.
pub(super) fn free(model: &str, request: &ChatRequest) -> Value {
    json!({
        "model": model, "messages": request.turns, "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    })
}

pub(super) fn by_schema(model: &str, request: &ChatRequest, shape: &Shape) -> Value {
    let mut body = free(model, request);
    let schema = json!({"name": shape.name(), "strict": true, "schema": shape.schema()});
    body["response_format"] = json!({"type": "json_schema", "json_schema": schema});
    body
}

pub(super) fn by_grammar(model: &str, request: &ChatRequest, shape: &Shape) -> Value {
    let mut body = free(model, request);
    body["grammar"] = shape.grammar().into();
    body
}

/// The form in words, after the last thing said: what comes before stays as it is and can be reused.
pub(super) fn asked(model: &str, request: &ChatRequest, shape: &Shape, json_object: bool) -> Value {
    let form = format!("Answer with one JSON object of this form and nothing else: {}", shape.words());
    let mut request = request.clone();
    match request.turns.last_mut() {
        Some(Turn { role: Role::User, text }) => {
            text.push_str("\n\n");
            text.push_str(&form);
        }
        _ => request = request.user(form),
    }
    let mut body = free(model, &request);
    if json_object {
        body["response_format"] = json!({"type": "json_object"});
    }
    body
}

/// The same conversation, gone on: what was said, and what was wrong with it.
pub(super) fn repair(mut asked: Value, said: &str, reason: &str) -> Value {
    let said: String = said.chars().take(MOST_BACK).collect();
    let again = format!("That is not usable: {reason}. Answer again, with the JSON object alone.");
    let more = [Turn { role: Role::Assistant, text: said }, Turn { role: Role::User, text: again }];
    if let Some(messages) = asked["messages"].as_array_mut() {
        messages.extend(more.iter().map(|turn| json!(turn)));
    }
    asked
}

/// llama.cpp: a grammar over letters, and what is likely after it. Its sampler first draws without the grammar and tells
/// the law it drew from, so the letters are lifted above all else as well: the law among them stays what it is.
pub(super) fn exact_letters(model: &str, request: &ChatRequest, letters: Letters) -> Value {
    let mut body = one_token(model, request, letters.count());
    let ways: Vec<String> = letters.iter().map(|letter| format!("\"{letter}\"")).collect();
    body["grammar"] = format!("root ::= {}", ways.join(" | ")).into();
    body["logit_bias"] = letters.iter().map(|letter| json!([letter.to_string(), 80.0])).collect();
    body["samplers"] = json!(["temperature"]);
    body["post_sampling_probs"] = true.into();
    body
}

pub(super) fn likely_letters(model: &str, request: &ChatRequest) -> Value {
    one_token(model, request, LIKELIEST)
}

/// One token at temperature one: the temperature asked for is applied to the law.
fn one_token(model: &str, request: &ChatRequest, likeliest: usize) -> Value {
    let mut body = free(model, request);
    body["max_tokens"] = 1.into();
    body["temperature"] = 1.0.into();
    body["logprobs"] = true.into();
    body["top_logprobs"] = likeliest.into();
    body
}

/// The seed of a try, in the 31 bits that every server takes.
pub(super) fn seed(request: &ChatRequest, tries: u32) -> u64 {
    mix(mix(request.seed, request.sample.into()), tries.into()) >> 33
}

/// The most tokens this can come to: a token is at least a byte, and each turn is wrapped in a few of its own.
pub(super) fn most_tokens(request: &ChatRequest, body: &Value) -> Tokens {
    let turns = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let bytes: usize = turns.iter().map(|turn| turn["content"].as_str().map_or(0, str::len) + 16).sum();
    let completion = body["max_tokens"].as_u64().unwrap_or(request.max_tokens.into());
    Tokens { prompt: bytes as u64 + 16, cached: 0, completion }
}

/// Tokens as the server counted them, if it did.
pub(super) fn usage(answer: &Value) -> Option<Tokens> {
    let usage = answer.get("usage")?;
    let prompt = usage.get("prompt_tokens")?.as_u64()?;
    let completion = usage.get("completion_tokens").and_then(Value::as_u64).unwrap_or(0);
    let cached = usage.pointer("/prompt_tokens_details/cached_tokens").and_then(Value::as_u64).unwrap_or(0);
    Some(Tokens { prompt, cached: cached.min(prompt), completion })
}

/// What was said, and whether it was cut off; nothing if this is no chat completion.
pub(super) fn said(answer: &Value) -> Option<(&str, bool)> {
    let choice = answer.get("choices")?.get(0)?;
    let text = choice.get("message")?.get("content").and_then(Value::as_str).unwrap_or_default();
    Some((text, choice.get("finish_reason").and_then(Value::as_str) == Some("length")))
}

/// The likeliest first tokens with their probabilities, however the server puts it; nothing if it does not tell.
pub(super) fn likeliest(answer: &Value) -> Vec<(&str, f64)> {
    let first = answer.pointer("/choices/0/logprobs/content/0");
    let list = first.and_then(|first| first.get("top_probs").or_else(|| first.get("top_logprobs")));
    let pair = |entry: &'_ Value| {
        let prob = entry.get("prob").and_then(Value::as_f64);
        prob.or_else(|| entry.get("logprob").and_then(Value::as_f64).map(f64::exp))
    };
    let entries = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(|entry| Some((entry.get("token")?.as_str()?, pair(entry)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, Kind, Payer, Wanted};

    fn request() -> ChatRequest {
        ChatRequest::new("t", 1, Payer::User, Wanted::Text)
            .system("Rules.")
            .user("Go.")
            .seeded(3, 1)
            .drawn(9, 0.5)
    }

    fn shape() -> Shape {
        Shape::new("s", [("a", Kind::Text { max_chars: 3, charset: Charset::Name })]).unwrap()
    }

    #[test]
    fn bodies_are_what_servers_read() {
        let base = json!({"model": "m", "max_tokens": 9, "temperature": 0.5,
            "messages": [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Go."}]});
        let with = |key: &str, value: Value| {
            let mut body = base.clone();
            body[key] = value;
            body
        };
        assert_eq!(free("m", &request()), base);
        let format = json!({"type": "json_schema",
            "json_schema": {"name": "s", "strict": true, "schema": shape().schema()}});
        assert_eq!(by_schema("m", &request(), &shape()), with("response_format", format));
        assert_eq!(by_grammar("m", &request(), &shape()), with("grammar", shape().grammar().into()));
        let asked = asked("m", &request(), &shape(), true);
        assert_eq!(asked["response_format"], json!({"type": "json_object"}));
        let text = asked["messages"][1]["content"].as_str().unwrap();
        assert!(
            text.starts_with("Go.\n\nAnswer with one JSON object") && text.ends_with("a-z 0-9 _ -\"}"),
            "{text}"
        );
        let repaired = repair(asked, "{\"a\": 1}", "`a` is 1");
        assert_eq!(repaired["messages"][2], json!({"role": "assistant", "content": "{\"a\": 1}"}));
        assert!(repaired["messages"][3]["content"].as_str().unwrap().contains("`a` is 1"));
    }

    #[test]
    fn letters_are_one_token_at_temperature_one() {
        let body = exact_letters("m", &request(), Letters::first(2).unwrap());
        assert_eq!(body["grammar"], "root ::= \"A\" | \"B\"");
        assert_eq!(body["logit_bias"], json!([["A", 80.0], ["B", 80.0]]));
        let told = ["max_tokens", "temperature", "top_logprobs"].map(|key| body[key].as_f64());
        assert_eq!(told, [Some(1.0), Some(1.0), Some(2.0)]);
        assert_eq!(likely_letters("m", &request())["top_logprobs"], 20);
    }

    #[test]
    fn seeds_differ_by_sample_and_try_and_fit_31_bits() {
        let seeds =
            [(3, 0, 0), (3, 1, 0), (3, 0, 1), (4, 0, 0)].map(|(s, k, n)| seed(&request().seeded(s, k), n));
        assert!((0..4).all(|i| seeds[i] < 1 << 31 && !seeds[..i].contains(&seeds[i])), "{seeds:?}");
    }

    #[test]
    fn answers_are_read_in_both_dialects() {
        let openai = json!({"choices": [{"message": {"content": "A"}, "finish_reason": "length", "logprobs": {"content":
            [{"token": "A", "top_logprobs": [{"token": "A", "logprob": 0.0}, {"token": "B", "logprob": -1.0}]}]}}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}}});
        assert_eq!(said(&openai), Some(("A", true)));
        assert_eq!(likeliest(&openai), [("A", 1.0), ("B", (-1.0_f64).exp())]);
        assert_eq!(usage(&openai), Some(Tokens { prompt: 7, cached: 5, completion: 2 }));
        let llama =
            json!({"choices": [{"logprobs": {"content": [{"top_probs": [{"token": "A", "prob": 0.25}]}]}}]});
        assert_eq!(likeliest(&llama), [("A", 0.25)]);
        assert_eq!((said(&llama), usage(&llama)), (None, None));
        let silent = json!({"choices": [{"message": {"content": null}}], "usage": null});
        assert_eq!((said(&silent), usage(&silent)), (Some(("", false)), None));
    }
}
