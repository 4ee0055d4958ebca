//! Recommenders compared: the same seeds, so the same worlds, people and luck; what differs is what was shown.
//!
//! [`compare`] plays every recommender on every seed, folds each run's metrics and pairs them by seed. `contender.rs`
//! reads who takes part, `spread.rs` plays several runs at once, `kept.rs` keeps what is finished, `comparison.rs` pairs,
//! `interval.rs` knows Student's t. Seeds are the unit: users of one run share a catalogue and a recommender, so an
//! interval over users says nothing of another seed.

mod comparison;
mod contender;
mod interval;
mod kept;
pub(crate) mod spread;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use recloop_data::metrics::{Everything, Named, Records};
use recloop_env::{Facts, Metric, Transition, World};
use toml::Table;

pub use comparison::{Compared, Comparison, Difference, Failure, MetricCompared, Verdict};
pub use contender::Contender;
pub(crate) use contender::layer as recommender_layer;
pub use interval::Interval;
pub(crate) use interval::student_t;
pub use spread::{PlannedRun, RunsObserver};

use kept::Kept;
use spread::{Threads, Ticker, spread};

use crate::config::unknown;
use crate::measure::{headline, numbers};
use crate::playing::{Playing, Visitor};
use crate::run::pool;
use crate::{ConfigError, RunError};

/// The word for every metric there is.
const ALL: &str = "all";

/// Ticks within which a metric shows whether there is such a one: some exist only once somebody clicks (chosen by us).
const REHEARSED: usize = 30;

/// Who is compared, on which seeds, in what.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareConfig {
    /// At least two; differences are to the first.
    pub contenders: Vec<Contender>,
    /// At least two, for an interval needs a spread.
    pub seeds: Vec<u64>,
    /// Which metrics: those of [`HEADLINE`](crate::HEADLINE) if empty, `"all"` for all there are.
    pub metrics: Vec<String>,
    /// How many runs go on at once; one per core if not said.
    pub jobs: Option<NonZeroUsize>,
    /// Where to keep finished runs and the result; nowhere if not said. Runs already there are not run again.
    pub out: Option<PathBuf>,
}

impl CompareConfig {
    /// Compares `recommenders`, each `NAME` or `NAME:KEY=VALUE,…`, in the world of `layers` on `n_seeds` seeds, counted
    /// from the layers' own.
    ///
    /// # Errors
    /// As [`RunConfig::resolve`](crate::RunConfig::resolve) and [`Contender::all`].
    pub fn new(layers: &[Table], recommenders: &[String], n_seeds: u32) -> Result<Self, ConfigError> {
        let contenders = Contender::all(layers, recommenders)?;
        let first = contenders.first().map_or(0, |contender| contender.config().seed());
        let seeds = (0..u64::from(n_seeds)).map(|n| first.saturating_add(n)).collect();
        Ok(Self { contenders, seeds, metrics: Vec::new(), jobs: None, out: None })
    }

