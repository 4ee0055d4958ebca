//! One question over the wire, one answer back; no policy.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, RETRY_AFTER};

use super::HttpConfig;
use super::secret::Secret;
use crate::LlmError;

/// No answer is longer: a server that never stops talking is not listened to for ever.
const MOST_BYTES: u64 = 32 << 20;

/// Most of what a server said that gets into a message.
const MOST_WORDS: usize = 300;

#[derive(Debug)]
pub(super) struct Wire {
    agent: Agent,
    /// Address, `/v1` included.
    pub(super) server: String,
    secret: Option<Secret>,
}

/// What came back, clean of the key.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    /// Nothing if it was no JSON.
    pub(super) json: Option<Value>,
    text: String,
}

impl Answer {
    /// What the server says about it, shortened to one line.
    pub(super) fn words(&self) -> String {
        let said = self.json.as_ref().and_then(|json| {
            let error = json.get("error").unwrap_or(json);
            let text = error
                .as_str()
                .or_else(|| error.get("message")?.as_str())
                .or_else(|| json.get("detail")?.as_str());
            text.map(str::to_owned)
        });
        let said = said.unwrap_or_else(|| self.text.clone());
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect::<String>() {
            nothing if nothing.is_empty() => "nothing more".into(),
            words => words,
        }
    }

    /// Kind of error by its type or code, if the server names one.
    pub(super) fn kind(&self) -> String {
        let error = self.json.as_ref().and_then(|json| json.get("error"));
        let name = |key| error.and_then(|error| error.get(key)).and_then(Value::as_str).unwrap_or_default();
        format!("{} {}", name("type"), name("code"))
    }
}

/// Why nothing came back, or not all of it.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) reason: String,
    /// Whether the server may have worked, and counted, all the same.
    pub(super) sent: bool,
}

impl Wire {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, LlmError> {
        let server = config.endpoint()?;
        let secret = config.key_variable.as_deref().map(Secret::from_env).transpose()?;
        let timeout = Duration::from_secs_f64(config.timeout_secs);
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            // By phase: with a limit on the whole, ureq looks the server up on a thread of its own, for every request.
            .timeout_connect(Some(timeout))
            .timeout_send_request(Some(timeout))
            .timeout_send_body(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_recv_body(Some(timeout))
            // A redirect would take the key elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(config.concurrency)
            .max_idle_connections_per_host(config.concurrency);
        // A proxy of the environment is for what is far away.
        let settings = if is_here(&server) { settings.proxy(None) } else { settings };
        Ok(Self { agent: settings.build().into(), server, secret })
    }

    /// Where the key came from, for messages.
    pub(super) fn key_words(&self) -> String {
        match &self.secret {
            Some(secret) => format!("the key of `{}` does not do", secret.variable()),
            None => "no key was sent: name the environment variable that holds one".into(),
        }
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer, Broken> {
        let mut request = self.agent.get(format!("{}/{path}", self.server));
        if let Some(header) = self.secret.as_ref().and_then(Secret::header) {
            request = request.header(AUTHORIZATION, header);
        }
        self.read(request.call())
    }

    pub(super) fn post(&self, path: &str, body: &[u8]) -> Result<Answer, Broken> {
        let mut request = self.agent.post(format!("{}/{path}", self.server)).content_type("application/json");
        if let Some(header) = self.secret.as_ref().and_then(Secret::header) {
            request = request.header(AUTHORIZATION, header);
        }
        self.read(request.send(body))
    }

    fn read(&self, response: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, Broken> {
        let response = response.map_err(|error| self.broken(&error))?;
        let status = response.status().as_u16();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.map(str::to_owned);
        let body = response.into_body().into_with_config().limit(MOST_BYTES).read_to_vec();
        let body = body.map_err(|error| self.broken(&error))?;
        let mut json: Option<Value> = serde_json::from_slice(&body).ok();
        let fine = json.is_some() && status == 200;
        let mut text = if fine { String::new() } else { String::from_utf8_lossy(&body).into_owned() };
        if let Some(secret) = &self.secret {
            // Before anything is cut: half a key is no longer found.
            text = secret.cleaned(text);
            json.iter_mut().filter(|_| !fine || secret.is_unlike_words()).for_each(|json| secret.clean(json));
        }
        let text = text.chars().take(4 * MOST_WORDS).collect();
        Ok(Answer { status, retry_after, json, text })
    }

    fn broken(&self, error: &ureq::Error) -> Broken {
        let refused =
            matches!(error, ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused);
        let unsent = refused
            || matches!(
                error,
                ureq::Error::HostNotFound
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::Tls(_)
                    | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect)
            );
        let reason = if refused { "nobody listens there".into() } else { error.to_string() };
        let reason = self.secret.as_ref().map_or(reason.clone(), |secret| secret.cleaned(reason));
        Broken { reason, sent: !unsent }
    }
}

/// Whether a server runs on this machine.
fn is_here(server: &str) -> bool {
    let host = server.split_once("://").map_or("", |(_, rest)| rest);
    ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here))
}
