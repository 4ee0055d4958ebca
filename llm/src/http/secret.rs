//! The key: it goes into one header and nowhere else.

use std::fmt;

use serde_json::Value;
use ureq::http::HeaderValue;

use crate::LlmError;

/// What stands where a key was.
const HIDDEN: &str = "***";

/// A key. Cannot be shown, compared or written down.
#[derive(Clone)]
pub(crate) struct Secret {
    key: String,
    variable: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({HIDDEN} of {})", self.variable)
    }
}

impl Secret {
    pub(crate) fn from_env(variable: &str) -> Result<Self, LlmError> {
        let refused = |reason| LlmError::Key { variable: variable.into(), reason };
        let key = match std::env::var(variable) {
            Ok(key) => key.trim().to_owned(),
            Err(std::env::VarError::NotPresent) => return Err(refused("it is not set")),
            Err(std::env::VarError::NotUnicode(_)) => return Err(refused("what it holds is no text")),
        };
        if key.is_empty() {
            return Err(refused("it is empty"));
        }
        if !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(refused("what it holds has characters that no key has"));
        }
        Ok(Self { key, variable: variable.into() })
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.key)).ok()?;
        // Whoever logs headers leaves this one out.
        value.set_sensitive(true);
        Some(value)
    }

    pub(super) fn variable(&self) -> &str {
        &self.variable
    }

    /// Whether it is too long to be met by chance: local servers are given words such as `none` for a key, and those stand
    /// in answers with every right.
    pub(super) fn is_unlike_words(&self) -> bool {
        self.key.len() >= 16
    }

    /// `text` without the key: servers echo what they are sent.
    pub(super) fn cleaned(&self, text: String) -> String {
        if text.contains(&self.key) { text.replace(&self.key, HIDDEN) } else { text }
    }

    /// The same for every text within, however it was escaped on the way.
    pub(super) fn clean(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.cleaned(std::mem::take(text)),
            Value::Array(values) => values.iter_mut().for_each(|value| self.clean(value)),
            Value::Object(fields) => {
                if fields.keys().any(|name| name.contains(&self.key)) {
                    let old = std::mem::take(fields);
                    *fields = old.into_iter().map(|(name, value)| (self.cleaned(name), value)).collect();
                }
                fields.values_mut().for_each(|value| self.clean(value));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_nowhere() {
        let secret = Secret { key: "sk-se/same".into(), variable: "THE_KEY".into() };
        assert_eq!(format!("{secret:?}"), "Secret(*** of THE_KEY)");
        assert!(!format!("{:?}", secret.header().unwrap()).contains("sesame"));
        assert_eq!(secret.cleaned("no sk-se/same here".into()), "no *** here");
        let mut said: Value =
            serde_json::from_str(r#"{"a": ["sk-se\/same"], "sk-se/same": "sk\u002dse/same"}"#).unwrap();
        secret.clean(&mut said);
        assert_eq!(said, serde_json::json!({"a": ["***"], "***": "***"}));
    }

    #[test]
    fn a_key_that_is_not_there_is_named_by_its_variable() {
        let error = Secret::from_env("RECLOOP_NO_SUCH_VARIABLE").unwrap_err().to_string();
        assert_eq!(error, "find a key in the environment variable `RECLOOP_NO_SUCH_VARIABLE`: it is not set");
    }
}
