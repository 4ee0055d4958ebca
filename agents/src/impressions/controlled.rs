//! Scores that lean towards whom an item has not reached.

use std::collections::HashSet;

use recloop_env::{
    EnvSpec, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams, UserId,
};

use super::heard::Heard;
use super::{EstimatedGroups, NoisedCounts};
use crate::AgentError;
use crate::moments::moments;
use crate::scorer::{NOT_RETRIEVED, Scorer, keep_out, need_durable, unfit};

/// Raises an item's score for those who probably belong to groups it has reached too little:
/// `s'_ui = s_ui + gain · w_u · Σ_k π_uk (c_ik + c'_ik [i was not shown to u yet])`.
///
/// With d the mix of the item's audience and e that of its impressions so far, both from [`NoisedCounts`], the deficit of
/// level k is `δ_ik = S(d_ik − e_ik) / max(d_ik, 0.05)`. S moves a number towards 0 by the standard deviation of its noise,
/// `√(2 / (ε N_i)² + 8 R / (ε M_i)²)` after R releases, with M impressions in all and an audience of N: most of what is
/// noise then moves nobody. `c_ik = δ_ik + 0.1 Σ δ_ik` over the releases heard, that sum kept within ±5: proportional
/// control alone would stop where pull and preference balance, short of the mix.
///
/// c' is the same of the people reached, by first impressions, whose noise is twice as large: a group may have its share of
/// impressions and few of its people among those shown the item, and only whoever has not met it can mend that.
///
/// π are the [`EstimatedGroups`] of the user; w is the standard deviation of the row's scores, 1 where they are all equal,
/// so that the gain means the same whatever the scorer's unit. With gain 0 scores are the scorer's own, to the bit; an item
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
/// let mut meter = ImpressionMeter::new(&people, 0, &[everybody], 1.0, &rng)?;
/// policy.scorer_mut().hear(&meter.release())?;
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Controlled<S> {
    scorer: S,
    groups: EstimatedGroups,
    gain: f32,
    heard: Heard,
    /// Who was shown what.
    met: HashSet<(UserId, ItemId)>,
}

impl<S: Scorer> Controlled<S> {
    /// Leans `scorer` by what these guesses and this gain say.
    pub fn new(scorer: S, groups: EstimatedGroups, gain: f32) -> Result<Self, AgentError> {
        if !(gain.is_finite() && gain >= 0.0) {
            return Err(AgentError::Gain { gain });
        }
        let heard = Heard::new(groups.n_levels());
        Ok(Self { scorer, groups, gain, heard, met: HashSet::new() })
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
        self.heard.hear(told);
        Ok(())
    }

    fn pull(&self, chances: &[f32], user: UserId, item: ItemId) -> f32 {
        let Heard { shown, reached, .. } = &self.heard;
        let news = if self.met.contains(&(user, item)) { 0.0 } else { reached.pull(chances, item.index()) };
        shown.pull(chances, item.index()) + news
    }

    fn is_on(&self) -> bool {
        self.gain > 0.0 && !self.heard.is_empty()
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
        (self.heard, self.met) = (Heard::new(self.groups.n_levels()), HashSet::new());
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
        let user = seen.users[row];
        let chances = self.groups.of(user);
        let listed = out.iter_mut().zip(seen.candidates.listed(row));
        for (score, &item) in listed.filter(|(score, _)| **score > NOT_RETRIEVED) {
            *score += weight * self.pull(chances, user, item);
        }
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        if self.gain > 0.0 {
            let rows = seen.users.iter().enumerate();
            self.met.extend(rows.flat_map(|(r, user)| shown.items.row(r).iter().map(|item| (*user, *item))));
        }
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.gain > 0.0 || self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = self.heard.save();
        let mut met: Vec<[u32; 2]> = self.met.iter().map(|(user, item)| [user.0, item.0]).collect();
        met.sort_unstable();
        snapshot.put_u32("met", 2, met.as_flattened());
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.heard.load(from)?;
        let met = from.get_u32_vec("met")?.chunks_exact(2);
        self.met = met.map(|pair| (UserId(pair[0]), ItemId(pair[1]))).collect();
        self.scorer.load(&from.part("scorer"))
    }
}
