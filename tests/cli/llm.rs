//! Users that a language model decides for, from the command line: recorded, replayed, killed, out of budget, refused.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use recloop::llm::testing::{Asked, Canned, Stub};
use serde_json::{Value, json};

use crate::{command, digest, metrics, recloop, refusal, stdout};

const WORLD: &str =
    "dialogue-feed-v0 --recommender agentic --users 12 --llm-users 8 --steps 600 --model stub";

/// A model that decides by when it was asked, so that nobody can guess: servers do not repeat themselves.
fn whimsical(asked: &Asked) -> Canned {
    if asked.path.ends_with("/models") {
        return Canned::Json(json!({"data": [{"id": "stub"}]}));
    }
    let told =
        asked.body["messages"].as_array().and_then(|all| all.last()).map(|turn| turn["content"].to_string());
    if !told.is_some_and(|told| told.contains("The feed shows")) {
        return Canned::says("what?");
    }
    let pick = |words: &[&str], salt: usize| words[(asked.n * 7 + salt) % words.len()].to_owned();
    let item = |at: usize| json!({"does": pick(&["skip", "watch", "like", "skip"], at), "seconds": (asked.n + at) % 30});
    let items: Vec<Value> = (0..10).map(item).collect();
    let answer = json!({"items": items, "stars": asked.n % 5 + 1, "feeling": pick(&["worse", "same", "better"], 0),
        "next": pick(&["stay", "stay", "stay", "leave", "ask"], 1), "wish": pick(&["more", "less", "new"], 2),
        "topic": "cooking", "strength": "plain", "reason": "I say so", "mindset": "fine"});
    Canned::says(answer.to_string())
}

fn run(stub: &Stub, rest: &str) -> String {
    format!("run {WORLD} --llm {} {rest}", stub.url())
}

fn report(dir: &Path, run: &str) -> Value {
    let text = fs::read(dir.join(run).join("manifest.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["llm"].take()
}

/// Everything but who was asked how fast.
fn numbers(dir: &Path, run: &str) -> Value {
    let mut all = metrics(dir, run);
    all.as_object_mut().unwrap().remove("llm");
    all
}

#[test]
fn a_replayed_run_is_the_run_and_asks_nobody() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(whimsical);
    let said = stdout(dir, &run(&stub, "--out a --record tape"));
    assert!(said.contains("Asked of `stub`:\n  users asked "), "{said}");
    let asked = report(dir, "a");
    assert!(asked["asked"]["user"]["requests"].as_u64().unwrap() > 20, "{asked}");
    assert_eq!(asked["asked"]["user"]["fallback_share"], 0.0);
    assert_eq!(asked["capabilities"]["models"], json!(["stub"]));
    stdout(dir, &run(&stub, "--out b"));
    assert_ne!(digest(dir, "a"), digest(dir, "b"), "the server does not repeat itself");
    drop(stub);
    stdout(dir, &format!("run {WORLD} --out c --replay tape"));
    assert_eq!((digest(dir, "a"), numbers(dir, "a")), (digest(dir, "c"), numbers(dir, "c")));
    // And so it is by the config that the run left behind.
    stdout(dir, "run --config a/config.toml --out d --replay tape --threads 1");
    assert_eq!(digest(dir, "a"), digest(dir, "d"));
    let again = report(dir, "c");
    assert_eq!(again["asked"]["user"]["replayed"], again["asked"]["user"]["requests"]);
    assert_eq!(again["asked"]["user"]["requests"], asked["asked"]["user"]["requests"]);
}

#[test]
fn a_spent_budget_stops_and_a_larger_one_goes_on() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(|asked| match whimsical(asked) {
        Canned::Says(text) => Canned::Json(json!({
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 300},
        })),
        other => other,
    });
    let often = "--set run.checkpoint_secs=0.02";
    let refused = refusal(dir, &run(&stub, &format!("--out a --record tape --budget 40000 {often}")));
    assert!(refused.contains("stay within the budget of 40000 tokens"), "{refused}");
    assert!(refused.ends_with("exit code 1"), "{refused}");
    let spent = report(dir, "a")["spent"]["tokens"]["prompt"].as_u64().unwrap();
    assert!(spent > 25_000, "what was spent since the last checkpoint counts: {spent}");
    let again = refusal(dir, "run dialogue-feed-v0 --out a --resume");
    assert!(again.contains("stay within the budget of 40000 tokens"), "{again}");
    let resumed = recloop(dir, "run dialogue-feed-v0 --out a --resume --budget 100000000");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert!(String::from_utf8_lossy(&resumed.stderr).contains("goes on from its checkpoint"));
    stdout(dir, &format!("run {WORLD} --out b --replay tape"));
    assert_eq!((digest(dir, "a"), numbers(dir, "a")), (digest(dir, "b"), numbers(dir, "b")));
}