    /// The metrics asked for by name, or the headline; nothing for all.
    fn wanted(&self, results: &[Vec<Result<Vec<Named>, String>>]) -> Option<Vec<String>> {
        match &self.metrics[..] {
            [] => {
                let any = results.iter().flatten().find_map(|result| result.as_ref().ok());
                any.map(|metrics| headline(metrics).into_iter().map(|metric| metric.name).collect())
            }
            named if named.iter().any(|name| name == ALL) => None,
            named => Some(named.to_vec()),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.contenders.len() < 2 {
            let given = self.contenders.iter().map(|contender| contender.label().to_owned()).collect();
            return Err(ConfigError::NothingToCompare { given });
        }
        if self.seeds.len() < 2 {
            return Err(ConfigError::TooFewSeeds { n_seeds: self.seeds.len() });
        }
        Ok(())
    }

    /// Seed after seed, so that whatever is finished when somebody stops is made of pairs.
    fn runs(&self) -> Result<Vec<PlannedRun>, ConfigError> {
        let each = self.seeds.iter().flat_map(|seed| self.contenders.iter().map(move |c| (c, *seed)));
        let run = |(at, (contender, seed)): (usize, (&Contender, u64))| {
            let (label, config) = (contender.label().to_owned(), contender.seeded(seed)?);
            Ok(PlannedRun { at, label, config })
        };
        each.enumerate().map(run).collect()
    }
}

/// Plays every recommender on every seed and pairs the metrics by seed.
///
/// A run that fails is reported among [`Comparison::failures`] and costs its seed in that recommender's pairs.
///
/// # Numerics
/// The result is the same at any number of jobs and threads. A recommender compared with itself differs by exactly 0.
///
/// ```
/// use recloop_experiments::{CompareConfig, Verdict, compare};
/// let world = "world.name = \"interest-evolution-v0\"\nworld.users = 30\nrun.steps = 20".parse()?;
/// let config = CompareConfig::new(&[world], &["random".into(), "dot".into()], 3)?;
/// let comparison = compare(&config, &mut ())?;
/// let ctr = comparison.metric("ctr").expect("every world has clicks");
/// assert_eq!((ctr.differences[0].verdict, ctr.values[1].len()), (Verdict::Higher, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Fewer than two recommenders or seeds; a metric nobody has; a recommender that does not fit the world; an output
/// directory that holds another comparison or cannot be written. All of these before anything is played.
pub fn compare(config: &CompareConfig, observer: &mut dyn RunsObserver) -> Result<Comparison, RunError> {
    config.check()?;
    let runs = config.runs()?;
    let kept = config.out.clone().map(Kept::open).transpose()?;
    pool(0)?.install(|| rehearse(&runs[..config.contenders.len()], &config.metrics))?;
    let mut finished = runs
        .iter()
        .map(|run| kept.as_ref().map_or(Ok(None), |kept| kept.read(run)))
        .collect::<Result<Vec<_>, _>>()?;
    let threads = Threads::new(config.jobs, runs[0].config.threads(), runs.len());
    let played = spread(&runs, threads, observer, |run, ticker| match &finished[run.at] {
        Some(metrics) => Ok(metrics.clone()),
        None => {
            let metrics = measured(run, ticker)?;
            kept.as_ref().map_or(Ok(()), |kept| kept.write(run, &metrics))?;
            Ok(metrics)
        }
    })?;
    finished.clear();
    let mut results: Vec<Vec<_>> = config.contenders.iter().map(|_| Vec::new()).collect();
    for (run, result) in runs.iter().zip(played) {
        results[run.at % config.contenders.len()].push(result.map_err(|error| error.to_string()));
    }
    let wanted = config.wanted(&results);
    let comparison = Comparison::of(&config.contenders, config.seeds.clone(), wanted.as_deref(), results);
    kept.map_or(Ok(()), |kept| kept.conclude(&comparison))?;
    Ok(comparison)
}

/// A beginning of everybody, so that what does not fit is refused at once, not after an hour.
fn rehearse(runs: &[PlannedRun], metrics: &[String]) -> Result<(), RunError> {
    let ticks = if metrics.iter().any(|metric| metric != ALL) { REHEARSED } else { 1 };
    for run in runs {
        let (mut playing, mut fold) = (Playing::begin(&run.config)?, Fold::default());
        for _ in 0..ticks {
            if !playing.is_over() {
                playing.tick(&mut fold)?;
            }
        }
        let known: Vec<String> = fold.value().into_iter().map(|metric| metric.name).collect();
        if let Some(stray) = metrics.iter().find(|metric| *metric != ALL && !known.contains(metric)) {
            return Err(unknown("metric", stray, &known).into());
        }
    }
    Ok(())
}

fn measured(run: &PlannedRun, ticker: &Ticker<'_>) -> Result<Vec<Named>, RunError> {
    let (playing, mut fold) = (Playing::begin(&run.config)?, Fold::default());
    ticker.begun(playing.horizon());
    playing.to_end(&mut fold, |counts, now| ticker.ticked(counts, now))?;
    Ok(fold.value())
}

/// The metrics of a run so far.
struct Fold(Records);

impl Default for Fold {
    fn default() -> Self {
        Self(Everything::default().start())
    }
}

impl Fold {
    fn value(self) -> Vec<Named> {
        numbers(self.0)
    }
}

impl Visitor for Fold {
    fn done(&mut self, _: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        Everything::default().fold(&mut self.0, facts, t);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
