//! Down the ladder.

use recloop_llm::testing::{Asked, Canned};
use recloop_llm::{Capabilities, ChatBackend, ChatRequest, Letters, LlmError, Payer, Rung, Tokens, Wanted};
use serde_json::json;

use super::{Scene, object, one};

const GOOD: &str = r#"{"does": "skip", "secs": 3}"#;

fn all() -> Capabilities {
    Capabilities {
        json_schema: true,
        json_object: true,
        grammar: true,
        exact_letters: true,
        logprobs: true,
        ..Capabilities::default()
    }
}

fn rung(asked: &Asked) -> &'static str {
    let body = &asked.body;
    match (body["response_format"]["type"].as_str(), body["grammar"].is_string()) {
        (Some("json_schema"), _) => "schema",
        (_, true) => "grammar",
        _ if body["messages"].as_array().is_some_and(|turns| turns.len() > 2) => "repair",
        (Some("json_object"), _) => "object",
        _ => "plain",
    }
}

/// What comes of an object if each rung answers so.
fn climb(capabilities: Capabilities, answer: impl Fn(&str) -> Canned + Send + Sync + 'static) -> Climb {
    let scene = Scene::new(move |asked| answer(rung(asked)));
    let http = scene.http(scene.config(), capabilities);
    let reply = one(&http, &object());
    let account = http.accounts().of(Payer::User);
    assert_eq!(account.requests, 1);
    Climb { reply, tokens: account.tokens, asked: scene.stub.asked() }
}

struct Climb {
    reply: Result<recloop_llm::ChatReply, LlmError>,
    tokens: Tokens,
    asked: usize,
}

#[test]
fn the_first_rung_that_holds_is_taken() {
    let good_from = |first: &'static str| {
        move |rung: &str| {
            let order = ["schema", "grammar", "object", "repair"];
            let place = |rung| order.iter().position(|r| *r == rung);
            Canned::says(if place(rung) >= place(first) { GOOD } else { "Let me think." })
        }
    };
    let rungs = [
        ("schema", Rung::Schema),
        ("grammar", Rung::Grammar),
        ("object", Rung::Asked),
        ("repair", Rung::Repaired),
    ];
    for (tries, (name, expected)) in (1..).zip(rungs) {
        let climb = climb(all(), good_from(name));
        let reply = climb.reply.unwrap();
        assert_eq!((reply.rung, reply.tries), (expected, tries), "{name}");
        assert_eq!(reply.value, Some(json!({"does": "skip", "secs": 3})));
        let tries = u64::from(tries);
        assert_eq!(reply.tokens, Tokens { prompt: 10 * tries, cached: 4 * tries, completion: 5 * tries });
        assert_eq!(climb.tokens, reply.tokens);
    }
}

#[test]
fn what_a_server_cannot_do_is_not_asked() {
    let none = Capabilities::default();
    let climb = climb(none, |rung| {
        assert!(["plain", "repair"].contains(&rung), "{rung}");
        Canned::says(format!("Of course: ```json\n{GOOD}\n```"))
    });
    assert_eq!(climb.reply.unwrap().rung, Rung::Asked);
}

#[test]
fn a_rung_that_is_refused_is_followed_by_the_next() {
    let climb = climb(all(), |rung| match rung {
        "schema" | "grammar" => Canned::error(400, "invalid_request_error", "unknown field"),
        _ => Canned::says(GOOD),
    });
    assert_eq!((climb.reply.unwrap().rung, climb.asked), (Rung::Asked, 3));
}

