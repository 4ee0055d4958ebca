//! Evaluating policies from a log: finds out what the log is, who is questioned, and writes what was asked for.
//!
//! The arithmetic is in [`recloop_data::ope`]; this module turns names into sources and targets.

mod page;
mod ranked;

use std::path::{Path, PathBuf};

use recloop_agents::Scorer;
use recloop_data::ope::table::{Mapping, Table, TableOptions, TargetSpec};
use recloop_data::ope::{
    Estimator, Evaluation, OpeError, Opinion, Opinions, Partial, Request, RunLog, RunLogOptions, Source,
    Watch, evaluate,
};
use recloop_data::{Manifest, digest};
use recloop_env::{Observation, RecommendError, Streams, TargetPolicy, Transition};
use recloop_nn::NnError;
use recloop_nn::checkpoint::Card;

pub use ranked::Ranked;

use crate::RunError;
use crate::run::{pool, store};
use crate::train::{policy_dir, trained};

/// What is to be evaluated, and what is to be made of it.
#[derive(Debug, Clone, Default)]
pub struct EvaluateConfig {
    /// A run directory, a Parquet file of decisions, or a directory of such files.
    pub log: Option<PathBuf>,
    /// The policies in question.
    pub targets: Vec<String>,
    /// Which columns of the log mean what.
    pub columns: Option<PathBuf>,
    /// A column or arithmetic over columns.
    pub reward: Option<String>,
    /// The column or group that results are broken down by.
    pub by: Option<String>,
    /// A trained policy whose scores reward models are told.
    pub scores: Option<PathBuf>,
    /// Whether rows that cannot be used are left out and counted.
    pub skip_invalid: bool,
    /// Estimators, declarations, models.
    pub request: Request,
    /// Where the sums of this shard are written, in place of an evaluation.
    pub partial: Option<PathBuf>,
    /// Sums of shards to be merged, in place of reading a log.
    pub merge: Vec<PathBuf>,
    /// Where a page is written.
    pub html: Option<PathBuf>,
    /// How many threads; 0 for one per core.
    pub threads: usize,
}

/// One target, evaluated.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The target, as it was named.
    pub target: String,
    /// What was evaluated, in one line.
    pub title: String,
    /// What it came to.
    pub evaluation: Evaluation,
}

/// What came of it.
#[derive(Debug)]
pub enum Made {
    /// The sums of a shard.
    Partial {
        /// Where they are.
        path: PathBuf,
        /// Of how many rows.
        rows: u64,
    },
    /// Evaluations, in the order of the targets.
    Evaluated(Vec<Evaluated>),
}

/// Reads estimators, separated by commas outside brackets.
///
/// # Errors
/// Names that are none.
pub fn estimators(list: &str) -> Result<Vec<Estimator>, RunError> {
    let mut depth = 0_u32;
    let mut separates = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    let names = list.split(&mut separates).map(str::trim).filter(|name| !name.is_empty());
    let all = names.map(str::parse).collect::<Result<Vec<Estimator>, _>>()?;
    match all.iter().enumerate().find(|(at, one)| all[..*at].contains(one)) {
        Some((_, twice)) => {
            Err(OpeError::Estimator { text: twice.name().into(), reason: "it is named twice".into() }.into())
        }
        None => Ok(all),
    }
}

/// Makes what a config asks for; `watch` sees rows go by.
///
/// # Errors
/// A log, a target or an estimator that cannot be used; files that cannot be written.
pub fn make(config: &EvaluateConfig, watch: Watch<'_>) -> Result<Made, RunError> {
    pool(config.threads)?.install(|| {
        if !config.merge.is_empty() {
            return merged(config);
        }
        let Some(log) = &config.log else {
            let (what, reason) = ("nothing".into(), "name a log, or files to merge".into());
            return Err(OpeError::Request { what, reason }.into());
        };
        let targets = match &config.targets[..] {
            [] if is_run(log) => {
                let (what, reason) = ("no target".into(), "name one, such as `--target random`".into());
                return Err(OpeError::Request { what, reason }.into());
            }
            [] => vec![TargetSpec::Columns.to_string()],
            some => some.to_vec(),
        };
        if let Some(path) = &config.partial {
            return partial(config, log, &targets, path, watch);
        }
        let one = |target: &String| {
            let (source, request) = opened(config, log, target)?;
            let evaluation = evaluate(&*source, &request, watch)?;
            Ok(Evaluated { target: target.clone(), title: title(log, target), evaluation })
        };
        let all = targets.iter().map(one).collect::<Result<Vec<_>, RunError>>()?;
        pages(config, &all)?;
        Ok(Made::Evaluated(all))
    })
}

fn title(log: &Path, target: &str) -> String {
    format!("What `{target}` would have earned, from {}", log.display())
}

fn partial(
    config: &EvaluateConfig,
    log: &Path,
    targets: &[String],
    path: &Path,
    watch: Watch<'_>,
) -> Result<Made, RunError> {
    let [target] = targets else {
        let (what, reason) = ("--partial".into(), "it keeps the sums of one target: name one".into());
        return Err(OpeError::Request { what, reason }.into());
    };
    let (source, request) = opened(config, log, target)?;
    let sums = Partial::of(&*source, &request, watch)?;
    sums.write(path)?;
    Ok(Made::Partial { path: path.into(), rows: sums.rows() })
}

