//! What was clicked most.

use recloop_env::{
    Catalogue, EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Tick,
};

use super::{Scorer, need_durable};
use crate::AgentError;

/// Scores an item by its clicks, old ones counting less:
/// `s_i(t) = Σ_{clicks c of i} 2^(−(t − t_c) / h)`.
///
/// # Shapes and units
/// - half-life h: in ticks; without one, every click counts in full for good
/// - the score is in clicks
///
/// # Numerics
/// `f64` sums, faded from tick to tick; a score is rounded to `f32`.
///
/// # Errors
/// `begin` refuses a world whose items are redrawn every tick: no item is ever seen twice.
///
/// ```
/// use recloop_agents::Popularity;
///
/// let a_week_of_hours = Popularity::new(Some(7.0 * 24.0))?;
/// assert!(Popularity::new(Some(0.0)).is_err());
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Popularity {
    half_life_ticks: Option<f32>,
    /// `[I]` what the clicks are worth at tick `at`.
    clicks: Vec<f64>,
    at: Tick,
}

impl Popularity {
    /// Clicks lose half their weight in `half_life_ticks`, which must be finite and above zero.
    pub fn new(half_life_ticks: Option<f32>) -> Result<Self, AgentError> {
        match half_life_ticks {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(AgentError::Setting { name: "half_life_ticks", value })
            }
            _ => Ok(Self { half_life_ticks, ..Self::default() }),
        }
    }

    /// What a click of tick `at` is worth at `now`.
    fn fade(&self, now: Tick) -> f64 {
        let ticks = f64::from(now.0.saturating_sub(self.at.0));
        self.half_life_ticks.map_or(1.0, |half_life| (-ticks / f64::from(half_life)).exp2())
    }
}

impl Scorer for Popularity {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        (self.clicks, self.at) = (Vec::new(), Tick(0));
        need_durable("popularity", spec)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let fade = self.fade(seen.tick);
        for (score, item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            *score = self.clicks.get(item.index()).map_or(0.0, |clicks| (clicks * fade) as f32);
        }
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        let fade = self.fade(seen.tick);
        if fade < 1.0 {
            self.clicks.iter_mut().for_each(|clicks| *clicks *= fade);
        }
        self.at = seen.tick;
        let n_items = seen.items.catalogue().map_or(0, Catalogue::len);
        self.clicks.resize(n_items.max(self.clicks.len()), 0.0);
        let answers = shown.items.as_slice().iter().zip(step.responses.click.as_slice());
        for (item, _) in answers.filter(|(_, clicked)| **clicked) {
            self.clicks[item.index()] += 1.0;
        }
    }

    fn learns(&self) -> bool {
        true
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_f64("clicks", 1, &self.clicks);
        snapshot.put_u32("at", 1, &[self.at.0]);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut at = [0];
        from.get_u32("at", &mut at)?;
        (self.clicks, self.at) = (from.get_f64_vec("clicks")?.to_vec(), Tick(at[0]));
        Ok(())
    }
}
