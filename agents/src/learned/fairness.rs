//! What a training is for beside its world's reward: creators who are shown, users who are served alike.

use recloop_env::{EnvSpec, Observation, Population, Slates};
use recloop_nn::NnError;
use serde::{Deserialize, Serialize};

use super::experience::Experience;
use super::rule::Rule;

/// What fairness is worth in a training, by weights or by constraints.
///
/// - **Creators.** An impression of an item of creator c is worth `w_c (1 − n_c / n̄) / K`, where `n_c` counts c's impressions of
///   the run so far and n̄ is their mean over all creators met: more for who is shown less. Summed over a run's impressions
///   this is `−w_c CV²` of exposure, up to how it moves meanwhile. *Evenness* is Jain's index `(Σn)² / (C Σn²) = 1 / (1 + CV²)`.
/// - **User groups.** A reward of somebody in level l of `group` counts `1 + w_g (1 − m_l / m̄)`, at least 0 and at most 4,
///   where `m_l` is the mean reward of a slate in that level so far, m̄ that of everybody. The *group ratio* is `min_l m_l / m̄`.
///
/// A weight whose constraint is set becomes its multiplier: after each round `w ← max(0, w + rate · (target − achieved))`.
///
/// # Source
/// Jain, Chiu, Hawe (1984), "A quantitative measure of fairness and discrimination for resource allocation in shared
/// computer systems". The multipliers are dual ascent, as in Tessler, Mankowitz, Mannor (2019), "Reward constrained policy
/// optimization".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FairnessConfig {
    /// w_c, in units of reward per slate.
    pub creator_weight: f64,
    /// The least evenness that will do; the weight is then found.
    pub creator_evenness: Option<f64>,
    /// The attribute by which users are grouped.
    pub group: Option<String>,
    /// w_g.
    pub group_weight: f64,
    /// The least group ratio that will do; the weight is then found.
    pub group_ratio: Option<f64>,
    /// How fast a multiplier follows its constraint, per round.
    pub multiplier_rate: f64,
}

impl Default for FairnessConfig {
    /// The world's reward and nothing else.
    fn default() -> Self {
        Self {
            creator_weight: 0.0,
            creator_evenness: None,
            group: None,
            group_weight: 0.0,
            group_ratio: None,
            multiplier_rate: 0.5,
        }
    }
}

impl FairnessConfig {
    /// What these settings must keep to.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let groups = |key, idle: bool| Rule {
            key,
            holds: !idle || self.group.is_some(),
            reason: "it needs `group`, the attribute users are grouped by",
        };
        vec![
            Rule::weight("creator_weight", self.creator_weight),
            Rule::share("creator_evenness", self.creator_evenness.unwrap_or(0.0)),
            Rule::weight("group_weight", self.group_weight),
            Rule::share("group_ratio", self.group_ratio.unwrap_or(0.0)),
            Rule::positive("multiplier_rate", self.multiplier_rate),
            groups("group_weight", self.group_weight > 0.0),
            groups("group_ratio", self.group_ratio.is_some()),
        ]
    }

    /// Whether creators or groups count at all.
    fn counts(&self) -> [bool; 2] {
        let creators = self.creator_weight > 0.0 || self.creator_evenness.is_some();
        [creators, self.group.is_some()]
    }
}

/// Weights as they are by now, and what a run has come to.
#[derive(Debug, Clone)]
pub(crate) struct Fairness {
    config: FairnessConfig,
    /// The place of the attribute among a world's groups.
    group: usize,
    pub(crate) weights: Weights,
    /// `[C]` impressions of each creator.
    shown: Vec<f64>,
    /// `[L]` slates and reward of each level.
    levels: Vec<[f64; 2]>,
}

/// w_c and w_g.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Weights {
    pub(crate) creators: f64,
    pub(crate) groups: f64,
}

impl Fairness {
    /// Fairness in a world.
    ///
    /// # Errors
    /// An attribute the world does not have, creators where items do not last.
    pub(crate) fn new(config: FairnessConfig, spec: &EnvSpec) -> Result<Self, NnError> {
        let refused = |reason: String| Err(NnError::Training { reason });
        let [creators, _] = config.counts();
        if creators && !spec.durable_items {
            return refused(format!("the items of `{}` have no creators to be fair to", spec.id));
        }
        let group = match &config.group {
            None => 0,
            Some(name) => match spec.groups.iter().position(|group| group.name == *name) {
                Some(at) => at,
                None => {
                    let names: Vec<_> = spec.groups.iter().map(|group| group.name.as_str()).collect();
                    let there = if names.is_empty() { "none".into() } else { names.join(", ") };
                    return refused(format!(
                        "users of `{}` have no group `{name}`; there is {there}",
                        spec.id
                    ));
                }
            },
        };
        let n_levels = if config.group.is_some() { spec.groups[group].levels.len() } else { 0 };
        let weights = Weights { creators: config.creator_weight, groups: config.group_weight };
        Ok(Self { config, group, weights, shown: Vec::new(), levels: vec![[0.0; 2]; n_levels] })
    }

