//! A small HTTP server within the test that asks it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How many arrived before.
    pub n: usize,
    /// Path, such as `/v1/models`.
    pub path: String,
    /// Headers, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body; null if there is none.
    pub body: Value,
}

/// What the stub does about it.
#[derive(Debug, Clone)]
pub enum Canned {
    /// A chat completion that says this, of 10 tokens read, 4 of them cached, and 5 written.
    Says(String),
    /// JSON.
    Json(Value),
    /// Any status with more headers, name and value, and a body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// Half of the body that was announced, then the connection is closed.
    Truncated,
    /// Half of the body that was announced, then nothing more; the connection stays open.
    Stalled,
    /// Nothing at all; the connection stays open.
    Silent,
    /// What is no HTTP.
    Garbage,
}

impl Canned {
    /// A chat completion that says this.
    pub fn says(text: impl Into<String>) -> Self {
        Self::Says(text.into())
    }

    /// An error as OpenAI-compatible servers put it.
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": kind, "code": status}});
        Self::Status(status, Vec::new(), body.to_string())
    }
}

/// A server on this machine that answers by a closure, until it is dropped. Each connection has a thread; many requests
/// may come over one.
///
/// ```
/// use recloop_llm::testing::{Canned, Stub};
/// use recloop_llm::{Capabilities, ChatBackend, ChatRequest, Http, HttpConfig, Payer, Spent, Wanted};
/// use recloop_llm::testing::FakeClock;
///
/// let stub = Stub::start(|asked| if asked.n == 0 { Canned::error(503, "busy", "wait") } else { Canned::says("Hi.") });
/// let config = HttpConfig::new(&stub.url(), "stub");
/// let http = Http::knowing(config, Capabilities::default(), Spent::default(), std::sync::Arc::new(FakeClock::default()))?;
/// let reply = http.submit(&[ChatRequest::new("greet", 1, Payer::User, Wanted::Text).user("Hello?")]).remove(0)?;
/// assert_eq!((reply.text.as_str(), reply.tries), ("Hi.", 2));
/// # Ok::<(), recloop_llm::LlmError>(())
/// ```
#[derive(Debug)]
pub struct Stub {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts one.
    ///
    /// # Panics
    /// If this machine gives no port away.
    pub fn start(answer: impl Fn(&Asked) -> Canned + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (answer, n, end) = (Arc::new(answer), Arc::clone(&asked), Arc::clone(&over));
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, n) = (Arc::clone(&answer), Arc::clone(&n));
                // A client that goes away ends its connection, and that is all.
                std::thread::spawn(move || serve(&stream, &*answer, &n));
            }
        });
        Self { address, asked, over, listening: Some(listening) }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests that arrived so far.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then leaves.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            // A panic of a closure is on the thread of its connection.
            let _ = listening.join();
        }
    }
}

fn serve(
    mut stream: &TcpStream,
    answer: &(impl Fn(&Asked) -> Canned + ?Sized),
    n: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some((path, headers)) = head(&mut reader)? {
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let asked = Asked { n: n.fetch_add(1, Ordering::SeqCst), path, headers, body };
        let canned = answer(&asked);
        stream.write_all(&bytes(&canned))?;
        match canned {
            Canned::Truncated | Canned::Garbage => return stream.shutdown(std::net::Shutdown::Both),
            // Until the other side has had enough.
            Canned::Silent | Canned::Stalled => return reader.read_to_end(&mut Vec::new()).map(drop),
            _ => {}
        }
    }
    Ok(())
}

/// Path and headers; nothing at the end of the connection.
fn head(reader: &mut impl BufRead) -> std::io::Result<Option<(String, BTreeMap<String, String>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => return Ok(Some((path, headers))),
        };
    }
}

fn bytes(canned: &Canned) -> Vec<u8> {
    let whole = |status: u16, more: &[(&str, String)], body: &str| {
        let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Canned\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n{body}"
        )
    };
    let text = match canned {
        Canned::Says(text) => whole(200, &[], &completion(text).to_string()),
        Canned::Json(value) => whole(200, &[], &value.to_string()),
        Canned::Status(status, headers, body) => whole(*status, headers, body),
        Canned::Truncated | Canned::Stalled => {
            let mut text = whole(200, &[], &completion("a long answer").to_string());
            text.truncate(text.len() - 40);
            text
        }
        Canned::Silent => String::new(),
        Canned::Garbage => "\u{7}\u{1}this is no server for you\r\n\r\n".into(),
    };
    text.into_bytes()
}

fn completion(text: &str) -> Value {
    json!({
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
    })
}
