//! What is found out at the start.

use recloop_llm::testing::{Asked, Canned};
use recloop_llm::{Capabilities, Http, HttpConfig, LlmError, Rung};
use serde_json::json;

use super::Scene;

fn listing(models: &[&str]) -> Canned {
    let data: Vec<_> = models.iter().map(|id| json!({"id": id, "owned_by": "stubs"})).collect();
    Canned::Json(json!({"object": "list", "data": data}))
}

fn probe(answer: impl Fn(&Asked) -> Canned + Send + Sync + 'static) -> Result<Capabilities, LlmError> {
    let scene = Scene::new(answer);
    let config = scene.config();
    let clock = std::sync::Arc::<recloop_llm::testing::FakeClock>::clone(&scene.clock);
    Http::connect_by(config, recloop_llm::Spent::default(), clock).map(|http| http.capabilities().clone())
}

#[test]
fn a_server_that_can_only_talk_is_found_to_talk() {
    let can = probe(|asked| match asked.path.as_str() {
        "/v1/models" => listing(&["stub", "other"]),
        _ if asked.body.get("response_format").is_some() => Canned::error(400, "", "unknown field"),
        _ if asked.body.to_string().contains("Answer with one JSON") => {
            Canned::says(r#"{"does": "skip", "secs": 3, "why": "dull"}"#)
        }
        _ => Canned::says("Hello!"),
    });
    let can = can.unwrap();
    let trial = can.trial.unwrap();
    assert_eq!((trial.rung, trial.tokens.total()), (Rung::Asked, 15));
    let models = vec!["stub".to_owned(), "other".to_owned()];
    let expected = Capabilities {
        server: Some("stubs".into()),
        models,
        // It says the same whatever the seed.
        seed: true,
        trial: Some(trial),
        ..Capabilities::default()
    };
    assert_eq!(can, expected);
    let kept = serde_json::to_string(&can).unwrap();
    assert_eq!(serde_json::from_str::<Capabilities>(&kept).unwrap(), can);
}

#[test]
fn a_server_that_ignores_what_it_does_not_know_is_not_believed() {
    let can = probe(|asked| match asked.path.as_str() {
        "/v1/models" => listing(&[]),
        _ => Canned::says(format!("Hello, seed {}!", asked.n)),
    })
    .unwrap();
    assert_eq!(can, Capabilities::default(), "no schema, no grammar, no seed, no usable decision");
}

#[test]
fn who_is_not_known_by_the_server_is_told_who_is() {
    let error = probe(|_| listing(&["qwen3", "gemma"])).unwrap_err().to_string();
    assert!(error.starts_with("find the model `stub` at http://"), "{error}");
    assert!(error.ends_with("it serves `qwen3`, `gemma`"), "{error}");
    let error = probe(|asked| match asked.path.as_str() {
        "/v1/models" => listing(&[]),
        _ => Canned::error(404, "", "model \"stub\" not found, try pulling it first"),
    });
    assert!(matches!(error, Err(LlmError::UnknownModel { .. })), "{error:?}");
}

#[test]
fn what_is_no_such_server_is_not_understood() {
    let page = || Canned::Status(200, Vec::new(), "<html>".into());
    let lost = || Canned::Status(404, Vec::new(), "not found".into());
    for answer in [page, lost, || Canned::Json(json!({"hello": 1}))] {
        let error = probe(move |_| answer()).unwrap_err();
        assert!(matches!(error, LlmError::NotCompatible { .. }), "{error}");
    }
    // A list of models, but nobody to talk to.
    let error = probe(move |asked| if asked.path == "/v1/models" { listing(&["stub"]) } else { lost() });
    assert!(matches!(error, Err(LlmError::NotCompatible { .. })), "{error:?}");
    assert!(matches!(probe(|_| Canned::Garbage), Err(LlmError::Unanswered { .. })));
    assert!(matches!(probe(|_| Canned::error(500, "", "no")), Err(LlmError::Failing { .. })));
    assert!(matches!(probe(|_| Canned::error(401, "", "no")), Err(LlmError::Unauthorised { .. })));
    assert!(matches!(Http::connect(HttpConfig::new("nowhere", "m")), Err(LlmError::Setting { .. })));
}