    /// A run begins.
    pub(crate) fn begin(&mut self) {
        self.shown.clear();
        self.levels.fill([0.0; 2]);
    }

    /// Adds to the rewards of the rows recorded last what they are worth besides.
    pub(crate) fn credit(
        &mut self,
        taken: &mut Experience,
        seen: &Observation,
        slates: &Slates,
        population: Option<&Population>,
    ) {
        let [creators, groups] = self.config.counts();
        let first = taken.len() - seen.len();
        if let Some(population) = population.filter(|_| groups) {
            let rewards =
                taken.reward[first..].iter_mut().zip(taken.gain[first * taken.k..].chunks_mut(taken.k));
            self.credit_groups(rewards, seen, population);
        }
        if creators {
            self.credit_creators(taken, first, seen, slates);
        }
    }

    fn credit_groups<'a>(
        &mut self,
        rewards: impl Iterator<Item = (&'a mut f32, &'a mut [f32])>,
        seen: &Observation,
        population: &Population,
    ) {
        let [n, total] = self.everybody();
        let mean = total / n.max(1.0);
        for ((reward, gains), user) in rewards.zip(&seen.users) {
            let level = &mut self.levels[usize::from(population.level(*user, self.group))];
            // A level of which little is known is taken to be like everybody (a hundred slates' worth; chosen by us).
            let theirs = (level[1] + 100.0 * mean) / (level[0] + 100.0);
            let below = if mean > 0.0 { 1.0 - theirs / mean } else { 0.0 };
            level[0] += 1.0;
            level[1] += f64::from(*reward);
            let factor = (1.0 + self.weights.groups * below).clamp(0.0, 4.0) as f32;
            *reward *= factor;
            gains.iter_mut().for_each(|gain| *gain *= factor);
        }
    }

    fn credit_creators(&mut self, taken: &mut Experience, first: usize, seen: &Observation, slates: &Slates) {
        let Some(catalogue) = seen.items.catalogue() else { return };
        let creator = |item: &recloop_env::ItemId| catalogue.creator(*item).index();
        if let Some(most) = slates.items.as_slice().iter().map(creator).max() {
            self.shown.resize(self.shown.len().max(most + 1), 0.0);
        }
        // One more each, so that the first impressions are not worth infinitely much.
        let mean = 1.0 + self.shown.iter().sum::<f64>() / self.shown.len().max(1) as f64;
        for row in 0..seen.len() {
            for (k, item) in slates.items.row(row).iter().enumerate() {
                let share = (1.0 + self.shown[creator(item)]) / mean;
                let worth = (self.weights.creators * (1.0 - share) / taken.k as f64) as f32;
                taken.reward[first + row] += worth;
                taken.gain[(first + row) * taken.k + k] += worth;
            }
        }
        slates.items.as_slice().iter().for_each(|item| self.shown[creator(item)] += 1.0);
    }

    /// Ends a round: tells what the run came to, and the weights of the next, whose multipliers follow from it.
    pub(crate) fn settle(&mut self, measures: &mut Vec<(&'static str, f64)>) -> Weights {
        measures.extend(self.measures());
        self.follow();
        self.weights
    }

    /// What the run came to, by name.
    fn measures(&self) -> Vec<(&'static str, f64)> {
        let [creators, groups] = self.config.counts();
        let mut measures = Vec::new();
        if creators {
            measures
                .extend([("creator_evenness", self.evenness()), ("creator_weight", self.weights.creators)]);
        }
        if groups {
            measures.extend([("group_ratio", self.group_ratio()), ("group_weight", self.weights.groups)]);
        }
        measures
    }

    /// Moves the multipliers by what the run came to.
    fn follow(&mut self) {
        let moved = |weight: f64, target: Option<f64>, achieved: f64| match target {
            Some(target) => (weight + self.config.multiplier_rate * (target - achieved)).max(0.0),
            None => weight,
        };
        self.weights = Weights {
            creators: moved(self.weights.creators, self.config.creator_evenness, self.evenness()),
            groups: moved(self.weights.groups, self.config.group_ratio, self.group_ratio()),
        };
    }

    fn evenness(&self) -> f64 {
        let (sum, squares) =
            self.shown.iter().fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
        if squares > 0.0 { sum * sum / (self.shown.len() as f64 * squares) } else { 1.0 }
    }

    /// Slates and reward of all levels.
    fn everybody(&self) -> [f64; 2] {
        self.levels.iter().fold([0.0; 2], |[n, sum], level| [n + level[0], sum + level[1]])
    }

    fn group_ratio(&self) -> f64 {
        let [n, total] = self.everybody();
        let means = self.levels.iter().filter(|level| level[0] > 0.0).map(|level| level[1] / level[0]);
        let least = means.fold(f64::INFINITY, f64::min);
        if total > 0.0 && n > 0.0 { least * n / total } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use recloop_env::{Catalogue, CreatorId, Grid, Group, ItemId, ItemView, Tick};

    use super::*;
    use crate::tests::scene::Scene;

    /// Two users in front of two items, each of a creator of its own.
    fn scene() -> Scene {
        let mut scene = Scene::new(&[[0.0, 0.0], [0.0, 0.0]], &[], 1);
        let mut catalogue = Catalogue::new(scene.spec.item_features.clone());
        for creator in 0..2 {
            catalogue.push(CreatorId(creator), (Tick(0), Catalogue::FOR_GOOD), "", &[0.0, 0.0], &[0]);
        }
        scene.seen.items = Arc::new(ItemView::Durable(catalogue));
        scene.spec.groups = vec![Group::new("age", &["young", "old"])];
        scene
    }

    fn tick(fairness: &mut Fairness, scene: &Scene, shown: [u32; 2], rewards: [f32; 2]) -> [Vec<f32>; 2] {
        let items = Grid::from_vec(shown.map(ItemId).to_vec(), 2, 1).unwrap();
        let slates = Slates { items, ..Slates::default() };
        let mut taken =
            Experience { k: 1, reward: rewards.to_vec(), gain: rewards.to_vec(), ..Experience::default() };
        let mut population = Population::new(scene.spec.groups.clone(), 2);
        population.levels_mut(scene.seen.users[1])[0] = 1;
        fairness.credit(&mut taken, &scene.seen, &slates, Some(&population));
        [taken.reward, taken.gain]
    }

    #[test]
    fn creators_who_are_shown_less_are_worth_more() {
        let config = FairnessConfig {
            creator_weight: 1.0,
            creator_evenness: Some(0.9),
            multiplier_rate: 0.5,
            ..FairnessConfig::default()
        };
        let scene = scene();
        let mut fairness = Fairness::new(config, &scene.spec).unwrap();
        fairness.begin();
        assert_eq!(tick(&mut fairness, &scene, [0, 0], [1.0, 1.0]), [[1.0, 1.0], [1.0, 1.0]]);
        // Shown 2 and 0 times, 1 in the mean; each of these and the mean one more: 3/2 and 1/2.
        assert_eq!(tick(&mut fairness, &scene, [0, 1], [1.0, 1.0]), [[0.5, 1.5], [0.5, 1.5]]);
        // (3 + 1)² / (2 · (9 + 1)).
        assert!((fairness.evenness() - 0.8).abs() < 1e-12);
        fairness.follow();
        assert!((fairness.weights.creators - 1.05).abs() < 1e-12, "{}", fairness.weights.creators);
    }

    #[test]
    fn groups_that_get_less_count_more() {
        let config = FairnessConfig {
            group: Some("age".into()),
            group_weight: 10.0,
            group_ratio: Some(0.4),
            multiplier_rate: 50.0,
            ..FairnessConfig::default()
        };
        let scene = scene();
        let mut fairness = Fairness::new(config, &scene.spec).unwrap();
        fairness.begin();
        assert_eq!(tick(&mut fairness, &scene, [0, 1], [1.0, 3.0])[0], [1.0, 3.0]);
        let [rewards, gains] = tick(&mut fairness, &scene, [0, 1], [1.0, 3.0]);
        // Means of 201/101 and 203/101 beside 2, as each level begins with a hundred slates like everybody's.
        let below = 1.0 - 201.0 / 202.0;
        assert!((rewards[0] - (1.0 + 10.0 * below)).abs() < 1e-5, "{rewards:?}");
        assert!((rewards[1] - 3.0 * (1.0 - 10.0 * below)).abs() < 1e-5, "{rewards:?}");
        assert_eq!(gains, rewards, "and so does what each item brought");
        assert!((fairness.group_ratio() - 0.5).abs() < 1e-12);
        // More than was asked for: the multiplier falls, and not below zero.
        fairness.follow();
        assert!((fairness.weights.groups - 5.0).abs() < 1e-9, "{}", fairness.weights.groups);
        fairness.follow();
        fairness.follow();
        assert_eq!(fairness.weights.groups, 0.0);
    }

    #[test]
    fn who_cannot_be_treated_fairly_is_said() {
        let config = FairnessConfig { group: Some("income".into()), ..FairnessConfig::default() };
        let refused = Fairness::new(config, &scene().spec).unwrap_err().to_string();
        assert!(refused.contains("no group `income`; there is age"), "{refused}");
        let config = FairnessConfig { creator_weight: 1.0, ..FairnessConfig::default() };
        let passing = EnvSpec { durable_items: false, ..scene().spec };
        assert!(Fairness::new(config, &passing).unwrap_err().to_string().contains("no creators"));
    }
}
