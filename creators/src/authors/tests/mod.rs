//! Authors on a stage and in a world: what they are told, what they may do, what becomes of words that are none.

mod hostile;
mod worlds;

use std::sync::Mutex;

use recloop_env::testing::check_creators;
use recloop_env::{ItemFeedback, ItemId, Topics};
use recloop_llm::{Payer, Scripted, Wanted};

use super::*;
use crate::stage::{Stage, Turn, published, spec};
use crate::{Actions, BeliefParams, FeedCreators, FeedCreatorsParams, Market, MarketParams, TopicRule};

const TICKS_A_TURN: u32 = 30;

fn creators(rule: TopicRule) -> FeedCreators {
    let (n_creators, opening_items, posts_per_day) = (4, 24, 24.0);
    let params = FeedCreatorsParams {
        n_creators,
        opening_items,
        posts_per_day,
        rule,
        ..FeedCreatorsParams::default()
    };
    let all = BeliefParams { actions: Actions::All, ..BeliefParams::default() };
    FeedCreators::new(&params, Arc::new(Topics::new(14, 8)), 120.0).unwrap().believing(&all).unwrap()
}

/// A model that says `answer` of each request.
fn says(answer: impl Fn(&ChatRequest) -> String + Send + Sync + 'static) -> Arc<dyn ChatBackend> {
    Arc::new(Scripted::new(move |request: &ChatRequest| ChatReply::said(request, answer(request))))
}

fn prompt_of(request: &ChatRequest) -> &str {
    &request.turns.last().unwrap().text
}

/// Words, and a decision if one is asked for, that depend on everything that was told; now and then nothing of use.
fn moody(request: &ChatRequest) -> String {
    let told = request.turns.iter().flat_map(|turn| turn.text.bytes()).chain(request.seed.to_le_bytes());
    let mood = told.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let words = format!("\"title\": \"Title {mood:x}\", \"text\": \"More of {mood}.\"");
    let does = if mood.is_multiple_of(4) { "wait" } else { "publish" };
    let topic = ["cooking", "music", "film"][mood as usize % 3];
    match (&request.wanted, request.template.name.as_str()) {
        _ if mood.is_multiple_of(5) => "no".into(),
        (Wanted::Json(shape), "creator-decision") if shape.words().contains("effort") => {
            format!(
                "{{\"does\": \"{does}\", \"topic\": \"{topic}\", \"effort\": \"high\", \"bait\": \"low\", {words}}}"
            )
        }
        (_, "creator-decision") => format!("{{\"does\": \"{does}\", \"topic\": \"{topic}\", {words}}}"),
        _ => format!("{{{words}}}"),
    }
}

fn authors(rule: TopicRule, backend: Arc<dyn ChatBackend>) -> Authors<FeedCreators> {
    Authors::new(creators(rule), backend).unwrap()
}

fn deciding(rule: TopicRule, every: u32, backend: Arc<dyn ChatBackend>) -> Authors<FeedCreators> {
    authors(rule, backend).deciding().unwrap().every(NonZeroU32::new(every).unwrap())
}

fn turns(model: &mut dyn CreatorModel, stage: &mut Stage, from: u32, n: u32) -> Vec<Turn> {
    let clicks = |item: ItemId, what: &NewItem| (item.0 + u32::from(what.codes[0]) * what.creator.0) % 5;
    (from..from + n).map(|turn| stage.turn(model, Tick(TICKS_A_TURN * turn), clicks)).collect()
}

/// What `n` turns bring, from the start.
fn life(model: &mut dyn CreatorModel, n: u32) -> Vec<Turn> {
    let mut stage = Stage::open(model, 3);
    turns(model, &mut stage, 0, n)
}

fn items(turns: &[Turn]) -> impl Iterator<Item = &NewItem> {
    turns.iter().flat_map(published)
}

const FINE: &str = r#"{"title": "Slow pasta", "text": "One pan, twenty minutes."}"#;

#[test]
fn authors_keep_the_contract() {
    for rule in [TopicRule::Static, TopicRule::Imitation, TopicRule::Belief] {
        let observed = spec(creators(rule).items().observed());
        check_creators(|| authors(rule, says(moody)), &observed).unwrap();
        check_creators(|| deciding(rule, 2, says(moody)), &observed).unwrap();
        let market = || Market::new(deciding(rule, 1, says(moody)), &MarketParams::default(), 120.0).unwrap();
        check_creators(market, &observed).unwrap();
    }
}

