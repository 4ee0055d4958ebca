//! `targeting-v0`: items that are each meant for some readers, in groups that like different things.

use std::sync::Arc;

use recloop_creators::{FeedCreatorsParams, FeedItems, Maker};
use recloop_env::{
    CreatorId, ItemId, Layout, Objective, Part, Sharded, Streams, Supply, Targeted, TargetedShelf,
    TargetingLaw, Tick, Topics, UserId, World, below, purpose, unit,
};
use recloop_users::{Readers, ReadersParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::keys::{Keys, at_least, merged};
use super::{Given, part, table_of};
use crate::ConfigError;
use crate::config::bad;

/// Keys of `targeting-v0` that are not about what readers are like.
///
/// Every item is about a topic drawn evenly, of quality and bait around ½, and its audience holds each reader with probability
/// `σ(ln(s / (1 − s)) + τ (n_half + n_fifth))`: s the share, τ the tilt, and n standard normals drawn for the item and
/// the reader's level of each attribute. So every audience has a mix of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetingConfig {
    /// Readers.
    pub users: usize,
    /// Items, all on offer from the first tick to the last.
    pub items: usize,
    /// s: the share of the readers that a typical item is meant for, in (0, 1).
    pub audience_share: f64,
    /// τ: how far the mixes of audiences differ, in \[0, 10\]; 0 makes each the population's, but for luck.
    pub audience_tilt: f64,
    /// What people and items can be about.
    pub topics: usize,
    /// Dimensions of interests and items.
    pub dim: usize,
    /// Items per slate.
    pub slate: usize,
}

impl Default for TargetingConfig {
    /// All chosen by us: 60 items, each for some two in five of 3,000 readers.
    fn default() -> Self {
        Self {
            users: 10_000,
            items: 60,
            audience_share: 0.4,
            audience_tilt: 0.5,
            topics: 14,
            dim: 32,
            slate: 3,
        }
    }
}

/// What readers are like unless told otherwise: groups like different things, and a platform knows who likes what.
fn readers() -> Table {
    let tilted = ReadersParams { group_tilt: 1.0, observe_interest: true, ..ReadersParams::default() };
    Table::try_from(tilted).expect("a config is a flat table of numbers, words and flags")
}

pub(super) fn defaults() -> Table {
    merged([table_of::<TargetingConfig>(), readers()])
}

pub(super) fn build(table: &Table, _: &Given<'_>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let config: TargetingConfig = keys.take(table_of::<TargetingConfig>())?;
    let params: ReadersParams = keys.take(readers())?;
    keys.end()?;
    config.check()?;
    let topics = Arc::new(Topics::new(config.topics, config.dim));
    let items =
        FeedItems::new(&FeedCreatorsParams::default(), Arc::clone(&topics)).map_err(part("the items"))?;
    let readers =
        Readers::new(params, 1.0, topics, &items.observed(), &items.latent()).map_err(part("the users"))?;
    let (users, slate) = (config.users, config.slate);
    let shelf = TargetedShelf::drawn(Audiences { config, items, readers: readers.clone() });
    let world = World::builder("targeting-v0")
        .cohort(Sharded::new(readers, users))
        .supply(Supply::Shelf(Box::new(shelf)))
        .slate_size(slate)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()?;
    Ok(world)
}

impl TargetingConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for (key, value) in [("items", self.items), ("topics", self.topics), ("dim", self.dim)] {
            at_least(key, value, 1)?;
        }
        let refuse = |key: &str, value: f64, allowed: &str| {
            Err(bad(&format!("world.{key}"), format!("it is {value}; allowed is {allowed}")))
        };
        if !(self.audience_share > 0.0 && self.audience_share < 1.0) {
            return refuse("audience_share", self.audience_share, "more than 0, less than 1");
        }
        if !(0.0..=10.0).contains(&self.audience_tilt) {
            return refuse("audience_tilt", self.audience_tilt, "0 to 10");
        }
        Ok(())
    }
}

/// What is on offer, and to whom.
struct Audiences {
    config: TargetingConfig,
    items: FeedItems,
    readers: Readers,
}

impl Audiences {
    /// `[half][fifth]` the chance that a reader of these levels is in the audience of `item`.
    fn chances(&self, item: ItemId, rng: &Streams) -> [[f64; 5]; 2] {
        let normal = |attribute: u32, level: usize| {
            let words = rng.block(purpose::AUDIENCE, item, Tick(0), attribute << 16 | level as u32);
            // Box & Muller (1958), "A note on the generation of random normal deviates".
            (-2.0 * unit(words[0]).ln()).sqrt() * (std::f64::consts::TAU * unit(words[1])).cos()
        };
        let (share, tilt) = (self.config.audience_share, self.config.audience_tilt);
        let odds = |half, fifth| (share / (1.0 - share)).ln() + tilt * (normal(0, half) + normal(1, fifth));
        std::array::from_fn(|half| std::array::from_fn(|fifth| 1.0 / (1.0 + (-odds(half, fifth)).exp())))
    }

