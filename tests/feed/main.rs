//! What `feed-v0` claims, and what it does where there is hardly a world.

mod claims;
mod degenerate;
mod lives;

use recloop_env::{Facts, Transition, World};
use recloop_experiments::{Playing, RunConfig, RunError, Visitor, config};
use toml::Table;

/// A run of a world by settings such as `"users=100"`, without a log.
fn configured(world: &str, recommender: &str, seed: u64, settings: &[&str]) -> RunConfig {
    let mut layer = Table::new();
    config::put(&mut layer, "world", "name", world);
    config::put(&mut layer, "recommender", "name", recommender);
    config::put(&mut layer, "run", "seed", seed as i64);
    for setting in settings {
        config::set(&mut layer, setting).expect("a setting");
    }
    RunConfig::resolve([layer]).unwrap_or_else(|error| panic!("failed to {error}"))
}

struct Each<F>(F);

impl<F: FnMut(&World, &Facts<'_>, &Transition<'_>)> Visitor for Each<F> {
    fn done(&mut self, world: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        (self.0)(world, facts, t);
        Ok(())
    }
}

/// Plays to the end and shows every tick.
fn play(config: &RunConfig, each: impl FnMut(&World, &Facts<'_>, &Transition<'_>)) -> Result<(), RunError> {
    Playing::begin(config)?.to_end(&mut Each(each), |_, _| {}).map(drop)
}
