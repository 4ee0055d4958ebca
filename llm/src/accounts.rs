//! Who asked for how much, and how long it took.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ChatReply, LlmError, Payer, Tokens, lock};

/// What happened so far, by payer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts(BTreeMap<Payer, Account>);

impl Accounts {
    /// Of one payer.
    #[must_use]
    pub fn of(&self, payer: Payer) -> Account {
        self.0.get(&payer).cloned().unwrap_or_default()
    }

    /// Of all together.
    #[must_use]
    pub fn total(&self) -> Account {
        let mut total = Account::default();
        for account in self.0.values() {
            total.add(account);
        }
        total
    }

    fn of_mut(&mut self, payer: Payer) -> &mut Account {
        self.0.entry(payer).or_default()
    }
}

/// What happened on one account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Requests that were answered or given up, replayed ones included.
    pub requests: u64,
    /// Of these, answered from a recording: free.
    pub replayed: u64,
    /// Of these, without an answer: whoever asked fell back on something else.
    pub failures: u64,
    /// Tries beyond the first of each request: repeated, repaired, or with less help of the server.
    pub retries: u64,
    /// Tokens, as servers counted them; those of tries that came to nothing included, if they were told.
    pub tokens: Tokens,
    /// How long answers took.
    pub latencies: Latencies,
}

impl Account {
    /// Share of requests without an answer; none if there were no requests.
    #[must_use]
    pub fn failure_share(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.failures as f64 / self.requests as f64)
    }

    /// Share of the tokens read that the server had cached; none if none were read.
    #[must_use]
    pub fn cached_share(&self) -> Option<f64> {
        (self.tokens.prompt > 0).then(|| self.tokens.cached as f64 / self.tokens.prompt as f64)
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.replayed += other.replayed;
        self.failures += other.failures;
        self.retries += other.retries;
        self.tokens += other.tokens;
        for (bucket, n) in &other.latencies.0 {
            *self.latencies.0.entry(*bucket).or_default() += n;
        }
    }
}

/// Buckets to a doubling: neighbours differ by 4.4 %.
const PER_DOUBLING: f64 = 16.0;

/// How long answers took, counted in buckets: bucket *b* holds what took up to `2^(b/16)` µs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies(BTreeMap<u16, u64>);

impl Latencies {
    fn count(&mut self, latency: Duration) {
        let micros = (latency.as_secs_f64() * 1e6).max(1.0);
        let bucket = (micros.log2() * PER_DOUBLING).ceil() as u16;
        *self.0.entry(bucket).or_default() += 1;
    }

    /// The time within which a share `quantile` of the answers came, rounded up by at most 4.4 %; none if there are none.
    ///
    /// # Shapes and units
    /// - `quantile`: in [0, 1], such as .5 and .95
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let total: u64 = self.0.values().sum();
        let rank = (quantile.clamp(0.0, 1.0) * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, n) in &self.0 {
            seen += n;
            if seen >= rank {
                return Some(Duration::from_secs_f64((f64::from(*bucket) / PER_DOUBLING).exp2() / 1e6));
            }
        }
        None
    }
}

/// Accounts that many threads write to.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Accounts>);

impl Ledger {
    pub(crate) fn enter(
        &self,
        payer: Payer,
        outcome: &Result<ChatReply, LlmError>,
        tries: u32,
        tokens: Tokens,
    ) {
        let mut accounts = lock(&self.0);
        let account = accounts.of_mut(payer);
        account.requests += 1;
        account.retries += u64::from(tries.saturating_sub(1));
        account.tokens += tokens;
        match outcome {
            Ok(reply) if reply.replayed => account.replayed += 1,
            Ok(reply) => account.latencies.count(reply.latency),
            Err(_) => account.failures += 1,
        }
    }

    pub(crate) fn read(&self) -> Accounts {
        lock(&self.0).clone()
    }

    /// What was replayed besides what these were asked.
    pub(crate) fn beside(&self, asked: Accounts) -> Accounts {
        let mut all = asked;
        for (payer, account) in &lock(&self.0).0 {
            all.of_mut(*payer).add(account);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatRequest, Wanted};

    fn reply(millis: u64) -> Result<ChatReply, LlmError> {
        let request = ChatRequest::new("t", 1, Payer::User, Wanted::Text);
        let mut reply = ChatReply::said(&request, "x")?;
        reply.latency = Duration::from_millis(millis);
        Ok(reply)
    }

    #[test]
    fn each_payer_has_an_account_and_they_add_up() {
        let ledger = Ledger::default();
        let tokens = Tokens { prompt: 100, cached: 60, completion: 10 };
        ledger.enter(Payer::User, &reply(40), 1, tokens);
        ledger.enter(Payer::User, &reply(40), 3, tokens);
        let failed = Err(LlmError::AsRecorded { message: "x".into() });
        ledger.enter(Payer::Creator, &failed, 2, Tokens::default());
        let mut free = reply(0).unwrap();
        free.replayed = true;
        ledger.enter(Payer::Creator, &Ok(free), 0, Tokens::default());
        let accounts = ledger.read();
        let user = accounts.of(Payer::User);
        assert_eq!((user.requests, user.retries, user.failures), (2, 2, 0));
        assert_eq!(user.tokens, Tokens { prompt: 200, cached: 120, completion: 20 });
        assert_eq!((user.cached_share(), user.failure_share()), (Some(0.6), Some(0.0)));
        let creator = accounts.of(Payer::Creator);
        assert_eq!((creator.requests, creator.retries, creator.failures, creator.replayed), (2, 1, 1, 1));
        assert_eq!((creator.cached_share(), creator.failure_share()), (None, Some(0.5)));
        assert_eq!(accounts.of(Payer::Recommender), Account::default());
        assert_eq!(accounts.total().requests, 4);
        let kept = serde_json::to_string(&accounts).unwrap();
        assert_eq!(serde_json::from_str::<Accounts>(&kept).unwrap(), accounts);
    }

    #[test]
    fn quantiles_are_those_of_the_answers_within_a_bucket() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        for millis in 1..=1_000 {
            latencies.count(Duration::from_millis(millis));
        }
        for (quantile, exact) in [(0.0, 0.001), (0.5, 0.5), (0.95, 0.95), (1.0, 1.0)] {
            let found = latencies.quantile(quantile).unwrap().as_secs_f64();
            assert!((exact..=exact * 1.045).contains(&found), "{quantile}: {found} beside {exact}");
        }
        latencies.count(Duration::ZERO);
        latencies.count(Duration::from_secs(86_400));
        assert!(latencies.quantile(1.0).unwrap() >= Duration::from_secs(86_400));
    }
}
