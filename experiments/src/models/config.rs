//! The section `[llm]` of a run.

use std::path::PathBuf;

use recloop_llm::{Budget, HttpConfig, Limits, Prices};
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::config::bad;

/// Keys of which a layer gives one: whoever names one means that one.
pub(crate) const SOURCES: &[&str] = &["url", "replay"];
/// The same of budgets.
pub(crate) const BUDGETS: &[&str] = &["budget_tokens", "budget_money"];
/// Keys that change how answers are had, never which.
pub(crate) const NO_MATTER: &[&str] = &[
    "llm.url",
    "llm.replay",
    "llm.record",
    "llm.key_variable",
    "llm.concurrency",
    "llm.timeout_secs",
    "llm.budget_tokens",
    "llm.budget_money",
    "llm.prices",
    "llm.requests_per_minute",
    "llm.tokens_per_minute",
];

/// Which language model answers, and how hard to try.
///
/// `model` is a must, and one of `url` (a server, `http://host:port`) and `replay` (a folder of recorded answers); a key is
/// named by its environment variable alone. Prices are of a million tokens read and of a million written; budgets stop the run, which can be
/// resumed with a larger one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// Address of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Environment variable with the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_variable: Option<String>,
    /// Folder to keep answers in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<PathBuf>,
    /// Folder to read answers from: nobody else is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<PathBuf>,
    /// Requests under way at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Longest wait for one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<f64>,
    /// Tokens after which to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u64>,
    /// Money after which to stop, in the unit of the prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_money: Option<f64>,
    /// Of a million tokens read and of a million written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<[f64; 2]>,
    /// Requests a minute, tries included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<f64>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<f64>,
}

impl LlmConfig {
    /// Refuses what names nobody or too many, and budgets that are none.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let both = self.budget_tokens.is_some() && self.budget_money.is_some();
        match (&self.url, &self.replay) {
            (None, None) => Err(bad("llm.url", "nobody is to be asked: give `url` or `replay`".into())),
            (Some(_), Some(_)) => {
                Err(bad("llm.replay", "a recording is asked in place of a server: give one of them".into()))
            }
            (None, Some(_)) if self.record.is_some() => {
                Err(bad("llm.record", "what is replayed is recorded already".into()))
            }
            _ if both => Err(bad("llm.budget_money", "there is a budget of tokens: give one of them".into())),
            _ if self.budget_money.is_some() && self.prices.is_none() => {
                Err(bad("llm.prices", "a budget of money needs prices, such as [0.15, 0.6]".into()))
            }
            _ => Ok(()),
        }
    }

    /// What tokens cost, if that is known.
    pub(crate) fn price(&self) -> Option<Prices> {
        let [prompt_per_million, completion_per_million] = self.prices?;
        Some(Prices { prompt_per_million, cached_per_million: None, completion_per_million })
    }

    pub(super) fn http(&self) -> HttpConfig {
        let plain = HttpConfig::new(self.url.as_deref().unwrap_or_default(), &self.model);
        let money = self.budget_money.zip(self.price());
        let money = money.map(|(amount, prices)| Budget::Money { amount, prices });
        HttpConfig {
            key_variable: self.key_variable.clone(),
            concurrency: self.concurrency.unwrap_or(plain.concurrency),
            timeout_secs: self.timeout_secs.unwrap_or(plain.timeout_secs),
            limits: Limits {
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
            },
            budget: self.budget_tokens.map(Budget::Tokens).or(money),
            ..plain
        }
    }
}
