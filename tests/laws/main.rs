//! Laws of the engine, as properties of toy worlds and of every named world that needs no data.

mod interventions;
mod pauses;
mod populations;
mod slates;

use std::collections::BTreeMap;

use proptest::test_runner::Config;
use recloop_env::testing::{ToyItems, ToyRecommender, ToyUsers, toy_feed, toy_shelf};
use recloop_env::{
    Clock, End, Env, Fate, HistorySpec, Keep, Objective, Observation, Part, Recommender, ResetOptions,
    SessionId, Sharded, Slates, Step, Supply, World, WorldBuilder,
};
use recloop_experiments::worlds;

/// Each case plays whole worlds, so few are enough (chosen by us).
fn cases(n: u32) -> Config {
    Config { cases: n, failure_persistence: None, ..Config::default() }
}

/// Toy users in front of items that last (or are redrawn), on a clock of uneven ticks, with a past.
fn toy(lasting: bool) -> WorldBuilder {
    let redrawn = || Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) };
    World::builder("laws-v0")
        .supply(if lasting { toy_shelf() } else { redrawn() })
        .slate_size(2)
        .history(HistorySpec { length: 3, keep: Keep::Clicks })
        .clock(Clock { tick_secs: 0.7, calendar: false })
        .objective(Objective::new().with(Part::Clicks, 1.0).with(Part::Returns, 0.5))
}

fn toy_users(n: usize) -> Sharded<ToyUsers> {
    Sharded::new(ToyUsers::default(), n)
}

/// Worlds in which users do not reach each other: two toys, then every named world that needs no data.
fn separable(kind: usize, n_users: usize) -> World {
    let named: Vec<_> =
        worlds::registry().iter().filter(|(_, it)| is_separable(it)).map(|(_, it)| *it).collect();
    match kind % (named.len() + 2) {
        kind @ (0 | 1) => toy(kind == 1).cohort(toy_users(n_users)).build().unwrap(),
        kind => {
            let mut config = (named[kind - 2].defaults)();
            config.insert("users".into(), (n_users as i64).into());
            // A world that can cut the wires between its users is separable with them cut.
            if config.contains_key("interference") {
                config.insert("interference".into(), "off".into());
            }
            (named[kind - 2].build)(&config, &worlds::Given::default()).unwrap()
        }
    }
}

/// Whether users can be kept from reaching each other: nobody creates, or creators can be made to hear nothing.
fn is_separable(world: &worlds::WorldEntry) -> bool {
    let keys = (world.defaults)();
    !world.needs_data && (keys.contains_key("interference") || !keys.contains_key("n_creators"))
}

/// The separable worlds, and one whose creators answer to everybody.
fn any_world(kind: usize, n_users: usize) -> World {
    if kind == 0 { toy_feed(n_users) } else { separable(kind - 1, n_users) }
}

/// A world being played by a uniform policy.
struct Play {
    world: World,
    player: ToyRecommender,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Play {
    fn begin(mut world: World, seed: u64, renew: bool) -> Self {
        let mut seen = Observation::default();
        world.reset(seed, &ResetOptions { renew, ..ResetOptions::default() }, &mut seen).unwrap();
        Self::of(world, seen)
    }

    fn of(world: World, seen: Observation) -> Self {
        let mut player = ToyRecommender::default();
        player.begin(world.spec()).unwrap();
        Self { world, player, seen, slates: Slates::default(), step: Step::default() }
    }

    fn fork(&mut self) -> Self {
        let (mut world, mut seen) = (self.world.fork(), Observation::default());
        world.observe(&mut seen).unwrap();
        Self::of(world, seen)
    }

    /// Plays on and writes down what became of everybody.
    fn lives(&mut self, ticks: usize) -> Lives {
        let mut lives = Lives::new();
        for _ in 0..ticks {
            if self.seen.is_empty() {
                break;
            }
            self.player.recommend(&self.seen, &self.world.streams(), &mut self.slates).unwrap();
            self.world.step(&self.slates, &mut self.step).unwrap();
            for r in 0..self.seen.len() {
                lives.insert((self.seen.users[r].0, self.seen.tick.0), self.moment(r));
            }
            std::mem::swap(&mut self.seen, &mut self.step.next);
        }
        lives
    }

    fn moment(&self, r: usize) -> Moment {
        let (seen, step, did) = (&self.seen, &self.step, &self.step.responses);
        Moment {
            session: seen.sessions[r],
            features: seen.user_features.row(r).to_vec(),
            past: seen.row(r).history().map(|(item, clicked)| (item.0, clicked)).collect(),
            shown: self.slates.items.row(r).iter().map(|item| item.0).collect(),
            clicks: did.click.row(r).to_vec(),
            dwell_secs: did.dwell_secs.row(r).to_vec(),
            signals: did.signals.row(r).to_vec(),
            reward: step.reward[r],
            fate: step.fate[r],
            ended: step.ended[r],
        }
    }
}

/// What happened to whom when: by (user, tick).
type Lives = BTreeMap<(u32, u32), Moment>;

/// One row of one tick, whatever row it was.
#[derive(Debug, Clone, PartialEq)]
struct Moment {
    session: SessionId,
    features: Vec<f32>,
    past: Vec<(u32, bool)>,
    shown: Vec<u32>,
    clicks: Vec<bool>,
    dwell_secs: Vec<f32>,
    signals: Vec<f32>,
    reward: f32,
    fate: Fate,
    ended: Option<End>,
}

/// Fails at the first user and tick at which two populations differ.
fn assert_same(expected: &Lives, found: &Lives) {
    for (who, moment) in expected {
        assert_eq!(Some(moment), found.get(who), "user {} at tick {}", who.0, who.1);
    }
    assert_eq!(expected.len(), found.len());
}
