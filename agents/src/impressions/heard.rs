//! What noised counts add up to, and what they say is lacking.

use recloop_env::{Grid, Snapshot, SnapshotError};

use super::NoisedCounts;
use super::noised_counts::SCALES;

/// The least share of an audience that a deficit is measured by: what a smaller group lacks would be mostly noise (chosen
/// by us).
const FLOOR: f64 = 0.05;
/// What past deficits weigh beside the present one, each release (chosen by us).
const INTEGRAL: f64 = 0.1;
/// The most that past deficits may add up to, lest what can never be mended grow without bound (chosen by us).
const MOST: f64 = 5.0;

/// Impressions and first impressions so far, beside whom they could be made to; `[items, levels]` each.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    eligible: Vec<f64>,
    n_levels: usize,
    /// `2/ε²` of the last release, and summed over all.
    noise: [f64; 2],
    pub(super) shown: Side,
    pub(super) reached: Side,
}

/// One kind of count.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    counts: Vec<f64>,
    /// Σ δ.
    lacked: Vec<f64>,
    /// c.
    pull: Grid<f32>,
}

impl Heard {
    pub(super) fn new(n_levels: usize) -> Self {
        Self { n_levels, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.eligible.is_empty()
    }

    pub(super) fn hear(&mut self, told: &NoisedCounts) {
        self.eligible = told.eligible.as_slice().to_vec();
        let variance = 2.0 / told.epsilon.powi(2);
        self.noise = [variance, self.noise[1] + variance];
        for (side, counts) in [(&mut self.shown, &told.impressions), (&mut self.reached, &told.reached)] {
            side.counts.resize(self.eligible.len(), 0.0);
            side.counts.iter_mut().zip(counts.as_slice()).for_each(|(sum, n)| *sum += n);
        }
        self.look_again(true);
    }

    /// Brings the pull up to what was heard; adds to what was lacking if a release has just come.
    fn look_again(&mut self, is_news: bool) {
        let (n_levels, [once, all]) = (self.n_levels, self.noise.map(f64::sqrt));
        for (kind, side) in [(1, &mut self.shown), (2, &mut self.reached)] {
            let noise = [SCALES[0] * once, SCALES[kind] * all];
            side.lacked.resize(self.eligible.len(), 0.0);
            side.pull.resize(self.eligible.len() / n_levels.max(1), n_levels);
            for item in 0..side.pull.rows() {
                let at = item * n_levels..(item + 1) * n_levels;
                let now = lacking(&self.eligible[at.clone()], &side.counts[at.clone()], noise);
                let sums = side.lacked[at].iter_mut();
                for ((pull, now), sum) in side.pull.row_mut(item).iter_mut().zip(now).zip(sums) {
                    *sum = if is_news { (*sum + now).clamp(-MOST, MOST) } else { *sum };
                    *pull = (now + INTEGRAL * *sum) as f32;
                }
            }
        }
    }

    pub(super) fn save(&self) -> Snapshot {
        let (mut snapshot, width) = (Snapshot::default(), self.n_levels.max(1));
        snapshot.put_f64("noise", 2, &self.noise);
        snapshot.put_f64("eligible", width, &self.eligible);
        for (name, side) in [("shown", &self.shown), ("reached", &self.reached)] {
            snapshot.put_f64(name, width, &side.counts);
            snapshot.put_f64(&format!("{name}.lacked"), width, &side.lacked);
        }
        snapshot
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut noise = [0.0; 2];
        from.get_f64("noise", &mut noise)?;
        let eligible = from.get_f64_vec("eligible")?.to_vec();
        let side = |name: &str| {
            let (mut counts, mut lacked) = (vec![0.0; eligible.len()], vec![0.0; eligible.len()]);
            from.get_f64(name, &mut counts)?;
            from.get_f64(&format!("{name}.lacked"), &mut lacked)?;
            Ok::<_, SnapshotError>(Side { counts, lacked, pull: Grid::default() })
        };
        let (shown, reached) = (side("shown")?, side("reached")?);
        *self = Self { eligible, n_levels: self.n_levels, noise, shown, reached };
        self.look_again(false);
        Ok(())
    }
}

impl Side {
    /// `Σ_k π_uk c_ik`; 0 of an item not heard of.
    pub(super) fn pull(&self, chances: &[f32], item: usize) -> f32 {
        if item >= self.pull.rows() {
            return 0.0;
        }
        chances.iter().zip(self.pull.row(item)).map(|(chance, pull)| chance * pull).sum()
    }
}

/// δ of one item, by the standard deviations of what is eligible and of what was counted.
fn lacking(eligible: &[f64], counted: &[f64], [of_eligible, of_counted]: [f64; 2]) -> Vec<f64> {
    let known = |counts: &[f64]| counts.iter().map(|n| n.max(0.0)).sum::<f64>();
    let (n_eligible, n_counted) = (known(eligible), known(counted));
    // Of less than one person, or one impression, nothing is known but noise.
    if n_eligible < 1.0 || n_counted < 1.0 {
        return vec![0.0; eligible.len()];
    }
    let noise = (of_eligible / n_eligible).hypot(of_counted / n_counted);
    let mixes = eligible.iter().zip(counted).map(|(d, e)| (d.max(0.0) / n_eligible, e.max(0.0) / n_counted));
    mixes.map(|(d, e)| (d - e).signum() * ((d - e).abs() - noise).max(0.0) / d.max(FLOOR)).collect()
}
