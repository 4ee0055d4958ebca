//! A study added up over its seeds.

use std::collections::BTreeMap;

use recloop_data::metrics::Estimate;
use serde::{Deserialize, Serialize};

use super::CreatorStudyConfig;
use super::careers::{Career, Decision};
use super::conditions::{Condition, KINDS, NULLS, Part, RERANKERS};
use crate::Interval;

/// Parts of the decisions, from the least rewarded to the most.
const QUINTILES: usize = 5;

/// A mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// Over how many seeds.
    pub n: usize,
}

/// Where a mean lies with 95 %.
pub type Bounds = Option<Interval>;

impl Share {
    /// Over the seeds that have a value.
    fn of(values: &[f64]) -> Option<Self> {
        let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let Estimate { mean, se, .. } = Estimate::mean(known.iter().copied());
        (known.len() >= 2).then_some(Self { mean, se, n: known.len() })
    }
}

/// What one kind of creator came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindFound {
    /// Share of EXPLOIT by quintile of the last item's reward, lowest first; nothing where no decision fell.
    pub exploit_share_by_reward_quintile: [Option<f64>; QUINTILES],
    /// Clicks per focal creator.
    pub reward: Option<Share>,
    /// Items per focal creator: what they spent at usual effort and a cost of 1.
    pub cost: Option<Share>,
    /// That over the clicks of random creators on the same seed.
    pub reward_vs_random: Option<Share>,
    /// That over the clicks of creators of full information on the same seed.
    pub reward_vs_full_information: Option<Share>,
    /// Belief creators' clicks less this kind's, as a share of full information's, with its 95 % interval.
    pub belief_lead: Bounds,
    /// Share of the focal creators still there at the end.
    pub survival: Option<Share>,
}

/// Metrics of whole runs, by name.
pub type Corner = BTreeMap<String, Share>;

/// What one dial of a reranker came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RerankFound {
    /// The dial; 0 is without a reranker.
    pub dial: f32,
    /// Metrics of its runs.
    pub metrics: Corner,
    /// Metrics less those at dial 0 on the same seed, with 95 % intervals.
    pub change: BTreeMap<String, Interval>,
}

/// A whole study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatorStudy {
    /// The world.
    pub world: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Rounds per run.
    pub rounds: u32,
    /// How many creators follow the rule of interest.
    pub focal: usize,
    /// What the others follow.
    pub rivals: String,
    /// The recommender of `creators` and `everybody`.
    pub recommender: String,
    /// Each kind among rivals.
    pub creators: BTreeMap<String, KindFound>,
    /// Belief creators without loss aversion, and without a reference at all.
    pub nulls: BTreeMap<String, KindFound>,
    /// Each kind among rivals under the other recommenders.
    pub recommenders: BTreeMap<String, BTreeMap<String, KindFound>>,
    /// Each kind by itself: metrics of the whole.
    pub everybody: BTreeMap<String, Corner>,
    /// Per base and reranker: dial by dial, belief creators everywhere.
    pub rerankers: BTreeMap<String, BTreeMap<String, Vec<RerankFound>>>,
}

/// The runs of a study by part, seed after seed.
struct Runs<'a>(Vec<(&'a Condition, &'a Career)>);

impl<'a> Runs<'a> {
    fn of(&self, part: &Part) -> Vec<&'a Career> {
        self.0.iter().filter(|(condition, _)| condition.part == *part).map(|(_, career)| *career).collect()
    }
}

pub(super) fn of(config: &CreatorStudyConfig, conditions: &[Condition], careers: &[Career]) -> CreatorStudy {
    let runs = Runs(conditions.iter().zip(careers).collect());
    let kinds = |recommender: usize, from: usize, n: usize| -> BTreeMap<String, KindFound> {
        let name = |kind: usize| KINDS.iter().chain(&NULLS).nth(kind).map_or("", |(name, _)| name);
        (from..from + n).map(|kind| (name(kind).to_owned(), found(&runs, kind, recommender))).collect()
    };
    let others = config.recommenders.iter().enumerate().skip(1);
    let everybody = KINDS
        .iter()
        .enumerate()
        .map(|(kind, (name, _))| ((*name).to_owned(), corner(&runs.of(&Part::Everybody { kind }))));
    let bases = config.bases.iter().enumerate();
    CreatorStudy {
        world: super::WORLD.into(),
        seeds: (0..u64::from(config.n_seeds)).map(|n| config.first_seed + n).collect(),
        rounds: config.rounds,
        focal: config.focal,
        rivals: config.rivals.clone(),
        recommender: config.recommenders[0].clone(),
        creators: kinds(0, 0, KINDS.len()),
        nulls: kinds(0, KINDS.len(), NULLS.len()),
        recommenders: others.map(|(at, name)| (name.clone(), kinds(at, 0, KINDS.len()))).collect(),
        everybody: everybody.collect(),
        rerankers: bases.map(|(base, name)| (name.clone(), reranked(config, &runs, base))).collect(),
    }
}