#[test]
fn a_killed_run_goes_on_and_asks_nothing_twice() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(|asked| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        whimsical(asked)
    });
    let mut child = command(dir, &run(&stub, "--out a --record tape --set run.checkpoint_secs=0.02"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while stub.asked() < 30 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    stdout(dir, "run dialogue-feed-v0 --out a --resume");
    stdout(dir, &format!("run {WORLD} --out b --replay tape"));
    assert_eq!((digest(dir, "a"), numbers(dir, "a")), (digest(dir, "b"), numbers(dir, "b")));
}

#[test]
fn a_server_that_fails_in_every_way_stops_no_run() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(|asked| match (asked.path.ends_with("/models"), asked.n % 7) {
        (true, _) | (_, 0 | 1) => whimsical(asked),
        (_, 2) => Canned::Status(429, vec![("retry-after", "0".into())], String::new()),
        (_, 3) => Canned::error(500, "server_error", "invalid UTF-8"),
        (_, 4) => Canned::error(400, "exceed_context_size_error", "too long"),
        (_, 5) => Canned::Truncated,
        _ => Canned::Garbage,
    });
    stdout(dir, &run(&stub, "--out a --record tape"));
    let asked = report(dir, "a");
    let share = asked["asked"]["user"]["fallback_share"].as_f64().unwrap();
    assert!(share > 0.0 && share < 1.0, "{asked}");
    // What failed fails again: the bodies decide about the same slates.
    stdout(dir, &format!("run {WORLD} --out b --replay tape"));
    assert_eq!(digest(dir, "a"), digest(dir, "b"));
    assert_eq!(report(dir, "b")["asked"]["user"]["fallback_share"], share);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(|asked| match asked.headers.get("authorization").map(String::as_str) {
        Some("Bearer sk-very-secret-key") => {
            Canned::error(401, "authentication_error", "no: sk-very-secret-key")
        }
        _ => whimsical(asked),
    });
    let strange = Stub::start(|_| Canned::Status(200, vec![], "<html>a shop</html>".into()));
    fs::write(dir.join("people.toml"), "[[person]]\nname = \"Ada\"\nshoe_size = 43\n").unwrap();
    fs::write(dir.join("golfers.toml"), "[[person]]\nlife = { likes = [\"golf\"] }\n").unwrap();
    let plain = "run dialogue-feed-v0 --users 4 --steps 3";
    let llm = format!("{plain} --llm-users 2 --llm {}", stub.url());
    let mut all = String::new();
    for (name, args) in [
        ("another world", "run --llm-users 2 --model stub --llm http://127.0.0.1:9".into()),
        ("nobody asks", format!("{plain} --llm {} --model stub", stub.url())),
        ("nobody to ask", format!("{plain} --llm-users 2")),
        ("no model", llm.clone()),
        ("unknown model", format!("{llm} --model other")),
        ("no such key", format!("{llm} --model stub --key-variable RECLOOP_NO_SUCH_KEY")),
        ("wrong key", format!("{llm} --model stub --key-variable RECLOOP_TEST_KEY")),
        ("not compatible", format!("{plain} --llm-users 2 --model stub --llm {}", strange.url())),
        ("no server", format!("{plain} --llm-users 2 --model stub --llm ftp://here")),
        (
            "a key in the address",
            format!("{plain} --llm-users 2 --model stub --llm http://me:sk-very-secret-key@host"),
        ),
        ("too many", format!("{llm} --model stub --llm-users 5").replace("--llm-users 2 ", "")),
        ("money without prices", format!("{llm} --model stub --set llm.budget_money=1")),
        ("unknown setting", format!("{llm} --model stub --set llm.modle=1")),
        ("unknown field of a person", format!("{llm} --model stub --set personas=people.toml")),
        ("unknown topic of a person", format!("{llm} --model stub --set personas=golfers.toml")),
        ("people for nobody", format!("{plain} --set personas=people.toml")),
        ("no recording", format!("{plain} --llm-users 2 --model stub --replay nowhere")),
    ] {
        let output = command(dir, &args).env("RECLOOP_TEST_KEY", "sk-very-secret-key").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("sk-very-secret"), "{name} tells the key: {said}");
        let said = said.replace(&stub.url(), "http://stub").replace(&strange.url(), "http://strange");
        let port = |url: String| url.trim_start_matches("http://").to_owned();
        let said = said.replace(&port(stub.url()), "stub").replace(&port(strange.url()), "strange");
        all.push_str(&format!("{name}\n  {}", said.replace('\n', "\n  ").trim_end_matches("  ")));
        assert!(!dir.join("runs").exists(), "{name} leaves a directory behind");
    }
    assert_snapshot!("llm_refusals", all);
}

