use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{Kind, Letters, Payer, Scripted, Shape, Wanted};

fn request(n: u64) -> ChatRequest {
    let wanted = match n % 3 {
        0 => Wanted::Text,
        1 => Wanted::Json(Shape::new("s", [("n", Kind::Integer { min: 0, max: 99 })]).unwrap()),
        _ => Wanted::Choice(Letters::first(3).unwrap()),
    };
    ChatRequest::new("turn", 2, Payer::User, wanted).user(format!("Number {n}, please.")).seeded(n, 0)
}

fn requests(n: u64) -> Vec<ChatRequest> {
    (0..n).map(request).collect()
}

/// Answers by the request, fails every tenth, and counts.
fn script(asked: &Arc<AtomicUsize>) -> impl ChatBackend + std::fmt::Debug + use<> {
    let asked = Arc::clone(asked);
    Scripted::new(move |request| {
        asked.fetch_add(1, Ordering::SeqCst);
        if request.seed % 10 == 9 {
            return Err(LlmError::Refused { server: "here".into(), status: 400, message: "no nines".into() });
        }
        let mut reply = match &request.wanted {
            Wanted::Text => ChatReply::said(request, format!("\"{}\"\n\u{7}", request.seed)),
            Wanted::Json(_) => ChatReply::said(request, json!({"n": request.seed}).to_string()),
            // Numbers that no short decimal is.
            Wanted::Choice(_) => {
                ChatReply::likely(request, &[0.1, (request.seed as f64).sqrt().fract(), 0.3])
            }
        }?;
        reply.tokens = Tokens { prompt: 10, cached: 3, completion: 2 };
        reply.latency = Duration::from_nanos(1_234_567);
        Ok(reply)
    })
}

fn words(replies: &[Result<ChatReply, LlmError>]) -> Vec<String> {
    let word = |reply: &Result<ChatReply, LlmError>| match reply {
        Ok(reply) => format!("{:?}", ChatReply { replayed: false, ..reply.clone() }),
        Err(LlmError::AsRecorded { message }) => message.clone(),
        Err(error) => error.to_string(),
    };
    replies.iter().map(word).collect()
}

struct Scene {
    dir: TempDir,
    asked: Arc<AtomicUsize>,
}

