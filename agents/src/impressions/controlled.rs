//! Scores that lean towards whom an item has not reached.

use recloop_env::{
    EnvSpec, Grid, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams,
};

use super::{EstimatedGroups, NoisedCounts};
use crate::AgentError;
use crate::moments::moments;
use crate::scorer::{NOT_RETRIEVED, Scorer, keep_out, need_durable, unfit};

/// The least share of an audience that a deficit is measured by: what a smaller group lacks would be mostly noise (chosen
/// by us).
const FLOOR: f64 = 0.05;
/// What past deficits weigh beside the present one, each release (chosen by us).
const INTEGRAL: f64 = 0.1;
/// The most that past deficits may add up to, lest what can never be mended grow without bound (chosen by us).
const MOST: f64 = 5.0;

/// Raises an item's score for those who probably belong to groups it has reached too little:
/// `s'_ui = s_ui + gain · w_u · Σ_k π_uk c_ik`.
///
/// With d the mix of the item's audience and e that of its impressions so far, both from [`NoisedCounts`], the deficit of
/// level k is `δ_ik = S(d_ik − e_ik) / max(d_ik, 0.05)`, where S moves a number towards 0 by the standard deviation of
/// its noise, `√(2R/(ε N_i)² + 2/(ε M_i)²)` after R releases of N impressions to M people: what may be noise alone moves
/// nobody. Then `c_ik = δ_ik + 0.1 Σ δ_ik` over the releases heard, that sum kept within ±5: proportional control alone would stop where pull and preference balance, short of the mix. π are
/// the [`EstimatedGroups`] of the user; w is the standard deviation of the row's scores, 1 where they are all equal, so
/// that the gain means the same whatever the scorer's unit. With gain 0 scores are the scorer's own, to the bit; an item
/// not heard of yet is not moved.
///
/// It is told [`NoisedCounts`] by [`hear`](Controlled::hear) and guesses when it is made; a user's group it cannot be
/// told:
///
/// ```compile_fail,E0308
/// use recloop_agents::{DotProduct, impressions::Controlled};
/// use recloop_env::{Group, Population};
/// let truth = Population::new(vec![Group::new("half", &["a", "b"])], 100);
/// let _ = Controlled::new(DotProduct::default(), truth, 1.0);
/// ```
///
/// # Shapes and units
/// - gain: standard deviations of a row's scores for a group that an item has not reached at all
///
/// # Numerics
/// Counts are summed in `f64`; negative sums, which are noise, count as 0.
///
/// # Errors
/// A gain below zero or not finite; `begin` refuses a world with more users than there are guesses about, or whose items
/// do not last.
///
/// # Source
/// The setting: Timmaraju et al. (2023), arXiv 2306.03293. The control law is ours; of its kind is Morik et al. (2020),
/// "Controlling fairness and bias in dynamic learning-to-rank".
///
/// ```
/// use recloop_agents::impressions::{Controlled, EstimatedGroups, ImpressionMeter};
/// use recloop_agents::{DotProduct, PlackettLuce};
/// use recloop_env::{Group, Population, Streams, UserId};
///
/// let people = Population::new(vec![Group::new("half", &["a", "b"])], 100);
/// let rng = Streams::new(7);
/// let guesses = EstimatedGroups::with_accuracy(&people, 0, 0.9, &rng)?;
/// let mut policy = PlackettLuce::new(Controlled::new(DotProduct::default(), guesses, 2.0)?, 0.1)?;
/// let everybody: Vec<UserId> = (0..100).map(UserId).collect();
/// let mut meter = ImpressionMeter::new(&people, 0, &[everybody], 1.0)?;
/// policy.scorer_mut().hear(&meter.release(&rng))?;
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Controlled<S> {
    scorer: S,
    groups: EstimatedGroups,
    gain: f32,
    heard: Heard,
    /// `[items, levels]` c.
    pull: Grid<f32>,
}

/// Sums of what was heard, `[items, levels]` each.
#[derive(Debug, Clone, Default)]
struct Heard {
    eligible: Vec<f64>,
    impressions: Vec<f64>,
    /// Σ δ.
    lacked: Vec<f64>,
    /// Variance of the noise in one eligible count, and in one sum of impressions.
    noise: [f64; 2],
}

impl<S: Scorer> Controlled<S> {
    /// Leans `scorer` by what these guesses and this gain say.
    pub fn new(scorer: S, groups: EstimatedGroups, gain: f32) -> Result<Self, AgentError> {
        if !(gain.is_finite() && gain >= 0.0) {
            return Err(AgentError::Gain { gain });
        }
        let pull = Grid::new(groups.n_levels());
        Ok(Self { scorer, groups, gain, heard: Heard::default(), pull })
    }