#[test]
fn a_recording_that_does_not_fit_says_why() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(whimsical);
    stdout(dir, &run(&stub, "--out a --record tape"));
    let replayed =
        |tape: &str, more: &str| refusal(dir, &format!("run {WORLD} --out x{more} --replay {tape}"));
    let missed = replayed("tape", " --seed 8");
    assert!(missed.contains("nobody asked `user` version 1 for a user that begins with \""), "{missed}");
    fs::remove_dir_all(dir.join("x")).unwrap();
    let other = refusal(dir, &format!("run {} --out x --replay tape", WORLD.replace("stub", "other")));
    assert!(other.contains("it was made with the model `stub`, not with `other`"), "{other}");
    fs::remove_dir_all(dir.join("x")).unwrap();
    let tape = dir.join("tape/answers.jsonl");
    let old = fs::read_to_string(&tape).unwrap().replace("\"version\":1", "\"version\":0");
    fs::create_dir(dir.join("old")).unwrap();
    fs::write(dir.join("old/answers.jsonl"), old).unwrap();
    let old = replayed("old", " --seed 8");
    assert!(old.contains("version"), "{old}");
}

/// A model that plans, and writes titles.
fn learned(asked: &Asked) -> Canned {
    let told = asked.body["messages"].to_string();
    match () {
        () if told.contains("You plan for a recommender") => Canned::says(
            r#"{"calls": [{"tool": "loud", "topic": "none", "direction": "away", "strength": "strong", "words": ""}]}"#,
        ),
        () if told.contains("you write the words of one item") => {
            Canned::says(r#"{"title": "As a model puts it", "text": "Nothing more."}"#)
        }
        () => whimsical(asked),
    }
}

#[test]
fn a_model_plans_and_writes_and_is_accounted_for() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(learned);
    let both = "--set recommender.planner=model --set llm_creators=words";
    let world = "dialogue-feed-v0 --recommender agentic --users 40 --days 2 --model stub";
    stdout(dir, &format!("run {world} {both} --llm {} --record tape --out a", stub.url()));
    let asked = report(dir, "a");
    for payer in ["recommender", "creator"] {
        let of = &asked["asked"][payer];
        assert!(of["requests"].as_u64() > Some(0) && of["fallback_share"] == 0.0, "{payer}: {asked}");
    }
    assert!(asked["asked"].get("user").is_none(), "users decide for themselves");
    let said = stdout(dir, "inspect a");
    let user = said.split("User ").nth(1).and_then(|rest| rest.split(' ').next()).expect("somebody spoke");
    let life = stdout(dir, &format!("inspect a --user {user}"));
    assert!(life.contains("(reasoning)"), "{life}");
    let lives: String = (0..40).map(|user| stdout(dir, &format!("inspect a --user {user}"))).collect();
    assert!(lives.contains("As a model puts it") && lives.contains("planned by the model"), "{life}");
    drop(stub);
    stdout(dir, &format!("run {world} {both} --replay tape --out b"));
    assert_eq!(digest(dir, "a"), digest(dir, "b"));
}

/// The Python of the real server; nothing if it is not installed.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("RECLOOP_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| root.join(".venv/bin/python"));
    let imports = ["-c", "import gguf, tokenizers, xllamacpp"];
    let there = Command::new(&python).args(imports).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    // Not by a macro: the test harness would hide it.
    let note = format!("skipped: {} has no llama.cpp server, see tests/llm_server/\n", python.display());
    std::io::stderr().write_all(note.as_bytes()).unwrap();
    None
}

#[test]
fn the_demo_runs_against_a_real_server_and_replays() {
    let Some(python) = python() else { return };
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let said = stdout(dir, &format!("llm demo --users 8 --steps 600 --python {}", python.display()));
    assert!(said.contains("Visit 0, day 0") && said.contains("Asked of `random`"), "{said}");
    let asked = report(dir, "runs/llm-demo");
    let share = asked["asked"]["user"]["fallback_share"].as_f64().unwrap();
    assert!(share < 0.05, "a server that keeps to schemas answers: {asked}");
    let config = "run --config runs/llm-demo/config.toml --out again --replay runs/llm-demo/answers";
    stdout(dir, config);
    assert_eq!(digest(dir, "runs/llm-demo"), digest(dir, "again"));
}
