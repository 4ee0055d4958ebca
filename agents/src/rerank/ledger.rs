//! What the fair rerankers remember from tick to tick.

use recloop_env::{Observation, Slates, Snapshot, SnapshotError, Step, UserId};

use super::cp_fair::{self, Consumers};
use super::exposures::Exposures;
use super::p_mmf::Prices;
use super::{Rerank, fair_co};

/// What was shown up to the last tick, and what follows from it for every creator. Within a tick nothing moves: a row's slate
/// does not depend on who else is in the batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) exposures: Exposures,
    /// Of P-MMF alone.
    prices: Prices,
    /// Of CPFair alone.
    consumers: Consumers,
    /// `[P]` what an item of each creator loses, by what is above; empty if that depends on what stands above it.
    losses: Vec<f32>,
}

impl Ledger {
    pub(super) fn learn(&mut self, by: Rerank, seen: &Observation, shown: &Slates, step: &Step) {
        let tick = self.exposures.learn(seen, shown);
        match by {
            Rerank::PMmf => self.prices.learn(&tick, &self.exposures),
            Rerank::CpFair => self.consumers.learn(seen, step),
            Rerank::FairCo | Rerank::Tfrom | Rerank::Mmr | Rerank::Dpp => {}
        }
        self.reckon(by);
    }

    /// Works out the losses from what is remembered.
    fn reckon(&mut self, by: Rerank) {
        self.losses = match by {
            Rerank::FairCo => fair_co::losses(&self.exposures),
            Rerank::PMmf => self.prices.losses(),
            Rerank::CpFair => cp_fair::losses(&self.exposures),
            Rerank::Tfrom | Rerank::Mmr | Rerank::Dpp => Vec::new(),
        };
    }

    /// What an item of this creator loses in front of somebody who bears the usual; nothing if the creator is new.
    pub(super) fn loss(&self, creator: usize) -> f32 {
        self.losses.get(creator).copied().unwrap_or(0.0)
    }

    /// How much of a loss this user bears.
    pub(super) fn burden(&self, user: UserId) -> f32 {
        self.consumers.burden(user)
    }

    pub(super) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.exposures.save(&mut snapshot);
        self.prices.save(&mut snapshot);
        self.consumers.save(&mut snapshot);
        snapshot
    }

    pub(super) fn load(&mut self, by: Rerank, from: &Snapshot) -> Result<(), SnapshotError> {
        self.exposures.load(from)?;
        self.prices.load(from)?;
        self.consumers.load(from)?;
        self.reckon(by);
        Ok(())
    }
}
