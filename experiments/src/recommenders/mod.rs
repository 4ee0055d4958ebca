//! The recommenders that can be chosen by name.
//!
//! To add one, write its `build` here and add one line to [`registry`]; `ranking.rs` has what wraps around any scorer.

mod agentic;
mod ranking;
mod trained;

use ranking::Ranking;
use recloop_agents::factorise::ImplicitAls;
use recloop_agents::{
    AgentError, DotProduct, Familiar, LinUcb, LinearReward, MatrixFactorisation, OracleRanker, Popularity,
    RandomSlates, Recency, Refit, Reward, Scorer, ThompsonSampling,
};
use recloop_env::{Goal, Registry};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};
pub(crate) use trained::{by_folder, recognise};

use crate::config::{bad, parse};
use crate::{ConfigError, Models, Player};

/// What policies that were trained are called.
const NAME: &str = "trained";

/// A recommender that can be chosen by name.
#[derive(Debug, Clone, Copy)]
pub struct RecommenderEntry {
    /// What it is, in one line.
    pub summary: &'static str,
    /// Every key that has a default.
    pub defaults: fn() -> Table,
    /// Keys of rankings that may be absent, which means something of its own: without a `temperature` one is greedy.
    pub optional: &'static [&'static str],
    /// Keys of this one alone that may be absent.
    pub own: &'static [&'static str],
    /// Builds it; values of the wrong type or out of range are refused.
    pub build: fn(&Table, &Models) -> Result<Player, ConfigError>,
}

impl RecommenderEntry {
    /// Every key there is.
    #[must_use]
    pub fn known(&self) -> Vec<String> {
        let optional = self.own.iter().chain(self.optional).map(|key| (*key).to_owned());
        (self.defaults)().into_iter().map(|(key, _)| key).chain(optional).collect()
    }
}

/// All recommenders, by name. What ranks by scores does so greedily, or as Plackett–Luce if given a temperature.
#[must_use]
pub fn registry() -> Registry<RecommenderEntry> {
    let ranker = |summary, build| RecommenderEntry {
        summary,
        defaults: || [("marginals".to_owned(), Value::Boolean(false))].into_iter().collect(),
        optional: ranking::OPTIONAL,
        own: &[],
        build,
    };
    let oracle =
        |summary, build| RecommenderEntry { summary, defaults: Table::new, optional: &[], own: &[], build };
    let random = ranker("slates drawn uniformly: what every other is compared with", random);
    let popularity = ranker("what was clicked most, old clicks fading if given a half-life", popularity);
    Registry::new("recommender")
        .with("random", RecommenderEntry { optional: &[], ..random })
        .with("popularity", RecommenderEntry { own: &["half_life_ticks"], ..popularity })
        .with("recency", ranker("the newest first", |keys, _| plain(Recency, keys)))
        .with("dot", ranker("observed interest · item topic", |keys, _| plain(DotProduct::default(), keys)))
        .with("familiar", ranker("like what was clicked before", |keys, _| plain(Familiar::default(), keys)))
        .with(
            "mf",
            RecommenderEntry {
                defaults: factorising,
                own: &["every_hours", "every_ticks"],
                ..ranker("factorises the clicks so far, now and then anew", mf)
            },
        )
        .with(
            "linucb",
            RecommenderEntry {
                defaults: || bandit(0.25),
                ..ranker("optimism about a linear model of clicks", linucb)
            },
        )
        .with(
            "thompson",
            RecommenderEntry {
                defaults: || bandit(0.25),
                ..ranker(
                    "a linear model of clicks drawn anew for every slate; its propensities are not known",
                    thompson,
                )
            },
        )
        .with(
            "agentic",
            RecommenderEntry {
                defaults: agentic::defaults,
                ..ranker("listens to what users say: plans, uses tools, explains, asks", agentic::build)
            },
        )
        .with(
            NAME,
            RecommenderEntry {
                own: trained::KEYS,
                ..ranker("a policy of `recloop train`: name its folder in place of this", trained::build)
            },
        )
        .with(
            "oracle-click",
            oracle("reads the truth: the likeliest click first", |_, _| Ok(omniscient(Goal::Click))),
        )
        .with(
            "oracle-dwell",
            oracle("reads the truth: the longest dwell first", |_, _| Ok(omniscient(Goal::Dwell))),
        )
        .with(
            "oracle-utility",
            oracle("reads the truth: what users will have got most out of first", |_, _| {
                Ok(omniscient(Goal::Utility))
            }),
        )
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> ConfigError {
    ConfigError::Part { what: "the recommender".into(), source: Box::new(error) }
}

/// A scorer without keys of its own.
fn plain(scorer: impl Scorer + 'static, keys: &Table) -> Result<Player, ConfigError> {
    Ranking::take(&mut keys.clone())?.of(scorer)
}

fn random(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    let Ranking { marginals, .. } = parse("recommender", keys.clone())?;
    Ok(Player::Policy(Box::new(RandomSlates::default().with_marginals(marginals))))
}

/// A scorer that reads keys of its own.
fn scored<K: DeserializeOwned, S: Scorer + 'static>(
    keys: &Table,
    scorer: impl FnOnce(K) -> Result<S, AgentError>,
) -> Result<Player, ConfigError> {
    let mut keys = keys.clone();
    let ranking = Ranking::take(&mut keys)?;
    ranking.of(scorer(parse("recommender", keys)?).map_err(refused)?)
}

