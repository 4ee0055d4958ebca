//! What a run may cost, and what it has.

use std::sync::{Condvar, Mutex};

use serde::{Deserialize, Serialize};

use crate::{LlmError, Tokens, lock};

/// What tokens cost, per million.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// A million tokens read.
    pub prompt_per_million: f64,
    /// A million tokens read that the server had cached; as others if left out.
    #[serde(default)]
    pub cached_per_million: Option<f64>,
    /// A million tokens written.
    pub completion_per_million: f64,
}

impl Prices {
    /// What these tokens cost.
    #[must_use]
    pub fn of(&self, tokens: Tokens) -> f64 {
        let cached = self.cached_per_million.unwrap_or(self.prompt_per_million);
        let fresh = tokens.prompt.saturating_sub(tokens.cached) as f64 * self.prompt_per_million;
        let reused = tokens.cached as f64 * cached;
        (fresh + reused + tokens.completion as f64 * self.completion_per_million) / 1e6
    }
}

/// A hard limit. A request is sent only if the most it can cost still fits: the limit is never passed, and the last request
/// before it may go unasked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Budget {
    /// In tokens, read and written.
    Tokens(u64),
    /// In money, by these prices.
    Money {
        /// The most it may cost.
        amount: f64,
        /// What tokens cost, in the same currency.
        prices: Prices,
    },
}

/// What is gone. A run that goes on where another stopped starts from what that one had spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Tokens that servers counted.
    pub tokens: Tokens,
    /// The most that may have been spent on requests without an answer: nobody said.
    pub unanswered: Tokens,
}

impl Spent {
    fn total(&self) -> Tokens {
        let mut total = self.tokens;
        total += self.unanswered;
        total
    }
}

impl Budget {
    pub(crate) fn check(&self) -> Result<(), LlmError> {
        let fine = match self {
            Self::Tokens(_) => true,
            Self::Money { amount, prices } => {
                let cached = prices.cached_per_million.unwrap_or(0.0);
                let all = [*amount, prices.prompt_per_million, cached, prices.completion_per_million];
                // Cached tokens that cost more than others would break the bound on what a request can cost.
                all.iter().all(|x| x.is_finite() && *x >= 0.0) && cached <= prices.prompt_per_million
            }
        };
        let reason = || format!("{self:?} has amounts that are none, or cached tokens dearer than others");
        if fine { Ok(()) } else { Err(LlmError::Setting { key: "budget", reason: reason() }) }
    }

    fn cost(&self, tokens: Tokens) -> f64 {
        match self {
            Self::Tokens(_) => tokens.total() as f64,
            Self::Money { prices, .. } => prices.of(tokens),
        }
    }

    fn limit(&self) -> f64 {
        match self {
            Self::Tokens(limit) => *limit as f64,
            Self::Money { amount, .. } => *amount,
        }
    }

    fn words(&self, cost: f64) -> String {
        match self {
            Self::Tokens(_) => format!("{cost} tokens"),
            Self::Money { .. } => format!("{cost:.4} in money"),
        }
    }
}

/// What is spent and what is under way, beside the limit.
#[derive(Debug)]
pub(crate) struct Purse {
    budget: Option<Budget>,
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug)]
struct State {
    spent: Spent,
    /// The most that requests under way can cost.
    reserved: f64,
    closed: bool,
}

impl Purse {
    pub(crate) fn new(budget: Option<Budget>, spent: Spent) -> Self {
        Self {
            budget,
            state: Mutex::new(State { spent, reserved: 0.0, closed: false }),
            settled: Condvar::new(),
        }
    }