#[test]
fn words_change_and_nothing_else_does() {
    let (mut model, mut bare) =
        (authors(TopicRule::Belief, says(|_| FINE.into())), creators(TopicRule::Belief));
    let (worded, plain) = (life(&mut model, 40), life(&mut bare, 40));
    assert!(items(&worded).count() > 100);
    for (worded, plain) in items(&worded).zip(items(&plain)) {
        assert_eq!((worded.title.as_str(), worded.text.as_str()), ("Slow pasta", "One pan, twenty minutes."));
        let (title, text) = (plain.title.clone(), String::new());
        assert_eq!(&NewItem { title, text, ..worded.clone() }, plain);
    }
    assert_eq!((model.asked(), model.failed()), (items(&plain).count() as u64, 0));
    assert_eq!(model.creators.save().unwrap(), bare.save().unwrap());
}

#[test]
fn whoever_gets_no_answer_lives_as_if_nobody_had_asked() {
    let expected = life(&mut creators(TopicRule::Belief), 40);
    for said in ["", "no", r#"{"title": "", "text": "x"}"#, r#"{"title": "?!", "text": ""}"#] {
        for every in [1, u32::MAX] {
            let mut model = deciding(TopicRule::Belief, every, says(|_| said.into()));
            assert_eq!(life(&mut model, 40), expected, "{said}");
            assert_eq!((model.asked(), model.failed()), (items(&expected).count() as u64, model.asked()));
        }
    }
}

#[test]
fn a_spent_budget_stops_creators_and_says_what_to_do() {
    let broke = || LlmError::Budget { limit: "10 tokens".into(), spent: "9".into(), next: "480".into() };
    let mut model = authors(TopicRule::Static, Arc::new(Scripted::new(move |_| Err(broke()))));
    let rng = Streams::new(1);
    model.begin(&rng);
    let told: Vec<_> = (0..4).map(|c| OwnFeedback { creator: CreatorId(c), items: vec![] }).collect();
    let act = |tick: u32| model.act(&told, Tick(tick), &rng, &mut Vec::new()).err();
    let error =
        (0..50).map(|turn| TICKS_A_TURN * turn).find_map(act).expect("somebody publishes").to_string();
    assert!(error.contains("budget of 10 tokens") && error.contains("resume"), "{error}");
}

/// Keeps what is asked, batch by batch.
struct Listening(Mutex<Vec<Vec<ChatRequest>>>);

impl ChatBackend for Listening {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        self.0.lock().unwrap().push(requests.to_vec());
        requests.iter().map(|request| ChatReply::said(request, moody(request))).collect()
    }
}

#[test]
fn a_turn_is_one_batch_and_tells_creators_of_their_own_titles() {
    let heard = Arc::new(Listening(Mutex::default()));
    let backend: Arc<dyn ChatBackend> = Arc::<Listening>::clone(&heard);
    let turns = life(&mut deciding(TopicRule::Belief, 8, backend), 30);
    let batches = heard.0.lock().unwrap();
    assert_eq!(batches.len(), turns.iter().filter(|turn| !turn.is_empty()).count());
    let all: Vec<&ChatRequest> = batches.iter().flatten().collect();
    let decisions = all.iter().filter(|request| request.template.name == "creator-decision").count();
    assert!(decisions > 4 && decisions * 7 < all.len(), "{decisions} of {}", all.len());
    assert!(all.iter().all(|request| request.payer == Payer::Creator && request.turns.len() == 2));
    let rules = |name: &'static str| all.iter().filter(move |request| request.template.name == name);
    for name in ["creator-words", "creator-decision"] {
        assert!(
            rules(name).all(|request| request.turns[0] == rules(name).next().unwrap().turns[0]),
            "{name}"
        );
    }
    let offered = rules("creator-decision").next().unwrap();
    assert!(
        offered.turns[0].text.contains("\"cooking\", \"football\"")
            && offered.turns[0].text.contains("effort: low")
    );
    let seeds: std::collections::BTreeSet<u64> = all.iter().map(|request| request.seed).collect();
    assert_eq!(seeds.len(), all.len());
    let last = prompt_of(all.last().unwrap());
    assert!(last.contains("- \"Title ") && last.contains(" times, opened "), "{last}");
    let (title, clicks) = (": shown 8 times, opened 4 times", ": shown 0 times, opened 0 times");
    assert!(
        all.iter().any(|r| prompt_of(r).contains(title)) && all.iter().any(|r| prompt_of(r).contains(clicks))
    );
}

