//! FairCo: a controller on how far creators are behind.

use super::exposures::Exposures;

/// `[P]` what an item of each creator loses: `−A_p (max_q e_q − e_p) / ē`, over the creators on offer.
pub(super) fn losses(exposures: &Exposures) -> Vec<f32> {
    let rates = exposures.present().map(|creator| exposures.rate(creator));
    let (n, sum) = rates.clone().fold((0.0, 0.0), |(n, sum), rate| (n + 1.0, sum + rate));
    let (best, mean) = (rates.fold(0.0, f64::max), sum / f64::max(n, 1.0));
    let behind = |creator| (best - exposures.rate(creator)).max(0.0);
    let loss = |creator| if mean > 0.0 { -exposures.ticks(creator) * behind(creator) / mean } else { 0.0 };
    (0..exposures.len()).map(|creator| loss(creator) as f32).collect()
}
