//! Against llama.cpp's own server, with a tiny model of random weights: `tests/llm_server/serve.py`. What it says is
//! nonsense in the right form, so this is about forms, counts and survival, never about quality.
//!
//! `RECLOOP_PYTHON` names the Python to start it by, `.venv/bin/python` is the default; `scripts/test` installs it. Where it
//! is not installed the tests say so and pass.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;

use recloop_llm::{
    Capabilities, Charset, ChatBackend, ChatReply, ChatRequest, Http, HttpConfig, Kind, Letters, LlmError,
    Patience, Payer, Recorder, Replay, Retry, Rung, Shape, Spent, SystemClock, Tokens, Wanted,
};
use serde_json::Value;

type Outcome = Result<ChatReply, LlmError>;

/// A server, until it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts one; nothing if it is not installed.
    fn start(arguments: &[&str]) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("llm/ has a parent");
        let python =
            std::env::var_os("RECLOOP_PYTHON").map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
        let imports = ["-c", "import gguf, tokenizers, xllamacpp"];
        let there = Command::new(&python).args(imports).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            // Not by a macro: the test harness would hide it.
            let note =
                format!("skipped: {} has no llama.cpp server, see tests/llm_server/\n", python.display());
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return None;
        }
        let mut command = Command::new(python);
        command.arg(root.join("tests/llm_server/serve.py")).args(arguments);
        // It stops when its input ends: with us at the latest.
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("port ")?.parse().ok());
        Some(Self { child, port: port.expect("it says its port before it ends") })
    }

    /// The end, without a word.
    fn kill(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }

    fn config(&self) -> HttpConfig {
        let retry = Retry { tries: 4, first_wait_secs: 0.02, longest_wait_secs: 0.1 };
        let patience = Patience { failures: 1_000, leave_secs: 1.0 };
        HttpConfig { timeout_secs: 30.0, retry, patience, ..HttpConfig::new(&self.url(), "random") }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the server counted so far: tokens read, cached ones included, those, and tokens written.
    fn counts(&self) -> Tokens {
        let page = ureq::get(format!("{}/metrics", self.url()))
            .call()
            .unwrap()
            .into_body()
            .read_to_string()
            .unwrap();
        let count = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(&format!("llamacpp:{name}_total ")));
            line.expect("the server counts it").parse::<u64>().unwrap()
        };
        let cached = count("prompt_tokens_cached");
        Tokens { prompt: count("prompt_tokens") + cached, cached, completion: count("tokens_predicted") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shape() -> Shape {
    let item = Shape::new(
        "item",
        [
            ("does", Kind::among(["watch", "skip", "like \"it\""])),
            ("secs", Kind::Integer { min: -5, max: 286 }),
            ("weight", Kind::Number { min: -1.0, max: 2.0 }),
        ],
    );
    let fields = [
        ("items", Kind::exactly(2, Kind::Object(item.unwrap()))),
        ("tags", Kind::List { of: Box::new(Kind::among(["calm", "new"])), min: 0, max: 3 }),
        ("leave", Kind::Bool),
        ("why", Kind::Text { max_chars: 24, charset: Charset::Words }),
    ];
    Shape::new("turn", fields).unwrap()
}

fn decisions(n: u64) -> Vec<ChatRequest> {
    let decision = |i: u64| {
        let payer = Payer::ALL[(i % 3) as usize];
        ChatRequest::new("turn", 1, payer, Wanted::Json(shape()))
            .system("You scroll through a feed of short films.")
            .user(format!("Slate {i}: a film about food, a film about art."))
            .seeded(i, 0)
    };
    (0..n).map(decision).collect()
}

fn small_shape() -> Shape {
    let fields = [("does", Kind::among(["watch", "skip"])), ("secs", Kind::Integer { min: 0, max: 300 })];
    Shape::new("reaction", fields).unwrap()
}

/// Decisions without numbers that a schema does not bound: one try each.
fn small_decisions(n: u64) -> Vec<ChatRequest> {
    decisions(n).into_iter().map(|d| ChatRequest { wanted: Wanted::Json(small_shape()), ..d }).collect()
}

fn knowing(config: HttpConfig, capabilities: Capabilities) -> Http {
    Http::knowing(config, capabilities, Spent::default(), Arc::new(SystemClock::default())).unwrap()
}

fn valid(reply: &ChatReply, shape: &Shape) -> bool {
    reply.value.as_ref().is_some_and(|value| shape.read(&value.to_string()).as_ref() == Ok(value))
}

#[test]
fn a_probe_finds_what_llama_cpp_can_do() {
    let Some(server) = Server::start(&[]) else { return };
    let can = Http::probe(server.config()).unwrap();
    assert_eq!(
        (can.server.as_deref(), can.models.as_slice()),
        (Some("llamacpp"), &["random".to_owned()][..])
    );
    assert!(can.json_schema && can.grammar && can.exact_letters && can.logprobs && can.seed, "{can:?}");
    let trial = can.trial.expect("a decision is made");
    assert!(trial.tokens.prompt > 20 && trial.tokens.completion > 5 && !trial.latency.is_zero());
}

#[test]
fn every_decision_is_valid_and_every_token_counted() {
    let Some(server) = Server::start(&[]) else { return };
    let http = Http::connect(server.config()).unwrap();
    let (before, spent) = (server.counts(), http.spent().tokens);
    let replies = http.submit(&small_decisions(100));
    assert!(
        replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.rung == Rung::Schema)),
        "{replies:?}"
    );
    let replies = http.submit(&decisions(40));
    for reply in &replies {
        let reply = reply.as_ref().unwrap();
        assert!(valid(reply, &shape()) && reply.tries <= 2, "{reply:?}");
    }
    // Its schemas do not bound numbers, our grammar does: some decisions take that rung.
    assert!(replies.iter().flatten().any(|reply| reply.rung == Rung::Grammar));
    let (after, account) = (server.counts(), http.accounts().total());
    let counted = Tokens {
        prompt: after.prompt - before.prompt,
        cached: after.cached - before.cached,
        completion: after.completion - before.completion,
    };
    assert_eq!(account.tokens, counted);
    assert_eq!((account.requests, account.failures), (140, 0));
    assert!(account.cached_share().unwrap() > 0.3, "what prompts share is reused: {:?}", account.tokens);
    let mut all = spent;
    all += counted;
    assert_eq!(http.spent().tokens, all);
}

