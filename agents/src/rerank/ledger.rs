//! What the fair rerankers remember from tick to tick.

use std::sync::Arc;

use recloop_env::{Observation, Slates, Snapshot, SnapshotError, Step, UserId};

use super::cp_fair::{self, Consumers};
use super::exposures::Exposures;
use super::p_mmf::Prices;
use super::{Rerank, fair_co};

/// What was shown so far, and what follows from it for every creator.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) exposures: Exposures,
    /// Of P-MMF alone.
    prices: Prices,
    /// Of CPFair alone.
    consumers: Arc<Consumers>,
    /// `[P]` what an item of each creator loses, by what is above; empty if that depends on what stands above it.
    losses: Vec<f32>,
}

impl Ledger {
    pub(super) fn learn(&mut self, by: Rerank, seen: &Observation, shown: &Slates, step: &Step) {
        let tick = self.exposures.learn(seen, shown);
        match by {
            Rerank::PMmf => self.prices.learn(&tick, 1.0, &self.exposures),
            Rerank::CpFair => Arc::make_mut(&mut self.consumers).learn(seen, step),
            Rerank::FairCo | Rerank::Tfrom | Rerank::Mmr | Rerank::Dpp => {}
        }
        self.reckon(by);
    }

    /// What is known once a tick has begun.
    pub(super) fn opened(&self, by: Rerank, seen: &Observation) -> Self {
        let mut opened = self.clone();
        opened.exposures.open(seen);
        opened.reckon(by);
        opened
    }

    /// Goes on as if creators had been shown so much, `[P]`, in `part` of a tick.
    pub(super) fn serve(&mut self, by: Rerank, shown: &[f64], part: f64) {
        self.exposures.add(shown);
        if by == Rerank::PMmf {
            self.prices.learn(shown, part, &self.exposures);
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
        Arc::make_mut(&mut self.consumers).load(from)?;
        self.reckon(by);
        Ok(())
    }
}
