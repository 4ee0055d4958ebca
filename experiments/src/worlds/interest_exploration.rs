//! `interest-exploration-v0`: users of two hidden types.

use recloop_creators::TopicItems;
use recloop_env::{ItemLaw, Objective, Part, Sharded, World};
use recloop_users::{InterestExploration, InterestExplorationParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Given, clicks, part, read, supply, table_of};
use crate::ConfigError;

/// Keys of `interest-exploration-v0`; the defaults are the published setting but for the number of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestExplorationConfig {
    /// Users.
    pub users: usize,
    /// Candidates per user and tick.
    pub candidates: usize,
    /// Items per slate.
    pub slate: usize,
    /// Whether candidates are drawn afresh for every user and tick; otherwise one set is drawn and shared.
    pub redraw: bool,
    /// Clicked items a recommender sees of the past.
    pub history: usize,
    /// Logit of clicking nothing.
    pub no_click_logit: f32,
}

impl Default for InterestExplorationConfig {
    fn default() -> Self {
        let no_click_logit = InterestExplorationParams::default().no_click_logit;
        Self { users: 2_000, candidates: 20, slate: 2, redraw: true, history: 10, no_click_logit }
    }
}

pub(super) fn defaults() -> Table {
    table_of::<InterestExplorationConfig>()
}

pub(super) fn build(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    let config: InterestExplorationConfig = read(table)?;
    let params = InterestExplorationParams {
        no_click_logit: config.no_click_logit,
        ..InterestExplorationParams::default()
    };
    let items = TopicItems::interest_exploration();
    let users = InterestExploration::new(&params, &items.observed()).map_err(part("users"))?;
    let world = World::builder("interest-exploration-v0")
        .cohort(Sharded::new(users, config.users))
        .supply(supply(config.redraw, config.candidates, items))
        .slate_size(config.slate)
        .history(clicks(config.history))
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()?;
    Ok(world)
}
