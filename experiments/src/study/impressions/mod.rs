//! Do items reach the people they are meant for? Coverage without control, with control, and under perfectly fair delivery.
//!
//! Start at [`impressions`]. `run` plays one world, `page` draws the result.

mod page;
mod run;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use rayon::prelude::*;
use recloop_data::metrics::{Counted, Coverage};
use recloop_env::World;
use recloop_nn::NnError;
use serde::Serialize;
use toml::Table;

use crate::config::{bad, put};
use crate::picture::keep;
use crate::{ConfigError, Interval, RunConfig, RunError};
pub(crate) use page::percent;
use run::{Control, Delivered, deliver};

/// The world of the study.
const WORLD: &str = "targeting-v0";
/// The result, in the folder of a study.
pub const RESULT: &str = "impressions.json";
/// The page about it.
pub const PAGE: &str = "impressions.html";

/// The attributes readers are grouped by, and the share of items within 10 % that the operator of a large platform undertook
/// to reach: of all advertisements for housing shown 300 times or more, by sex and by estimated race or ethnicity.
///
/// # Source
/// Settlement of United States v. Meta Platforms, Inc. (S.D.N.Y., 2022), targets as of December 2023.
const ATTRIBUTES: [(&str, &str, f64); 2] =
    [("half", "two groups (sex)", 0.917), ("fifth", "five groups (estimated race or ethnicity)", 0.810)];

/// The least gap of which a share is told: of less, the share is luck (chosen by us).
const GAP: f64 = 0.05;

/// What to run.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpressionsConfig {
    /// Keys of `targeting-v0`.
    pub world: Table,
    /// The seeds, at least two.
    pub seeds: Vec<u64>,
    /// ε of every noised count; the first is what the tables are about, all make the curve.
    pub epsilons: Vec<f64>,
    /// How hard the control pulls, above zero.
    pub gain: f32,
    /// How often each attribute is guessed rightly, the two groups first.
    pub accuracy: [f64; 2],
    /// Temperature of the Plackett–Luce ranking, in units of interest · embedding.
    pub temperature: f32,
    /// How long a run is.
    pub ticks: u32,
    /// Ticks between two releases of counts.
    pub period_ticks: u32,
}

impl Default for ImpressionsConfig {
    /// All chosen by us.
    fn default() -> Self {
        Self {
            world: Table::new(),
            seeds: (7..12).collect(),
            epsilons: vec![1.0, 0.3, 0.1, 0.03, 0.01],
            gain: 3.0,
            accuracy: [0.9, 0.8],
            temperature: 0.1,
            ticks: 30,
            period_ticks: 2,
        }
    }
}

/// What the study found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImpressionsFound {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// ε of the tables.
    pub epsilon: f64,
    /// How many releases there were: an impression is in one of them, a person may be in all.
    pub releases: u32,
    /// The gain.
    pub gain: f32,
    /// Each attribute by itself: it alone was controlled.
    pub attributes: Vec<AttributeFound>,
}

/// One attribute, controlled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeFound {
    /// Its name.
    pub attribute: String,
    /// What it stands for.
    pub about: String,
    /// How often it was guessed rightly.
    pub accuracy: f64,
    /// The share of items within 10 % that was publicly undertaken.
    pub target: f64,
    /// Coverage, each way it is counted and weighed; by item and impressions first.
    pub coverage: Vec<CoverageFound>,
    /// What it cost.
    pub cost: Cost,
    /// The same for each ε, ascending.
    pub curve: Vec<CurvePoint>,
}

/// One way to count and weigh coverage, in shares of items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageFound {
    /// What was counted.
    pub counted: Counted,
    /// Whether items weigh what was counted of them; otherwise they weigh alike.
    pub by_volume: bool,
    /// Without control.
    pub without: Option<Interval>,
    /// With it.
    pub controlled: Option<Interval>,
    /// What fair delivery would be expected to get at the counts of the controlled run.
    pub fair: Option<Interval>,
    /// `(controlled − without) / (fair − without)`, over seeds in which the gap is at least 5 points.
    pub gap_closed: Option<Interval>,
    /// Mean impression variance, without control and with it.
    pub variance: [Option<Interval>; 2],
    /// Items of all seeds that were counted too seldom to be judged, without control and with it.
    pub not_judged: [u64; 2],
}

/// What control costs, as shares of what there was without.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Mean chance of a click of what was shown, without control.
    pub relevance_without: Option<Interval>,
    /// Share of it that was lost.
    pub relevance_lost: Option<Interval>,
    /// Share of the clicks that were lost.
    pub clicks_lost: Option<Interval>,
}