#[test]
fn what_happens_to_others_is_told_to_nobody() {
    let asked = |others: u32| {
        let heard = Arc::new(Listening(Mutex::default()));
        let backend: Arc<dyn ChatBackend> = Arc::<Listening>::clone(&heard);
        let mut model = deciding(TopicRule::Belief, 2, backend);
        let mut stage = Stage::open(&mut model, 3);
        let clicks = |_: ItemId, what: &NewItem| if what.creator == CreatorId(1) { 3 } else { others };
        for turn in 0..30 {
            stage.turn(&mut model, Tick(TICKS_A_TURN * turn), clicks);
        }
        let all = heard.0.lock().unwrap().concat();
        let me = model.name(CreatorId(1));
        all.into_iter().filter(|request| prompt_of(request).contains(&me)).collect::<Vec<_>>()
    };
    // Ids of items depend on how many others there are, so that they may not show either.
    let (few, many) = (asked(1), asked(4));
    assert!(few.len() > 20 && few == many);
}

/// The one item that creator 0 makes of a plan when the model says `answer`, or that it waits.
fn decided(rule: TopicRule, answer: &'static str) -> (Option<NewItem>, NewItem, u64) {
    let (mut model, mut bare) = (deciding(rule, 1, says(move |_| answer.into())), creators(rule));
    let rng = Streams::new(3);
    let told = [OwnFeedback { creator: CreatorId(0), items: vec![] }];
    let first = |model: &mut dyn CreatorModel, tick| {
        model.begin(&rng);
        let mut out = Vec::new();
        model.act(&told, tick, &rng, &mut out).unwrap();
        out
    };
    let is_one = |tick: &Tick| published(&first(&mut creators(rule), *tick)).count() == 1;
    let tick = (1..).map(|turn| Tick(TICKS_A_TURN * turn)).find(is_one).unwrap();
    let (plan, mut does) = (first(&mut bare, tick), first(&mut model, tick));
    assert_eq!(does.len(), 1);
    let does = match does.remove(0).1 {
        CreatorAction::Publish(item) => Some(item),
        CreatorAction::Wait => None,
        other => panic!("{other:?}"),
    };
    (does, published(&plan).next().unwrap().clone(), model.failed())
}

#[test]
fn a_decision_is_carried_out_with_the_luck_of_the_plan() {
    let does = |answer| decided(TopicRule::Belief, answer);
    let (item, plan, failed) = does(
        r#"{"does": "publish", "topic": "music", "effort": "high", "bait": "low", "title": "T", "text": ""}"#,
    );
    let usual = r#"{"does": "publish", "topic": "music", "effort": "usual", "bait": "usual", "title": "U", "text": ""}"#;
    let (item, usual) = (item.unwrap(), does(usual).0.unwrap());
    assert_eq!((item.title.as_str(), item.codes[0], failed), ("T", 2, 0));
    assert_ne!(plan.codes[0], 2);
    assert_eq!((item.codes[1] % 8, item.dense[8]), (plan.codes[1] % 8, plan.dense[8]));
    // A level of effort is .15 of quality, one of bait .2, both within [0, 1].
    let [quality, bait] = [0, 1].map(|i| item.latent_dense[i] - usual.latent_dense[i]);
    assert!((quality - 0.15).abs() < 1e-6 || item.latent_dense[0] == 1.0, "{quality}");
    assert!((bait + 0.2).abs() < 1e-6 || item.latent_dense[1] == 0.0, "{bait}");
    let wait =
        r#"{"does": "wait", "topic": "music", "effort": "high", "bait": "low", "title": "", "text": ""}"#;
    assert_eq!((does(wait).0, does(wait).2), (None, 0));
    // Who decides topics alone is offered no more.
    let topics = r#"{"does": "publish", "topic": "music", "title": "T", "text": ""}"#;
    assert_eq!(decided(TopicRule::Static, topics).0.unwrap().codes[0], 2);
}

