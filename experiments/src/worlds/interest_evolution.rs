//! `interest-evolution-v0`: viewers with a time budget whose interests follow what they watch.

use recloop_creators::TopicItems;
use recloop_env::{ItemLaw, Objective, Part, Sharded, World};
use recloop_users::{InterestEvolution, InterestEvolutionParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Given, clicks, part, read, supply, table_of};
use crate::ConfigError;

/// Keys of `interest-evolution-v0`; the defaults are the published setting but for the number of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestEvolutionConfig {
    /// Viewers.
    pub users: usize,
    /// Candidates per viewer and tick.
    pub candidates: usize,
    /// Items per slate.
    pub slate: usize,
    /// Whether candidates are drawn afresh for every viewer and tick; otherwise one set is drawn and shared.
    pub redraw: bool,
    /// Clicked items a recommender sees of the past.
    pub history: usize,
    /// Minutes a viewer starts with.
    pub budget_minutes: f32,
    /// Minutes a slate without a click costs.
    pub no_click_minutes: f32,
    /// Minutes an item lasts.
    pub video_minutes: f32,
    /// Step size of an interest's move.
    pub learning_rate: f32,
}

impl Default for InterestEvolutionConfig {
    fn default() -> Self {
        let published = InterestEvolutionParams::default();
        Self {
            users: 2_000,
            candidates: 10,
            slate: 3,
            redraw: true,
            history: 0,
            budget_minutes: published.budget_minutes,
            no_click_minutes: published.no_click_minutes,
            video_minutes: published.video_minutes,
            learning_rate: published.learning_rate,
        }
    }
}

pub(super) fn defaults() -> Table {
    table_of::<InterestEvolutionConfig>()
}

pub(super) fn build(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    let config: InterestEvolutionConfig = read(table)?;
    let params = InterestEvolutionParams {
        budget_minutes: config.budget_minutes,
        no_click_minutes: config.no_click_minutes,
        video_minutes: config.video_minutes,
        learning_rate: config.learning_rate,
        ..InterestEvolutionParams::default()
    };
    let items = TopicItems::interest_evolution();
    let users =
        InterestEvolution::new(params, &items.observed(), &items.latent()).map_err(part("viewers"))?;
    let world = World::builder("interest-evolution-v0")
        .cohort(Sharded::new(users, config.users))
        .supply(supply(config.redraw, config.candidates, items))
        .slate_size(config.slate)
        .history(clicks(config.history))
        .objective(Objective::new().with(Part::DwellMinutes, 1.0))
        .build()?;
    Ok(world)
}
