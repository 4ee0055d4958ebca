//! A shelf of items that are each meant for some people: advertisements, vacancies, local news.

use std::sync::Arc;

use crate::snapshot::{Snapshot, SnapshotError};
use crate::{Candidates, Catalogue, ItemId, Layout, NewItem, Shelf, Streams, SupplyError, Tick, UserId};

/// An item and the people who may be shown it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Targeted {
    /// The item.
    pub item: NewItem,
    /// Its eligible audience, in any order.
    pub audience: Vec<UserId>,
}

/// How items and their audiences are drawn for a seed.
pub trait TargetingLaw: Send + Sync {
    /// What a recommender sees of an item.
    fn observed(&self) -> Layout;

    /// What only the world knows of it.
    fn latent(&self) -> Layout;

    /// The items of this seed, each with its audience.
    fn draw(&self, rng: &Streams) -> Vec<Targeted>;
}

/// Offers to each user the items whose audience holds the user, for as long as an item lives.
///
/// Row r's candidates are `{i : u_r ∈ audience_i}`. Whoever takes over a user's place belongs to the same audiences; what
/// creators publish later has no audience and is offered to nobody.
///
/// # Errors
/// An item without an audience ([`SupplyError::NoAudience`]): of a given stock when the shelf is made, of a drawn one
/// when a world is reset. A user with fewer items than a slate stops the world, as on any shelf
/// ([`SupplyError::Short`]).
///
/// ```
/// use recloop_env::{Candidates, Catalogue, Layout, NewItem, Shelf, Targeted, TargetedShelf, Tick, UserId};
/// let meant_for = |users: &[u32]| Targeted {
///     item: NewItem::default(),
///     audience: users.iter().copied().map(UserId).collect(),
/// };
/// let stock = vec![meant_for(&[0, 1]), meant_for(&[1])];
/// let mut shelf = TargetedShelf::new(Layout::default(), Layout::default(), stock)?;
/// let mut catalogue = Catalogue::new(Layout::default());
/// for item in shelf.stock(&recloop_env::Streams::new(7))? {
///     catalogue.push(item.creator, (Tick(0), Catalogue::FOR_GOOD), &item.title, &item.dense, &item.codes);
/// }
/// let mut offer = Candidates::default();
/// shelf.offer(Tick(0), &[UserId(0), UserId(1)], &catalogue, &mut offer);
/// assert_eq!((offer.row(0).len(), offer.row(1).len()), (1, 2));
/// # Ok::<(), recloop_env::SupplyError>(())
/// ```
pub struct TargetedShelf {
    observed: Layout,
    latent: Layout,
    stock: Stock,
    lists: Lists,
}

/// What the shelf opens with; forks share it.
#[derive(Clone)]
enum Stock {
    Given(Arc<[Targeted]>),
    Drawn(Arc<dyn TargetingLaw>),
}

/// The items each user may be shown: user u has `items[starts[u]..starts[u + 1]]`, ascending.
#[derive(Debug, Clone, Default)]
struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl TargetedShelf {
    /// A shelf of these items, whatever the seed.
    pub fn new(observed: Layout, latent: Layout, stock: Vec<Targeted>) -> Result<Self, SupplyError> {
        Lists::of(&stock)?;
        Ok(Self { observed, latent, stock: Stock::Given(stock.into()), lists: Lists::default() })
    }

    /// A shelf of items and audiences that are drawn anew for every seed.
    #[must_use]
    pub fn drawn(law: impl TargetingLaw + 'static) -> Self {
        let (observed, latent) = (law.observed(), law.latent());
        Self { observed, latent, stock: Stock::Drawn(Arc::new(law)), lists: Lists::default() }
    }
}

