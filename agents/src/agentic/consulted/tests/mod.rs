//! A model plans what it is asked to, the rule what it does not, and nobody else anything.

mod hostile;

use std::sync::Mutex;

use proptest::prelude::*;
use recloop_env::testing::{check_recommender, toy_feed};
use recloop_env::{Instruction, Observation, Recommender, Said, Slates, Streams};
use recloop_llm::{Payer, Role, Scripted, Tokens};

use super::super::tests::{Spoken, says, scene};
use super::super::{Advised, Agentic, Copied, Obey, Speech};
use super::*;
use crate::tests::scene::{Scene, answered, scores};
use crate::{DotProduct, Greedy, Popularity};

/// Everything that was asked, last turns only.
type Asked = Arc<Mutex<Vec<String>>>;

fn count(asked: &Asked) -> usize {
    asked.lock().unwrap().len()
}

/// A planner whose model answers by `answer` to the words it reads; and what it was asked.
fn scripted(answer: impl Fn(&str) -> Result<String, LlmError> + Send + Sync + 'static) -> (Consulted, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let backend = Scripted::new(move |request| {
        assert_eq!((request.payer, request.turns[0].role), (Payer::Recommender, Role::System));
        let words = request.turns[1].text.strip_prefix("They say: ").unwrap();
        log.lock().unwrap().push(words.into());
        let mut reply = ChatReply::said(request, answer(words)?)?;
        reply.tokens = Tokens { prompt: 400 + request.sample as u64, cached: 0, completion: 12 };
        Ok(reply)
    });
    (Consulted::new(Arc::new(backend), Obedient::default()), asked)
}

fn call(tool: &str, topic: &str, direction: &str, strength: &str, words: &str) -> String {
    format!(
        r#"{{"tool": "{tool}", "topic": "{topic}", "direction": "{direction}", "strength": "{strength}", "words": "{words}"}}"#
    )
}

