//! Budgets, paces, order.

use std::sync::Arc;
use std::time::Instant;

use recloop_llm::testing::Canned;
use recloop_llm::{
    Budget, Capabilities, ChatBackend, ChatRequest, Http, HttpConfig, Limits, LlmError, Payer, Prices, Spent,
    Tokens,
};

use super::{Scene, text};

fn spent(n: u64) -> Tokens {
    Tokens { prompt: 10 * n, cached: 4 * n, completion: 5 * n }
}

/// At most 38 tokens read (6 bytes, 16 for the turn, 16 for the rest) and 10 written.
fn short() -> ChatRequest {
    text().drawn(10, 1.0)
}

#[test]
fn once_the_budget_is_hit_nothing_more_is_sent() {
    let scene = Scene::of([Canned::says("Hi.")]);
    let config = HttpConfig { budget: Some(Budget::Tokens(100)), ..scene.config() };
    let http = scene.http(config.clone(), Capabilities::default());
    let replies = http.submit(&vec![short(); 20]);
    // Each may come to 48 tokens and comes to 15: the fifth would have 60 before it.
    assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 4);
    assert!(replies[4..].iter().all(|reply| matches!(reply, Err(LlmError::Budget { .. }))));
    assert_eq!((http.spent().tokens, scene.stub.asked()), (spent(4), 4));
    let error = replies[4].as_ref().unwrap_err();
    assert!(
        error.to_string().starts_with("stay within the budget of 100 tokens: 60 tokens are spent"),
        "{error}"
    );
    assert!(!error.is_of_one_request());
    // Kept, and gone on with more.
    let kept: Spent = serde_json::from_str(&serde_json::to_string(&http.spent()).unwrap()).unwrap();
    let go_on = |budget| {
        let config = HttpConfig { budget: Some(budget), ..config.clone() };
        let clock = Arc::<recloop_llm::testing::FakeClock>::clone(&scene.clock);
        Http::knowing(config, Capabilities::default(), kept, clock).unwrap()
    };
    assert!(go_on(Budget::Tokens(100)).submit(&[short()])[0].is_err());
    assert_eq!(scene.stub.asked(), 4);
    let more = go_on(Budget::Tokens(150));
    assert_eq!(more.submit(&vec![short(); 20]).iter().filter(|reply| reply.is_ok()).count(), 3);
    assert_eq!(more.spent().tokens, spent(7));
}

#[test]
fn many_at_once_do_not_pass_the_budget() {
    let scene = Scene::of([Canned::says("Hi.")]);
    let prices = Prices { prompt_per_million: 1.0, cached_per_million: None, completion_per_million: 10.0 };
    let budget = Budget::Money { amount: 0.01, prices };
    let http = scene
        .http(HttpConfig { concurrency: 8, budget: Some(budget), ..scene.config() }, Capabilities::default());
    let answered = http.submit(&vec![short(); 400]).iter().filter(|reply| reply.is_ok()).count() as u64;
    let cost = prices.of(http.spent().tokens);
    assert_eq!((http.spent().tokens, scene.stub.asked() as u64), (spent(answered), answered));
    // 60 millionths each, and the last may stay unasked for its 138.
    assert!(cost <= 0.01 && cost > 0.01 - 2.0 * 138e-6, "{answered} for {cost}");
}

#[test]
fn what_nobody_counted_is_spent_at_its_most() {
    let scene = Scene::of([Canned::Truncated, Canned::says("Hi.")]);
    let http = scene.http(scene.config(), Capabilities::default());
    http.submit(&[short()]).remove(0).unwrap();
    assert_eq!(http.spent().tokens, spent(1));
    assert_eq!(http.spent().unanswered, Tokens { prompt: 38, cached: 0, completion: 10 });
    assert_eq!(http.accounts().total().tokens, spent(1), "accounts hold what servers counted");
}

#[test]
fn requests_keep_to_their_pace() {
    let scene = Scene::of([Canned::says("Hi.")]);
    let limits = Limits { requests_per_minute: Some(60.0), tokens_per_minute: None };
    let http = scene.http(HttpConfig { limits, ..scene.config() }, Capabilities::default());
    let replies = http.submit(&vec![text(); 90]);
    assert!(replies.iter().all(Result::is_ok));
    assert!((scene.naps().iter().sum::<f64>() - 30.0).abs() < 1e-6, "{:?}", scene.naps());
    assert!(replies[89].as_ref().unwrap().latency.is_zero(), "our own limits are not the server's latency");
    let scene = Scene::of([Canned::says("Hi.")]);
    let limits = Limits { requests_per_minute: None, tokens_per_minute: Some(150.0) };
    let http = scene.http(HttpConfig { limits, ..scene.config() }, Capabilities::default());
    assert!(http.submit(&vec![short(); 20]).iter().all(Result::is_ok));
    // 300 tokens in all, 150 of them at once; the last but one is waited for at its most.
    let waited = scene.naps().iter().sum::<f64>();
    assert!((60.0..=60.0 + 48.0 * 60.0 / 150.0).contains(&waited), "{waited}");
}

#[test]
fn replies_come_in_the_order_of_their_requests() {
    let scene = Scene::new(|asked| {
        let text = asked.body["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        if text.ends_with('7') { Canned::error(400, "", "no sevens") } else { Canned::says(text) }
    });
    let http = scene.http(HttpConfig { concurrency: 8, ..scene.config() }, Capabilities::default());
    let payers = Payer::ALL;
    let request = |i: usize| {
        let mut request = text();
        (request.payer, request.turns[0].text) = (payers[i % 3], i.to_string());
        request
    };
    let requests: Vec<ChatRequest> = (0..200).map(request).collect();
    for (i, reply) in http.submit(&requests).into_iter().enumerate() {
        match reply {
            Ok(reply) => assert_eq!(reply.text, i.to_string()),
            Err(error) => assert!(i % 10 == 7 && error.to_string().contains("no sevens")),
        }
    }
    assert!(http.submit(&[]).is_empty());
    let accounts = http.accounts();
    let counted = payers.map(|payer| (accounts.of(payer).requests, accounts.of(payer).failures));
    assert_eq!(counted, [(67, 6), (67, 7), (66, 7)]);
    assert_eq!(accounts.total().tokens, spent(180));
    assert!(accounts.total().latencies.quantile(0.95).is_some());
}

/// The asked 200 µs are measured in release mode by the bench; this notices when it is ten times that.
#[test]
fn little_is_added_to_what_the_server_takes() {
    let scene = Scene::of([Canned::says("Hi.")]);
    let http = scene.http(scene.config(), Capabilities::default());
    http.submit(&[text()]).remove(0).unwrap();
    let begun = Instant::now();
    http.submit(&vec![text(); 500]);
    let micros = begun.elapsed().as_secs_f64() * 1e6 / 500.0;
    assert!(micros < 2_000.0, "{micros} µs a decision");
}