impl Lists {
    fn of(stock: &[Targeted]) -> Result<Self, SupplyError> {
        let ids = || (0..).map(ItemId);
        if let Some((item, _)) = ids().zip(stock).find(|(_, targeted)| targeted.audience.is_empty()) {
            return Err(SupplyError::NoAudience { item });
        }
        let pairs = ids().zip(stock);
        let mut pairs: Vec<(UserId, ItemId)> = pairs
            .flat_map(|(item, targeted)| targeted.audience.iter().map(move |user| (*user, item)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let n_users = pairs.last().map_or(0, |(user, _)| user.index() + 1);
        let start = |user| pairs.partition_point(|(other, _)| other.index() < user) as u32;
        Ok(Self {
            starts: (0..=n_users).map(start).collect(),
            items: pairs.iter().map(|(_, item)| item.0).collect(),
        })
    }

    fn of_user(&self, user: UserId) -> &[u32] {
        match self.starts.get(user.index()..) {
            Some([from, to, ..]) => &self.items[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

impl Shelf for TargetedShelf {
    fn observed(&self) -> Layout {
        self.observed.clone()
    }

    fn latent(&self) -> Layout {
        self.latent.clone()
    }

    fn stock(&mut self, rng: &Streams) -> Result<Vec<NewItem>, SupplyError> {
        let drawn: Arc<[Targeted]> = match &self.stock {
            Stock::Given(stock) => Arc::clone(stock),
            Stock::Drawn(law) => law.draw(rng).into(),
        };
        self.lists = Lists::of(&drawn)?;
        Ok(drawn.iter().map(|targeted| targeted.item.clone()).collect())
    }

    fn offer(&mut self, tick: Tick, users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let (mut starts, mut items) = match std::mem::take(out) {
            Candidates::PerRow { starts, items } => (starts, items),
            _ => (Vec::new(), Vec::new()),
        };
        starts.clear();
        items.clear();
        starts.push(0);
        for user in users {
            let own = self.lists.of_user(*user).iter().copied().map(ItemId);
            items.extend(own.filter(|item| catalogue.until(*item) > tick));
            starts.push(items.len() as u32);
        }
        *out = Candidates::PerRow { starts, items };
    }

    /// Nothing: the seed says which lists there are, and a restored world was reset to it.
    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn Shelf> {
        let (observed, latent) = (self.observed.clone(), self.latent.clone());
        Box::new(Self { observed, latent, stock: self.stock.clone(), lists: self.lists.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ToyItems, ToyUsers, check_world};
    use crate::{Env, ItemLaw, Observation, ResetOptions, Sharded, StepError, Supply, World};

    /// Two shifts of toy users: the even ones share items of even number, the odd ones all others; everybody the last.
    #[derive(Clone, Copy)]
    struct Shifts {
        n_items: u32,
        /// The item that nobody may be shown.
        orphan: Option<u32>,
    }

    impl TargetingLaw for Shifts {
        fn observed(&self) -> Layout {
            ToyItems.observed()
        }

        fn latent(&self) -> Layout {
            ToyItems.latent()
        }

        fn draw(&self, rng: &Streams) -> Vec<Targeted> {
            // Odd seeds swap the shifts: what is drawn depends on the seed.
            let swapped = rng.seed() as u32 % 2;
            let may =
                |item: u32, user: u32| item + 1 == self.n_items || (item + user + swapped).is_multiple_of(2);
            let targeted = |item: u32| Targeted {
                item: NewItem {
                    codes: vec![(item % 3) as u16],
                    latent_dense: vec![0.5],
                    ..NewItem::default()
                },
                audience: (0..6)
                    .filter(|user| may(item, *user) && self.orphan != Some(item))
                    .map(UserId)
                    .collect(),
            };
            (0..self.n_items).map(targeted).collect()
        }
    }

    fn world(law: Shifts) -> World {
        World::builder("shifts-v0")
            .cohort(Sharded::new(ToyUsers::default(), 6))
            .supply(Supply::Shelf(Box::new(TargetedShelf::drawn(law))))
            .slate_size(2)
            .build()
            .unwrap()
    }

    fn reset(law: Shifts, seed: u64) -> Result<Observation, StepError> {
        let mut seen = Observation::default();
        world(law).reset(seed, &ResetOptions::default(), &mut seen).map(|()| seen)
    }

    #[test]
    fn a_targeted_world_keeps_every_law() {
        check_world(|| world(Shifts { n_items: 9, orphan: None })).unwrap();
    }

    #[test]
    fn everybody_is_offered_what_is_meant_for_them() {
        for seed in [4, 5] {
            let seen = reset(Shifts { n_items: 8, orphan: None }, seed).unwrap();
            for user in 0..6 {
                let mut own: Vec<u32> =
                    (0..7).filter(|i| (i + user + seed as u32).is_multiple_of(2)).collect();
                own.push(7);
                let found: Vec<u32> = seen.candidates.row(user as usize).iter().map(|item| item.0).collect();
                assert_eq!(found, own, "user {user} of seed {seed}");
            }
        }
        let audiences = reset(Shifts { n_items: 8, orphan: None }, 4).unwrap().audiences(9);
        assert_eq!(audiences[1], [1, 3, 5].map(UserId));
        assert_eq!((audiences[7].len(), audiences[8].len()), (6, 0));
    }

    #[test]
    fn what_nobody_may_be_shown_is_refused() {
        let refused = reset(Shifts { n_items: 8, orphan: Some(3) }, 1).unwrap_err();
        assert_eq!(refused.to_string(), "offer item 3: nobody may be shown it");
        let given = Shifts { n_items: 8, orphan: Some(3) }.draw(&Streams::new(1));
        assert!(matches!(
            TargetedShelf::new(ToyItems.observed(), ToyItems.latent(), given).err(),
            Some(SupplyError::NoAudience { item: ItemId(3) })
        ));
    }

    #[test]
    fn too_few_items_for_a_slate_are_refused() {
        let refused = reset(Shifts { n_items: 2, orphan: None }, 0).unwrap_err();
        assert_eq!(refused.to_string(), "offer user 1 a slate of 2: only 1 candidates are left");
        // A seventh user is in no audience at all.
        let mut stranger = World::builder("shifts-v0")
            .cohort(Sharded::new(ToyUsers::default(), 7))
            .supply(Supply::Shelf(Box::new(TargetedShelf::drawn(Shifts { n_items: 9, orphan: None }))))
            .slate_size(2)
            .build()
            .unwrap();
        let refused = stranger.reset(1, &ResetOptions::default(), &mut Observation::default()).unwrap_err();
        assert!(matches!(
            refused,
            StepError::Supply(SupplyError::Short { user: UserId(6), available: 0, .. })
        ));
    }
}