    /// Sets `most` aside. Where only what is under way stands in the way, waits for it: most of it comes back.
    ///
    /// # Errors
    /// [`LlmError::Budget`] if it does not fit, and from then on for whatever is asked.
    pub(crate) fn reserve(&self, most: Tokens) -> Result<(), LlmError> {
        let Some(budget) = &self.budget else { return Ok(()) };
        let cost = budget.cost(most);
        let mut state = lock(&self.state);
        loop {
            let spent = budget.cost(state.spent.total());
            state.closed |= spent + cost > budget.limit();
            if state.closed {
                let (limit, spent, next) = (budget.limit(), spent, cost);
                let [limit, spent, next] = [limit, spent, next].map(|cost| budget.words(cost));
                return Err(LlmError::Budget { limit, spent, next });
            }
            if spent + state.reserved + cost <= budget.limit() || state.reserved <= 0.0 {
                state.reserved += cost;
                return Ok(());
            }
            state = self.settled.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Takes what was set aside back, and what was spent out.
    pub(crate) fn settle(&self, most: Tokens, spent: Spent) {
        let mut state = lock(&self.state);
        state.spent.tokens += spent.tokens;
        state.spent.unanswered += spent.unanswered;
        if let Some(budget) = &self.budget {
            // Sums of doubles come back to zero only nearly.
            state.reserved = (state.reserved - budget.cost(most)).max(0.0);
            self.settled.notify_all();
        }
    }

    pub(crate) fn spent(&self) -> Spent {
        lock(&self.state).spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(prompt: u64, cached: u64, completion: u64) -> Tokens {
        Tokens { prompt, cached, completion }
    }

    fn counted(tokens: Tokens) -> Spent {
        Spent { tokens, ..Spent::default() }
    }

    #[test]
    fn money_is_counted_by_kind_of_token() {
        let prices =
            Prices { prompt_per_million: 2.0, cached_per_million: Some(0.5), completion_per_million: 8.0 };
        assert!((prices.of(tokens(1_000_000, 400_000, 500_000)) - (1.2 + 0.2 + 4.0)).abs() < 1e-12);
        let prices = Prices { cached_per_million: None, ..prices };
        assert!((prices.of(tokens(1_000_000, 400_000, 0)) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_limit_is_never_passed_and_closes_for_good() {
        let purse = Purse::new(Some(Budget::Tokens(1_000)), Spent::default());
        let most = tokens(300, 0, 100);
        for _ in 0..3 {
            purse.reserve(most).unwrap();
            purse.settle(most, counted(tokens(200, 50, 50)));
        }
        assert_eq!(purse.spent().tokens, tokens(600, 150, 150));
        let error = purse.reserve(most).unwrap_err().to_string();
        assert_eq!(
            error,
            "stay within the budget of 1000 tokens: 750 tokens are spent, and the next request may need 400 tokens"
        );
        assert!(purse.reserve(tokens(1, 0, 0)).is_err(), "nothing more is sent, however small");
    }

    #[test]
    fn what_is_under_way_is_waited_for_not_given_up() {
        let purse = Purse::new(Some(Budget::Tokens(1_000)), Spent::default());
        let most = tokens(700, 0, 0);
        purse.reserve(most).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| purse.reserve(most));
            purse.settle(most, counted(tokens(100, 0, 0)));
            second.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_run_goes_on_from_what_was_spent() {
        let purse = Purse::new(Some(Budget::Tokens(1_000)), Spent::default());
        purse.reserve(tokens(500, 0, 0)).unwrap();
        purse.settle(tokens(500, 0, 0), Spent { tokens: tokens(100, 0, 20), unanswered: tokens(400, 0, 0) });
        let kept = serde_json::to_string(&purse.spent()).unwrap();
        let spent: Spent = serde_json::from_str(&kept).unwrap();
        let purse = Purse::new(Some(Budget::Tokens(1_000)), spent);
        assert!(purse.reserve(tokens(480, 0, 0)).is_ok());
        let purse = Purse::new(Some(Budget::Tokens(1_000)), spent);
        assert!(purse.reserve(tokens(481, 0, 0)).is_err());
    }

    #[test]
    fn budgets_that_are_none_are_refused() {
        let prices =
            Prices { prompt_per_million: 1.0, cached_per_million: None, completion_per_million: 1.0 };
        assert!(Budget::Money { amount: 1.0, prices }.check().is_ok());
        assert!(Budget::Money { amount: f64::NAN, prices }.check().is_err());
        let dear = Prices { cached_per_million: Some(2.0), ..prices };
        assert!(Budget::Money { amount: 1.0, prices: dear }.check().is_err());
        assert!(serde_json::from_str::<Budget>(r#"{"tokens": -1}"#).is_err());
    }
}
