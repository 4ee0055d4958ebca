//! Creators whose words a language model writes, before users who talk: from the model's mouth to the log.

use std::sync::Arc;

use recloop::agents::RandomSlates;
use recloop::creators::{Authors, FeedCreators, FeedCreatorsParams, Market, MarketParams};
use recloop::data::log::{LogOptions, LogSource, ParquetSink, digest};
use recloop::data::{Manifest, RunState};
use recloop::llm::{ChatReply, ChatRequest, LlmError, Payer, Scripted};
use recloop::users::{Dialogue, DialogueParams, Feed, FeedParams, People};
use recloop::{
    Catalogue, Clock, Env, ItemId, LogSink, Objective, OpenShelf, Part, Recommender, ResetOptions, Sharded,
    Supply, Tick, Topics, World,
};

const TICK_SECS: f64 = 1_800.0;

/// A small `dialogue-feed-v0`, but for its authors, who answer as told.
fn world(
    answer: impl Fn(&ChatRequest) -> Result<ChatReply, LlmError> + Send + Sync + 'static,
) -> (World, Arc<dyn recloop::llm::ChatBackend>) {
    let topics = Arc::new(Topics::new(6, 8));
    let params = FeedCreatorsParams { n_creators: 5, opening_items: 60, ..FeedCreatorsParams::default() };
    let creators = FeedCreators::new(&params, Arc::clone(&topics), TICK_SECS).expect("creators");
    let (observed, latent) = (creators.items().observed(), creators.items().latent());
    let backend: Arc<dyn recloop::llm::ChatBackend> = Arc::new(Scripted::new(answer));
    let authors = Authors::new(creators, Arc::clone(&backend)).and_then(Authors::deciding).expect("authors");
    let market = Market::new(authors, &MarketParams::default(), TICK_SECS).expect("a market");
    let feed = Feed::new(FeedParams::default(), People::drawn(topics), &observed, &latent).expect("users");
    let users = Dialogue::new(DialogueParams::default(), feed).expect("users who talk");
    let world = World::builder("authored-feed-v0")
        .cohort(Sharded::new(users, 60))
        .supply(Supply::Shelf(Box::new(OpenShelf::new(observed, latent, Vec::new(), None).keeping(5))))
        .creators(market)
        .clock(Clock { tick_secs: TICK_SECS, calendar: true })
        .objective(Objective::new().with(Part::DwellMinutes, 1.0))
        .slate_size(5)
        .build()
        .expect("a world");
    (world, backend)
}

/// Words by subject, and now and then nothing.
fn speaks(request: &ChatRequest) -> Result<ChatReply, LlmError> {
    let told = &request.turns.last().expect("something is told").text;
    let subject =
        told.split("subject \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("nothing");
    let words = format!("\"title\": \"All about {subject}\", \"text\": \"More of {subject}, and no more.\"");
    match request.template.name.as_str() {
        _ if request.seed.is_multiple_of(7) => ChatReply::said(request, "I would rather not"),
        "creator-decision" => {
            ChatReply::said(request, format!("{{\"does\": \"publish\", \"topic\": \"music\", {words}}}"))
        }
        _ => ChatReply::said(request, format!("{{{words}}}")),
    }
}

/// Plays and logs; the digest of the log.
fn run(world: &mut World, dir: &std::path::Path) -> String {
    let options = ResetOptions { horizon: Some(Tick(96)), ..ResetOptions::default() };
    let mut policy = RandomSlates::default();
    let spec = world.spec().clone();
    policy.begin(&spec).expect("it begins");
    let mut sink = ParquetSink::create(dir, &spec, &LogOptions::default()).expect("a sink");
    let (mut seen, mut slates, mut step) = Default::default();
    world.reset(3, &options, &mut seen).expect("it begins");
    while !seen.is_empty() {
        policy.recommend(&seen, &world.streams(), &mut slates).expect("slates");
        world.step(&slates, &mut step).expect("it goes on");
        let t = recloop::Transition { seen: &seen, slates: &slates, step: &step };
        sink.write(&world.facts(), &t).expect("it is written");
        std::mem::swap(&mut seen, &mut step.next);
    }
    let receipt = sink.finish().expect("a log");
    let mut manifest = Manifest::new(&spec, "random", 3);
    (manifest.state, manifest.rows, manifest.parts) = (RunState::Finished, receipt.rows, receipt.parts);
    manifest.store(dir).expect("a manifest");
    digest(dir).expect("a digest")
}

/// Titles and texts of everything published.
fn words(catalogue: &Catalogue) -> Vec<(String, String)> {
    let ids = (0..catalogue.len() as u32).map(ItemId);
    ids.map(|id| (catalogue.title(id).to_owned(), catalogue.text(id).to_owned())).collect()
}

#[test]
fn words_of_a_model_reach_the_log_and_come_back() {
    let here = tempfile::tempdir().expect("a folder");
    let (mut live, backend) = world(speaks);
    let name = run(&mut live, &here.path().join("a"));
    let expected = words(live.facts().catalogue.expect("items last"));
    let mut source = LogSource::open(&here.path().join("a")).expect("a log");
    let mut logged = Vec::new();
    while let Some(tick) = source.next().expect("a whole log") {
        logged = words(tick.facts.catalogue.expect("items last"));
    }
    assert_eq!(logged, expected);
    let (fresh, worded): (Vec<_>, Vec<_>) = (
        expected[60..].to_vec(),
        expected.iter().filter(|(title, _)| title.starts_with("All about ")).collect(),
    );
    let account = backend.accounts().of(Payer::Creator);
    assert_eq!(account.requests, fresh.len() as u64);
    assert_eq!(account.failures, (fresh.len() - worded.len()) as u64);
    assert!(account.failures > 0 && worded.len() > 20, "{account:?}");
    assert!(worded.iter().all(|(_, text)| text.ends_with("and no more.")));
    // The same words, the same run.
    let (mut again, _) = world(speaks);
    assert_eq!(run(&mut again, &here.path().join("b")), name);
    let (mut silent, _) = world(|request| ChatReply::said(request, ""));
    assert_ne!(run(&mut silent, &here.path().join("c")), name);
    assert!(words(silent.facts().catalogue.expect("items last")).iter().all(|(_, text)| text.is_empty()));
}
