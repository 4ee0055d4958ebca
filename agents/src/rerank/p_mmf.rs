//! P-MMF: prices that rise for who is shown too little.

use recloop_env::{Snapshot, SnapshotError};

use super::exposures::Exposures;

/// η: how far one tick moves a price (chosen by us: a creator who gets nothing gains a tenth on one who gets the mean).
const STEP: f64 = 0.1;

/// The dual of the least exposure, one price for every creator.
#[derive(Debug, Clone, Default)]
pub(super) struct Prices {
    /// `[P]` `ln(n v_p)`: 0 is the price of everybody at first, and of who is new.
    logs: Vec<f64>,
}

impl Prices {
    /// One step of mirror descent: `v_p ← v_p exp(−η g_p) / Z` over who is on offer, where g is what was given over the
    /// mean of that, and η the part of its step that `part` of a tick is.
    pub(super) fn learn(&mut self, given: &[f64], part: f64, exposures: &Exposures) {
        self.logs.resize(given.len().max(self.logs.len()), 0.0);
        let present = exposures.present();
        let n = present.clone().count() as f64;
        let mean = present.clone().map(|creator| given[creator]).sum::<f64>() / n;
        if mean > 0.0 {
            present.clone().for_each(|creator| self.logs[creator] -= STEP * part * given[creator] / mean);
            let largest = present.clone().map(|creator| self.logs[creator]).fold(f64::MIN, f64::max);
            let sum: f64 = present.clone().map(|creator| (self.logs[creator] - largest).exp()).sum();
            let level = largest + (sum / n).ln();
            present.for_each(|creator| self.logs[creator] -= level);
        }
    }

    /// `[P]` what an item of each creator loses: `1 − n v_p`.
    pub(super) fn losses(&self) -> Vec<f32> {
        self.logs.iter().map(|log| -log.exp_m1() as f32).collect()
    }

    pub(super) fn save(&self, into: &mut Snapshot) {
        into.put_f64("prices", 1, &self.logs);
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.logs = from.get_f64_vec("prices")?.to_vec();
        Ok(())
    }
}
