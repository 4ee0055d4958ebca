//! `long-term-satisfaction-v0` and `-v1`: clickbait now against satisfaction later.

use recloop_creators::ClickbaitItems;
use recloop_env::{ItemLaw, Objective, Part, Sharded, World};
use recloop_users::{LongTermSatisfaction, LongTermSatisfactionParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Given, clicks, part, read, supply};
use crate::ConfigError;

/// Keys of the two long-term-satisfaction worlds, which differ in the default of `sensitivity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongTermSatisfactionConfig {
    /// Users.
    pub users: usize,
    /// Candidates per user and tick.
    pub candidates: usize,
    /// Items per slate; only the top one is consumed.
    pub slate: usize,
    /// Whether candidates are drawn afresh for every user and tick; otherwise one set is drawn and shared.
    pub redraw: bool,
    /// Consumed items a recommender sees of the past.
    pub history: usize,
    /// κ: how strongly net positive exposure shows in satisfaction.
    pub sensitivity: f32,
    /// Slates until a user is done.
    pub slates: u32,
}

impl LongTermSatisfactionConfig {
    fn of(params: &LongTermSatisfactionParams) -> Self {
        let LongTermSatisfactionParams { sensitivity, slates, .. } = *params;
        Self { users: 2_000, candidates: 10, slate: 1, redraw: true, history: 10, sensitivity, slates }
    }
}

fn defaults(params: &LongTermSatisfactionParams) -> Table {
    Table::try_from(LongTermSatisfactionConfig::of(params)).expect("a config is a flat table of numbers")
}

pub(super) fn defaults_v0() -> Table {
    defaults(&LongTermSatisfactionParams::V0)
}

pub(super) fn defaults_v1() -> Table {
    defaults(&LongTermSatisfactionParams::V1)
}

pub(super) fn build_v0(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    build("long-term-satisfaction-v0", table)
}

pub(super) fn build_v1(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    build("long-term-satisfaction-v1", table)
}

fn build(id: &str, table: &Table) -> Result<World, ConfigError> {
    let config: LongTermSatisfactionConfig = read(table)?;
    let (sensitivity, slates) = (config.sensitivity, config.slates);
    let params = LongTermSatisfactionParams { sensitivity, slates, ..LongTermSatisfactionParams::V0 };
    let users = LongTermSatisfaction::new(params, &ClickbaitItems.observed()).map_err(part("users"))?;
    let engagement = Part::Signal { name: "engagement".into(), at: 0 };
    let world = World::builder(id)
        .cohort(Sharded::new(users, config.users))
        .supply(supply(config.redraw, config.candidates, ClickbaitItems))
        .slate_size(config.slate)
        .history(clicks(config.history))
        .objective(Objective::new().with(engagement, 1.0))
        .build()?;
    Ok(world)
}
