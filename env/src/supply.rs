//! Where candidates come from: redrawn every tick, or taken from a shelf of durable items.

use crate::snapshot::{Snapshot, SnapshotError};
use crate::{
    Candidates, Catalogue, ItemId, ItemRowsMut, ItemTable, Layout, NewItem, SetId, Slates, Streams, Tick,
    UserId,
};

/// Candidates could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SupplyError {
    /// A row has fewer candidates than a slate needs.
    #[error("offer user {} a slate of {needed}: only {available} candidates are left", .user.0)]
    Short {
        /// Whose row.
        user: UserId,
        /// Slate size.
        needed: usize,
        /// Candidates there are.
        available: usize,
    },
    /// An item that nobody may be shown.
    #[error("offer item {}: nobody may be shown it", .item.0)]
    NoAudience {
        /// The item.
        item: ItemId,
    },
    /// A shelf that offers other rows than there are.
    #[error("offer candidates: {found} lists for {expected} users")]
    Rows {
        /// Rows of the observation.
        expected: usize,
        /// Lists offered.
        found: usize,
    },
}

/// How ephemeral items are drawn: fresh ones for every row and tick.
pub trait ItemLaw: Send + Sync {
    /// What a recommender sees of an item.
    fn observed(&self) -> Layout;

    /// What only the world knows of it.
    fn latent(&self) -> Layout;

    /// Draws one row's items into every place of `observed` and `latent`, from draws named by `user` and `tick`.
    fn draw(
        &self,
        user: UserId,
        tick: Tick,
        rng: &Streams,
        observed: ItemRowsMut<'_>,
        latent: ItemRowsMut<'_>,
    );

    /// A copy that goes its own way.
    fn fork(&self) -> Box<dyn ItemLaw>;
}

/// Which durable items may be shown to whom.
pub trait Shelf: Send + Sync {
    /// What a recommender sees of an item.
    fn observed(&self) -> Layout;

    /// What only the world knows of it.
    fn latent(&self) -> Layout;

    /// The items there are when a world begins. Whatever was remembered of an earlier run is forgotten here.
    fn stock(&mut self, rng: &Streams) -> Result<Vec<NewItem>, SupplyError>;

    /// Writes the candidates of `users` at `tick`: every list ascending and without duplicates. `out` holds what was
    /// offered last, to be kept where nothing changed; asked twice for one tick, a shelf answers the same.
    fn offer(&mut self, tick: Tick, users: &[UserId], catalogue: &Catalogue, out: &mut Candidates);

    /// Is told what was shown: a no-repeat shelf remembers.
    fn shown(&mut self, _users: &[UserId], _slates: &Slates) {}

    /// Somebody new took over `user`'s place: what they were shown before is another person's past.
    fn forget(&mut self, _user: UserId) {}

    /// Everything needed to go on.
    fn save(&self) -> Result<Snapshot, SnapshotError>;

    /// Goes back to a snapshot.
    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError>;

    /// A copy that goes its own way.
    fn fork(&self) -> Box<dyn Shelf>;
}

/// Where a world's candidates come from.
pub enum Supply {
    /// `per_row` fresh items for every row and tick.
    Redrawn {
        /// Candidates per row.
        per_row: usize,
        /// How they are drawn.
        law: Box<dyn ItemLaw>,
    },
    /// Durable items.
    Shelf(Box<dyn Shelf>),
}

impl Supply {
    /// What a recommender sees of an item.
    #[must_use]
    pub fn observed(&self) -> Layout {
        match self {
            Self::Redrawn { law, .. } => law.observed(),
            Self::Shelf(shelf) => shelf.observed(),
        }
    }

    /// What only the world knows of it.
    #[must_use]
    pub fn latent(&self) -> Layout {
        match self {
            Self::Redrawn { law, .. } => law.latent(),
            Self::Shelf(shelf) => shelf.latent(),
        }
    }

    pub(crate) fn fork(&self) -> Self {
        match self {
            Self::Redrawn { per_row, law } => Self::Redrawn { per_row: *per_row, law: law.fork() },
            Self::Shelf(shelf) => Self::Shelf(shelf.fork()),
        }
    }
}

/// Everything on the shelf is offered to everybody, for as long as items live.
pub struct OpenShelf {
    observed: Layout,
    latent: Layout,
    stock: Stock,
    live_ticks: Option<u32>,
    at_least: usize,
    offer: Offer,
}

/// What an [`OpenShelf`] offered last, and until when that holds: most ticks change nothing.
#[derive(Debug, Clone, Default)]
struct Offer {
    from: Tick,
    /// Items published by then.
    n_items: usize,
    /// The first tick at which one of them expires.
    until: Tick,
}