/// Control at one ε, by item and impressions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// ε of each count.
    pub epsilon: f64,
    /// Coverage.
    pub controlled: Option<Interval>,
    /// The share of the gap to fair delivery that was closed.
    pub gap_closed: Option<Interval>,
    /// Share of the relevance that was lost.
    pub relevance_lost: Option<Interval>,
}

/// Runs every seed without control and, for each attribute and ε, with it.
///
/// # Errors
/// Fewer than two seeds, no ε or one not above zero, a gain not above zero, an accuracy that is no share, no time to
/// run; whatever the world refuses.
pub fn impressions(config: &ImpressionsConfig) -> Result<ImpressionsFound, RunError> {
    config.check()?;
    let runs: Vec<(u64, Control)> = config.plan();
    let delivered: Vec<Delivered> =
        runs.par_iter().map(|(seed, control)| deliver(config, *seed, *control)).collect::<Result<_, _>>()?;
    let all =
        Runs { config, runs: runs.iter().map(|(seed, control)| (*seed, *control)).zip(delivered).collect() };
    Ok(ImpressionsFound {
        seeds: config.seeds.clone(),
        epsilon: config.epsilons[0],
        releases: config.ticks / config.period_ticks,
        gain: config.gain,
        attributes: (0..ATTRIBUTES.len()).map(|attribute| all.attribute(attribute)).collect(),
    })
}

impl ImpressionsConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if self.seeds.len() < 2 {
            return Err(ConfigError::TooFewSeeds { n_seeds: self.seeds.len() });
        }
        if self.epsilons.is_empty() {
            return Err(bad("--epsilon", "there is none".into()));
        }
        let above = |value: f64| value.is_finite() && value > 0.0;
        let settings = self.epsilons.iter().map(|epsilon| ("--epsilon", *epsilon));
        let settings = settings
            .chain([("--gain", f64::from(self.gain)), ("--temperature", f64::from(self.temperature))]);
        let settings =
            settings.chain([("--ticks", f64::from(self.ticks)), ("--period", f64::from(self.period_ticks))]);
        for (key, value) in settings {
            if !above(value) {
                return Err(bad(key, format!("it is {value}; allowed is above 0")));
            }
        }
        match self.accuracy.iter().find(|accuracy| !(**accuracy > 0.0 && **accuracy < 1.0)) {
            Some(accuracy) => {
                Err(bad("--accuracy", format!("it is {accuracy}; allowed is above 0 and below 1")))
            }
            None => Ok(()),
        }
    }

    fn world(&self) -> Result<World, ConfigError> {
        let mut layer = Table::new();
        put(&mut layer, "world", "name", WORLD);
        for (key, value) in &self.world {
            put(&mut layer, "world", key, value.clone());
        }
        RunConfig::resolve([layer])?.build_world()
    }

    /// Every run: without control first, then by attribute and ε, each for all seeds.
    fn plan(&self) -> Vec<(u64, Control)> {
        let none = Control { attribute: 0, epsilon: self.epsilons[0], gain: 0.0 };
        let controlled = (0..ATTRIBUTES.len()).flat_map(|attribute| {
            let epsilons = self.epsilons.iter();
            epsilons.map(move |epsilon| Control { attribute, epsilon: *epsilon, gain: self.gain })
        });
        let controls = std::iter::once(none).chain(controlled);
        controls.flat_map(|control| self.seeds.iter().map(move |seed| (*seed, control))).collect()
    }
}

/// Everything that was run.
struct Runs<'a> {
    config: &'a ImpressionsConfig,
    runs: Vec<((u64, Control), Delivered)>,
}

/// One seed, without control and with it.
#[derive(Clone, Copy)]
struct Pair<'a> {
    without: &'a Delivered,
    with: &'a Delivered,
}

