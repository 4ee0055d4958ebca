//! TFROM: nobody above their fair share.

use recloop_env::{Catalogue, ItemId};

use super::exposures::{Exposures, position_worths};
use super::place::Penalty;

/// How far each item's creator would be above its fair share, were the item placed next.
#[derive(Debug)]
pub(super) struct OverShare {
    /// `[N]` who made each item.
    creators: Vec<usize>,
    /// `[N]` `(E_p + placed_p + v̄) / share_p − 1`.
    over: Vec<f32>,
    /// `[N]` 1 / share_p.
    per_worth: Vec<f64>,
    /// `[K]`
    worths: Vec<f64>,
    n_placed: usize,
}

impl OverShare {
    /// Nothing is placed yet. Before the first slates nobody knows who is on offer, and nothing is lost.
    pub(super) fn new(
        exposures: &Exposures,
        catalogue: &Catalogue,
        items: impl Iterator<Item = ItemId>,
        slate_size: usize,
    ) -> Self {
        let worths = position_worths(slate_size);
        let slate: f64 = worths.iter().sum();
        let given: f64 = exposures.present().map(|creator| exposures.shown(creator)).sum();
        let ticks: f64 = exposures.present().map(|creator| exposures.ticks_with_this(creator)).sum();
        let (a_tick, a_place) = ((given + slate) / ticks.max(1.0), slate / worths.len().max(1) as f64);
        let creators: Vec<usize> = items.map(|item| catalogue.creator(item).index()).collect();
        let share = |creator| a_tick * exposures.ticks_with_this(creator);
        let known = exposures.len() > 0 && a_tick > 0.0;
        let per_worth = creators.iter().map(|creator| if known { share(*creator).recip() } else { 0.0 });
        let per_worth: Vec<f64> = per_worth.collect();
        let over = |(creator, per): (&usize, &f64)| (exposures.shown(*creator) + a_place) * per - 1.0;
        let over = creators.iter().zip(&per_worth).map(|pair| over(pair) as f32).collect();
        Self { creators, over, per_worth, worths, n_placed: 0 }
    }
}

impl Penalty for OverShare {
    /// All are considered.
    fn worst(&self) -> f32 {
        0.0
    }

    fn loss(&self, item: usize) -> f32 {
        self.over[item].max(0.0)
    }

    fn place(&mut self, item: usize) {
        let (creator, worth) = (self.creators[item], self.worths.get(self.n_placed).copied().unwrap_or(0.0));
        self.n_placed += 1;
        for (other, over) in self.over.iter_mut().enumerate() {
            if self.creators[other] == creator {
                *over += (worth * self.per_worth[other]) as f32;
            }
        }
    }
}
