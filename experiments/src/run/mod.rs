//! One run: a world, a recommender, a log and a few numbers, from the first tick to the last.
//!
//! [`run`] starts one, [`resume`] goes on with one that was stopped; the loop itself is in `live.rs`, and reads like
//! the definition of a run. `directory.rs` knows where files lie, `checkpoint.rs` how a killed run survives.

mod checkpoint;
mod directory;
mod live;
mod summary;

use std::path::Path;

use recloop_data::metrics::Records;
use recloop_data::{Manifest, RunState};
use recloop_env::{EnvSpec, Tick};
use serde::{Deserialize, Serialize};

pub(crate) use directory::{RunDir, failed, store};
use live::Live;
pub use summary::RunSummary;
pub(crate) use summary::write_metrics;

use crate::config::RunConfig;
use crate::playing::Playing;
use crate::{ConfigError, Models, Player, RunError};

type Partial = Records;

/// How a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From nothing.
    Fresh,
    /// From a checkpoint after so many ticks.
    Resumed {
        /// Ticks done before.
        ticks: u32,
    },
    /// Not at all: it had come to its end before.
    Finished,
}

/// What a run has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Ticks in which somebody was there.
    pub ticks: u32,
    /// Slates answered: rows over all ticks.
    pub user_steps: u64,
    /// Users who left for good.
    pub gone: u64,
    /// Seconds of wall clock spent in the loop, checkpoints included.
    pub wall_secs: f64,
}

/// Watches a run go by: for progress bars, early looks, tests. It cannot change anything.
pub trait Observer: Send {
    /// The run is about to start.
    fn begun(&mut self, _start: Start, _dir: &Path, _spec: &EnvSpec, _horizon: Option<Tick>) {}

    /// A tick was done; `now` is the tick that comes next.
    fn ticked(&mut self, _counts: &Counts, _now: Tick) {}
}

/// Watches nothing.
impl Observer for () {}

/// Runs a config from the start, into a directory that holds no run.
///
/// The result is the same at any number of threads, and does not depend on when checkpoints are taken.
///
/// ```no_run
/// let config = recloop_experiments::RunConfig::resolve([])?;
/// let summary = recloop_experiments::run(&config, &mut ())?;
/// println!("{} user-steps, logged in {}", summary.user_steps, summary.dir.display());
/// # Ok::<(), recloop_experiments::RunError>(())
/// ```
///
/// # Errors
/// Whatever kept the run from its end. Finished parts of the log stay readable, and [`resume`] goes on from the last
/// checkpoint.
pub fn run(config: &RunConfig, observer: &mut dyn Observer) -> Result<RunSummary, RunError> {
    in_pool(config, || {
        // Built first: a config that cannot run leaves no directory behind.
        let playing = Playing::begin(config)?;
        if playing.models().is_idle() {
            let reason = "nobody asks it: set --llm-users, llm_creators=words or recommender.planner=model";
            return Err(crate::config::bad("llm.model", reason.into()).into());
        }
        let dir = RunDir::claim(config)?;
        let _lock = dir.lock()?;
        dir.write_config(config)?;
        Live::start(config, dir, playing)?.play(Start::Fresh, observer)
    })
}

/// Goes on with the run of this config: in its output directory, else in the latest of the default name.
///
/// Where nothing was begun yet, this is [`run`]; where everything is done, it reads the result.
///
/// # Errors
/// [`RunError::Differs`] if the run was begun under another config or seed; else as [`run`].
pub fn resume(config: &RunConfig, observer: &mut dyn Observer) -> Result<RunSummary, RunError> {
    let Some(dir) = RunDir::begun(config) else { return run(config, observer) };
    let _lock = dir.lock()?;
    let begun = RunConfig::resolve([dir.read_config()?])?;
    let differences = config.differences(&begun);
    if !differences.is_empty() {
        return Err(RunError::Differs { dir: dir.path().into(), differences });
    }
    // Killed between its config and its first checkpoint, a run has nothing to lose.
    let begun = dir.path().join("manifest.json").exists();
    let manifest = begun.then(|| Manifest::load(dir.path())).transpose()?;
    if let Some(manifest) = manifest.as_ref().filter(|manifest| manifest.state == RunState::Finished) {
        observer.begun(Start::Finished, dir.path(), &manifest.spec, None);
        // Killed right after its end, a run has had no time to tidy up.
        dir.drop_checkpoints();
        return RunSummary::read(&dir);
    }
    in_pool(config, || {
        let Some(manifest) = manifest else {
            dir.drop_log()?;
            return Live::start(config, dir, Playing::begin(config)?)?.play(Start::Fresh, observer);
        };
        let start = Start::Resumed { ticks: manifest.ticks };
        let models = config.models(live::spent(&manifest));
        Live::go_on(config, dir, Playing::build(config, models)?, manifest)?.play(start, observer)
    })
}

/// The settings of the run that `config` would resume, as a layer to put under everything else.
///
/// # Errors
/// If they are there and cannot be read.
pub fn begun_config(config: &RunConfig) -> Result<Option<toml::Table>, ConfigError> {
    RunDir::begun(config).map(|dir| dir.read_config()).transpose()
}

/// A finished run, for those who go on from what it has learned.
pub(crate) struct FinishedRun {
    pub(crate) config: RunConfig,
    pub(crate) manifest: Manifest,
    dir: RunDir,
}

impl FinishedRun {
    /// The run in `dir`; `None` if it has not come to its end.
    pub(crate) fn open(dir: &Path) -> Result<Option<Self>, RunError> {
        let (manifest, dir) = (Manifest::load(dir)?, RunDir::of(dir));
        let config = RunConfig::resolve([dir.read_config()?])?;
        Ok((manifest.state == RunState::Finished).then_some(Self { config, manifest, dir }))
    }

    /// Whether there is a recommender to be had.
    pub(crate) fn kept_recommender(&self) -> bool {
        self.dir.recommender().exists()
    }

    /// Its recommender as it was in the end.
    pub(crate) fn player(&self) -> Result<Player, RunError> {
        let mut player = self.config.build_player_with(&Models::silent())?;
        player.begin(&self.manifest.spec)?;
        player.load(&checkpoint::kept(&self.dir)?)?;
        Ok(player)
    }
}

fn in_pool<T: Send>(
    config: &RunConfig,
    work: impl FnOnce() -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    pool(config.threads().map_or(0, std::num::NonZeroUsize::get))?.install(work)
}

/// So many threads, or one per core for 0.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| RunError::Threads { threads, reason: error.to_string() })
}