/// What a shelf opens with.
enum Stock {
    /// These items, whatever the seed.
    Given(Vec<NewItem>),
    /// So many draws of a law, from the world's seed.
    Drawn(usize, Box<dyn ItemLaw>),
}

impl OpenShelf {
    /// A shelf that opens with `stock`; items are offered for `live_ticks` ticks, or for good.
    #[must_use]
    pub fn new(observed: Layout, latent: Layout, stock: Vec<NewItem>, live_ticks: Option<u32>) -> Self {
        let (at_least, offer) = (1, Offer::default());
        Self { observed, latent, stock: Stock::Given(stock), live_ticks, at_least, offer }
    }

    /// A shelf that opens with `n` items of a law, drawn anew for every seed.
    #[must_use]
    pub fn drawn(n: usize, law: Box<dyn ItemLaw>, live_ticks: Option<u32>) -> Self {
        let (observed, latent) = (law.observed(), law.latent());
        Self { stock: Stock::Drawn(n, law), ..Self::new(observed, latent, Vec::new(), live_ticks) }
    }

    /// The newest `n` items stay on offer however old they get: a shelf nobody fills any more must not become empty.
    #[must_use]
    pub fn keeping(mut self, n: usize) -> Self {
        self.at_least = n;
        self
    }

    fn until(&self, catalogue: &Catalogue, item: ItemId) -> Tick {
        let shelf_life = self.live_ticks.map(|ticks| catalogue.published(item).0.saturating_add(ticks));
        Tick(shelf_life.unwrap_or(u32::MAX).min(catalogue.until(item).0))
    }
}

/// `n` items of a law, from the draws that user 0 would meet at tick 0.
fn draw_stock(n: usize, law: &dyn ItemLaw, rng: &Streams) -> Vec<NewItem> {
    let (mut seen, mut latent) = (ItemTable::new(law.observed()), ItemTable::new(law.latent()));
    seen.resize(n);
    latent.resize(n);
    law.draw(UserId(0), Tick(0), rng, seen.rows_mut(), latent.rows_mut());
    let item = |i: usize| NewItem {
        title: format!("item {i}"),
        dense: seen.all_dense().row(i).to_vec(),
        codes: seen.all_codes().row(i).to_vec(),
        latent_dense: latent.all_dense().row(i).to_vec(),
        latent_codes: latent.all_codes().row(i).to_vec(),
        ..NewItem::default()
    };
    (0..n).map(item).collect()
}

impl Shelf for OpenShelf {
    fn observed(&self) -> Layout {
        self.observed.clone()
    }

    fn latent(&self) -> Layout {
        self.latent.clone()
    }

    fn stock(&mut self, rng: &Streams) -> Result<Vec<NewItem>, SupplyError> {
        self.offer = Offer::default();
        Ok(match &self.stock {
            Stock::Given(items) => items.clone(),
            Stock::Drawn(n, law) => draw_stock(*n, law.as_ref(), rng),
        })
    }

    fn offer(&mut self, tick: Tick, _users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let n_items = catalogue.len();
        let unchanged = n_items == self.offer.n_items && tick >= self.offer.from && tick < self.offer.until;
        if unchanged && out.common().is_some_and(|items| !items.is_empty()) {
            return;
        }
        let newest = n_items.saturating_sub(self.at_least) as u32;
        let mut until = Catalogue::FOR_GOOD;
        let live = |item: &ItemId| {
            let expires = self.until(catalogue, *item);
            let stays = expires > tick || item.0 >= newest;
            if expires > tick {
                until = until.min(expires);
            }
            stays
        };
        // Candidates are few compared to everything ever published: look at the last offer and what came since.
        let before: &[ItemId] = out.common().map_or(&[], |items| items);
        let since = before.last().map_or(0, |newest| newest.0 + 1)..n_items as u32;
        let items: Vec<_> = before.iter().copied().chain(since.map(ItemId)).filter(live).collect();
        self.offer = Offer { from: tick, n_items, until };
        if out.common().is_none_or(|last| last[..] != items[..]) {
            *out = Candidates::shared(SetId(out.set().map_or(0, |set| set.0 + 1)), items);
        }
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        self.offer = Offer::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Shelf> {
        let stock = match &self.stock {
            Stock::Given(items) => Stock::Given(items.clone()),
            Stock::Drawn(n, law) => Stock::Drawn(*n, law.fork()),
        };
        let (observed, latent) = (self.observed.clone(), self.latent.clone());
        let (live_ticks, at_least, offer) = (self.live_ticks, self.at_least, self.offer.clone());
        Box::new(Self { observed, latent, stock, live_ticks, at_least, offer })
    }
}
