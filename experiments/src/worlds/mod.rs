//! The worlds one can name: each is a config with defaults, and a recipe that puts the parts together.
//!
//! To add a world, write a module with its config and recipe, and add one line to [`registry`].

mod creators;
mod dialogue;
mod feed;
mod interest_evolution;
mod interest_exploration;
mod keys;
mod lastfm;
mod long_term_satisfaction;
mod marketplace;
mod movielens;
mod people;
mod targeting;

pub use creators::CreatorsConfig;
pub use dialogue::{Authorship, MindsConfig};
pub use feed::{FeedConfig, FeedRules, Switch};
pub use interest_evolution::InterestEvolutionConfig;
pub use interest_exploration::InterestExplorationConfig;
pub use lastfm::LastfmConfig;
pub use long_term_satisfaction::LongTermSatisfactionConfig;
pub use movielens::MovielensConfig;
pub use people::Users;
pub use targeting::TargetingConfig;

use std::path::Path;
use std::sync::Arc;

use recloop_env::{HistorySpec, ItemLaw, Keep, OpenShelf, Registry, Supply, World};
use recloop_users::minds::Mind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::{ConfigError, Models, RunConfig, config};

/// How long a run watches unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Watch {
    /// Until everybody is gone.
    UntilDone,
    /// So many ticks of a world where nobody ever leaves.
    Ticks(u32),
    /// So many simulated days.
    Days(f64),
}

/// What a world may need beside its keys.
#[derive(Debug, Clone, Default)]
pub struct Given<'a> {
    /// A directory of imported data.
    pub data: Option<&'a Path>,
    /// Language models to ask.
    pub models: Models,
    /// Whoever stands between users and their minds.
    pub guide: Option<&'a dyn Guide>,
}

/// Stands between users and the language model that decides for them: to write down what it decides, say.
pub trait Guide: Send + Sync {
    /// The mind to live by in place of `mind`.
    fn guide(&self, mind: Arc<dyn Mind>) -> Arc<dyn Mind>;
}

impl std::fmt::Debug for dyn Guide + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guide")
    }
}

/// A world that can be chosen by name.
#[derive(Debug, Clone, Copy)]
pub struct WorldEntry {
    /// What it is, in one line.
    pub summary: &'static str,
    /// Whether it is made from data that has to be imported first.
    pub needs_data: bool,
    /// How long a run watches unless it says otherwise.
    pub watch: Watch,
    /// The recommender of a run that names none: one that this world lets do something.
    pub recommender: &'static str,
    /// Every key with its default.
    pub defaults: fn() -> Table,
    /// Puts the world together from a full table of keys and what it is given beside them.
    pub build: fn(&Table, &Given<'_>) -> Result<World, ConfigError>,
}

/// All worlds, by versioned id.
#[must_use]
pub fn registry() -> Registry<WorldEntry> {
    use {interest_evolution as ie, interest_exploration as iex, long_term_satisfaction as lts};
    let entry = |summary, defaults, build| WorldEntry {
        summary,
        needs_data: false,
        watch: Watch::UntilDone,
        recommender: "random",
        defaults,
        build,
    };
    let endless = |ticks, entry| WorldEntry { watch: Watch::Ticks(ticks), ..entry };
    let evolving =
        entry("viewers with a time budget whose interests follow what they watch", ie::defaults, ie::build);
    let films = entry(
        "people and films of MovieLens, living as feed users do",
        movielens::defaults,
        movielens::build,
    );
    let artists =
        entry("listeners and artists of Last.fm; artists are the creators", lastfm::defaults, lastfm::build);
    let monthly = |entry| WorldEntry { watch: Watch::Days(30.0), recommender: "mf", ..entry };
    let feed = entry(
        "a feed whose users come back, or not, because of what it showed them",
        feed::defaults,
        feed::build,
    );
    let studio = entry(
        "creators who learn what their audience wants, and readers who never change",
        creators::defaults,
        creators::build,
    );
    let talk = entry(
        "the same feed, with users who may say what they want before they leave",
        dialogue::defaults,
        dialogue::build,
    );
    Registry::new("world")
        .with("feed-v0", monthly(feed))
        .with("dialogue-feed-v0", monthly(talk))
        // The published runs watch 110 rounds.
        .with("creators-v0", WorldEntry { recommender: "linucb", ..endless(110, studio) })
        .with("interest-evolution-v0", WorldEntry { recommender: "dot", ..evolving })
        .with(
            "interest-exploration-v0",
            // The published runs watch 100 steps.
            endless(
                100,
                entry("users of two hidden types; find out who likes what", iex::defaults, iex::build),
            ),
        )
        .with(
            "long-term-satisfaction-v0",
            entry(
                "clickbait against satisfaction, with the published constants",
                lts::defaults_v0,
                lts::build_v0,
            ),
        )
        .with(
            "long-term-satisfaction-v1",
            entry("the same, tuned so that the long-term trade-off exists", lts::defaults_v1, lts::build_v1),
        )
        .with(
            "targeting-v0",
            WorldEntry {
                recommender: "dot",
                ..endless(
                    100,
                    entry(
                        "readers and items that are each meant for some of them",
                        targeting::defaults,
                        targeting::build,
                    ),
                )
            },
        )
        .with("movielens-v0", WorldEntry { needs_data: true, ..monthly(films) })
        .with("lastfm-v0", WorldEntry { needs_data: true, ..monthly(artists) })
}

/// Builds a world by name, with settings such as `"users=100"` over its defaults.
///
/// # Errors
/// An unknown world or key (the message suggests the nearest), or a value a world refuses.
pub fn make(id: &str, settings: &[&str]) -> Result<World, ConfigError> {
    let mut layer = Table::new();
    config::put(&mut layer, "world", "name", id);
    for setting in settings {
        config::set(&mut layer, setting)?;
    }
    RunConfig::resolve([layer])?.build_world()
}

/// A config's keys with their default values.
fn table_of<C: Serialize + Default>() -> Table {
    Table::try_from(C::default()).expect("a config is a flat table of numbers, words and flags")
}

/// Reads a table into a checked config.
fn read<C: DeserializeOwned>(table: &Table) -> Result<C, ConfigError> {
    crate::config::parse("world", table.clone())
}

/// A model that refuses its parameters.
fn part<E: std::error::Error + Send + Sync + 'static>(what: &str) -> impl FnOnce(E) -> ConfigError + '_ {
    move |error| ConfigError::Part { what: what.into(), source: Box::new(error) }
}

/// Candidates drawn afresh for every row and tick, or one set drawn once and shown to everybody.
fn supply(redraw: bool, candidates: usize, law: impl ItemLaw + 'static) -> Supply {
    let law = Box::new(law);
    if redraw {
        return Supply::Redrawn { per_row: candidates, law };
    }
    Supply::Shelf(Box::new(OpenShelf::drawn(candidates, law, None)))
}

/// A window of the last `length` clicked items.
fn clicks(length: usize) -> HistorySpec {
    HistorySpec { length, keep: Keep::Clicks }
}