#[test]
fn our_grammar_alone_gives_valid_decisions() {
    let Some(server) = Server::start(&[]) else { return };
    let http =
        knowing(server.config(), Capabilities { grammar: true, seed: true, ..Capabilities::default() });
    for reply in http.submit(&decisions(60)) {
        let reply = reply.unwrap();
        assert!(valid(&reply, &shape()) && reply.rung == Rung::Grammar && reply.tries == 1, "{reply:?}");
    }
}

#[test]
fn the_law_over_letters_is_that_of_the_model() {
    let Some(server) = Server::start(&[]) else { return };
    let http = Http::connect(server.config()).unwrap();
    let pick = |n| {
        ChatRequest::new("pick", 1, Payer::User, Wanted::Choice(Letters::first(n).unwrap())).user("Which?")
    };
    for n in [1, 2, 5, 26] {
        let choice = http.submit(&[pick(n)]).remove(0).unwrap().choice.unwrap();
        let total: f64 = choice.probabilities.iter().sum();
        assert!((total - 1.0).abs() < 1e-12 && choice.probabilities.len() == n, "{choice:?}");
        assert!((choice.covered - 1.0).abs() < 1e-3, "{choice:?}");
        let again = http.submit(&[pick(n).seeded(99, 3)]).remove(0).unwrap().choice.unwrap();
        assert!(choice.probabilities.iter().zip(again.probabilities).all(|(p, q)| (p - q).abs() < 1e-4));
    }
    // The whole law, of which the letters are a thousandth, as the same server tells it.
    let body = serde_json::json!({"model": "random", "max_tokens": 1, "logprobs": true, "top_logprobs": 1_000,
        // Nothing is told of a token that is half a character. The law is that before the grammar all the same.
        "grammar": "root ::= [A-E]",
        "messages": [{"role": "user", "content": "Which?"}]});
    let url = format!("{}/v1/chat/completions", server.url());
    let said = ureq::post(url).content_type("application/json").send(body.to_string()).unwrap();
    let said: Value = serde_json::from_str(&said.into_body().read_to_string().unwrap()).unwrap();
    let tokens = said["choices"][0]["logprobs"]["content"][0]["top_logprobs"].as_array().unwrap();
    let of = |letter: char| {
        let entry = tokens.iter().find(|entry| entry["token"] == letter.to_string()).unwrap();
        entry["logprob"].as_f64().unwrap().exp()
    };
    let all: f64 = ('A'..='E').map(of).sum();
    let choice = http.submit(&[pick(5)]).remove(0).unwrap().choice.unwrap();
    for (p, letter) in choice.probabilities.iter().zip('A'..='E') {
        assert!((p - of(letter) / all).abs() < 1e-3, "{letter}: {p} beside {}", of(letter) / all);
    }
}