impl Scene {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), asked: Arc::default() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("answers.jsonl")
    }

    fn recorder(&self) -> Recorder<impl ChatBackend + std::fmt::Debug + use<>> {
        Recorder::open(script(&self.asked), "m", &self.path()).unwrap()
    }

    fn replay(&self) -> Replay {
        Replay::open("m", &self.path()).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

#[test]
fn a_replay_says_what_was_said_and_fails_what_failed() {
    let scene = Scene::new();
    let live = words(&script(&scene.asked).submit(&requests(60)));
    let recorder = scene.recorder();
    let recorded = recorder.submit(&requests(60));
    recorder.flush().unwrap();
    assert_eq!(words(&recorded), live, "recording changes nothing");
    assert!(recorded.iter().flatten().all(|reply| !reply.replayed));
    let replay = scene.replay();
    let replayed = replay.submit(&requests(60));
    assert_eq!(words(&replayed), live);
    assert!(replayed.iter().flatten().all(|reply| reply.replayed));
    let account = replay.accounts().of(Payer::User);
    assert_eq!((account.requests, account.replayed, account.failures), (60, 54, 6));
    assert_eq!(account.tokens, Tokens::default(), "a replay is free");
    // In any order, as often as one likes.
    let backwards: Vec<ChatRequest> = requests(60).into_iter().rev().collect();
    let mut again = words(&scene.replay().submit(&backwards));
    again.reverse();
    assert_eq!(again, live);
}

#[test]
fn a_recorder_asks_what_it_does_not_have() {
    let scene = Scene::new();
    scene.recorder().submit(&requests(20));
    assert_eq!(scene.asked(), 20);
    let recorder = scene.recorder();
    let replies = recorder.submit(&requests(30));
    assert_eq!(scene.asked(), 12, "ten new ones, and the two that had failed");
    assert_eq!(replies.iter().flatten().filter(|reply| reply.replayed).count(), 18);
    let account = recorder.accounts().total();
    assert_eq!((account.requests, account.replayed, account.failures), (30, 18, 3));
}

#[test]
fn of_equal_requests_one_is_asked() {
    let scene = Scene::new();
    let recorder = scene.recorder();
    let replies = recorder.submit(&[request(0), request(1), request(0), request(9), request(9)]);
    assert_eq!(scene.asked(), 3);
    assert_eq!(words(&replies)[0], words(&replies)[2]);
    assert_eq!(words(&replies)[3], words(&replies)[4]);
    let other = request(0).seeded(0, 1);
    recorder.submit(&[other]);
    assert_eq!(scene.asked(), 1, "another sample is another question");
}

#[test]
fn a_torn_end_is_dropped_and_the_rest_goes_on() {
    let scene = Scene::new();
    scene.recorder().submit(&requests(9));
    let whole = fs::read(scene.path()).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for torn in [last + 1, last + 40, whole.len() - 1] {
        fs::write(scene.path(), &whole[..torn]).unwrap();
        assert!(matches!(scene.replay().submit(&[request(8)])[0], Err(LlmError::Miss { .. })));
        assert_eq!(fs::read(scene.path()).unwrap().len(), torn, "a replay leaves the file alone");
        scene.asked();
        scene.recorder().submit(&requests(9));
        assert_eq!(scene.asked(), 1);
        assert_eq!(fs::read(scene.path()).unwrap(), whole);
    }
    fs::write(scene.path(), b"{\"rec").unwrap();
    scene.recorder().submit(&requests(9));
    assert_eq!(fs::read(scene.path()).unwrap(), whole, "even the first line can be torn");
}

#[test]
fn damage_is_named_by_its_line() {
    let scene = Scene::new();
    scene.recorder().submit(&requests(3));
    let whole = fs::read_to_string(scene.path()).unwrap();
    let error = |text: String| {
        fs::write(scene.path(), text).unwrap();
        let error = Replay::open("m", &scene.path()).unwrap_err().to_string();
        error.split_once("answers.jsonl: ").unwrap().1.to_owned()
    };
    assert!(
        error(whole.replacen("\"key\"", "\"kex\"", 1))
            .starts_with("line 2: it is damaged: unknown field `kex`")
    );
    assert_eq!(error(whole.replacen(":1}", ":9}", 1)), "line 1: it is of form 9, this program reads 1");
    assert_eq!(error("user,item\n1,2\n".into()), "line 1: this is no recording");
    assert!(error(whole.replacen("\"key\":\"", "\"key\":\"x", 1)).starts_with("line 2: its key"));
    let missing = Replay::open("m", &scene.dir.path().join("none")).unwrap_err().to_string();
    assert!(missing.starts_with("open ") && missing.contains("none"), "{missing}");
}

#[test]
fn what_is_not_there_is_named() {
    let scene = Scene::new();
    scene.recorder().submit(&requests(3));
    let path = scene.path();
    let error = |replay: &Replay, request: ChatRequest| {
        let error = replay.submit(&[request]).remove(0).unwrap_err();
        error.to_string().replace(path.to_str().unwrap(), "FILE")
    };
    let replay = scene.replay();
    assert_eq!(
        error(&replay, request(7)),
        "find an answer in FILE: nobody asked `turn` version 2 for a user that begins with \"Number 7, please.\""
    );
    let mut newer = request(1);
    newer.template.version = 3;
    assert_eq!(
        error(&replay, newer),
        "replay FILE: it was made with `turn` version 2, this program asks `turn` version 3"
    );
    let mut other = request(1);
    other.template.name = "exit".into();
    assert!(error(&replay, other).contains("nobody asked `exit` version 2"));
    let replay = Replay::open("n", &path).unwrap();
    assert_eq!(error(&replay, request(1)), "replay FILE: it was made with the model `m`, not with `n`");
}

#[test]
fn two_do_not_record_into_one_file() {
    let scene = Scene::new();
    let first = scene.recorder();
    let error = Recorder::open(script(&scene.asked), "m", &scene.path()).unwrap_err().to_string();
    assert!(error.ends_with("another process is recording into it"), "{error}");
    drop(first);
    scene.recorder();
}

#[test]
fn what_ends_a_run_is_not_recorded() {
    let scene = Scene::new();
    let broke = Scripted::new(|_| {
        let [limit, spent, next] = ["10", "9", "2"].map(String::from);
        Err(LlmError::Budget { limit, spent, next })
    });
    let recorder = Recorder::open(broke, "m", &scene.path()).unwrap();
    assert!(matches!(recorder.submit(&[request(0)])[0], Err(LlmError::Budget { .. })));
    assert!(matches!(scene.replay().submit(&[request(0)])[0], Err(LlmError::Miss { .. })));
}

/// The asked 20,000 a second are measured in release mode by the bench; this notices when it is a tenth of that.
#[test]
fn replays_are_fast() {
    let scene = Scene::new();
    scene.recorder().submit(&requests(2_000));
    let (replay, requests) = (scene.replay(), requests(2_000));
    let begun = std::time::Instant::now();
    assert_eq!(replay.submit(&requests).len(), 2_000);
    let per_second = 2_000.0 / begun.elapsed().as_secs_f64();
    assert!(per_second > 2_000.0, "{per_second} a second");
}
