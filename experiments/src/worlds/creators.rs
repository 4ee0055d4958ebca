//! `creators-v0`: readers who never change, so that what happens is the creators' and the platform's doing.

use std::sync::Arc;

use recloop_creators::{
    BeliefParams, Exit, FeedCreators, FeedCreatorsParams, MarketParams, Posting, TopicRule,
};
use recloop_env::{Clock, Objective, Part, Sharded, Topics, World};
use recloop_users::{Readers, ReadersParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::keys::{Keys, at_least, merged};
use super::marketplace::Marketplace;
use super::{Given, clicks, part, table_of};
use crate::ConfigError;

const ID: &str = "creators-v0";
/// A round is a day.
const ROUND_SECS: f32 = 86_400.0;

/// Keys of `creators-v0` that are not about readers or creators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatorsConfig {
    /// Readers, each of whom comes once a round (published: 1,500).
    pub users: usize,
    /// What readers and items can be about (published: 14).
    pub topics: usize,
    /// Dimensions of interests and items.
    pub dim: usize,
    /// Items per slate (published: 5).
    pub slate: usize,
    /// Clicked items a recommender sees of the past.
    pub history: usize,
    /// Whether an item shown to a reader is no candidate for that reader again, until fewer than a slate are left.
    pub no_repeat: bool,
    /// Weight of a minute spent in the reward.
    pub reward_minutes: f32,
    /// Weight of a click.
    pub reward_clicks: f32,
}

impl Default for CreatorsConfig {
    fn default() -> Self {
        Self {
            users: 1_500,
            topics: 14,
            dim: 32,
            slate: 5,
            history: 50,
            no_repeat: true,
            reward_minutes: 1.0,
            reward_clicks: 0.0,
        }
    }
}

/// The published setting: 50 creators who post once a round and choose topics, items on offer for 10 rounds.
fn creators_keys() -> Table {
    let params = FeedCreatorsParams {
        n_creators: 50,
        rule: TopicRule::Belief,
        posts_per_day: 1.0,
        posting: Posting::Regular,
        lifetime_days: 10.0,
        opening_items: 500,
        ..FeedCreatorsParams::default()
    };
    let mut keys = Table::try_from(params).expect("parameters are plain data");
    // A turn is a round.
    keys.remove("turn_secs");
    keys
}

/// A round is long: creators think before every item.
fn belief_keys() -> Table {
    let params = BeliefParams { revisit_items: 1, ..BeliefParams::default() };
    Table::try_from(params).expect("parameters are plain data")
}

/// The published market: nobody comes, and whoever posts five items in a row without a click goes.
fn market_keys() -> Table {
    let params = MarketParams { entries_per_day: 0.0, exit: Exit::FiveSilent, ..MarketParams::default() };
    Table::try_from(params).expect("parameters are plain data")
}

pub(super) fn defaults() -> Table {
    merged([
        table_of::<CreatorsConfig>(),
        table_of::<ReadersParams>(),
        creators_keys(),
        belief_keys(),
        market_keys(),
    ])
}

pub(super) fn build(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let config: CreatorsConfig = keys.take(table_of::<CreatorsConfig>())?;
    let readers: ReadersParams = keys.take(table_of::<ReadersParams>())?;
    let creators: FeedCreatorsParams = keys.take(creators_keys())?;
    let beliefs: BeliefParams = keys.take(belief_keys())?;
    let market: MarketParams = keys.take(market_keys())?;
    keys.end()?;
    at_least("topics", config.topics, 1)?;
    at_least("dim", config.dim, 1)?;
    let (topics, tick_secs) = (Arc::new(Topics::new(config.topics, config.dim)), f64::from(ROUND_SECS));
    let creators = FeedCreatorsParams { turn_secs: ROUND_SECS, ..creators };
    let creators = FeedCreators::new(&creators, Arc::clone(&topics), tick_secs)
        .and_then(|creators| creators.believing(&beliefs))
        .map_err(part("the creators"))?;
    let items = creators.items();
    let readers = Readers::new(readers, ROUND_SECS, topics, &items.observed(), &items.latent())
        .map_err(part("the readers"))?;
    let objective = Objective::new()
        .with(Part::DwellMinutes, config.reward_minutes)
        .with(Part::Clicks, config.reward_clicks);
    let mut world = World::builder(ID)
        .slate_size(config.slate)
        .history(clicks(config.history))
        .clock(Clock { tick_secs, calendar: true })
        .objective(objective)
        .cohort(Sharded::new(readers, config.users));
    if config.no_repeat {
        world = world.no_repeat();
    }
    let marketplace =
        Marketplace { market, tick_secs, at_least: config.slate, interference: true, writer: None };
    Ok(marketplace.open(world, creators)?.build()?)
}