#[test]
fn too_long_a_prompt_and_a_wrong_key_are_told_apart() {
    let Some(server) = Server::start(&["--key", "the-right-one-for-this-test"]) else { return };
    // Set for every test, and not what the server wants.
    let wrong = HttpConfig { key_variable: Some("CARGO_MANIFEST_DIR".into()), ..server.config() };
    let error = Http::connect(wrong).unwrap_err();
    assert!(matches!(error, LlmError::Unauthorised { status: 401, .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains(env!("CARGO_MANIFEST_DIR")));
    let Some(server) = Server::start(&[]) else { return };
    let http = Http::connect(server.config()).unwrap();
    let long = ChatRequest::new("long", 4, Payer::User, Wanted::Text).user("xq ".repeat(5_000));
    let error = http.submit(&[long]).remove(0).unwrap_err();
    assert!(
        matches!(error, LlmError::Overflow { .. }) && error.to_string().contains("`long` version 4"),
        "{error}"
    );
}

/// Batches of thirty; the server is killed while the fifth is under way, and the last three meet a new one.
fn run_through_an_accident(
    backend: &impl ChatBackend,
    server: Server,
    requests: &[ChatRequest],
) -> Vec<Outcome> {
    let (half, begun) = channel();
    let (up, back) = channel();
    std::thread::scope(|scope| {
        let accident = scope.spawn(move || {
            begun.recv().unwrap();
            let port = server.kill();
            let again = Server::start(&["--port", &port.to_string()]).unwrap();
            up.send(()).unwrap();
            again
        });
        let batch = |(n, batch): (usize, &[ChatRequest])| {
            match n {
                4 => half.send(()).unwrap(),
                7 => back.recv().unwrap(),
                _ => {}
            }
            backend.submit(batch)
        };
        let outcomes = requests.chunks(30).enumerate().flat_map(batch).collect();
        drop(accident.join().unwrap());
        outcomes
    })
}

#[test]
fn a_run_survives_its_server_and_is_replayed_without_it() {
    let Some(server) = Server::start(&[]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answers.jsonl");
    let http = Http::connect(server.config()).unwrap();
    let recorder = Recorder::open(http, "random", &path).unwrap();
    let requests = small_decisions(300);
    let live = run_through_an_accident(&recorder, server, &requests);
    assert_eq!(live.len(), 300, "every decision is answered or reported");
    for (i, reply) in live.iter().enumerate() {
        match reply {
            Ok(reply) => assert!(valid(reply, &small_shape())),
            Err(error) => assert!((120..210).contains(&i) && error.is_of_one_request(), "{i}: {error}"),
        }
    }
    let answered = live.iter().flatten().count() as u64;
    let account = recorder.accounts().total();
    assert_eq!((account.requests, account.failures), (300, 300 - answered));
    assert!(account.failures > 0 && answered >= 210, "the server was missed: {answered} answered");
    recorder.flush().unwrap();
    drop(recorder);

    let replayed = Replay::open("random", &path).unwrap().submit(&requests);
    for (live, replayed) in live.iter().zip(&replayed) {
        match (live, replayed) {
            (Ok(live), Ok(replayed)) => {
                assert_eq!(*replayed, ChatReply { replayed: true, ..live.clone() });
            }
            (Err(live), Err(LlmError::AsRecorded { message })) => assert_eq!(*message, live.to_string()),
            other => panic!("{other:?}"),
        }
    }
}
