//! Every world and every recommender that has a name keeps the contract.

use std::path::Path;

use recloop_env::testing::{check_recommender, check_world, toy_feed};
use recloop_env::{Env, Recommender, World};
use recloop_experiments::worlds::WorldEntry;
use recloop_experiments::{Models, Player, RecommenderEntry, recommenders, worlds};

/// A small version of a named world that needs no data.
fn small(entry: &WorldEntry) -> World {
    let mut config = (entry.defaults)();
    config.insert("users".into(), 31.into());
    (entry.build)(&config, &worlds::Given::default()).unwrap_or_else(|error| panic!("failed to {error}"))
}

fn self_contained() -> Vec<(String, WorldEntry)> {
    let all = worlds::registry();
    all.iter().filter(|(_, entry)| !entry.needs_data).map(|(name, entry)| (name.to_owned(), *entry)).collect()
}

#[test]
fn every_named_world_keeps_every_law() {
    for (name, entry) in self_contained() {
        check_world(|| small(&entry)).unwrap_or_else(|breach| panic!("{name}: failed to {breach}"));
    }
}

/// A named recommender as it is by default, and as the most talkative stochastic policy it can be.
fn variants(entry: &RecommenderEntry, dir: &Path) -> Vec<toml::Table> {
    let greedy = recloop_tests::keys_of(entry, dir);
    let mut drawn = greedy.clone();
    drawn.insert("marginals".into(), true.into());
    if entry.optional.contains(&"temperature") {
        drawn.insert("temperature".into(), 0.7.into());
    }
    vec![greedy, drawn]
}

fn policy(entry: &RecommenderEntry, keys: &toml::Table) -> Option<Box<dyn Recommender>> {
    match (entry.build)(keys, &Models::default()).unwrap_or_else(|error| panic!("failed to {error}")) {
        Player::Policy(policy) => Some(policy),
        Player::Oracle(_) => None,
    }
}

#[test]
fn every_named_recommender_keeps_every_law_in_every_world_it_fits() {
    let makers: Vec<(String, Box<dyn Fn() -> World>)> = self_contained()
        .into_iter()
        .map(|(name, entry)| (name, Box::new(move || small(&entry)) as Box<dyn Fn() -> World>))
        .chain([("toy-feed".to_owned(), Box::new(|| toy_feed(31)) as Box<dyn Fn() -> World>)])
        .collect();
    let dir = tempfile::tempdir().unwrap();
    for (name, entry) in recommenders::registry().iter() {
        if policy(entry, &recloop_tests::keys_of(entry, dir.path())).is_none() {
            continue;
        }
        for keys in variants(entry, dir.path()) {
            let make = || policy(entry, &keys).expect("a policy stays one");
            let fitting = makers.iter().filter(|(_, world)| make().begin(world().spec()).is_ok());
            let mut fits = 0;
            for (world, build) in fitting {
                check_recommender(make, build)
                    .unwrap_or_else(|breach| panic!("{name} {keys} in {world}: failed to {breach}"));
                fits += 1;
            }
            assert!(fits > 0, "{name} fits no world");
        }
    }
}
