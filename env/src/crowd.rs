//! What the crowd did: the only channel through which one user's clicks reach another.

use crate::snapshot::{Array, SnapshotError, SnapshotSink, SnapshotSource};
use crate::{Clock, Grid, ItemId, Slates, Tick};

/// Clicks and impressions of every durable item, and how the crowd's liking looks to somebody who sees the counts.
///
/// A click counts 1 and fades: `n_i(t) = Σ_clicks ρ^(days since)`. An item's **appeal** is the z-score of
/// `log(1 + n_i)` over the items on offer, taken once a tick; it is 0 where all are alike, and in a world without
/// popularity.
///
/// # Shapes and units
/// - ρ: share of a click's weight that is left after a day, in (0, 1\]
///
/// # Numerics
/// Weights are kept relative to a reference tick and rescaled before they overflow; `f64` sums in item order, so no
/// thread count shapes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Crowd {
    /// ln ρ per tick; `None` in a world where nobody sees what others click.
    ln_keep: Option<f64>,
    /// `[I]` clicks in units of what a click was worth at `at`.
    clicks: Vec<f64>,
    impressions: Vec<u32>,
    at: Tick,
    /// `[I]` this tick's appeal.
    appeal: Vec<f32>,
}

/// Clicks are rescaled when one of today is worth this many of the reference tick (chosen by us).
const RESCALE: f64 = 1e9;

impl Crowd {
    pub(crate) fn new(keep_per_day: Option<f32>, clock: Clock) -> Self {
        let ln_keep = keep_per_day.map(|keep| f64::from(keep).ln() * clock.tick_secs / Clock::DAY_SECS);
        Self { ln_keep, clicks: vec![], impressions: vec![], at: Tick(0), appeal: vec![] }
    }

    /// The same rule, before anybody did anything.
    pub(crate) fn emptied(&self) -> Self {
        Self { ln_keep: self.ln_keep, clicks: vec![], impressions: vec![], at: Tick(0), appeal: vec![] }
    }

    /// How much better liked than the others on offer `item` looks, in standard deviations.
    #[must_use]
    #[inline]
    pub fn appeal(&self, item: ItemId) -> f32 {
        self.appeal.get(item.index()).copied().unwrap_or(0.0)
    }

    /// How often `item` was ever shown.
    #[must_use]
    #[inline]
    pub fn impressions(&self, item: ItemId) -> u32 {
        self.impressions.get(item.index()).copied().unwrap_or(0)
    }

    /// What the clicks of `item` are worth at `now`; 0 in a world without popularity.
    #[must_use]
    pub fn clicks(&self, item: ItemId, now: Tick) -> f64 {
        self.clicks.get(item.index()).copied().unwrap_or(0.0) / self.worth(now)
    }

    /// What a click at `now` counts, in units of the reference tick.
    fn worth(&self, now: Tick) -> f64 {
        (-self.ln_keep.unwrap_or(0.0) * f64::from(now.0 - self.at.0)).exp()
    }

    /// Takes in one tick's clicks.
    pub(crate) fn count(&mut self, now: Tick, slates: &Slates, clicked: &Grid<bool>, n_items: usize) {
        self.impressions.resize(n_items, 0);
        for item in slates.items.as_slice() {
            self.impressions[item.index()] += 1;
        }
        if self.ln_keep.is_none() {
            return;
        }
        self.clicks.resize(n_items, 0.0);
        let mut worth = self.worth(now);
        if worth > RESCALE {
            self.clicks.iter_mut().for_each(|clicks| *clicks /= worth);
            (self.at, worth) = (now, 1.0);
        }
        let answers = slates.items.as_slice().iter().zip(clicked.as_slice());
        for (item, _) in answers.filter(|(_, clicked)| **clicked) {
            self.clicks[item.index()] += worth;
        }
    }

    /// Looks at the counts of what is on offer at `now`.
    pub(crate) fn look(&mut self, now: Tick, offered: &[ItemId], n_items: usize) {
        if self.ln_keep.is_none() || offered.is_empty() {
            return;
        }
        self.clicks.resize(n_items, 0.0);
        self.appeal.resize(n_items, 0.0);
        let scale = 1.0 / self.worth(now);
        let (mut sum, mut squares) = (0.0, 0.0);
        for item in offered {
            let seen = (self.clicks[item.index()] * scale).ln_1p();
            self.appeal[item.index()] = seen as f32;
            (sum, squares) = (sum + seen, squares + seen * seen);
        }
        let n = offered.len() as f64;
        let mean = sum / n;
        let sd = (squares / n - mean * mean).max(0.0).sqrt();
        for item in offered {
            let appeal = &mut self.appeal[item.index()];
            *appeal = if sd > 1e-9 { ((f64::from(*appeal) - mean) / sd) as f32 } else { 0.0 };
        }
    }

    pub(crate) fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        out.put(Array::new("crowd.at", 1, [self.at.0]))?;
        out.put(Array::new("crowd.clicks", 1, &self.clicks[..]))?;
        out.put(Array::new("crowd.impressions", 1, &self.impressions[..]))
    }

    pub(crate) fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        let mut at = [0];
        from.take("crowd.at")?.copy_to(&mut at)?;
        self.at = Tick(at[0]);
        self.clicks = from.take("crowd.clicks")?.to_vec()?;
        self.impressions = from.take("crowd.impressions")?.to_vec()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(items: &[u32], clicked: &[bool]) -> (Slates, Grid<bool>) {
        let mut slates = Slates::default();
        slates.reset(1, items.len());
        let items: Vec<_> = items.iter().copied().map(ItemId).collect();
        slates.items.row_mut(0).copy_from_slice(&items);
        (slates, Grid::from_vec(clicked.to_vec(), 1, clicked.len()).unwrap())
    }

    #[test]
    fn clicks_fade_and_appeal_is_a_z_score_of_what_is_on_offer() {
        let day = Clock { tick_secs: Clock::DAY_SECS, calendar: true };
        let mut crowd = Crowd::new(Some(0.5), day);
        let (slates, clicked) = shown(&[0, 2], &[true, false]);
        crowd.count(Tick(0), &slates, &clicked, 3);
        crowd.count(Tick(1), &slates, &clicked, 3);
        // One click half faded and one fresh.
        assert!((crowd.clicks(ItemId(0), Tick(1)) - 1.5).abs() < 1e-12);
        assert!((crowd.clicks(ItemId(0), Tick(2)) - 0.75).abs() < 1e-12);
        assert_eq!((crowd.impressions(ItemId(2)), crowd.impressions(ItemId(1))), (2, 0));
        crowd.look(Tick(1), &[0, 1].map(ItemId), 3);
        // Two different values lie one standard deviation from their mean.
        assert!((crowd.appeal(ItemId(0)) - 1.0).abs() < 1e-6 && (crowd.appeal(ItemId(1)) + 1.0).abs() < 1e-6);
        crowd.look(Tick(1), &[1, 2].map(ItemId), 3);
        assert_eq!((crowd.appeal(ItemId(1)), crowd.appeal(ItemId(2))), (0.0, 0.0));
    }

    #[test]
    fn rescaling_after_years_changes_no_count() {
        let day = Clock { tick_secs: Clock::DAY_SECS, calendar: true };
        let mut crowd = Crowd::new(Some(0.9), day);
        let (slates, clicked) = shown(&[0], &[true]);
        for tick in 0..1000 {
            crowd.count(Tick(tick), &slates, &clicked, 1);
        }
        // A geometric series: 1 / (1 − 0.9).
        assert!((crowd.clicks(ItemId(0), Tick(999)) - 10.0).abs() < 1e-5);
    }
}
