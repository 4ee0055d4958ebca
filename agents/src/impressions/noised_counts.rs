//! What a measurement service lets out.

use recloop_env::{Grid, ItemId, Purpose, Streams, Tick, unit};

/// Counts by item and group level, each with Laplace noise: all that anybody but the measurement service learns.
///
/// They can be negative and are no whole numbers. Only an [`ImpressionMeter`](super::ImpressionMeter) makes them.
///
/// # Shapes
/// - `eligible`, `impressions`, `reached`: `[items, levels]`
#[derive(Debug, Clone, PartialEq)]
pub struct NoisedCounts {
    pub(super) eligible: Grid<f64>,
    pub(super) impressions: Grid<f64>,
    pub(super) reached: Grid<f64>,
    pub(super) epsilon: f64,
    pub(super) release: u32,
}

impl NoisedCounts {
    /// How many people of each level an item may be shown to; the same numbers in every release.
    #[must_use]
    pub fn eligible(&self) -> &Grid<f64> {
        &self.eligible
    }

    /// How often an item was shown to people of each level since the last release.
    #[must_use]
    pub fn impressions(&self) -> &Grid<f64> {
        &self.impressions
    }

    /// How many people of each level were shown an item for the first time since the last release.
    #[must_use]
    pub fn reached(&self) -> &Grid<f64> {
        &self.reached
    }

    /// ε of an impression over all releases. Noise has scale 1/ε in `eligible`, 2/ε in `impressions`, 4/ε in `reached`.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Which release this is, from 1.
    #[must_use]
    pub fn release(&self) -> u32 {
        self.release
    }
}

/// Scales of the noise, times ε: whom an item may be shown to, impressions, first impressions.
pub(super) const SCALES: [f64; 3] = [1.0, 2.0, 4.0];

/// Laplace noise of this scale for one level of an item, by inversion of `F(x)`: `x = −sgn(p) ln(1 − 2|p|) · scale` with p
/// uniform in (−½, ½), to 53 bits.
pub(super) fn laplace(
    rng: &Streams,
    purpose: Purpose<ItemId>,
    (item, tick, draw): (ItemId, Tick, u32),
    scale: f64,
) -> f64 {
    let [high, low, ..] = rng.block(purpose, item, tick, draw);
    // 21 more bits than one word has: with 32 alone the noise would end at 22 scales.
    let p = unit(high) - 0.5 + (f64::from(low >> 11) + 0.5 - 1_048_576.0) * 0.5_f64.powi(53);
    -p.signum() * (-2.0 * p.abs()).ln_1p() * scale
}