    fn targeted(&self, item: ItemId, levels: &[[u16; 2]], rng: &Streams) -> Targeted {
        let creator = CreatorId(item.0);
        let mut draws = rng.at(purpose::CREATOR_ITEM, creator, Tick(0));
        let topic = below(draws.word(), self.config.topics as u32) as u16;
        let style = vec![0.0; self.config.dim];
        let maker = Maker { creator, style: &style, quality: 0.5, bait: 0.5 };
        let mut made = self.items.draw(&maker, topic, &mut draws);
        // Nobody who makes items lives here.
        made.creator = CreatorId::default();
        let chances = self.chances(item, rng);
        let is_meant = |user: &UserId| {
            let [half, fifth] = levels[user.index()].map(usize::from);
            // The word of user u, four neighbours to a block.
            let word = rng.block(purpose::AUDIENCE, item, Tick(1), user.0 >> 2)[(user.0 & 3) as usize];
            unit(word) < chances[half][fifth]
        };
        let audience = (0..self.config.users as u32).map(UserId).filter(is_meant).collect();
        Targeted { item: made, audience }
    }
}

impl TargetingLaw for Audiences {
    fn observed(&self) -> Layout {
        self.items.observed()
    }

    fn latent(&self) -> Layout {
        self.items.latent()
    }

    fn draw(&self, rng: &Streams) -> Vec<Targeted> {
        let users = (0..self.config.users as u32).map(UserId);
        let levels: Vec<[u16; 2]> = users.map(|user| self.readers.levels(user, Tick(0), rng)).collect();
        (0..self.config.items as u32).map(|item| self.targeted(ItemId(item), &levels, rng)).collect()
    }
}

#[cfg(test)]
mod tests {
    use recloop_env::{Env, Observation, ResetOptions};

    use crate::worlds::make;

    /// The mean share of readers in an audience, and the mean distance of its mix of five from the population's.
    fn drawn(tilt: &str) -> (f64, f64) {
        let mut world = make("targeting-v0", &["users=2000", tilt]).unwrap();
        let mut seen = Observation::default();
        world.reset(3, &ResetOptions::default(), &mut seen).unwrap();
        let people = world.population().unwrap();
        let mix = |users: &mut dyn Iterator<Item = recloop_env::UserId>| {
            let (mut counts, mut n) = ([0.0; 5], 0.0);
            users.for_each(|user| {
                counts[usize::from(people.level(user, 1))] += 1.0;
                n += 1.0;
            });
            counts.map(|count| count / n)
        };
        let all = mix(&mut seen.users.iter().copied());
        let audiences = seen.audiences(60);
        let share = audiences.iter().map(|audience| audience.len() as f64 / 2000.0).sum::<f64>() / 60.0;
        let apart = audiences.iter().map(|audience| {
            let own = mix(&mut audience.iter().copied());
            own.iter().zip(all).map(|(d, p): (&f64, f64)| (d - p).abs()).sum::<f64>() / 2.0
        });
        (share, apart.sum::<f64>() / 60.0)
    }

    #[test]
    fn audiences_have_mixes_of_their_own_if_tilted() {
        let ((share, alike), (_, apart)) = (drawn("audience_tilt=0"), drawn("audience_tilt=0.5"));
        // 120,000 inclusions of chance .4: one standard error .0014, six allow two false alarms in 10⁹. A share of 800 people
        // has a standard error of at most .011 in sampling 800 of 2,000, so that ½ Σ of five is around .02, and a mean of
        // sixty of them nowhere near .04; a tilt of ½ moves each level by some 30 % of itself.
        assert!((share - 0.4).abs() < 0.0085, "{share}");
        assert!(alike < 0.04 && apart > 2.0 * alike, "{alike} {apart}");
    }

    #[test]
    fn refuses_what_is_no_audience() {
        let refused = |setting: &str| make("targeting-v0", &[setting]).unwrap_err().to_string();
        let bad = refused("audience_share=0.0");
        assert_eq!(bad, "read `world.audience_share`: it is 0; allowed is more than 0, less than 1");
        assert_eq!(refused("audience_tilt=-1.0"), "read `world.audience_tilt`: it is -1; allowed is 0 to 10");
        assert_eq!(refused("items=0"), "read `world.items`: it is 0; allowed is 1 or more");
    }
}
