//! What creators who believe carry, one row each.

use recloop_env::{Grid, Snapshot, SnapshotError, Tick};

use super::BeliefParams;
use super::posterior::{ClickRate, Evidence, NormalGamma, Prior};
use crate::made::{Choice, LEVELS, OwnItem};
use crate::roster::corrupt;

/// What a creator believes about one topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicBelief {
    /// Posterior mean of the click rate.
    pub click_rate: f64,
    /// Posterior mean of what an item brings per turn on offer, in clicks.
    pub value: f64,
    /// Posterior standard deviation of that mean.
    pub value_sd: f64,
    /// Own items this rests on, faded; 0 for a topic never tried.
    pub items: f64,
}

/// What a creator has made up its mind to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub(super) choice: Choice,
    /// Items until it thinks again.
    pub(super) left: u32,
    /// Whose outcome it last took in: the items heard of by then.
    pub(super) judged: u32,
}

/// A creator's frame of mind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mood {
    /// r: what it is used to get from an item per turn.
    pub(super) reference: f64,
    /// How far items usually are from that.
    pub(super) scale: f64,
    /// How often it posts, as a multiple of its usual rate.
    pub(super) pace: f64,
}

impl Default for Mood {
    fn default() -> Self {
        Self { reference: 0.0, scale: 0.0, pace: 1.0 }
    }
}

/// Evidence of items that are no longer remembered, plans and moods.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minds {
    pub(super) params: BeliefParams,
    n_topics: usize,
    /// `[n, 5T]`.
    folded: Grid<f64>,
    /// `[n, 2·3T]` weight and sum by topic and effort.
    effort: Grid<f64>,
    /// `[n, 2·3]` weight and excess over the topic's mean by bait.
    bait: Grid<f64>,
    pub(super) plans: Vec<Plan>,
    pub(super) moods: Vec<Mood>,
}

/// What a creator knows of everything at one moment.
pub(super) struct Knowledge {
    /// `[T]`.
    pub(super) topics: Vec<Evidence>,
    pub(super) prior: Prior,
}

impl Knowledge {
    pub(super) fn value(&self, topic: usize) -> NormalGamma {
        NormalGamma::of(&self.topics[topic], &self.prior)
    }

    pub(super) fn click_rate(&self, topic: usize) -> ClickRate {
        ClickRate::of(&self.topics[topic], &self.prior)
    }

    fn belief(&self, topic: usize) -> TopicBelief {
        let (value, rate) = (self.value(topic), self.click_rate(topic));
        let items = self.topics[topic].weight;
        TopicBelief { click_rate: rate.mean(), value: value.mean, value_sd: value.sd, items }
    }
}

/// How items are looked at: how long a turn and a life on offer last, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lens {
    pub(crate) period: u32,
    pub(crate) life_turns: f64,
}

/// Impressions the prior of a click rate is worth (chosen by us).
const PRIOR_IMPRESSIONS: f64 = 10.0;

impl Minds {
    pub(crate) fn new(params: BeliefParams, n_topics: usize) -> Self {
        Self {
            params,
            n_topics,
            folded: Grid::new(Evidence::WIDTH * n_topics),
            effort: Grid::new(2 * LEVELS * n_topics),
            bait: Grid::new(2 * LEVELS),
            plans: Vec::new(),
            moods: Vec::new(),
        }
    }

