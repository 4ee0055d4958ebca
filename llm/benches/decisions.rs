//! What we add to a decision: over the wire beside a bare socket to the same server, and from a recording.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_llm::testing::{Canned, Stub};
use recloop_llm::{
    Capabilities, Charset, ChatBackend, ChatReply, ChatRequest, Http, HttpConfig, Kind, Payer, Recorder,
    Replay, Scripted, Shape, Spent, SystemClock, Wanted,
};

/// Decisions to a batch.
const BATCH: usize = 64;
/// Decisions in the recording.
const RECORDED: usize = 10_000;
/// What the stub says, and a script.
const SAID: &str = r#"{"does":"watch","secs":42,"why":"looks calm"}"#;

/// A decision with a prompt of 2,000 bytes.
fn decision(i: usize) -> ChatRequest {
    let shape = Shape::new(
        "reaction",
        [
            ("does", Kind::among(["watch", "skip"])),
            ("secs", Kind::Integer { min: 0, max: 300 }),
            ("why", Kind::Text { max_chars: 40, charset: Charset::Words }),
        ],
    );
    let rules = "You scroll through a feed of short films and do what you feel like. ".repeat(20);
    ChatRequest::new("reaction", 1, Payer::User, Wanted::Json(shape.expect("a form")))
        .system(rules)
        .user(format!("Slate {i}: {}", "a film about food, popular; ".repeat(22)))
        .seeded(i as u64, 0)
}

fn over_the_wire(c: &mut Criterion) {
    let stub = Stub::start(|_| Canned::says(SAID));
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Elements(1));
    // The same bytes there and back, without us: what the kernel and the stub take.
    let mut socket = TcpStream::connect(stub.url().trim_start_matches("http://")).expect("the stub listens");
    socket.set_nodelay(true).expect("a socket");
    let body = "x".repeat(2_300);
    let request =
        format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut answer = [0; 4_096];
    group.bench_function("bare socket", |b| {
        b.iter(|| {
            socket.write_all(request.as_bytes()).expect("it reads");
            black_box(socket.read(&mut answer).expect("it answers"))
        });
    });
    let can = Capabilities { json_schema: true, seed: true, ..Capabilities::default() };
    let http = |concurrency| {
        let config = HttpConfig { concurrency, ..HttpConfig::new(&stub.url(), "stub") };
        Http::knowing(config, can.clone(), Spent::default(), Arc::new(SystemClock::default()))
            .expect("a client")
    };
    let (alone, four) = (http(1), http(4));
    let one = [decision(0)];
    group.bench_function("one decision", |b| b.iter(|| black_box(alone.submit(&one)[0].is_ok())));
    let batch: Vec<_> = (0..BATCH).map(decision).collect();
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("64 decisions, 4 at once", |b| b.iter(|| black_box(four.submit(&batch).len())));
    group.finish();
}

fn from_a_recording(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("answers.jsonl");
    let requests: Vec<_> = (0..RECORDED).map(decision).collect();
    let script = Scripted::new(|request| ChatReply::said(request, SAID));
    Recorder::open(script, "stub", &path).expect("a recording").submit(&requests);
    let replay = Replay::open("stub", &path).expect("a recording");
    let mut group = c.benchmark_group("recording");
    group.throughput(Throughput::Elements(RECORDED as u64));
    group.bench_function("replay", |b| b.iter(|| black_box(replay.submit(&requests).len())));
    group.bench_function("open", |b| b.iter(|| black_box(Replay::open("stub", &path).is_ok())));
    group.finish();
}

criterion_group!(benches, over_the_wire, from_a_recording);
criterion_main!(benches);
