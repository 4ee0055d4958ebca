//! What asking came to, for manifests and people.

use std::collections::BTreeMap;

use recloop_llm::{Account, Accounts, Capabilities, Payer, Prices, Spent, Tokens};
use serde::{Deserialize, Serialize};

/// What was asked in a run, since it was last taken up: part of its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmReport {
    /// The model.
    pub model: String,
    /// What its server turned out to be able to do; none of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// What is gone of the budget since the run began, probing included.
    #[serde(default)]
    pub spent: Spent,
    /// What the tokens asked for now cost, where prices are known; what is replayed is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// By payer: `user`, `creator`, `recommender`.
    pub asked: BTreeMap<String, Asked>,
}

/// What one payer asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Questions answered or given up.
    pub requests: u64,
    /// Share without an answer: something else decided.
    pub fallback_share: f64,
    /// Answered from a recording.
    pub replayed: u64,
    /// Tries beyond the first.
    pub retries: u64,
    /// As the server counted them.
    pub tokens: Tokens,
    /// Median and 95 % of the time to an answer, in milliseconds; none if all was replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<[f64; 2]>,
}

pub(super) fn asked(accounts: &Accounts) -> BTreeMap<String, Asked> {
    let of = |payer: Payer| (payer.to_string(), accounts.of(payer));
    let some = Payer::ALL.into_iter().map(of).filter(|(_, account)| account.requests > 0);
    some.map(|(payer, account)| (payer, Asked::of(&account))).collect()
}

impl Asked {
    fn of(account: &Account) -> Self {
        let ms = |q| account.latencies.quantile(q).map(|latency| 1e3 * latency.as_secs_f64());
        Self {
            requests: account.requests,
            fallback_share: account.failure_share().unwrap_or(0.0),
            replayed: account.replayed,
            retries: account.retries,
            tokens: account.tokens,
            latency_ms: ms(0.5).zip(ms(0.95)).map(|(median, most)| [median, most]),
        }
    }

    /// One line for people.
    fn words(&self, payer: &str) -> String {
        let Tokens { prompt, cached, completion } = self.tokens;
        let share = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
        let mut words = format!(
            "{payer}s asked {} questions, {:.1} % without an answer; {prompt} tokens read ({:.0} % reused), {completion} written",
            self.requests,
            100.0 * self.fallback_share,
            share(cached, prompt)
        );
        if let Some([median, most]) = self.latency_ms {
            words.push_str(&format!("; {median:.0} ms each, 95 % within {most:.0} ms"));
        }
        if self.replayed > 0 {
            words.push_str(&format!("; {} from the recording", self.replayed));
        }
        words
    }
}

impl LlmReport {
    pub(super) fn priced(mut self, prices: Option<Prices>) -> Self {
        let total = |asked: &BTreeMap<String, Asked>| {
            let mut total = Tokens::default();
            asked.values().for_each(|asked| total += asked.tokens);
            total
        };
        self.cost = prices.map(|prices| prices.of(total(&self.asked)));
        self
    }

    /// A few lines for people.
    #[must_use]
    pub fn words(&self) -> String {
        let lines = self.asked.iter().map(|(payer, asked)| asked.words(payer));
        let cost = self.cost.map(|cost| format!("All together {cost:.4} in money."));
        let head = format!("Asked of `{}`:", self.model);
        let lines: Vec<String> = std::iter::once(head).chain(lines).chain(cost).collect();
        lines.join("\n  ")
    }
}
