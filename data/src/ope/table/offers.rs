//! Decisions with all that was on offer.

use super::columns::{Id, Lanes, List, Number, Role};
use super::files::{Chunk, LogFile};
use super::{Table, Target};
use crate::ope::model::{Offer, Sparse};
use crate::ope::{OpeError, Told};

impl Table {
    /// The decision of a row with all that was on offer.
    pub(super) fn with_offer<R>(
        &self,
        file: &LogFile,
        lanes: &Lanes,
        row: usize,
        then: impl FnOnce(&Offer<'_>) -> R,
    ) -> R {
        let reward = self.weighed_reward(lanes, row);
        self.with_offer_of(file, lanes, (row, reward, reward), then)
    }

    fn with_offer_of<R>(
        &self,
        file: &LogFile,
        lanes: &Lanes,
        (row, reward, to_go): (usize, f64, f64),
        then: impl FnOnce(&Offer<'_>) -> R,
    ) -> R {
        let n = self.actions.len();
        let logged = self.logged_name(lanes, row);
        let chosen = self.chosen(lanes, row).unwrap_or(n);
        let all = self.target_row(lanes, row);
        // An action that the target's table does not name comes after all others, with probability 0.
        let target = all.get(..n + usize::from(chosen == n)).unwrap_or(all);
        let name = |at: usize| self.actions.name(at).unwrap_or(logged);
        let features = |at: usize, out: &mut Sparse| self.features.fill(lanes.context(row), at, out);
        then(&Offer {
            user: self.user(file, lanes, row),
            position: self.position(lanes, row),
            chosen,
            reward,
            to_go,
            // Nothing that weighs by it is fitted to a log without.
            propensity: lanes.number(Number::Propensity).get(row).copied().unwrap_or(1.0),
            target,
            name: &name,
            features: &features,
            width: self.features.width(),
        })
    }

    fn logged_name(&self, lanes: &Lanes, row: usize) -> u64 {
        lanes.id(Id::Action).get(row).copied().unwrap_or_default()
    }

    pub(super) fn all_offers(
        &self,
        chunk: &Chunk,
        visit: &mut dyn FnMut(&Offer<'_>) -> Result<(), OpeError>,
    ) -> Result<(), OpeError> {
        if !self.knows_all() {
            return Err(OpeError::Model { model: "rewards".into(), reason: self.knows_too_little() });
        }
        let unread = [List::Predictions, List::Loggers, List::Logging].map(Role::List);
        let columns = self.columns(|role| !unread.contains(&role));
        let mut order = Vec::new();
        self.scan(chunk, &columns, &mut Told::default(), &mut |file, lanes, told| {
            if self.target != Target::Slates {
                return (0..lanes.len())
                    .try_for_each(|row| self.with_offer(file, lanes, row, |offer| visit(offer)));
            }
            self.order(file, lanes, told, &mut order)?;
            for slate in order.chunks(self.slate.max(1)) {
                let mut to_go: f64 = slate.iter().map(|row| self.weighed_reward(lanes, *row)).sum();
                for row in slate {
                    let reward = self.weighed_reward(lanes, *row);
                    self.with_offer_of(file, lanes, (*row, reward, to_go), |offer| visit(offer))?;
                    to_go -= reward;
                }
            }
            Ok(())
        })
    }
}
