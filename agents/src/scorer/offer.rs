//! The one list of durable items that everybody is offered, and what is gathered for it once a tick.

use std::sync::Arc;

use recloop_env::{ItemId, ItemSet, ItemView, Observation};

/// Holds on to the very list and the very items something was gathered from, so it cannot be taken for another's.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    list: Arc<ItemSet>,
    items: Arc<ItemView>,
}

impl Offer {
    /// The offer of this tick, if there is one list for everybody, of items that last.
    pub(crate) fn of(seen: &Observation) -> Option<Self> {
        let list = seen.candidates.common().filter(|_| seen.items.is_durable())?;
        Some(Self { list: Arc::clone(list), items: Arc::clone(&seen.items) })
    }

    /// Whether this is what is on offer now.
    #[inline]
    pub(crate) fn is_of(&self, seen: &Observation) -> bool {
        seen.candidates.common().is_some_and(|list| Arc::ptr_eq(list, &self.list))
            && Arc::ptr_eq(&seen.items, &self.items)
    }

    /// `[C]` the items.
    pub(crate) fn list(&self) -> &[ItemId] {
        &self.list
    }
}