fn merged(config: &EvaluateConfig) -> Result<Made, RunError> {
    let mut files = config.merge.iter();
    let first = files.next().expect("there is something to merge");
    let mut total = Partial::read(first)?;
    for path in files {
        total.merge(Partial::read(path)?, path)?;
    }
    let evaluation = total.evaluate()?;
    let said =
        |key: &str| evaluation.about.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let target = said("target").unwrap_or_default();
    let title = format!("What `{target}` would have earned, from {} shards", config.merge.len());
    let all = vec![Evaluated { target, title, evaluation }];
    pages(config, &all)?;
    Ok(Made::Evaluated(all))
}

fn is_run(log: &Path) -> bool {
    log.join("manifest.json").is_file()
}

/// The log under the eyes of a target, and what is asked of it.
fn opened(config: &EvaluateConfig, log: &Path, target: &str) -> Result<(Box<dyn Source>, Request), RunError> {
    let (source, reward) =
        if is_run(log) { run_log(config, log, target)? } else { table(config, log, target)? };
    let mut request = config.request.clone();
    let scores = config.scores.as_ref().map(|dir| dir.display().to_string());
    request.about = [
        ("target", Some(target.to_owned())),
        ("reward", Some(reward)),
        ("by", config.by.clone()),
        ("scores", scores),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect();
    Ok((source, request))
}

fn run_log(config: &EvaluateConfig, log: &Path, target: &str) -> Result<(Box<dyn Source>, String), RunError> {
    let refused =
        |what: &str, reason: &str| Err(OpeError::Request { what: what.into(), reason: reason.into() }.into());
    if config.columns.is_some() {
        return refused("--columns", "the log of a run says itself what its columns mean");
    }
    if config.skip_invalid {
        return refused("--skip-invalid", "the log of a run has no rows to skip; it is whole or damaged");
    }
    let options = RunLogOptions {
        reward: config.reward.clone(),
        by: config.by.clone(),
        declared: config.request.declared.clone(),
        ..RunLogOptions::default()
    };
    let (policy, logger) = (crate::target(target, log)?, crate::logger(log)?);
    let logger = logger.map(|policy| -> Box<dyn TargetPolicy> { policy });
    let reward = config.reward.clone().unwrap_or_else(|| "reward".into());
    let opened = RunLog::open(log, policy, logger, &options)?;
    let opened = match &config.scores {
        Some(dir) => opened.with_opinions(opinions(dir, log)?),
        None => opened,
    };
    Ok((Box::new(opened), reward))
}

/// What the policy trained in `dir` thinks of the candidates of a log.
fn opinions(dir: &Path, log: &Path) -> Result<Opinions, RunError> {
    let refused = |reason: &str| OpeError::Request {
        what: format!("--scores {}", dir.display()),
        reason: reason.into(),
    };
    let policy = policy_dir(dir).ok_or_else(|| refused("it holds no policy: `recloop train` makes one"))?;
    if Card::load(&policy)?.data_digest == Some(digest(log)?) {
        let reason = "it has learned from this very log, whose rewards it is to predict: train it on another";
        return Err(refused(reason).into());
    }
    let Manifest { spec, seed, .. } = Manifest::load(log)?;
    let begin = move || -> Result<Box<dyn Opinion>, RecommendError> {
        let failed = |error: NnError| RecommendError::Failed { reason: error.to_string() };
        let (mut scorer, _) = trained(&policy).map_err(failed)?;
        scorer.begin(&spec)?;
        Ok(Box::new(Thinks { scorer, streams: Streams::new(seed) }))
    };
    begin()?;
    Ok(Box::new(begin))
}

/// A trained policy as it goes through a log.
struct Thinks {
    scorer: Box<dyn Scorer>,
    streams: Streams,
}

impl Opinion for Thinks {
    fn prepare(&mut self, seen: &Observation) -> Result<(), RecommendError> {
        self.scorer.prepare(seen, &self.streams)
    }

    fn scores(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
    }

    fn learn(&mut self, tick: &Transition<'_>) {
        self.scorer.learn(tick.seen, tick.slates, tick.step);
    }
}

/// A table, and what its reward is: shards that are merged must agree on it.
fn table(config: &EvaluateConfig, log: &Path, target: &str) -> Result<(Box<dyn Source>, String), RunError> {
    if config.scores.is_some() {
        let (what, reason) = ("--scores".into(), "only the log of a run says what a policy would see".into());
        return Err(OpeError::Request { what, reason }.into());
    }
    let target: TargetSpec = target.parse()?;
    let mapping = config.columns.as_deref().map(Mapping::load).transpose()?;
    let options = TableOptions {
        reward: config.reward.clone(),
        reward_range: config.request.declared.reward_range,
        min_propensity: config.request.declared.min_propensity,
        by: config.by.clone(),
        skip_invalid: config.skip_invalid,
    };
    let table = Table::open(&[log.into()], mapping, &target, options)?;
    let reward = table.reward().to_owned();
    Ok((Box::new(table), reward))
}

/// Writes a page per target: to the file named, numbered from the second on.
fn pages(config: &EvaluateConfig, all: &[Evaluated]) -> Result<(), RunError> {
    let Some(path) = &config.html else { return Ok(()) };
    for (at, one) in all.iter().enumerate() {
        let path = if at == 0 { path.clone() } else { numbered(path, at + 1) };
        let page = page::of(&one.title, &one.evaluation).expect("our templates render");
        store(&path, page.as_bytes())?;
    }
    Ok(())
}

fn numbered(path: &Path, n: usize) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!("{stem}-{n}");
    match path.extension() {
        Some(extension) => path.with_file_name(name).with_extension(extension),
        None => path.with_file_name(name),
    }
}
