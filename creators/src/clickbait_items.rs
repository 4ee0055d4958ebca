//! Items that differ in nothing but clickbait.

use recloop_env::{Block, ItemLaw, ItemRowsMut, Layout, Streams, Tick, UserId, purpose};

/// Items with clickbait c ~ U\[0, 1\]: 1 is all wrapping ("choc"), 0 all substance ("kale").
///
/// # Source
/// Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClickbaitItems;

impl ItemLaw for ClickbaitItems {
    fn observed(&self) -> Layout {
        Layout::new(vec![Block::dense("clickbait", 1, (0.0, 1.0), "0 all substance, 1 all wrapping")])
    }

    fn latent(&self) -> Layout {
        Layout::default()
    }

    fn draw(&self, user: UserId, tick: Tick, rng: &Streams, observed: ItemRowsMut<'_>, _: ItemRowsMut<'_>) {
        let mut draws = rng.at(purpose::CANDIDATES, user, tick);
        observed.dense.fill_with(|| draws.unit());
    }

    fn fork(&self) -> Box<dyn ItemLaw> {
        Box::new(*self)
    }
}
