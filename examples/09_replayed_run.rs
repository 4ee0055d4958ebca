//! Record what a model says, and run again without it: the same run, row for row, for free.
//!
//! The model here is a script that never repeats itself, as servers do not. From the command line the same is
//! `recloop run … --llm URL --model NAME --record answers`, then `--replay answers`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use recloop::experiments::{Models, Playing, RunConfig, RunError, Visitor};
use recloop::llm::{ChatBackend, ChatReply, ChatRequest, LlmError, Recorder, Replay, Scripted};
use recloop::{Facts, Transition, World};
use serde_json::json;

/// Says something else each time it is asked.
fn moody(request: &ChatRequest, n: usize) -> Result<ChatReply, LlmError> {
    let does = |at: usize| ["skip", "watch", "like"][(n * 5 + at) % 3];
    let items: Vec<_> = (0..10).map(|at| json!({"does": does(at), "seconds": (n + at) % 60})).collect();
    let next = ["stay", "stay", "leave"][n % 3];
    let answer = json!({
        "items": items, "stars": n % 5 + 1, "feeling": "same", "next": next,
        "wish": "none", "topic": "none", "strength": "plain", "reason": "", "mindset": "",
    });
    ChatReply::said(request, answer.to_string())
}

/// Everything that was watched, in order.
#[derive(Default, PartialEq)]
struct Watched(Vec<(u32, u32, f32)>);

impl Visitor for Watched {
    fn done(&mut self, _: &World, _: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        for (row, user) in t.seen.users.iter().enumerate() {
            let secs = t.step.responses.dwell_secs.row(row);
            let watched = t.slates.items.row(row).iter().zip(secs).filter(|(_, secs)| **secs > 0.0);
            self.0.extend(watched.map(|(item, secs)| (user.0, item.0, *secs)));
        }
        Ok(())
    }
}

fn life(config: &RunConfig, backend: Arc<dyn ChatBackend>) -> Result<Watched, RunError> {
    let mut watched = Watched::default();
    let models = Models::answering(backend, "moody");
    Playing::begin_with(config, models)?.to_end(&mut watched, |_, _| {})?;
    Ok(watched)
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = "world = { name = \"dialogue-feed-v0\", users = 60, llm_users = 20 }\nrun = { days = 2 }";
    let config = RunConfig::resolve([config.parse()?])?;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let model = Arc::new(Scripted::new(move |request| moody(request, count.fetch_add(1, Ordering::SeqCst))));

    let folder = tempfile::tempdir()?;
    let tape = folder.path().join("answers.jsonl");
    let recorded = life(&config, Arc::new(Recorder::open(Arc::clone(&model), "moody", &tape)?))?;
    let n_asked = asked.load(Ordering::SeqCst);
    let unrecorded = life(&config, model)?;
    let before = asked.load(Ordering::SeqCst);
    let replayed = life(&config, Arc::new(Replay::open("moody", &tape)?))?;

    println!("{n_asked} questions, {} items watched; nobody was asked again.", recorded.0.len());
    assert!(n_asked > 20 && recorded == replayed && recorded != unrecorded);
    assert_eq!(asked.load(Ordering::SeqCst), before);
    Ok(())
}
