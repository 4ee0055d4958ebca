//! What can be set about creators who act on beliefs.

use serde::{Deserialize, Serialize};

use crate::CreatorsError;
use crate::made::LEVELS;
use crate::params::within;

/// What a creator's belief is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeliefKind {
    /// A posterior for every topic, old evidence fading.
    #[default]
    Posterior,
    /// The published table of means, in which a topic never tried is unknown: the limit without forgetting and without
    /// uncertainty.
    Means,
}

/// What a creator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// What the next item is about, and nothing else.
    #[default]
    Topic,
    /// Besides: how much effort and how much bait go into it, and how often to post.
    All,
}

/// Parameters of creators who [believe](crate::TopicRule::Belief), and of what creating is worth and costs to any.
///
/// The unit of value is a click. All defaults are chosen by us but those marked with a source; decisiveness, slope, half-life
/// and revisit were chosen on four seeds of `creators-v0` that no reported number uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeliefParams {
    /// What a belief is made of.
    pub belief: BeliefKind,
    /// What a creator decides.
    pub actions: Actions,
    /// Own items after which evidence weighs half, in \[1, 10⁶\].
    pub half_life_items: f32,
    /// κ₀: items the prior of a topic is worth until a creator knows two topics, in \[0.01, 1000\]; from then on the ratio of the
    /// variance between its items about one topic to that between topics.
    pub prior_items: f32,
    /// Items after which a creator thinks again, in \[1, 10⁶\].
    pub revisit_items: u32,
    /// Standard deviations of the posterior predictive law by which the last item must be off for its maker to think again at
    /// once, in \[0, 100\].
    pub surprise_sds: f32,
    /// ρ: posterior standard deviations added to the value of what is not recent, in \[-10, 10\]; below 0 is averse to risk.
    pub risk: f32,
    /// δ: log-odds of staying with what is known, per standard deviation between own items by which it is better, in \[0, 100\].
    pub decisiveness: f32,
    /// s: log-odds of it per unit of prospect value of the last item, in \[0, 100\]; 0 knows no reference.
    pub prospect_slope: f32,
    /// λ: how much larger losses loom, in \[0, 100\] (Tversky, Kahneman 1992: 2.25); 1 is no aversion.
    pub loss_aversion: f32,
    /// α: curvature of gains and losses, in (0, 1\] (Tversky, Kahneman 1992: 0.88).
    pub value_curvature: f32,
    /// How far an item moves the reference a creator measures by, in (0, 1\].
    pub reference_rate: f32,
    /// Value of a like, in clicks, in \[0, 1000\].
    pub like_value: f32,
    /// Value of a minute spent with an item, in clicks, in \[0, 1000\].
    pub minute_value: f32,
    /// Cost of an item of usual effort, in clicks, in \[0, 10⁶\]; half of it at low effort, twice at high.
    pub item_cost: f32,
    /// What a level of effort adds to an item's mean quality, in \[0, 1\].
    pub effort_quality: f32,
    /// What a level of bait adds to an item's mean bait, in \[0, 1\].
    pub bait_step: f32,
    /// Days after which what creating brought and cost weighs half in a creator's mind, in \[0.01, 3650\].
    pub utility_half_life_days: f32,
    /// How much dearer an item is per click of cost spent a day lately, in \[0, 1000\].
    pub tiring: f32,
}

/// Cost of an item by level of effort, beside the usual one (chosen by us).
const COSTS: [f64; LEVELS] = [0.5, 1.0, 2.0];

impl Default for BeliefParams {
    fn default() -> Self {
        Self {
            belief: BeliefKind::Posterior,
            actions: Actions::Topic,
            half_life_items: 100.0,
            prior_items: 1.0,
            revisit_items: 3,
            surprise_sds: 2.0,
            risk: 1.0,
            decisiveness: 8.0,
            prospect_slope: 0.5,
            loss_aversion: 2.25,
            value_curvature: 0.88,
            reference_rate: 0.2,
            like_value: 0.0,
            minute_value: 0.0,
            item_cost: 1.0,
            effort_quality: 0.15,
            bait_step: 0.2,
            utility_half_life_days: 7.0,
            tiring: 0.02,
        }
    }
}

impl BeliefParams {
    /// Refuses the first number outside its range.
    pub(crate) fn check(&self) -> Result<(), CreatorsError> {
        within("half_life_items", self.half_life_items, 1.0, 1e6)?;
        within("prior_items", self.prior_items, 0.01, 1e3)?;
        within("revisit_items", self.revisit_items as f32, 1.0, 1e6)?;
        within("surprise_sds", self.surprise_sds, 0.0, 100.0)?;
        within("risk", self.risk, -10.0, 10.0)?;
        within("decisiveness", self.decisiveness, 0.0, 100.0)?;
        within("prospect_slope", self.prospect_slope, 0.0, 100.0)?;
        within("loss_aversion", self.loss_aversion, 0.0, 100.0)?;
        within("value_curvature", self.value_curvature, 0.01, 1.0)?;
        within("reference_rate", self.reference_rate, 0.001, 1.0)?;
        within("like_value", self.like_value, 0.0, 1e3)?;
        within("minute_value", self.minute_value, 0.0, 1e3)?;
        within("item_cost", self.item_cost, 0.0, 1e6)?;
        within("effort_quality", self.effort_quality, 0.0, 1.0)?;
        within("bait_step", self.bait_step, 0.0, 1.0)?;
        within("utility_half_life_days", self.utility_half_life_days, 0.01, 3_650.0)?;
        within("tiring", self.tiring, 0.0, 1e3)
    }

    /// What an item has brought its maker so far, in clicks.
    pub(crate) fn value(&self, clicks: u32, likes: f64, dwell_secs: f64) -> f64 {
        f64::from(clicks)
            + f64::from(self.like_value) * likes
            + f64::from(self.minute_value) * dwell_secs / 60.0
    }

    /// What an item costs by level of effort, in clicks, to somebody who spent `spent` a day lately.
    pub(crate) fn cost(&self, effort: u8, spent: f64) -> f64 {
        let dearer = 1.0 + f64::from(self.tiring) * spent;
        f64::from(self.item_cost) * COSTS[usize::from(effort)] * dearer
    }

    /// Share of its weight that evidence keeps when an item is published.
    pub(crate) fn keep(&self) -> f64 {
        match self.belief {
            BeliefKind::Posterior => (-1.0 / f64::from(self.half_life_items)).exp2(),
            BeliefKind::Means => 1.0,
        }
    }
}