fn popularity(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    #[derive(Deserialize)]
    struct Keys {
        half_life_ticks: Option<f32>,
    }
    scored(keys, |keys: Keys| Popularity::new(keys.half_life_ticks))
}

/// What [`MatrixFactorisation`] does by default, as keys.
fn factorising() -> Table {
    let keys = [("factors", 16), ("sweeps", 4)];
    let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), Value::Integer(value)));
    keys.chain([("marginals".to_owned(), Value::Boolean(false))]).collect()
}

fn mf(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    #[derive(Deserialize)]
    struct Keys {
        factors: usize,
        sweeps: usize,
        every_hours: Option<f32>,
        every_ticks: Option<u32>,
    }
    if keys.contains_key("every_hours") && keys.contains_key("every_ticks") {
        return Err(bad(
            "recommender.every_ticks",
            "it refits by `every_hours` already; give one of them".into(),
        ));
    }
    scored(keys, |Keys { factors, sweeps, every_hours, every_ticks }: Keys| {
        let als = ImplicitAls { factors, sweeps, ..ImplicitAls::default() };
        let refit = every_hours.map(Refit::Hours).or(every_ticks.map(Refit::Ticks));
        MatrixFactorisation::new(als, refit)
    })
}

/// What the linear bandits take by default, as keys.
fn bandit(exploration: f64) -> Table {
    let keys = [
        ("exploration", Value::Float(exploration)),
        ("reward", Value::String("click".into())),
        ("ridge", Value::Float(1.0)),
        ("marginals", Value::Boolean(false)),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Keys of the linear bandits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bandit {
    exploration: f32,
    reward: Predicted,
    ridge: f32,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Predicted {
    Click,
    Minutes,
}

impl Bandit {
    fn settings(&self) -> LinearReward {
        let reward = match self.reward {
            Predicted::Click => Reward::Click,
            Predicted::Minutes => Reward::DwellMinutes,
        };
        LinearReward { reward, ridge: self.ridge }
    }
}

fn linucb(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    scored(keys, |keys: Bandit| LinUcb::new(keys.exploration, keys.settings()))
}

fn thompson(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    scored(keys, |keys: Bandit| ThompsonSampling::new(keys.exploration, keys.settings()))
}

fn omniscient(goal: Goal) -> Player {
    Player::Oracle(Box::new(OracleRanker::new(goal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recommender_can_be_built_from_its_defaults() {
        for (name, entry) in registry().iter().filter(|(name, _)| *name != NAME) {
            (entry.build)(&(entry.defaults)(), &Models::default())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn mf_is_by_default_what_the_crate_calls_default() {
        let als = ImplicitAls { factors: 16, sweeps: 4, ..ImplicitAls::default() };
        let made = MatrixFactorisation::new(als, None).unwrap();
        assert_eq!(format!("{made:?}"), format!("{:?}", MatrixFactorisation::default()));
        let keys = factorising();
        assert_eq!(["factors", "sweeps"].map(|key| keys[key].as_integer().unwrap()), [16, 4]);
    }
}