impl Runs<'_> {
    fn attribute(&self, attribute: usize) -> AttributeFound {
        let (name, about, target) = ATTRIBUTES[attribute];
        let config = self.config;
        let pairs = self.pairs(attribute, config.epsilons[0]);
        let ways =
            [Counted::Impressions, Counted::People].map(|counted| [false, true].map(|by| (counted, by)));
        let coverage = ways.as_flattened().iter().map(|way| CoverageFound::of(&pairs, attribute, *way));
        let mut epsilons = config.epsilons.clone();
        epsilons.sort_by(f64::total_cmp);
        epsilons.dedup();
        let point = |epsilon: &f64| CurvePoint::of(*epsilon, &self.pairs(attribute, *epsilon), attribute);
        AttributeFound {
            attribute: name.into(),
            about: about.into(),
            accuracy: config.accuracy[attribute],
            target,
            coverage: coverage.collect(),
            cost: Cost::of(&pairs),
            curve: epsilons.iter().map(point).collect(),
        }
    }

    fn pairs(&self, attribute: usize, epsilon: f64) -> Vec<Pair<'_>> {
        let of = |seed: u64, control: Control| {
            let found = self.runs.iter().find(|(run, _)| *run == (seed, control));
            &found.expect("every run was planned").1
        };
        let none = Control { attribute: 0, epsilon: self.config.epsilons[0], gain: 0.0 };
        let control = Control { attribute, epsilon, gain: self.config.gain };
        self.config
            .seeds
            .iter()
            .map(|seed| Pair { without: of(*seed, none), with: of(*seed, control) })
            .collect()
    }
}

/// What one run covers: itself, and fair delivery at its counts.
fn covered(coverage: &Coverage, by_volume: bool) -> (f64, f64) {
    match by_volume {
        true => (coverage.by_volume.mean, coverage.fair_by_volume.mean),
        false => (coverage.by_item.mean, coverage.fair_by_item.mean),
    }
}

impl CoverageFound {
    fn of(pairs: &[Pair<'_>], attribute: usize, (counted, by_volume): (Counted, bool)) -> Self {
        let way = usize::from(counted == Counted::People);
        let of = |run: &Delivered| run.coverage[attribute][way];
        let runs = |side: usize| pairs.iter().map(move |pair| [pair.without, pair.with][side]);
        let found: Vec<[Option<Coverage>; 2]> =
            pairs.iter().map(|pair| [of(pair.without), of(pair.with)]).collect();
        let known = |side: usize| found.iter().filter_map(move |both| both[side].as_ref());
        let over = |values: Vec<f64>| Interval::of(&values);
        let both = || found.iter().filter_map(|both| Some((both[0].as_ref()?, both[1].as_ref()?)));
        let closed = both().filter_map(|(without, with)| {
            let ((before, _), (after, fair)) = (covered(without, by_volume), covered(with, by_volume));
            (fair - before >= GAP).then(|| (after - before) / (fair - before))
        });
        Self {
            counted,
            by_volume,
            without: over(known(0).map(|run| covered(run, by_volume).0).collect()),
            controlled: over(known(1).map(|run| covered(run, by_volume).0).collect()),
            fair: over(known(1).map(|run| covered(run, by_volume).1).collect()),
            gap_closed: over(closed.collect()),
            variance: [0, 1].map(|side| over(known(side).map(|run| run.variance.mean).collect())),
            not_judged: [0, 1].map(|side| runs(side).map(|run| run.not_judged[attribute][way]).sum()),
        }
    }
}

impl Cost {
    fn of(pairs: &[Pair<'_>]) -> Self {
        // Of nothing, nothing can be lost.
        let lost = |of: fn(&Delivered) -> f64| {
            let some = pairs.iter().filter(|pair| of(pair.without) > 0.0);
            Interval::of(&some.map(|pair| 1.0 - of(pair.with) / of(pair.without)).collect::<Vec<_>>())
        };
        let before: Vec<f64> = pairs.iter().map(|pair| pair.without.relevance).collect();
        Self {
            relevance_without: Interval::of(&before),
            relevance_lost: lost(|run| run.relevance),
            clicks_lost: lost(|run| run.clicks),
        }
    }
}

impl CurvePoint {
    fn of(epsilon: f64, pairs: &[Pair<'_>], attribute: usize) -> Self {
        let found = CoverageFound::of(pairs, attribute, (Counted::Impressions, false));
        let CoverageFound { controlled, gap_closed, .. } = found;
        Self { epsilon, controlled, gap_closed, relevance_lost: Cost::of(pairs).relevance_lost }
    }
}

impl ImpressionsFound {
    /// Leaves [`RESULT`] and [`PAGE`] in a folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn keep(&self, dir: &PathBuf) -> Result<(), RunError> {
        let refused = |cause| RunError::Io { action: "make", path: dir.clone(), cause };
        std::fs::create_dir_all(dir).map_err(refused)?;
        let json = serde_json::to_string_pretty(self).expect("a result is plain data");
        keep(&dir.join(RESULT), &json)?;
        let page = page::of(self).map_err(NnError::learner)?;
        Ok(keep(&dir.join(PAGE), &page)?)
    }
}
