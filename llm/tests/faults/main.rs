//! A server that fails in every way there is, and what becomes of those who ask it.

mod forms;
mod keys;
mod limits;
mod probe;
mod tries;

use std::sync::Arc;

use recloop_llm::testing::{Canned, FakeClock, Stub};
use recloop_llm::{
    Capabilities, ChatReply, ChatRequest, Http, HttpConfig, Kind, LlmError, Patience, Payer, Retry, Shape,
    Spent, Wanted,
};

/// A server, a client of it and the clock they are by.
struct Scene {
    stub: Stub,
    clock: Arc<FakeClock>,
}

impl Scene {
    fn new(answer: impl Fn(&recloop_llm::testing::Asked) -> Canned + Send + Sync + 'static) -> Self {
        Self { stub: Stub::start(answer), clock: Arc::default() }
    }

    /// Each canned answer once, the last one for ever.
    fn of(canned: impl Into<Vec<Canned>>) -> Self {
        let canned = canned.into();
        Self::new(move |asked| canned[asked.n.min(canned.len() - 1)].clone())
    }

    fn config(&self) -> HttpConfig {
        let retry = Retry { tries: 3, first_wait_secs: 1.0, longest_wait_secs: 30.0 };
        let patience = Patience { failures: 1_000, leave_secs: 10.0 };
        HttpConfig {
            concurrency: 1,
            timeout_secs: 5.0,
            retry,
            patience,
            ..HttpConfig::new(&self.stub.url(), "stub")
        }
    }

    fn http(&self, config: HttpConfig, capabilities: Capabilities) -> Http {
        let clock = Arc::<FakeClock>::clone(&self.clock);
        Http::knowing(config, capabilities, Spent::default(), clock).unwrap()
    }

    /// Asks one thing of a server that can do nothing special.
    fn ask(&self, request: &ChatRequest) -> Result<ChatReply, LlmError> {
        one(&self.http(self.config(), Capabilities::default()), request)
    }

    fn naps(&self) -> Vec<f64> {
        self.clock.naps().iter().map(std::time::Duration::as_secs_f64).collect()
    }
}

fn one(http: &Http, request: &ChatRequest) -> Result<ChatReply, LlmError> {
    use recloop_llm::ChatBackend;
    let mut replies = http.submit(std::slice::from_ref(request));
    assert_eq!(replies.len(), 1);
    replies.remove(0)
}

fn text() -> ChatRequest {
    ChatRequest::new("greet", 1, Payer::User, Wanted::Text).user("Hello?")
}

fn shape() -> Shape {
    Shape::new("turn", [("does", Kind::among(["watch", "skip"])), ("secs", Kind::Integer { min: 0, max: 9 })])
        .unwrap()
}

fn object() -> ChatRequest {
    ChatRequest::new("turn", 1, Payer::User, Wanted::Json(shape())).user("What do you do?")
}
