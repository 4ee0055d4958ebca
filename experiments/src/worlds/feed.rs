//! `feed-v0`, the flagship: a feed where what you show today decides who comes back next month. And what the worlds
//! of real people share with it.

use std::sync::Arc;

use recloop_creators::{BeliefParams, FeedCreators, FeedCreatorsParams, MarketParams};
use recloop_env::{Clock, Objective, Part, Sharded, Topics, World, WorldBuilder};
use recloop_users::{Feed, FeedParams, People};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::keys::{Keys, merged};
use super::marketplace::{Marketplace, Writer};
use super::{Given, clicks, part};
use crate::ConfigError;

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What a feed shows and counts, whoever lives in it: keys of `feed-v0`, `movielens-v0` and `lastfm-v0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedRules {
    /// Items per slate.
    pub slate: usize,
    /// Clicked items a recommender sees of the past.
    pub history: usize,
    /// Seconds per tick: the bucket in which due slates are served together.
    pub tick_secs: f64,
    /// Whether an item shown to a user is no candidate for that user again, until fewer than a slate are left.
    pub no_repeat: bool,
    /// Off: nothing one user does reaches another. Popularity is not felt, creators are told nothing and none leaves.
    pub interference: Switch,
    /// Share of a click's weight that popularity, and a creator's standing in the market, keep after a day.
    pub keep_per_day: f32,
    /// Weight of a minute spent in the reward.
    pub reward_minutes: f32,
    /// Weight of a like.
    pub reward_likes: f32,
    /// Weight of a hide.
    pub reward_hides: f32,
    /// Weight of a return, credited on the first slate of the visit.
    pub reward_returns: f32,
    /// Weight of a slate given wholly to items shown fewer than a hundred times before.
    pub reward_newcomers: f32,
}

impl Default for FeedRules {
    /// Slate, tick and popularity are the spec's; the history is what sequential recommenders use; the reward is
    /// minutes, what most platforms report (the last two chosen by us).
    fn default() -> Self {
        Self {
            slate: 10,
            history: 50,
            tick_secs: 120.0,
            no_repeat: true,
            interference: Switch::On,
            keep_per_day: 0.9,
            reward_minutes: 1.0,
            reward_likes: 0.0,
            reward_hides: 0.0,
            reward_returns: 0.0,
            reward_newcomers: 0.0,
        }
    }
}

impl FeedRules {
    pub(super) fn is_interfering(&self) -> bool {
        self.interference == Switch::On
    }

    /// A world of these rules, still without people and items.
    pub(super) fn builder(&self, id: &str) -> WorldBuilder {
        let signal = |name: &str, at| Part::Signal { name: name.into(), at };
        let objective = Objective::new()
            .with(Part::DwellMinutes, self.reward_minutes)
            .with(signal("like", 0), self.reward_likes)
            .with(signal("hide", 1), self.reward_hides)
            .with(Part::Returns, self.reward_returns)
            .with(Part::NewcomerExposure, self.reward_newcomers);
        let mut world = World::builder(id)
            .slate_size(self.slate)
            .history(clicks(self.history))
            .clock(Clock { tick_secs: self.tick_secs, calendar: true })
            .objective(objective);
        if self.no_repeat {
            world = world.no_repeat();
        }
        if self.is_interfering() {
            world = world.popularity(self.keep_per_day);
        }
        world
    }

    /// Creators who come and go by these rules, on the shelf they fill.
    pub(super) fn publishing(
        &self,
        world: WorldBuilder,
        creators: FeedCreators,
        market: &MarketParams,
        writer: Option<Writer>,
    ) -> Result<WorldBuilder, ConfigError> {
        let market = MarketParams { keep_per_day: self.keep_per_day, ..market.clone() };
        Marketplace {
            market,
            tick_secs: self.tick_secs,
            at_least: self.slate,
            interference: self.is_interfering(),
            writer,
        }
        .open(world, creators)
    }
}

/// Keys of `feed-v0` that are not about rules, users or creators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Users, all of whom open the app on the first day.
    pub users: usize,
    /// What people and items can be about.
    pub topics: usize,
    /// Dimensions of interests and items.
    pub dim: usize,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { users: 2_000, topics: 14, dim: 32 }
    }
}

pub(super) fn defaults() -> Table {
    merged([
        super::table_of::<FeedConfig>(),
        super::table_of::<FeedRules>(),
        super::table_of::<FeedParams>(),
        super::table_of::<FeedCreatorsParams>(),
        super::table_of::<BeliefParams>(),
        market_keys(),
    ])
}

/// What can be set about a market beyond the rules.
pub(super) fn market_keys() -> Table {
    let mut keys = super::table_of::<MarketParams>();
    // One rate for popularity and for a creator's standing: it is a key of the rules.
    keys.remove("keep_per_day");
    keys
}

pub(super) fn build(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    assemble("feed-v0", Keys::of(table), None, |world, users, n| Ok(world.cohort(Sharded::new(users, n))))
}

/// A world of the feed's keys, whose users are made of feed users; `keys` holds no others.
pub(super) fn assemble(
    id: &str,
    mut keys: Keys,
    writer: Option<Writer>,
    settle: impl FnOnce(WorldBuilder, Feed, usize) -> Result<WorldBuilder, ConfigError>,
) -> Result<World, ConfigError> {
    let config: FeedConfig = keys.take(super::table_of::<FeedConfig>())?;
    let rules: FeedRules = keys.take(super::table_of::<FeedRules>())?;
    let users: FeedParams = keys.take(super::table_of::<FeedParams>())?;
    let creators: FeedCreatorsParams = keys.take(super::table_of::<FeedCreatorsParams>())?;
    let beliefs: BeliefParams = keys.take(super::table_of::<BeliefParams>())?;
    let market: MarketParams = keys.take(market_keys())?;
    keys.end()?;
    super::keys::at_least("topics", config.topics, 1)?;
    super::keys::at_least("dim", config.dim, 1)?;
    let topics = Arc::new(Topics::new(config.topics, config.dim));
    let creators = FeedCreators::new(&creators, Arc::clone(&topics), rules.tick_secs)
        .and_then(|creators| creators.believing(&beliefs))
        .map_err(part("the creators"))?;
    let items = creators.items();
    let users = Feed::new(users, People::drawn(topics), &items.observed(), &items.latent())
        .map_err(part("the users"))?;
    let world = settle(rules.builder(id), users, config.users)?;
    Ok(rules.publishing(world, creators, &market, writer)?.build()?)
}
