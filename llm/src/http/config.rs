//! Which server, which model, how hard to try.

use serde::{Deserialize, Serialize};

use crate::{Budget, Limits, LlmError, Patience, Retry};

/// Everything about a server but what it can do. The key is not in it: only the name of the environment variable is.
///
/// ```
/// use recloop_llm::HttpConfig;
///
/// let config = HttpConfig::new("http://127.0.0.1:8080", "qwen3");
/// assert_eq!(config.endpoint()?, "http://127.0.0.1:8080/v1");
/// assert!(HttpConfig::new("http://me:secret@host/v1", "qwen3").endpoint().is_err());
/// # Ok::<(), recloop_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Address of the server, `http://host:port` with `/v1` or without.
    pub url: String,
    /// Name of the model.
    pub model: String,
    /// Environment variable with the key; none if the server wants none.
    #[serde(default)]
    pub key_variable: Option<String>,
    /// Requests under way at once.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// Longest wait for one answer.
    #[serde(default = "timeout_secs")]
    pub timeout_secs: f64,
    /// When to ask again.
    #[serde(default)]
    pub retry: Retry,
    /// When to leave the server alone.
    #[serde(default)]
    pub patience: Patience,
    /// How fast to ask.
    #[serde(default)]
    pub limits: Limits,
    /// When to stop for good; never if left out.
    #[serde(default)]
    pub budget: Option<Budget>,
}

/// What a small local server keeps busy with (chosen by us).
fn concurrency() -> usize {
    4
}

/// A long answer of a large model on a slow machine (chosen by us).
fn timeout_secs() -> f64 {
    120.0
}

impl HttpConfig {
    /// This model of this server, all else as by default.
    #[must_use]
    pub fn new(url: &str, model: &str) -> Self {
        Self {
            url: url.into(),
            model: model.into(),
            key_variable: None,
            concurrency: concurrency(),
            timeout_secs: timeout_secs(),
            retry: Retry::default(),
            patience: Patience::default(),
            limits: Limits::default(),
            budget: None,
        }
    }

    /// The address requests go to, `/v1` included.
    ///
    /// # Errors
    /// [`LlmError::Setting`] if it is no plain address: user names, passwords and questions in it would end up in logs.
    pub fn endpoint(&self) -> Result<String, LlmError> {
        let refused = |reason: &str| LlmError::Setting { key: "url", reason: reason.into() };
        let rest = self.url.strip_prefix("http://").or_else(|| self.url.strip_prefix("https://"));
        let rest = rest.ok_or_else(|| refused("it does not begin with http:// or https://"))?;
        if rest.contains(['@', '?', '#']) {
            return Err(refused("user names, passwords and keys do not belong there: see `key_variable`"));
        }
        let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
        if rest.trim_matches('/').is_empty() || !rest.chars().all(plain) {
            return Err(refused("it names no server"));
        }
        let url = self.url.trim_end_matches('/');
        Ok(if rest.trim_end_matches('/').contains('/') { url.to_owned() } else { format!("{url}/v1") })
    }

    pub(super) fn check(&self) -> Result<(), LlmError> {
        self.endpoint()?;
        let wrong = |key, reason: String| Err(LlmError::Setting { key, reason });
        if self.model.is_empty() {
            return wrong("model", "it has no name".into());
        }
        if !(1..=1_024).contains(&self.concurrency) {
            return wrong("concurrency", format!("{} is not in 1..=1024", self.concurrency));
        }
        if !(self.timeout_secs > 0.0 && self.timeout_secs <= 86_400.0) {
            return wrong("timeout_secs", format!("{} is not in (0, 86400]", self.timeout_secs));
        }
        self.retry.check()?;
        self.patience.check()?;
        self.limits.check()?;
        self.budget.as_ref().map_or(Ok(()), Budget::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<String, LlmError> {
        HttpConfig::new(url, "m").endpoint()
    }

    #[test]
    fn addresses_come_with_or_without_their_path() {
        for (url, expected) in [
            ("http://localhost:8080", "http://localhost:8080/v1"),
            ("http://localhost:8080/", "http://localhost:8080/v1"),
            ("https://host/v1/", "https://host/v1"),
            ("https://host/proxy/openai/v1", "https://host/proxy/openai/v1"),
        ] {
            assert_eq!(endpoint(url).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused_and_not_repeated() {
        for url in [
            "",
            "localhost:8080",
            "ftp://host",
            "http://",
            "http://a b",
            "http://u:sesame@host",
            "http://h/?key=sesame",
        ] {
            let message = endpoint(url).unwrap_err().to_string();
            assert!(message.starts_with("use `url`: ") && !message.contains("sesame"), "{message}");
        }
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let config = || HttpConfig::new("http://host", "m");
        config().check().unwrap();
        for bad in [
            HttpConfig { model: String::new(), ..config() },
            HttpConfig { concurrency: 0, ..config() },
            HttpConfig { timeout_secs: f64::NAN, ..config() },
            HttpConfig { retry: Retry { tries: 0, ..Retry::default() }, ..config() },
            HttpConfig { patience: Patience { failures: 0, leave_secs: 1.0 }, ..config() },
            HttpConfig {
                limits: Limits { requests_per_minute: Some(0.0), tokens_per_minute: None },
                ..config()
            },
        ] {
            assert!(matches!(bad.check(), Err(LlmError::Setting { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_few_words_make_a_config_and_unknown_ones_none() {
        let read: HttpConfig = serde_json::from_str(r#"{"url": "http://host", "model": "m"}"#).unwrap();
        assert_eq!(read, HttpConfig::new("http://host", "m"));
        let unknown = r#"{"url": "http://host", "model": "m", "key": "sk-1"}"#;
        assert!(
            serde_json::from_str::<HttpConfig>(unknown).unwrap_err().to_string().contains("unknown field")
        );
    }
}