fn found(runs: &Runs<'_>, kind: usize, recommender: usize) -> KindFound {
    let of = |kind: usize| runs.of(&Part::Focal { kind, recommender });
    let named = |name: &str| of(KINDS.iter().position(|(kind, _)| *kind == name).unwrap_or(0));
    let mine = of(kind);
    let beside = |others: &[&Career]| {
        let ratios = mine.iter().zip(others).map(|(mine, other)| mine.reward / other.reward);
        Share::of(&ratios.collect::<Vec<_>>())
    };
    let (belief, full) = (named("belief"), named("full-information"));
    let leads = belief.iter().zip(&mine).zip(&full);
    let leads: Vec<f64> =
        leads.map(|((belief, mine), full)| (belief.reward - mine.reward) / full.reward).collect();
    let is_known = leads.iter().all(|lead| lead.is_finite());
    let mean = |of: &dyn Fn(&Career) -> f64| Share::of(&mine.iter().map(|run| of(run)).collect::<Vec<_>>());
    KindFound {
        exploit_share_by_reward_quintile: quintiles(mine.iter().flat_map(|run| &run.decisions)),
        reward: mean(&|run| run.reward),
        cost: mean(&|run| run.items),
        reward_vs_random: beside(&named("random")),
        reward_vs_full_information: beside(&full),
        belief_lead: Interval::of(&leads).filter(|_| is_known),
        survival: mean(&|run| run.survival),
    }
}

/// Share of EXPLOIT in each fifth of the decisions by reward; a tie lies in the fifth of its middle.
fn quintiles<'a>(decisions: impl Iterator<Item = &'a Decision>) -> [Option<f64>; QUINTILES] {
    let mut by_reward: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
    for decision in decisions {
        let counts = by_reward.entry(decision.reward).or_default();
        counts[0] += 1;
        counts[1] += usize::from(decision.exploits);
    }
    let n: usize = by_reward.values().map(|[all, _]| all).sum();
    let (mut before, mut cells) = (0, [[0_usize; 2]; QUINTILES]);
    for [all, exploits] in by_reward.values() {
        let middle = (2 * before + all) * QUINTILES / (2 * n);
        let cell = &mut cells[middle.min(QUINTILES - 1)];
        (cell[0], cell[1]) = (cell[0] + all, cell[1] + exploits);
        before += all;
    }
    cells.map(|[all, exploits]| (all > 0).then(|| exploits as f64 / all as f64))
}

/// Metrics of some runs, by name.
fn corner(runs: &[&Career]) -> Corner {
    let names = runs.first().map_or(&[][..], |run| &run.metrics);
    let values = |at: usize| -> Vec<f64> {
        runs.iter().filter_map(|run| run.metrics.get(at)).map(|(_, value)| *value).collect()
    };
    let named = names
        .iter()
        .enumerate()
        .filter_map(|(at, (name, _))| Share::of(&values(at)).map(|share| ((*name).to_owned(), share)));
    named.collect()
}

fn reranked(config: &CreatorStudyConfig, runs: &Runs<'_>, base: usize) -> BTreeMap<String, Vec<RerankFound>> {
    let plain = runs.of(&Part::Reranked { base, reranker: 0, dial: 0 });
    let row = |reranker: usize, dial: usize| {
        let mine = match dial {
            0 => plain.clone(),
            _ => runs.of(&Part::Reranked { base, reranker, dial }),
        };
        RerankFound { dial: config.dials[dial], metrics: corner(&mine), change: changes(&mine, &plain) }
    };
    let rows = |reranker: usize| (0..config.dials.len()).map(|dial| row(reranker, dial)).collect();
    RERANKERS.iter().enumerate().map(|(at, name)| ((*name).to_owned(), rows(at))).collect()
}

fn changes(mine: &[&Career], plain: &[&Career]) -> BTreeMap<String, Interval> {
    let mut all = BTreeMap::new();
    let names = mine.first().map_or(&[][..], |run| &run.metrics);
    for (at, (name, _)) in names.iter().enumerate() {
        let value = |run: &Career| run.metrics.get(at).map_or(f64::NAN, |(_, value)| *value);
        let apart: Vec<f64> =
            mine.iter().zip(plain).map(|(mine, plain)| value(mine) - value(plain)).collect();
        if apart.iter().all(|value| value.is_finite()) {
            all.extend(Interval::of(&apart).map(|interval| ((*name).to_owned(), interval)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(reward: u32, exploits: bool) -> Decision {
        Decision { reward, exploits }
    }

    #[test]
    fn quintiles_cut_decisions_in_fifths_and_keep_ties_together() {
        let ten: Vec<Decision> = (0..10).map(|reward| decision(reward, reward >= 5)).collect();
        assert_eq!(quintiles(ten.iter()), [Some(0.0), Some(0.0), Some(0.5), Some(1.0), Some(1.0)]);
        // Half are 0: their middle is at a quarter, in the second fifth; the others' at three quarters.
        let tied: Vec<Decision> = (0..10).map(|at| decision(u32::from(at >= 5), at >= 5)).collect();
        assert_eq!(quintiles(tied.iter()), [None, Some(0.0), None, Some(1.0), None]);
        assert_eq!(quintiles([].iter()), [None; 5]);
    }

    #[test]
    fn shares_are_means_with_standard_errors_over_what_is_known() {
        let share = Share::of(&[1.0, 3.0, f64::NAN]).unwrap();
        assert_eq!((share.mean, share.se, share.n), (2.0, 1.0, 2));
        assert!(Share::of(&[1.0, f64::INFINITY]).is_none());
    }
}