#[test]
fn what_is_not_offered_is_not_done() {
    let decision = |does: &str, topic: &str, effort: &str| {
        format!(
            r#"{{"does": "{does}", "topic": "{topic}", "effort": "{effort}", "bait": "low", "title": "T", "text": ""}}"#
        )
    };
    for said in [
        decision("leave", "music", "high"),
        decision("publish", "gold", "high"),
        decision("publish", "music", "most"),
        decision("publish", "", "low"),
        FINE.to_owned(),
    ] {
        let (item, plan, failed) = decided(TopicRule::Belief, String::leak(said.clone()));
        assert_eq!((item, failed), (Some(plan), 1), "{said}");
    }
    // Creators who decide topics alone are not offered effort.
    let (item, plan, failed) = decided(TopicRule::Static, String::leak(decision("publish", "music", "high")));
    assert_eq!((item, failed), (Some(plan), 1));
}

#[test]
fn who_waited_still_knows_its_items_apart() {
    let mut model = deciding(TopicRule::Belief, 2, says(moody));
    let mut stage = Stage::open(&mut model, 3);
    let lived = turns(&mut model, &mut stage, 0, 40);
    let waits = lived.iter().flatten().filter(|(_, action)| *action == CreatorAction::Wait).count();
    assert!(waits > 10, "{waits}");
    // Whatever was published is remembered as what it is, by the creators within and by their authors.
    turns(&mut model, &mut stage, 40, 1);
    let saved = model.creators.save().unwrap();
    for own in saved.get_u32_vec("own_items").unwrap().chunks(9) {
        let what = &stage.items[own[1] as usize];
        assert_eq!((what.creator.0, u32::from(what.codes[0])), (own[0], own[2]));
    }
    for creator in (0..4).map(CreatorId) {
        for title in model.past.of(creator) {
            let what = &stage.items[title.item.unwrap().index()];
            assert_eq!((what.creator, &what.title, what.codes[0]), (creator, &title.title, title.topic));
        }
        assert_eq!(model.past.of(creator).len(), 5);
    }
}

#[test]
fn a_restored_author_goes_on_as_if_nothing_had_happened() {
    let mut one = deciding(TopicRule::Belief, 3, says(moody));
    let mut stage = Stage::open(&mut one, 9);
    turns(&mut one, &mut stage, 0, 25);
    let (mut other, mut fork) = (deciding(TopicRule::Belief, 3, says(moody)), one.fork());
    other.begin(&Streams::new(77));
    other.load(&one.save().unwrap()).unwrap();
    let (mut beside, mut apart) = (stage.clone(), stage.clone());
    let expected = turns(&mut one, &mut stage, 25, 25);
    assert_eq!(expected, turns(&mut other, &mut beside, 25, 25));
    assert_eq!(expected, turns(fork.as_mut(), &mut apart, 25, 25));
    assert!(one.failed() > 5 && one.asked() > 2 * one.failed());
    assert_eq!(one.save().unwrap(), other.save().unwrap());
    let mut spoilt = one.save().unwrap();
    spoilt.arrays.retain(|array| array.name != "lines");
    spoilt.put_bytes("lines", b"one".to_vec());
    assert!(other.load(&spoilt).unwrap_err().to_string().contains("`lines`"));
}

#[test]
fn an_item_made_to_order_is_worded_too() {
    let mut model = authors(TopicRule::External, says(|_| FINE.into()));
    let rng = Streams::new(2);
    model.begin(&rng);
    let brief = Brief { topic: 3, ..Brief::default() };
    let item = model.make(CreatorId(2), &brief, Tick(30), &rng).unwrap();
    assert_eq!((item.title.as_str(), item.codes[0]), ("Slow pasta", 3));
    let news = ItemFeedback { item: ItemId(40), impressions: 9, clicks: 4, ..ItemFeedback::default() };
    let told = [OwnFeedback { creator: CreatorId(2), items: vec![news] }];
    model.act(&told, Tick(60), &rng, &mut Vec::new()).unwrap();
    let [title] = model.past.of(CreatorId(2)) else { panic!("it is told of one") };
    assert_eq!((title.title.as_str(), title.topic, title.impressions, title.clicks), ("Slow pasta", 3, 9, 4));
}