    /// Is told what the measurement service let out.
    ///
    /// # Errors
    /// Counts by another number of levels than are guessed.
    pub fn hear(&mut self, told: &NoisedCounts) -> Result<(), AgentError> {
        let (expected, found) = (self.groups.n_levels(), told.impressions.width());
        if expected != found {
            return Err(AgentError::OtherLevels { expected, found });
        }
        let heard = &mut self.heard;
        heard.eligible = told.eligible.as_slice().to_vec();
        let noise = 2.0 / told.epsilon.powi(2);
        heard.noise = [noise, heard.noise[1] + noise];
        heard.impressions.resize(heard.eligible.len(), 0.0);
        heard.lacked.resize(heard.eligible.len(), 0.0);
        heard.impressions.iter_mut().zip(told.impressions.as_slice()).for_each(|(sum, n)| *sum += n);
        for at in (0..heard.eligible.len()).step_by(expected) {
            let lacking = heard.lacking(at..at + expected);
            let sums = heard.lacked[at..at + expected].iter_mut();
            sums.zip(lacking).for_each(|(sum, now)| *sum = (*sum + now).clamp(-MOST, MOST));
        }
        self.look_again();
        Ok(())
    }

    /// Brings the pull up to what was heard.
    fn look_again(&mut self) {
        let (heard, n_levels) = (&self.heard, self.groups.n_levels());
        self.pull.resize(heard.eligible.len() / n_levels, n_levels);
        for item in 0..self.pull.rows() {
            let at = item * n_levels..(item + 1) * n_levels;
            let (lacking, lacked) = (heard.lacking(at.clone()), &heard.lacked[at]);
            for ((pull, now), past) in self.pull.row_mut(item).iter_mut().zip(lacking).zip(lacked) {
                *pull = (now + INTEGRAL * past) as f32;
            }
        }
    }

    /// `Σ_k π_uk c_ik`.
    fn pull(&self, chances: &[f32], item: ItemId) -> f32 {
        if item.index() >= self.pull.rows() {
            return 0.0;
        }
        chances.iter().zip(self.pull.row(item.index())).map(|(chance, pull)| chance * pull).sum()
    }

    fn is_on(&self) -> bool {
        self.gain > 0.0 && self.pull.rows() > 0
    }
}

impl Heard {
    /// δ of one item.
    fn lacking(&self, at: std::ops::Range<usize>) -> Vec<f64> {
        let (eligible, shown) = (&self.eligible[at.clone()], &self.impressions[at]);
        let known = |counts: &[f64]| counts.iter().map(|n| n.max(0.0)).sum::<f64>();
        let (n_eligible, n_shown) = (known(eligible), known(shown));
        // Of less than one person, or one impression, nothing is known but noise.
        if n_eligible < 1.0 || n_shown < 1.0 {
            return vec![0.0; eligible.len()];
        }
        let [of_eligible, of_shown] = self.noise;
        let noise = (of_eligible.sqrt() / n_eligible).hypot(of_shown.sqrt() / n_shown);
        let mixes = eligible.iter().zip(shown).map(|(d, e)| (d.max(0.0) / n_eligible, e.max(0.0) / n_shown));
        mixes.map(|(d, e)| (d - e).signum() * ((d - e).abs() - noise).max(0.0) / d.max(FLOOR)).collect()
    }
}

impl<S: Scorer> Scorer for Controlled<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        let (guessed, users) = (self.groups.n_users(), spec.n_users);
        if guessed < users {
            let reason = format!("it has {users} users, groups are guessed of {guessed}");
            return Err(unfit("impression control", spec, reason));
        }
        need_durable("impression control", spec)?;
        (self.heard, self.pull) = (Heard::default(), Grid::new(self.groups.n_levels()));
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.scorer.prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
        if !self.is_on() || keep_out(seen, row, out).is_err() {
            return; // a score that is no number is left as it is, for the ranker to refuse
        }
        // What may not be shown, or was not retrieved, stays where it is and says nothing of the spread.
        let (_, sd) = moments(out.iter().copied().filter(|score| *score > NOT_RETRIEVED));
        let weight = self.gain * if sd > 0.0 { sd as f32 } else { 1.0 };
        let chances = self.groups.of(seen.users[row]);
        let listed = out.iter_mut().zip(seen.candidates.listed(row));
        for (score, &item) in listed.filter(|(score, _)| **score > NOT_RETRIEVED) {
            *score += weight * self.pull(chances, item);
        }
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.gain > 0.0 || self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let (mut snapshot, width) = (Snapshot::default(), self.groups.n_levels());
        snapshot.put_f64("eligible", width, &self.heard.eligible);
        snapshot.put_f64("impressions", width, &self.heard.impressions);
        snapshot.put_f64("lacked", width, &self.heard.lacked);
        snapshot.put_f64("noise", 2, &self.heard.noise);
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let eligible = from.get_f64_vec("eligible")?.to_vec();
        let (mut impressions, mut lacked) = (vec![0.0; eligible.len()], vec![0.0; eligible.len()]);
        let mut noise = [0.0; 2];
        from.get_f64("noise", &mut noise)?;
        from.get_f64("impressions", &mut impressions)?;
        from.get_f64("lacked", &mut lacked)?;
        self.heard = Heard { eligible, impressions, lacked, noise };
        self.look_again();
        self.scorer.load(&from.part("scorer"))
    }
}
