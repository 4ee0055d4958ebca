//! The recommender that listens, by name.

use recloop_agents::agentic::{Advised, Agentic, Consulted, Obedient, Obey, Speech};
use recloop_agents::{
    DotProduct, Familiar, LinUcb, LinearReward, MatrixFactorisation, PlackettLuce, Popularity, Recency,
    Scorer,
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::ranking::Ranking;
use super::refused;
use crate::config::parse;
use crate::{ConfigError, Models, Player};

/// What it is made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// What ranks where nothing is asked.
    base: Base,
    /// Whose instructions are followed: `true`, `false`, `"shuffled"` (somebody else's) or `"opposite"`.
    obey: Value,
    /// How strongly a plain wish is followed, in standard deviations of a row's scores.
    gain: f32,
    /// Slates after which it is followed half as strongly.
    half_life_slates: f32,
    /// Who plans: `"rule"`, or `"model"`, a language model, with the rule to fall back on.
    planner: PlannedBy,
    /// Whether every slate comes with a line that says why.
    explain: bool,
    /// Whether what was asked and which tools were used is logged.
    trace: bool,
    /// Whether it asks something once a session.
    ask: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Base {
    Mf,
    Popularity,
    Recency,
    Familiar,
    Dot,
    LinUcb,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PlannedBy {
    Rule,
    Model,
}

pub(super) fn defaults() -> Table {
    let (obedient, speech) = (Obedient::default(), Speech::default());
    let keys = Keys {
        base: Base::LinUcb,
        obey: Value::Boolean(true),
        gain: obedient.gain,
        half_life_slates: obedient.half_life_slates,
        planner: PlannedBy::Rule,
        explain: speech.explains,
        trace: speech.traces,
        ask: speech.asks,
    };
    let mut keys = Table::try_from(keys).expect("keys are plain data");
    keys.insert("marginals".into(), Value::Boolean(false));
    keys
}

pub(super) fn build(keys: &Table, models: &Models) -> Result<Player, ConfigError> {
    let mut keys = keys.clone();
    let ranking = Ranking::take(&mut keys)?;
    let keys: Keys = parse("recommender", keys)?;
    let base: Box<dyn Scorer> = match keys.base {
        Base::Mf => Box::new(MatrixFactorisation::default()),
        Base::Popularity => Box::new(Popularity::default()),
        Base::Recency => Box::new(Recency),
        Base::Familiar => Box::new(Familiar::default()),
        Base::Dot => Box::new(DotProduct::default()),
        Base::LinUcb => Box::new(LinUcb::new(0.25, LinearReward::default()).map_err(refused)?),
    };
    let obedient = Obedient::new(keys.gain, keys.half_life_slates).map_err(refused)?;
    let advised = Advised::new(ranking.candidates(base)?, whom(&keys.obey)?);
    let advised = match keys.planner {
        PlannedBy::Rule => advised.planned_by(obedient),
        PlannedBy::Model => advised.planned_by(Consulted::new(models.backend("the planner")?, obedient)),
    };
    let speech = Speech { explains: keys.explain, traces: keys.trace, asks: keys.ask };
    let Some(temperature) = ranking.temperature() else {
        return Ok(Player::Policy(Box::new(Agentic::new(ranking.greedy(advised), speech))));
    };
    let ranker = PlackettLuce::new(advised, temperature).map_err(refused)?;
    Ok(Player::Policy(Box::new(Agentic::new(ranker.with_marginals(ranking.marginals), speech))))
}

fn whom(obey: &Value) -> Result<Obey, ConfigError> {
    match obey {
        Value::Boolean(true) => Ok(Obey::True),
        Value::Boolean(false) => Ok(Obey::False),
        other => other.clone().try_into().map_err(|_| ConfigError::Value {
            key: "recommender.obey".into(),
            reason: format!("it is {other}; there are true, false, \"shuffled\" and \"opposite\""),
        }),
    }
}
