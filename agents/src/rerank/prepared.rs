//! What was worked out for the tick at hand.

use std::sync::Arc;

use recloop_env::{Candidates, ItemView, Observation, Tick, UserId};

/// Something about one observation. It holds on to the very lists and items, so they cannot be taken for another's.
#[derive(Debug, Clone)]
pub(super) struct Prepared<T> {
    tick: Tick,
    users: Vec<UserId>,
    candidates: Arc<Candidates>,
    items: Arc<ItemView>,
    what: T,
}

impl<T> Prepared<T> {
    pub(super) fn new(seen: &Observation, what: T) -> Self {
        let (candidates, items) = (Arc::clone(&seen.candidates), Arc::clone(&seen.items));
        Self { tick: seen.tick, users: seen.users.clone(), candidates, items, what }
    }

    /// It, if it is about this observation.
    pub(super) fn of(&self, seen: &Observation) -> Option<&T> {
        let same = self.tick == seen.tick
            && Arc::ptr_eq(&self.candidates, &seen.candidates)
            && Arc::ptr_eq(&self.items, &seen.items)
            && self.users == seen.users;
        same.then_some(&self.what)
    }
}
