//! Keys go to the server and nowhere else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use recloop_llm::testing::{Asked, Canned};
use recloop_llm::{Capabilities, ChatBackend, Http, HttpConfig, LlmError, Recorder};

use super::{Scene, text};

/// A variable that is set for every test, and holds what could be a key: no test may set one.
const VARIABLE: &str = "PATH";

fn key() -> String {
    std::env::var(VARIABLE).unwrap()
}

fn echo(asked: &Asked, status: u16) -> Canned {
    let said =
        format!("You sent me {}", asked.headers.get("authorization").map_or("nothing", String::as_str));
    match status {
        200 => Canned::says(said),
        _ => Canned::error(status, "echo", &said),
    }
}

#[test]
fn the_key_goes_into_its_header() {
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let to = Arc::clone(&seen);
    let scene = Scene::new(move |asked| {
        to.lock().unwrap().insert(asked.headers.get("authorization").cloned().unwrap_or_default());
        Canned::says("Hi.")
    });
    let with = HttpConfig { key_variable: Some(VARIABLE.into()), ..scene.config() };
    for config in [with, scene.config()] {
        scene.http(config, Capabilities::default()).submit(&[text()]).remove(0).unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([String::new(), format!("Bearer {}", key())]));
}

#[test]
fn whatever_a_server_echoes_the_key_is_shown_nowhere() {
    assert!(key().len() >= 16, "a shorter key is not looked for in what is said");
    for status in [200, 400, 401, 403, 404, 422, 429, 500] {
        let scene = Scene::new(move |asked| echo(asked, status));
        let config = HttpConfig { key_variable: Some(VARIABLE.into()), ..scene.config() };
        let http = scene.http(config.clone(), Capabilities::default());
        assert!(!format!("{http:?} {config:?}").contains(&key()));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.jsonl");
        let recorder = Recorder::open(http, "stub", &path).unwrap();
        let outcome = recorder.submit(&[text()]).remove(0);
        let told = match &outcome {
            Ok(reply) => format!("{reply:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        let recording = std::fs::read_to_string(&path).unwrap();
        assert!(!told.contains(&key()) && !recording.contains(&key()), "{status}: {told}");
        assert_eq!(outcome.is_ok(), status == 200);
    }
}

#[test]
fn a_key_that_does_not_do_is_named_by_its_variable() {
    for status in [401, 403] {
        let scene = Scene::new(move |asked| echo(asked, status));
        let config = HttpConfig { key_variable: Some(VARIABLE.into()), ..scene.config() };
        let error = scene.http(config, Capabilities::default()).submit(&[text()]).remove(0).unwrap_err();
        assert!(matches!(error, LlmError::Unauthorised { .. }) && !error.is_of_one_request());
        assert!(
            error
                .to_string()
                .ends_with(&format!("it answers {status}, and the key of `{VARIABLE}` does not do"))
        );
        assert_eq!(scene.stub.asked(), 1);
        let error = scene.ask(&text()).unwrap_err().to_string();
        assert!(error.contains("no key was sent: name the environment variable that holds one"), "{error}");
    }
}

#[test]
fn no_key_is_said_before_anything_is_sent() {
    let scene = Scene::of([Canned::says("Hi.")]);
    let config = HttpConfig { key_variable: Some("RECLOOP_NO_SUCH_VARIABLE".into()), ..scene.config() };
    assert!(matches!(Http::connect(config), Err(LlmError::Key { .. })));
    assert_eq!(scene.stub.asked(), 0);
}
