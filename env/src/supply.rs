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
    fn stock(&mut self, rng: &Streams) -> Vec<NewItem>;

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
        Self { observed, latent, stock: Stock::Given(stock), live_ticks }
    }

    /// A shelf that opens with `n` items of a law, drawn anew for every seed.
    #[must_use]
    pub fn drawn(n: usize, law: Box<dyn ItemLaw>, live_ticks: Option<u32>) -> Self {
        Self { observed: law.observed(), latent: law.latent(), stock: Stock::Drawn(n, law), live_ticks }
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

    fn stock(&mut self, rng: &Streams) -> Vec<NewItem> {
        match &self.stock {
            Stock::Given(items) => items.clone(),
            Stock::Drawn(n, law) => draw_stock(*n, law.as_ref(), rng),
        }
    }

    fn offer(&mut self, tick: Tick, _users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let live =
            |item: &ItemId| self.live_ticks.is_none_or(|ticks| tick.0 - catalogue.published(*item).0 < ticks);
        // Items are published in order, so the live ones are always the newest.
        let n = catalogue.len() as u32;
        let mut first = n;
        while first > 0 && live(&ItemId(first - 1)) {
            first -= 1;
        }
        if let Candidates::Shared { items, .. } = &*out
            && items.len() as u32 == n - first
            && items.first().is_none_or(|item| item.0 == first)
        {
            return;
        }
        let set = SetId(out.set().map_or(0, |set| set.0 + 1));
        *out = Candidates::shared(set, (first..n).map(ItemId).collect());
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn Shelf> {
        let stock = match &self.stock {
            Stock::Given(items) => Stock::Given(items.clone()),
            Stock::Drawn(n, law) => Stock::Drawn(*n, law.fork()),
        };
        let (observed, latent) = (self.observed.clone(), self.latent.clone());
        Box::new(Self { observed, latent, stock, live_ticks: self.live_ticks })
    }
}