    /// The same kind of mind, with nobody in it.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.params.clone(), self.n_topics)
    }

    /// Adds somebody who knows nothing and means to post at home.
    pub(crate) fn push(&mut self, home: u16) {
        self.folded.resize(self.folded.rows() + 1, self.folded.width());
        self.effort.resize(self.effort.rows() + 1, self.effort.width());
        self.bait.resize(self.bait.rows() + 1, self.bait.width());
        self.plans.push(Plan { choice: Choice::about(home), left: 0, judged: 0 });
        self.moods.push(Mood::default());
    }

    /// How often a creator posts, as a multiple of its usual rate.
    pub(crate) fn pace(&self, at: usize) -> f64 {
        self.moods[at].pace
    }

    /// Evidence fades as a creator publishes.
    pub(crate) fn fade(&mut self, at: usize) {
        let keep = self.params.keep();
        for grid in [&mut self.folded, &mut self.effort, &mut self.bait] {
            grid.row_mut(at).iter_mut().for_each(|sum| *sum *= keep);
        }
    }

    /// Takes in an item that will not be remembered, after which `since` others were published.
    pub(crate) fn fold(&mut self, at: usize, own: &OwnItem, since: usize, now: Tick, lens: Lens) {
        let keep = self.params.keep().powi(since as i32);
        let Some(evidence) = self.evidence(own, keep, now, lens) else { return };
        let topic = usize::from(own.choice.topic);
        let width = Evidence::WIDTH;
        let cells = &mut self.folded.row_mut(at)[topic * width..(topic + 1) * width];
        let mut sum = Evidence::read(cells);
        let before = sum.mean().unwrap_or_else(|| evidence.sum / evidence.weight);
        sum.add(&evidence);
        sum.write(cells);
        let arm = 2 * (topic * LEVELS + usize::from(own.choice.effort));
        let effort = &mut self.effort.row_mut(at)[arm..arm + 2];
        (effort[0], effort[1]) = (effort[0] + evidence.weight, effort[1] + evidence.sum);
        let arm = 2 * usize::from(own.choice.bait);
        let bait = &mut self.bait.row_mut(at)[arm..arm + 2];
        bait[0] += evidence.weight;
        bait[1] += evidence.sum - evidence.weight * before;
    }

    /// What an item tells, if it was ever on offer: of weight `keep` × the share of its life it has been.
    fn evidence(&self, own: &OwnItem, keep: f64, now: Tick, lens: Lens) -> Option<Evidence> {
        let value = self.per_turn(own, now, lens)?;
        let maturity = (turns(own, now, lens) / lens.life_turns).min(1.0);
        let (impressions, clicks) = (f64::from(own.impressions), f64::from(own.clicks));
        Some(Evidence::of(keep * maturity, value, keep * impressions, keep * clicks))
    }

    /// x: what an item brought per turn on offer.
    pub(super) fn per_turn(&self, own: &OwnItem, now: Tick, lens: Lens) -> Option<f64> {
        let turns = turns(own, now, lens);
        let value = self.params.value(own.clicks, f64::from(own.likes), f64::from(own.dwell_secs));
        (turns > 0.0).then(|| value / turns)
    }

    /// `[T]` what a creator's items tell of every topic, those remembered and those forgotten.
    pub(crate) fn evidence_by_topic(
        &self,
        at: usize,
        items: &[OwnItem],
        now: Tick,
        lens: Lens,
    ) -> Vec<Evidence> {
        let mut topics: Vec<Evidence> =
            self.folded.row(at).chunks(Evidence::WIDTH).map(Evidence::read).collect();
        self.each_live(items, now, lens, |own, evidence| topics[usize::from(own.choice.topic)].add(evidence));
        topics
    }

    /// Everything a creator knows.
    pub(super) fn knowledge(&self, at: usize, items: &[OwnItem], now: Tick, lens: Lens) -> Knowledge {
        let topics = self.evidence_by_topic(at, items, now, lens);
        let prior = Prior::of(&topics, f64::from(self.params.prior_items), PRIOR_IMPRESSIONS);
        Knowledge { topics, prior }
    }

    /// What a creator believes about every topic.
    pub(crate) fn beliefs(&self, at: usize, items: &[OwnItem], now: Tick, lens: Lens) -> Vec<TopicBelief> {
        let knowledge = self.knowledge(at, items, now, lens);
        (0..self.n_topics).map(|topic| knowledge.belief(topic)).collect()
    }

    /// `[3]` skill belief: what an item of a topic brings by level of effort, shrunk to what one of the topic does.
    pub(super) fn by_effort(
        &self,
        at: usize,
        (items, now, lens): (&[OwnItem], Tick, Lens),
        (topic, mean): (u16, f64),
    ) -> [f64; LEVELS] {
        let prior = f64::from(self.params.prior_items);
        let mut sums = [[prior, prior * mean]; LEVELS];
        let first = 2 * LEVELS * usize::from(topic);
        for (sum, cells) in sums.iter_mut().zip(self.effort.row(at)[first..].chunks(2)) {
            (sum[0], sum[1]) = (sum[0] + cells[0], sum[1] + cells[1]);
        }
        self.each_live(items, now, lens, |own, evidence| {
            if own.choice.topic == topic {
                let sum = &mut sums[usize::from(own.choice.effort)];
                (sum[0], sum[1]) = (sum[0] + evidence.weight, sum[1] + evidence.sum);
            }
        });
        sums.map(|[weight, sum]| sum / weight)
    }

    /// `[3]` what items brought beyond their topics' means, by level of bait, shrunk to nothing.
    pub(super) fn by_bait(
        &self,
        at: usize,
        (items, now, lens): (&[OwnItem], Tick, Lens),
        knowledge: &Knowledge,
    ) -> [f64; LEVELS] {
        let mut sums = [[f64::from(self.params.prior_items), 0.0]; LEVELS];
        for (sum, cells) in sums.iter_mut().zip(self.bait.row(at).chunks(2)) {
            (sum[0], sum[1]) = (sum[0] + cells[0], sum[1] + cells[1]);
        }
        self.each_live(items, now, lens, |own, evidence| {
            let usual = knowledge.value(usize::from(own.choice.topic)).mean;
            let sum = &mut sums[usize::from(own.choice.bait)];
            (sum[0], sum[1]) = (sum[0] + evidence.weight, sum[1] + evidence.sum - evidence.weight * usual);
        });
        sums.map(|[weight, sum]| sum / weight)
    }

    fn each_live(&self, items: &[OwnItem], now: Tick, lens: Lens, mut tell: impl FnMut(&OwnItem, &Evidence)) {
        let (fading, mut keep) = (self.params.keep(), 1.0);
        for own in items.iter().rev() {
            if let Some(evidence) = self.evidence(own, keep, now, lens) {
                tell(own, &evidence);
            }
            keep *= fading;
        }
    }

    pub(crate) fn save(&self, out: &mut Snapshot) {
        for (name, grid) in [("folded", &self.folded), ("effort", &self.effort), ("bait", &self.bait)] {
            out.put_f64(name, grid.width(), grid.as_slice());
        }
        let plan = |plan: &Plan| {
            let Choice { topic, effort, bait } = plan.choice;
            [u32::from(topic), u32::from(effort), u32::from(bait), plan.left, plan.judged]
        };
        out.put_u32("plan", 5, &self.plans.iter().flat_map(plan).collect::<Vec<_>>());
        let mood = |mood: &Mood| [mood.reference, mood.scale, mood.pace];
        out.put_f64("mood", 3, &self.moods.iter().flat_map(mood).collect::<Vec<_>>());
    }

    /// The minds of `n` creators as they were saved.
    pub(crate) fn loaded(&self, from: &Snapshot, n: usize) -> Result<Self, SnapshotError> {
        let mut new = self.emptied();
        for (name, grid) in
            [("folded", &mut new.folded), ("effort", &mut new.effort), ("bait", &mut new.bait)]
        {
            grid.resize(n, grid.width());
            from.get_f64(name, grid.as_mut_slice())?;
        }
        let (mut plans, mut moods) = (vec![0; 5 * n], vec![0.0; 3 * n]);
        from.get_u32("plan", &mut plans)?;
        from.get_f64("mood", &mut moods)?;
        for (plan, mood) in plans.chunks(5).zip(moods.chunks(3)) {
            if plan[0] as usize >= self.n_topics || plan[1].max(plan[2]) as usize >= LEVELS {
                return Err(corrupt("plan", &format!("there is no choice {:?}", &plan[..3])));
            }
            let choice = Choice { topic: plan[0] as u16, effort: plan[1] as u8, bait: plan[2] as u8 };
            new.plans.push(Plan { choice, left: plan[3], judged: plan[4] });
            new.moods.push(Mood { reference: mood[0], scale: mood[1], pace: mood[2] });
        }
        Ok(new)
    }
}

/// Turns an item has been on offer.
fn turns(own: &OwnItem, now: Tick, lens: Lens) -> f64 {
    f64::from(own.ticks(now)) / f64::from(lens.period)
}
