//! Creators in a market, on a shelf: what the worlds with publishing creators share.

use std::sync::Arc;

use recloop_creators::{
    Admit, Authored, Authors, FeedCreators, FullInformation, Market, MarketParams, TopicRule,
};
use recloop_env::{OpenShelf, Supply, WorldBuilder};
use recloop_llm::ChatBackend;

use super::part;
use crate::ConfigError;

/// A language model that writes what creators publish.
pub(super) struct Writer {
    pub(super) backend: Arc<dyn ChatBackend>,
    /// Whether it has the last word on slow decisions, too.
    pub(super) decides: bool,
}

impl Writer {
    fn around<M: Authored + Clone + 'static>(&self, creators: M) -> Result<Authors<M>, ConfigError> {
        let authors = Authors::new(creators, Arc::clone(&self.backend)).map_err(part("the authors"))?;
        if self.decides { authors.deciding().map_err(part("the authors")) } else { Ok(authors) }
    }
}

/// How creators come and go, and what there is at least to show.
pub(super) struct Marketplace {
    pub(super) market: MarketParams,
    pub(super) tick_secs: f64,
    /// The newest so many items stay on offer however old they get.
    pub(super) at_least: usize,
    /// Off: what one user does reaches no other through creators.
    pub(super) interference: bool,
    /// Who writes for creators; they themselves if nobody does.
    pub(super) writer: Option<Writer>,
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
        let knowing = creators.anybody(TopicRule::FullInformation);
        Ok(match &self.writer {
            None if knowing => world.informed_creators(self.around(FullInformation::new(creators))?),
            None => world.creators(self.around(creators)?),
            Some(writer) if knowing => {
                world.informed_creators(self.around(writer.around(FullInformation::new(creators))?)?)
            }
            Some(writer) => world.creators(self.around(writer.around(creators)?)?),
        })
    }

    fn around<M: Admit>(&self, creators: M) -> Result<Market<M>, ConfigError> {
        let market = Market::new(creators, &self.market, self.tick_secs).map_err(part("the market"))?;
        Ok(if self.interference { market } else { market.without_interference() })
    }
}