#[test]
fn what_never_gets_a_form_is_unusable() {
    let climb = climb(all(), |_| Canned::says(r#"{"does": "skip", "secs": 10}"#));
    let error = climb.reply.unwrap_err();
    assert!(matches!(error, LlmError::Unusable { tries: 4, .. }) && error.is_of_one_request());
    assert_eq!(
        error.to_string(),
        "use what the model says to `turn` version 1 after 4 tries: `secs` is 10, not whole number from 0 to 9"
    );
    assert_eq!(climb.tokens.total(), 4 * 15, "what came to nothing was paid for all the same");
}

#[test]
fn a_repair_shows_what_was_said_and_what_is_wrong_with_it() {
    let scene = Scene::new(|asked| {
        let messages = asked.body["messages"].as_array().unwrap();
        match messages.len() {
            1 => {
                let text = messages[0]["content"].as_str().unwrap();
                assert!(text.starts_with("What do you do?\n\nAnswer with one JSON object"), "{text}");
                Canned::says(r#"{"does": "dance"}"#)
            }
            _ => {
                assert_eq!(messages[1], json!({"role": "assistant", "content": r#"{"does": "dance"}"#}));
                let text = messages[2]["content"].as_str().unwrap();
                assert!(text.contains(r#"`does` is "dance", not "watch" | "skip""#), "{text}");
                Canned::says(GOOD)
            }
        }
    });
    assert_eq!(scene.ask(&object()).unwrap().rung, Rung::Repaired);
}

fn pick(n: usize) -> ChatRequest {
    ChatRequest::new("pick", 1, Payer::User, Wanted::Choice(Letters::first(n).unwrap())).user("A or B?")
}

fn told(list: &str, tokens: &[(&str, f64)]) -> Canned {
    let key = if list == "top_probs" { "prob" } else { "logprob" };
    let list_of: Vec<_> = tokens.iter().map(|(token, p)| json!({"token": token, key: p})).collect();
    let content = json!([{"token": "A", list: list_of}]);
    Canned::Json(json!({
        "choices": [{"message": {"role": "assistant", "content": "A"}, "logprobs": {"content": content}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1},
    }))
}

#[test]
fn letters_among_the_likeliest_tokens_make_a_law() {
    let scene = Scene::of([told(
        "top_logprobs",
        &[("B", 0.3_f64.ln()), (" A", 0.1_f64.ln()), ("The", 0.5_f64.ln())],
    )]);
    let can = Capabilities { logprobs: true, ..Capabilities::default() };
    let reply = one(&scene.http(scene.config(), can), &pick(3)).unwrap();
    let choice = reply.choice.unwrap();
    assert!((choice.covered - 0.4).abs() < 1e-12);
    assert!(
        choice.probabilities.iter().zip([0.25, 0.75, 0.0]).all(|(p, e)| (p - e).abs() < 1e-12),
        "{choice:?}"
    );
    assert_eq!((reply.text.as_str(), reply.rung), ("B", Rung::LikelyLetters));
}

#[test]
fn a_grammar_over_letters_makes_an_exact_law() {
    let scene = Scene::new(|asked| {
        assert_eq!(asked.body["grammar"], "root ::= \"A\" | \"B\"");
        assert_eq!(asked.body["post_sampling_probs"], true);
        told("top_probs", &[("B", 0.9), ("A", 0.1)])
    });
    let reply = one(&scene.http(scene.config(), all()), &pick(2).drawn(9, 0.0)).unwrap();
    let choice = reply.choice.unwrap();
    assert_eq!((choice.probabilities, reply.rung), (vec![0.0, 1.0], Rung::ExactLetters));
    assert!((choice.covered - 1.0).abs() < 1e-12);
}

#[test]
fn no_letters_are_no_law() {
    let scene = Scene::of([told("top_logprobs", &[("The", -0.1)])]);
    let can = Capabilities { logprobs: true, ..Capabilities::default() };
    assert!(matches!(one(&scene.http(scene.config(), can), &pick(2)), Err(LlmError::Unusable { .. })));
    let error = scene.ask(&pick(2)).unwrap_err();
    assert!(matches!(error, LlmError::Unsupported { .. }) && !error.is_of_one_request(), "{error}");
    assert_eq!(scene.stub.asked(), 1);
}
