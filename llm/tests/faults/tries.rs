//! What is asked again, when, and what is not.

use recloop_llm::testing::Canned;
use recloop_llm::{Capabilities, ChatBackend, HttpConfig, LlmError, Patience, Payer, Tokens};

use super::{Scene, one, text};

fn busy(after: &str) -> Canned {
    Canned::Status(429, vec![("Retry-After", after.into())], r#"{"error": {"message": "slow down"}}"#.into())
}

#[test]
fn whoever_is_busy_is_asked_when_it_says() {
    let scene = Scene::of([busy("7"), Canned::says("Hi.")]);
    let reply = scene.ask(&text()).unwrap();
    assert_eq!((reply.text.as_str(), reply.tries), ("Hi.", 2));
    assert!((7.0..8.0).contains(&scene.naps()[0]), "{:?}", scene.naps());
    // The clock of the test starts in 1970.
    let scene = Scene::of([busy("Thu, 01 Jan 1970 00:00:09 GMT"), Canned::says("Hi.")]);
    scene.ask(&text()).unwrap();
    assert!((9.0..10.0).contains(&scene.naps()[0]), "{:?}", scene.naps());
}

#[test]
fn whoever_wants_too_much_time_is_given_up() {
    let scene = Scene::of([busy("3600")]);
    let error = scene.ask(&text()).unwrap_err().to_string();
    assert!(error.ends_with("in 1 tries: it answers 429: slow down"), "{error}");
    assert!(scene.naps().is_empty());
}

#[test]
fn what_may_pass_is_asked_again_with_longer_and_longer_waits() {
    for status in [408, 429, 500, 502, 503, 504] {
        let failing = Canned::error(status, "server_error", "not now");
        let scene = Scene::of([failing.clone(), failing.clone(), Canned::says("Hi.")]);
        assert_eq!(scene.ask(&text()).unwrap().tries, 3, "{status}");
        let naps = scene.naps();
        assert!((0.5..1.0).contains(&naps[0]) && (1.0..2.0).contains(&naps[1]), "{status}: {naps:?}");
        let scene = Scene::of([failing]);
        let error = scene.ask(&text()).unwrap_err();
        assert!(matches!(error, LlmError::Failing { status: s, tries: 3, .. } if s == status), "{error}");
        assert_eq!(scene.stub.asked(), 3);
    }
}

#[test]
fn jitter_hangs_on_the_request_and_not_on_the_hour() {
    let naps = |seed| {
        let scene = Scene::of([Canned::error(500, "", "no")]);
        scene.ask(&text().seeded(seed, 0)).unwrap_err();
        scene.naps()
    };
    assert_eq!(naps(1), naps(1));
    assert_ne!(naps(1), naps(2));
}

#[test]
fn broken_answers_are_asked_for_again() {
    for broken in [Canned::Truncated, Canned::Garbage] {
        let scene = Scene::of([broken.clone(), Canned::says("Hi.")]);
        assert_eq!(scene.ask(&text()).unwrap().tries, 2, "{broken:?}");
        let scene = Scene::of([broken]);
        assert!(matches!(scene.ask(&text()), Err(LlmError::Unanswered { tries: 3, .. })));
    }
}

#[test]
fn whoever_never_answers_is_not_waited_for() {
    for mute in [Canned::Silent, Canned::Stalled] {
        let scene = Scene::of([mute.clone(), Canned::says("Hi.")]);
        let config = HttpConfig { timeout_secs: 0.1, ..scene.config() };
        let reply = one(&scene.http(config, Capabilities::default()), &text()).unwrap();
        assert_eq!(reply.tries, 2, "{mute:?}");
    }
}

#[test]
fn nobody_there_is_said_after_all_tries() {
    let scene = Scene::of([Canned::says("Hi.")]);
    // Port 1 belongs to a service of the seventies.
    let gone = "http://127.0.0.1:1".into();
    let http = scene.http(HttpConfig { url: gone, ..scene.config() }, Capabilities::default());
    let error = one(&http, &text()).unwrap_err();
    assert!(matches!(error, LlmError::Unanswered { tries: 3, .. }), "{error}");
    let account = http.accounts().of(Payer::User);
    assert_eq!((account.requests, account.failures, account.retries), (1, 1, 2));
    assert_eq!(http.spent().unanswered, Tokens::default(), "what was never sent costs nothing");
}

#[test]
fn refusals_are_final() {
    for status in [400, 413, 422] {
        let scene = Scene::of([Canned::error(status, "invalid_request_error", "no\nsuch  thing")]);
        let error = scene.ask(&text()).unwrap_err();
        assert!(error.to_string().ends_with(&format!("it answers {status}: no such thing")), "{error}");
        assert!(matches!(error, LlmError::Refused { .. }) && error.is_of_one_request());
        assert_eq!(scene.stub.asked(), 1);
    }
}

#[test]
fn more_than_fits_has_an_error_of_its_own() {
    for (kind, message) in [
        (
            "exceed_context_size_error",
            "request (15013 tokens) exceeds the available context size (2048 tokens)",
        ),
        ("invalid_request_error", "This model's maximum context length is 8192 tokens."),
    ] {
        let scene = Scene::of([Canned::error(400, kind, message)]);
        let error = scene.ask(&text()).unwrap_err();
        assert!(matches!(error, LlmError::Overflow { .. }) && scene.stub.asked() == 1, "{error}");
        assert!(
            error.to_string().starts_with("fit `greet` version 1 into what the model can read: "),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_chat_completion_is_not_understood() {
    for (body, said) in [
        ("<html>Welcome to my home page</html>", "no JSON: <html>Welcome"),
        ("{\"hello\": 1}", "no choice with a message"),
        ("{\"choices\": []}", "no choice with a message"),
        ("", "no JSON: nothing more"),
    ] {
        let scene = Scene::of([Canned::Status(200, Vec::new(), body.into())]);
        let error = scene.ask(&text()).unwrap_err();
        assert!(
            matches!(error, LlmError::NotCompatible { .. }) && error.to_string().contains(said),
            "{error}"
        );
        assert_eq!(scene.stub.asked(), 1);
    }
    let scene =
        Scene::of([Canned::Status(302, vec![("Location", "http://elsewhere/".into())], String::new())]);
    assert!(matches!(scene.ask(&text()), Err(LlmError::NotCompatible { .. })), "no redirect is followed");
}

#[test]
fn whoever_fails_too_often_is_left_alone_and_tried_again_later() {
    let failing = vec![Canned::error(500, "", "no"); 4];
    let scene = Scene::of([failing, vec![Canned::says("Hi.")]].concat());
    let patience = Patience { failures: 4, leave_secs: 1_000.0 };
    let http = scene.http(HttpConfig { patience, ..scene.config() }, Capabilities::default());
    let replies = http.submit(&vec![text(); 4]);
    let words: Vec<String> = replies.iter().map(|reply| reply.as_ref().unwrap_err().to_string()).collect();
    assert!(words[0].contains("in 3 tries: it answers 500"), "{words:?}");
    assert!(words[3].contains("it failed 4 times in a row and is left alone for"), "{words:?}");
    assert_eq!(scene.stub.asked(), 4, "nobody asks in the meantime");
    scene.clock.advance(std::time::Duration::from_secs(1_001));
    assert!(http.submit(&vec![text(); 4]).iter().all(Result::is_ok));
}
