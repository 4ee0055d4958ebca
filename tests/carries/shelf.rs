//! A list of lasting candidates for every row: nobody is shown an item twice.

use recloop_env::testing::{ToyItems, ToyUsers, check_world};
use recloop_env::{
    Candidates, Catalogue, ItemId, ItemLaw, Layout, NewItem, Objective, Part, ResetOptions, Sharded, Shelf,
    Slates, Snapshot, SnapshotError, StepError, Streams, Supply, SupplyError, Tick, UserId, World,
};

use crate::Play;

/// Offers every user what they have not been shown, out of at most 32 items.
#[derive(Debug, Clone)]
struct NoRepeat {
    n_items: u32,
    /// Per user, a bit for every item shown.
    met: Vec<u32>,
}

impl NoRepeat {
    fn new(n_users: usize, n_items: u32) -> Self {
        Self { n_items, met: vec![0; n_users] }
    }
}

impl Shelf for NoRepeat {
    fn observed(&self) -> Layout {
        ToyItems.observed()
    }

    fn latent(&self) -> Layout {
        Layout::default()
    }

    fn stock(&mut self, _rng: &Streams) -> Result<Vec<NewItem>, SupplyError> {
        self.met.fill(0);
        Ok((0..self.n_items).map(|i| NewItem { codes: vec![(i % 3) as u16], ..NewItem::default() }).collect())
    }

    fn offer(&mut self, _tick: Tick, users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let (mut starts, mut items) = match std::mem::take(out) {
            Candidates::PerRow { starts, items } => (starts, items),
            _ => (Vec::new(), Vec::new()),
        };
        starts.clear();
        items.clear();
        starts.push(0);
        for user in users {
            let met = self.met[user.index()];
            items.extend((0..catalogue.len() as u32).filter(|i| met >> i & 1 == 0).map(ItemId));
            starts.push(items.len() as u32);
        }
        *out = Candidates::PerRow { starts, items };
    }

    fn shown(&mut self, users: &[UserId], slates: &Slates) {
        for (r, user) in users.iter().enumerate() {
            self.met[user.index()] |= slates.items.row(r).iter().map(|item| 1 << item.0).sum::<u32>();
        }
    }

    fn forget(&mut self, user: UserId) {
        self.met[user.index()] = 0;
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_u32("met", 1, &self.met);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        from.get_u32("met", &mut self.met)
    }

    fn fork(&self) -> Box<dyn Shelf> {
        Box::new(self.clone())
    }
}

fn world(n_items: u32) -> World {
    World::builder("no-repeat-v0")
        .cohort(Sharded::new(ToyUsers::default(), 4))
        .supply(Supply::Shelf(Box::new(NoRepeat::new(4, n_items))))
        .slate_size(2)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

#[test]
fn lists_per_row_keep_every_law() {
    // A toy life is 12 slates of 2: 26 items leave a choice to the end.
    check_world(|| world(26)).unwrap();
}

#[test]
fn nobody_meets_an_item_twice() {
    let mut play = Play::begin(world(26), &ResetOptions::default());
    let mut met = vec![Vec::new(); 4];
    while !play.seen.is_empty() {
        let users = play.seen.users.clone();
        play.tick().unwrap();
        for (r, user) in users.iter().enumerate() {
            met[user.index()].extend_from_slice(play.slates.items.row(r));
        }
    }
    for mut met in met {
        let n = met.len();
        met.sort();
        met.dedup();
        assert_eq!((n, met.len()), (24, 24));
    }
}

#[test]
fn a_shelf_that_runs_out_stops_the_world() {
    let mut play = Play::begin(world(5), &ResetOptions::default());
    play.tick().unwrap();
    let short = SupplyError::Short { user: UserId(0), needed: 2, available: 1 };
    assert!(matches!(play.tick(), Err(StepError::Supply(found)) if found == short));
    assert!(matches!(play.tick(), Err(StepError::NotReset)));
}
