//! Creators in a market, on a shelf: what the worlds with publishing creators share.

use recloop_creators::{Admit, FeedCreators, FullInformation, Market, MarketParams, TopicRule};
use recloop_env::{OpenShelf, Supply, WorldBuilder};

use super::part;
use crate::ConfigError;

/// How creators come and go, and what there is at least to show.
pub(super) struct Marketplace {
    pub(super) market: MarketParams,
    pub(super) tick_secs: f64,
    /// The newest so many items stay on offer however old they get.
    pub(super) at_least: usize,
    /// Off: what one user does reaches no other through creators.
    pub(super) interference: bool,
}

impl Marketplace {
    /// Adds creators and their shelf to a world; those who are to know everything enter by the door for that.
    pub(super) fn open(
        &self,
        world: WorldBuilder,
        creators: FeedCreators,
    ) -> Result<WorldBuilder, ConfigError> {
        let (observed, latent) = (creators.items().observed(), creators.items().latent());
        let shelf = OpenShelf::new(observed, latent, Vec::new(), None).keeping(self.at_least);
        let world = world.supply(Supply::Shelf(Box::new(shelf)));
        if creators.anybody(TopicRule::FullInformation) {
            return Ok(world.informed_creators(self.around(FullInformation::new(creators))?));
        }
        Ok(world.creators(self.around(creators)?))
    }

    fn around<M: Admit>(&self, creators: M) -> Result<Market<M>, ConfigError> {
        let market = Market::new(creators, &self.market, self.tick_secs).map_err(part("the market"))?;
        Ok(if self.interference { market } else { market.without_interference() })
    }
}