fn plan(calls: &[String]) -> String {
    format!(r#"{{"calls": [{}]}}"#, calls.join(", "))
}

/// More of the topic that is named, else away from what is loud.
fn sensible(words: &str) -> Result<String, LlmError> {
    let topic = ["music", "film", "cooking"].into_iter().find(|topic| words.contains(topic));
    Ok(plan(&[match topic {
        Some(topic) => call("topic", topic, "towards", "strong", ""),
        None => call("loud", "none", "away", "plain", ""),
    }]))
}

fn broken() -> LlmError {
    LlmError::Unusable { template: "plan".into(), tries: 2, reason: "no JSON".into() }
}

fn spent() -> LlmError {
    LlmError::Budget { limit: "9 tokens".into(), spent: "9 tokens".into(), next: "5 tokens".into() }
}

fn agent(scene: &Scene, planner: Consulted, obey: Obey) -> Agentic<Greedy<Advised<DotProduct>>> {
    let advised = Advised::new(DotProduct::new("interest", &["factor"]), obey).planned_by(planner);
    let mut agent = Agentic::new(Greedy::new(advised), Speech::default());
    agent.begin(&scene.spec).unwrap();
    agent
}

fn hearing(scene: &Scene, messages: &[(usize, &str)]) -> Observation {
    let messages = messages.iter().map(|(row, text)| says(*row, text)).collect();
    Observation { messages, ..scene.seen.clone() }
}

fn shown(
    agent: &mut Agentic<Greedy<Advised<DotProduct>>>,
    seen: &Observation,
) -> Result<Slates, RecommendError> {
    let mut slates = Slates::default();
    agent.recommend(seen, &Streams::new(1), &mut slates)?;
    Ok(slates)
}

fn traces(slates: &Slates) -> Vec<&str> {
    slates.messages.iter().filter(|it| it.said == Said::Trace).map(|it| it.text.as_str()).collect()
}

fn ask(said: &str) -> Ask {
    Ask { instruction: Instruction::parse(said, &[]), said: said.into(), slates_ago: 0 }
}

/// A planner that has begun, and the tools of the scene.
fn begun(planner: Consulted) -> (Consulted, Toolbox) {
    let (scene, mut planner) = (scene(), planner);
    let toolbox = Toolbox::standard().fitting(&scene.spec);
    planner.begin(&toolbox, &["cooking", "music", "film"].map(Into::into)).unwrap();
    (planner, toolbox)
}

#[test]
fn a_model_decides_and_the_log_says_so() {
    let scene = scene();
    let (planner, asked) = scripted(|_| {
        Ok(plan(&[
            call("topic", "film", "towards", "slight", ""),
            call("words", "none", "away", "strong", "sourdough, please"),
        ]))
    });
    let mut agent = agent(&scene, planner, Obey::True);
    let slates = shown(&mut agent, &hearing(&scene, &[(1, "no bread,\n\"nothing\" like it")])).unwrap();
    let said: Vec<&str> =
        slates.messages.iter().filter(|it| it.row == 1).map(|it| it.text.as_str()).collect();
    let expected = [
        "For what you asked: fewer titles with these words.",
        "asked: no bread, \"nothing\" like it; called: topic(film, +1.00) -> 2 items | \
         words(sourdough, please, -4.00) -> 3 items; planned by the model (400 tokens read, 12 written)",
    ];
    assert_eq!(said, expected);
    assert_eq!(*asked.lock().unwrap(), ["\"no bread, 'nothing' like it\""]);
}

#[test]
fn plans_fade_as_the_rule_does_and_turn_round_with_it() {
    let scene = scene();
    for (obey, sign) in [(Obey::True, 1.0), (Obey::Opposite, -1.0)] {
        let mut agent = agent(&scene, scripted(sensible).0, obey);
        let seen = hearing(&scene, &[(0, "I could do with music")]);
        let plain = scores(agent.ranker.scorer(), &scene.seen, 1);
        let (slates, step) = answered(&[[0, 1]; 3], |_, _| false);
        shown(&mut agent, &seen).unwrap();
        agent.learn(&seen, &slates, &step);
        let sd = (17.5_f32 / 6.0).sqrt() / 10.0;
        for n in 1..30 {
            let pull = (scores(agent.ranker.scorer(), &scene.seen, 0)[2] - plain[2]) / sd;
            let expected = sign * 4.0 * (-(n as f32) / 20.0).exp2();
            assert!((pull - expected).abs() < 1e-4, "after {n} slates: {pull}");
            agent.learn(&scene.seen, &slates, &step);
        }
    }
}

#[test]
fn equal_words_are_asked_about_once_a_tick_and_once_a_run() {
    let scene = scene();
    let (planner, asked) = scripted(sensible);
    let mut agent = agent(&scene, planner, Obey::True);
    let seen = hearing(&scene, &[(0, "music!"), (1, "music!"), (2, "film!")]);
    let (slates, step) = answered(&[[0, 1]; 3], |_, _| false);
    for _ in 0..5 {
        shown(&mut agent, &seen).unwrap();
        agent.learn(&seen, &slates, &step);
    }
    assert_eq!(*asked.lock().unwrap(), ["\"film!\"", "\"music!\""]);
    let (planner, asked) = scripted(sensible);
    let mut deaf = self::agent(&scene, planner, Obey::False);
    shown(&mut deaf, &seen).unwrap();
    assert_eq!(count(&asked), 0, "who does not obey does not ask");
}

#[test]
fn where_the_model_fails_the_rule_plans() {
    let garbage = [
        "",
        "no",
        "[]",
        "{}",
        r#"{"calls": 3}"#,
        r#"{"calls": []}"#,
        r#"{"calls": [{"tool": "topic"}]}"#,
        &plan(&[call("launch", "none", "towards", "plain", "")]),
        &plan(&[call("loud", "none", "towards", "1e9", "")]),
        &plan(&[call("topic", "none", "towards", "plain", "")]),
        &plan(&[call("words", "none", "towards", "plain", "   ")]),
    ];
    let scene = scene();
    let seen = hearing(&scene, &[(0, "More music, please.")]);
    let mut by_rule = agent(&scene, scripted(sensible).0, Obey::True);
    by_rule.ranker = Greedy::new(Advised::new(DotProduct::new("interest", &["factor"]), Obey::True));
    by_rule.begin(&scene.spec).unwrap();
    let expected = shown(&mut by_rule, &seen).unwrap();
    for said in garbage.into_iter().map(Some).chain([None]) {
        let said = said.map(str::to_owned);
        let (planner, asked) = scripted(move |_| said.clone().ok_or_else(broken));
        let mut agent = agent(&scene, planner, Obey::True);
        for _ in 0..3 {
            let found = shown(&mut agent, &seen).unwrap();
            assert_eq!(found.items, expected.items);
            let trace = traces(&found)[0].strip_prefix(traces(&expected)[0]).unwrap();
            let notes =
                ["; the model did not answer: planned by rule", "; the model gave no plan: planned by rule"];
            assert!(notes.contains(&trace), "{trace}");
        }
        assert_eq!(count(&asked), 1, "a failure is not repeated");
    }
}

#[test]
fn only_what_can_be_done_is_taken_of_a_plan() {
    let (planner, _) = scripted(|_| {
        Ok(plan(&[
            call("topic", "none", "towards", "plain", ""),
            call("loud", "film", "towards", "plain", "words"),
            call("loud", "none", "away", "strong", ""),
            call("topic", "film", "towards", "plain", ""),
        ]))
    });
    let (mut planner, toolbox) = begun(planner);
    planner.prepare(&[ask("x")]).unwrap();
    let expected = [Call::of("loud", 2.0), Call { topic: Some(2), ..Call::of("topic", 2.0) }];
    assert_eq!(planner.plan(&[ask("x")], &toolbox), expected);
    let fewer = toolbox.fitting(&recloop_env::EnvSpec {
        item_features: recloop_env::Layout::new(Vec::new()),
        ..scene().spec
    });
    assert_eq!(planner.plan(&[ask("x")], &fewer), expected[..1], "a tool that is gone is not called");
}

#[test]
fn what_failed_is_asked_again_as_often_as_allowed() {
    let (planner, asked) = scripted(|_| Err(broken()));
    assert!(planner.clone().with_tries(0).is_err());
    let (mut planner, _) = begun(planner.with_tries(3).unwrap());
    (0..5).for_each(|_| planner.prepare(&[ask("x")]).unwrap());
    assert_eq!(count(&asked), 3);
    assert_eq!(planner.consultations(), Consultations { planned: 0, fell_back: 3 });
    let (planner, _) = scripted({
        let n = Mutex::new(0);
        move |_| {
            *n.lock().unwrap() += 1;
            if *n.lock().unwrap() == 2 { sensible("film") } else { Err(broken()) }
        }
    });
    let (mut planner, toolbox) = begun(planner.with_tries(3).unwrap());
    (0..5).for_each(|_| planner.prepare(&[ask("x")]).unwrap());
    assert_eq!(planner.consultations(), Consultations { planned: 1, fell_back: 1 });
    assert_eq!(planner.plan(&[ask("x")], &toolbox)[0].tool, "topic");
}

#[test]
fn a_budget_that_is_used_up_stops_the_run_and_keeps_what_was_paid_for() {
    let (planner, asked) =
        scripted(|words| if words.contains("music") { Err(spent()) } else { sensible(words) });
    let (mut planner, toolbox) = begun(planner);
    let error = planner.prepare(&[ask("music"), ask("film")]).unwrap_err().to_string();
    assert!(
        error.contains("stay within the budget of 9 tokens") && error.contains("or plan by rule"),
        "{error}"
    );
    assert_eq!(planner.plan(&[ask("film")], &toolbox)[0].topic, Some(2));
    assert!(planner.prepare(&[ask("music"), ask("film")]).is_err());
    assert_eq!(*asked.lock().unwrap(), ["\"film\"", "\"music\"", "\"music\""]);
    let scene = scene();
    let mut agent = agent(&scene, scripted(|_| Err(spent())).0, Obey::True);
    assert!(shown(&mut agent, &hearing(&scene, &[(0, "Calmer, please.")])).is_err());
}

#[test]
fn the_oldest_plans_go_but_none_that_is_asked_for_now() {
    let (planner, asked) = scripted(sensible);
    let (mut planner, _) = begun(Consulted { room: 2, ..planner });
    let words = ["a", "b", "c"].map(ask);
    planner.prepare(&words[..2]).unwrap();
    planner.prepare(&words[2..]).unwrap();
    assert!(planner.plans.keys().eq(["\"b\"", "\"c\""]));
    planner.prepare(&words).unwrap();
    assert_eq!((planner.plans.len(), count(&asked)), (3, 4), "all of a tick are there");
    planner.prepare(&[ask("d")]).unwrap();
    assert!(planner.plans.keys().eq(["\"a\"", "\"d\""]), "b is the oldest, then c");
}

#[test]
fn going_on_from_a_snapshot_is_never_having_stopped() {
    let scene = scene();
    let answer = |words: &str| if words.contains("oops") { Err(broken()) } else { sensible(words) };
    let ((first, asked), (second, asked_again)) = (scripted(answer), scripted(answer));
    let (mut first, mut second) = (agent(&scene, first, Obey::True), agent(&scene, second, Obey::True));
    let seen = hearing(&scene, &[(0, "music\u{7} ü"), (1, "oops"), (2, "")]);
    let (slates, step) = answered(&[[0, 1]; 3], |_, _| false);
    shown(&mut first, &seen).unwrap();
    first.learn(&seen, &slates, &step);
    let saved = first.save().unwrap();
    second.load(&saved).unwrap();
    assert_eq!(second.save().unwrap(), saved);
    for messages in [&[][..], &[(1, "film now")], &[(0, "oops")]] {
        let seen = hearing(&scene, messages);
        assert_eq!(shown(&mut first, &seen).unwrap(), shown(&mut second, &seen).unwrap());
        first.learn(&seen, &slates, &step);
        second.learn(&seen, &slates, &step);
        assert_eq!(first.save().unwrap(), second.save().unwrap());
    }
    assert_eq!((count(&asked), count(&asked_again)), (4, 1), "what was asked before the snapshot is known");
}

#[test]
fn damaged_plans_are_refused() {
    let (mut planner, _) = begun(scripted(sensible).0);
    let load = |planner: &mut Consulted, words: &[u32], texts: &str| {
        let mut snapshot = Snapshot::default();
        snapshot.put_f64("consultations", 2, &[1.0, 0.0]);
        snapshot.put_u32("plans", 5, words);
        snapshot.put_bytes("plans.texts", texts.into());
        planner.load(&snapshot)
    };
    let answer = sensible("film").unwrap();
    let lengths = [3, answer.len() as u32, 1, 400, 12];
    load(&mut planner, &lengths, &format!("\"x\"{answer}")).unwrap();
    assert!(load(&mut planner, &lengths, &format!("\"x\"{}", answer.replace("film", "tape"))).is_err());
    assert!(load(&mut planner, &lengths, "short").is_err());
    assert!(load(&mut planner, &lengths[..4], &answer).is_err());
    assert!(load(&mut planner, &[1, 0, 1, 0, 0], "\u{e9}").is_err());
    assert!(planner.load(&Snapshot::default()).is_err());
    assert!(planner.known(&ask("x")).is_some(), "what is refused changes nothing");
}

#[test]
fn a_consulting_agent_keeps_the_contract() {
    for obey in [Obey::True, Obey::Opposite] {
        let make = || {
            let answer = |words: &str| if words.contains("Much") { Err(broken()) } else { sensible(words) };
            let advised = Advised::new(Popularity::default(), obey).planned_by(scripted(answer).0);
            Spoken(Agentic::new(Greedy::new(advised), Speech { asks: true, ..Speech::default() }))
        };
        check_recommender(make, || toy_feed(9)).unwrap();
    }
}

#[test]
fn a_copy_goes_its_own_way() {
    let (planner, asked) = scripted(sensible);
    let (mut planner, toolbox) = begun(planner);
    let mut copy = planner.copied();
    copy.prepare(&[ask("film")]).unwrap();
    assert_eq!(planner.plan(&[ask("film")], &toolbox)[0].tool, "words", "the rule's answer to own words");
    planner.begin(&toolbox, &[]).unwrap();
    assert_eq!(copy.plan(&[ask("film")], &toolbox)[0].tool, "topic");
    assert_eq!(count(&asked), 1);
}

#[test]
fn topics_are_named_so_that_they_can_be_chosen() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let model = Scripted::new(move |request| {
        log.lock().unwrap().push(request.turns[0].text.clone());
        ChatReply::said(request, plan(&[call("topic", "bad one", "away", "plain", "")]))
    });
    let mut planner = Consulted::new(Arc::new(model), Obedient::default());
    let toolbox = Toolbox::standard();
    let topics = ["none", "", "\u{0}", "bad\n\none", "bad one", "{bad} one"].map(Into::into);
    planner.begin(&toolbox, &topics).unwrap();
    planner.prepare(&[ask("x")]).unwrap();
    assert_eq!(planner.plan(&[ask("x")], &toolbox)[0].topic, Some(3));
    assert!(asked.lock().unwrap()[0].ends_with("\nTopics: \"bad one\"\n"));
    let nothing = toolbox.fitting(&recloop_env::EnvSpec {
        item_features: recloop_env::Layout::new(Vec::new()),
        durable_items: false,
        ..scene().spec
    });
    planner.begin(&nothing, &topics).unwrap();
    planner.prepare(&[ask("x")]).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1, "with no tool there is nothing to ask");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_row_gets_depends_on_nobody_elses_words(words in prop::collection::vec("(music|film|oops|calm)[ a-c]{0,2}", 3)) {
        let scene = scene();
        let answer = |words: &str| if words.contains("oops") { Err(broken()) } else { sensible(words) };
        let new = || agent(&scene, scripted(answer).0, Obey::True);
        let messages: Vec<(usize, &str)> = words.iter().map(String::as_str).enumerate().collect();
        let seen = hearing(&scene, &messages);
        let whole = shown(&mut new(), &seen).unwrap();
        for row in 0..3 {
            let alone = shown(&mut new(), &hearing(&scene, &messages[row..=row])).unwrap();
            prop_assert_eq!(whole.items.row(row), alone.items.row(row));
            let of = |slates: &Slates, row| -> Vec<String> {
                slates.messages.iter().filter(|it| it.row == row).map(|it| it.text.clone()).collect()
            };
            prop_assert_eq!(of(&whole, row), of(&alone, row));
        }
    }
}
