//! What a step was worth: named parts and weights.

use rayon::prelude::*;

use crate::{Crowd, Fate, Grid, Responses, Slates, UserId};

/// Rows scored by one task; a row's reward depends on no other row.
const ROWS_PER_TASK: usize = 2048;

/// What a reward part may look at: one tick's outcome.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// `[B]` who.
    pub users: &'a [UserId],
    /// `[B]` whether this was the first slate of a return visit.
    pub returned: &'a [bool],
    /// What was shown.
    pub slates: &'a Slates,
    /// What they did.
    pub responses: &'a Responses,
    /// What becomes of their sessions.
    pub fate: &'a [Fate],
    /// What everybody did with the items, before this tick.
    pub crowd: &'a Crowd,
}

/// One named part of a reward.
pub trait RewardPart: Send + Sync {
    /// What it is called.
    fn name(&self) -> String;

    /// The part of row `r`.
    fn score(&self, outcome: &Outcome<'_>, r: usize) -> f32;

    /// The signal it reads, by name and place: a world that has none such refuses the part.
    fn signal(&self) -> Option<(&str, usize)> {
        None
    }

    /// A copy that goes its own way.
    fn fork(&self) -> Box<dyn RewardPart>;
}

/// The reward parts every world can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Clicked items.
    Clicks,
    /// Minutes spent.
    DwellMinutes,
    /// Sum of a signal over the slate.
    Signal {
        /// Its name.
        name: String,
        /// Its place among the signals.
        at: usize,
    },
    /// 1 on the first slate of a return visit: the return is credited when it happens.
    Returns,
    /// Share of the slate given to items that were shown fewer than a hundred times before: what newcomers get.
    NewcomerExposure,
}

/// Impressions from which on an item is no newcomer (as in the time to the first hundred of the metrics).
const NEWCOMER_IMPRESSIONS: u32 = 100;

impl RewardPart for Part {
    fn name(&self) -> String {
        match self {
            Self::Clicks => "clicks".into(),
            Self::DwellMinutes => "dwell_minutes".into(),
            Self::Signal { name, .. } => name.clone(),
            Self::Returns => "returns".into(),
            Self::NewcomerExposure => "newcomer_exposure".into(),
        }
    }

    fn score(&self, outcome: &Outcome<'_>, r: usize) -> f32 {
        let did = outcome.responses;
        match self {
            Self::Clicks => did.click.row(r).iter().filter(|clicked| **clicked).count() as f32,
            Self::DwellMinutes => did.dwell_secs.row(r).iter().sum::<f32>() / 60.0,
            Self::Signal { at, .. } => did.signal(*at, r).iter().sum(),
            Self::Returns => f32::from(u8::from(outcome.returned[r])),
            Self::NewcomerExposure => {
                let slate = outcome.slates.items.row(r);
                let new = |item: &&crate::ItemId| outcome.crowd.impressions(**item) < NEWCOMER_IMPRESSIONS;
                slate.iter().filter(new).count() as f32 / slate.len() as f32
            }
        }
    }

    fn signal(&self) -> Option<(&str, usize)> {
        match self {
            Self::Signal { name, at } => Some((name, *at)),
            _ => None,
        }
    }

    fn fork(&self) -> Box<dyn RewardPart> {
        Box::new(self.clone())
    }
}

/// reward\[r\] = Σ weight · part\[r\].
pub struct Objective {
    parts: Vec<(Box<dyn RewardPart>, f32)>,
}

impl Objective {
    /// No part yet: every reward is 0.
    #[must_use]
    pub fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Adds a part with its weight.
    #[must_use]
    pub fn with(mut self, part: impl RewardPart + 'static, weight: f32) -> Self {
        self.parts.push((Box::new(part), weight));
        self
    }

    /// Names and weights, in order.
    #[must_use]
    pub fn names(&self) -> Vec<(String, f32)> {
        self.parts.iter().map(|(part, weight)| (part.name(), *weight)).collect()
    }

    /// The first signal a part reads that is not among `signals`.
    pub(crate) fn missing_signal(&self, signals: &[String]) -> Option<String> {
        let read = self.parts.iter().filter_map(|(part, _)| part.signal());
        let mut missing = read.filter(|(name, at)| signals.get(*at).is_none_or(|signal| signal != name));
        missing.next().map(|(name, at)| format!("`{name}` as signal {at}"))
    }

    /// Writes parts `[B, R]` and their weighted sums `[B]`.
    pub fn score(&self, outcome: &Outcome<'_>, parts: &mut Grid<f32>, reward: &mut Vec<f32>) {
        let (rows, width) = (outcome.users.len(), self.parts.len());
        parts.resize(rows, width);
        reward.clear();
        reward.resize(rows, 0.0);
        let scores = parts.as_mut_slice().par_chunks_mut(ROWS_PER_TASK * width.max(1));
        reward.par_chunks_mut(ROWS_PER_TASK).zip(scores).enumerate().for_each(|(task, (reward, scores))| {
            for (i, (total, scores)) in reward.iter_mut().zip(scores.chunks_mut(width)).enumerate() {
                for (score, (part, weight)) in scores.iter_mut().zip(&self.parts) {
                    *score = part.score(outcome, task * ROWS_PER_TASK + i);
                    *total += *weight * *score;
                }
            }
        });
    }

    pub(crate) fn fork(&self) -> Self {
        Self { parts: self.parts.iter().map(|(part, weight)| (part.fork(), *weight)).collect() }
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self::new()
    }
}
