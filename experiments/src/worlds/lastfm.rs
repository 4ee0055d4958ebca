//! `lastfm-v0`: listeners and artists of Last.fm; the artists are the creators.

use std::sync::Arc;

use recloop_creators::{BeliefParams, FeedCreators, FeedCreatorsParams, GivenCreator, MarketParams};
use recloop_env::{Sharded, World};
use recloop_users::{Feed, FeedParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::feed::{FeedRules, market_keys};
use super::keys::{Keys, at_least, merged};
use super::people::{Users, population};
use super::{Given, part, table_of};
use crate::ConfigError;
use crate::import::Listened;

const ID: &str = "lastfm-v0";

/// Keys of `lastfm-v0` beside those of [`FeedRules`], [`FeedParams`], [`FeedCreatorsParams`] and [`MarketParams`].
///
/// # What comes from the data
/// The listeners: interest from a factorisation of listening counts, activity and conformity from their own history,
/// groups by what they do (the data has no gender or age). The artists: name, style (the fitted vector), home topic (a
/// tag), quality and bait by stand-ins that [`import::lastfm`](crate::import::lastfm) defines, and how often they
/// publish, as the square root of their listeners.
///
/// # What is taken from `feed-v0`
/// What happens between a person and a slate, as in `movielens-v0`; what a single track is like: artists publish tracks
/// around their own style, whose length, topic and titles are drawn; and the market. Counts have no time and no slates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastfmConfig {
    /// How many users: a number, or `"all"` for the import's people, each once.
    pub users: Users,
    /// Artists who publish: the most listened ones.
    pub artists: usize,
}

impl Default for LastfmConfig {
    /// 400 artists at one track a day each keep about as many items alive as `feed-v0` does (chosen by us).
    fn default() -> Self {
        Self { users: Users::All, artists: 400 }
    }
}

/// How artists publish unless told otherwise: once a day, around their own style rather than their topic's centre, and
/// always on their home topic (chosen by us).
fn creators_keys() -> Table {
    let params = FeedCreatorsParams {
        posts_per_day: 1.0,
        style_weight: 3.0,
        opening_home_share: 1.0,
        ..FeedCreatorsParams::default()
    };
    let mut keys = Table::try_from(params).expect("parameters are plain data");
    // The data says who there is and what they are like.
    ["n_creators", "quality_beta", "bait_beta"].iter().for_each(|key| drop(keys.remove(*key)));
    keys
}

pub(super) fn defaults() -> Table {
    merged([
        table_of::<LastfmConfig>(),
        table_of::<FeedRules>(),
        table_of::<FeedParams>(),
        creators_keys(),
        table_of::<BeliefParams>(),
        market_keys(),
    ])
}

pub(super) fn build(table: &Table, given: &Given<'_>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let config: LastfmConfig = keys.take(table_of::<LastfmConfig>())?;
    let rules: FeedRules = keys.take(table_of::<FeedRules>())?;
    let users: FeedParams = keys.take(table_of::<FeedParams>())?;
    let creators: FeedCreatorsParams = keys.take(creators_keys())?;
    let beliefs: BeliefParams = keys.take(table_of::<BeliefParams>())?;
    let market: MarketParams = keys.take(market_keys())?;
    keys.end()?;
    at_least("artists", config.artists, 1)?;
    let dir = given.data.ok_or_else(|| ConfigError::NoData { world: ID.into() })?;
    let listened = Listened::load(dir).map_err(part("the listeners and artists of its data"))?;
    let artists = artists(&listened, config.artists, creators.posts_per_day);
    let topics = Arc::new(listened.feed.topics.clone());
    let creators = FeedCreators::given(&creators, topics, rules.tick_secs, artists)
        .and_then(|creators| creators.believing(&beliefs))
        .map_err(part("the artists"))?;
    let items = creators.items();
    let model = Feed::new(users, population(&listened.feed), &items.observed(), &items.latent())
        .map_err(part("the listeners"))?;
    let cohort = Sharded::new(model, config.users.count(listened.users.len()));
    Ok(rules.publishing(rules.builder(ID).cohort(cohort), creators, &market, None)?.build()?)
}

/// The `n` most listened artists, in order of the import; they publish `posts_per_day` on average.
fn artists(listened: &Listened, n: usize, posts_per_day: f32) -> Vec<GivenCreator> {
    let (all, feed) = (&listened.artists, &listened.feed);
    let mut chosen: Vec<usize> = (0..all.len()).collect();
    chosen.sort_by_key(|&at| (std::cmp::Reverse(all[at].n_listeners), at));
    chosen.truncate(n);
    chosen.sort_unstable();
    let mean = chosen.iter().map(|&at| all[at].weight).sum::<f32>() / chosen.len().max(1) as f32;
    let artist = |&at: &usize| GivenCreator {
        name: all[at].name.clone(),
        topic: feed.topic[at],
        style: feed.embedding.row(at).to_vec(),
        quality: feed.quality[at],
        bait: feed.bait[at],
        posts_per_day: posts_per_day * all[at].weight / mean,
    };
    chosen.iter().map(artist).collect()
}
