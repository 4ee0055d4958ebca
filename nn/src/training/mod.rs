//! One loop for everything that learns: rounds, a metric log, checkpoints, resuming, stopping early or in time.
//!
//! What a round is belongs to the [`Learner`]: an epoch over a log, or a batch of episodes and the updates on them.
//! [`train`] drives it by a [`Plan`], tells a [`Watch`], and writes into one folder:
//!
//! | | |
//! |---|---|
//! | [`METRICS`] | a row for each round: step, round, seconds, the learner's measures |
//! | [`CHECKPOINT`] | all that a resumed training needs; a card says at which step |
//! | [`BEST`] | the policy at the best value of the measure that early stopping watches |
//! | [`POLICY`] | the policy at the end; that of [`BEST`] where there is one |
//!
//! A kill at any moment costs the rounds since the last checkpoint, and a resumed training repeats them: it ends as one
//! that was not killed, to the last bit on a CPU.

mod kept;
mod log;
mod plan;
mod run;
mod watch;

pub use plan::{Best, Better, EarlyStop, Plan};
pub use watch::{Progress, Watch};

use std::path::Path;

use crate::NnError;

/// The metric log of a training.
pub const METRICS: &str = "metrics.csv";
/// The folder of the latest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The folder of the policy at its best.
pub const BEST: &str = "best";
/// The folder of the policy that a training was for.
pub const POLICY: &str = "policy";

/// What a round came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// Steps of experience the round used: one or more.
    pub steps: u64,
    /// Named numbers, the same names every round; `reward`, `loss` and `entropy` where there are such. One that is not
    /// finite means that the learner diverged: where a round has nothing to measure, repeat what was measured last.
    pub values: Vec<(&'static str, f64)>,
}

/// Something that learns in rounds.
///
/// A round must depend on nothing but the state that [`save`](Learner::save) writes, which includes how many rounds there
/// were if that matters: then a training that was killed and resumed ends as one that was not.
///
/// The files of a learner are its own to name, but for [`CARD`](crate::checkpoint::CARD), which the loop adds.
pub trait Learner {
    /// Gathers experience, learns from it, and tells how it went.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if it diverged; whatever its world or log says.
    fn round(&mut self) -> Result<Measures, NnError>;

    /// Writes everything a later round depends on into an empty directory: weights, moments, memory.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] for weights that nothing can be learned from; files that cannot be written.
    fn save(&self, dir: &Path) -> Result<(), NnError>;

    /// Goes back to what was saved.
    ///
    /// # Errors
    /// Files that are missing, damaged, or of another network.
    fn load(&mut self, dir: &Path) -> Result<(), NnError>;

    /// Writes what acting needs into an empty directory, without moments and memory; the whole state unless told
    /// otherwise.
    ///
    /// # Errors
    /// As [`save`](Learner::save).
    fn save_policy(&self, dir: &Path) -> Result<(), NnError> {
        self.save(dir)
    }
}

/// How a training ended, and where it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Steps of experience in what was learned.
    pub step: u64,
    /// Rounds, likewise.
    pub round: u64,
    /// Seconds spent, over all processes that trained.
    pub wall_secs: f64,
    /// The best value of the measure that early stopping watched.
    pub best: Option<Best>,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It made all its steps.
    Finished,
    /// Its measure no longer got better.
    Early,
    /// A number was not finite: the learner is back at its last checkpoint, and no policy was written.
    Diverged {
        /// Steps of experience before the round that failed.
        step: u64,
        /// Which number, and what it was.
        what: String,
    },
}

/// Trains `learner` by `plan`, writing into the folder `out`.
///
/// # Errors
/// - [`NnError::Training`]: a plan that makes no sense, a round without steps, a measure to watch that is not measured
/// - [`NnError::Checkpoint`]: a folder that holds another training, or none although one is to be resumed; a checkpoint of
///   another config; damaged files
/// - [`NnError::Io`], and whatever the learner returns but [`NnError::NotFinite`], which is an [`End`]
pub fn train(
    learner: &mut dyn Learner,
    plan: &Plan,
    out: &Path,
    watch: &mut dyn Watch,
) -> Result<Outcome, NnError> {
    plan.check()?;
    let mut run = run::Run::begin(learner, plan, out)?;
    match run.finish(learner, watch) {
        Err(NnError::NotFinite { what, value }) => run.retreat(learner, format!("{what} is {value}")),
        ended => ended,
    }
}
