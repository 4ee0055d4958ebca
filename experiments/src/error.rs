//! What can go wrong between a config and a result. Every message reads after "failed to".

use std::io;
use std::path::PathBuf;

use crate::TargetFault;
use recloop_data::DataError;
use recloop_data::ope::OpeError;
use recloop_env::{BuildError, RecommendError, SnapshotError, StepError};

/// Why a configuration is not one. Messages read after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A world, recommender, section or key that does not exist.
    #[error("find {what} `{name}`: {}", instead(nearest.as_deref(), known))]
    Unknown {
        /// What was looked for, such as `world` or `key of [run]`.
        what: String,
        /// Under which name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
        /// The names there are.
        known: Vec<String>,
    },
    /// A key that only other worlds have.
    #[error("find key `{key}` in world `{world}`: it is one of {}", others.join(", "))]
    OtherWorld {
        /// The key.
        key: String,
        /// Where it was looked for.
        world: String,
        /// Where it is.
        others: Vec<String>,
    },
    /// A value of the wrong type or outside its range.
    #[error("read `{key}`: {reason}")]
    Value {
        /// The key, with its section.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// An argument of `--set` that is not KEY=VALUE.
    #[error("read `--set {text}`: {reason}")]
    Set {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A recommender that is not NAME or NAME:KEY=VALUE,KEY=VALUE.
    #[error("read `{text}`: {reason}")]
    Recommender {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody asks a language model, and the run has none.
    #[error("ask a language model for {wanted}: there is none in this run")]
    NoModel {
        /// Who asks.
        wanted: String,
    },
    /// Fewer than two recommenders.
    #[error("compare {}: there is nothing to compare with", or_nothing(given))]
    NothingToCompare {
        /// Who was given.
        given: Vec<String>,
    },
    /// Too few seeds to know how much seeds differ.
    #[error("compare over {n_seeds} seed{}: an interval over seeds needs at least 2", if *n_seeds == 1 { "" } else { "s" })]
    TooFewSeeds {
        /// How many were given.
        n_seeds: usize,
    },
    /// A person the world does not have.
    #[error("follow user {user}: there are users 0 to {}", n_users.saturating_sub(1))]
    NoSuchUser {
        /// Who was asked for.
        user: u32,
        /// How many there are.
        n_users: usize,
    },
    /// A file that is not TOML.
    #[error("read {}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// Two ways to end a run at once.
    #[error("choose when to stop: {} exclude each other", .given.join(" and "))]
    Exclusive {
        /// The keys given.
        given: Vec<&'static str>,
    },
    /// Days in a world that counts steps.
    #[error("run `{world}` for {days} days: this world counts steps, not time")]
    NoCalendar {
        /// The world.
        world: String,
        /// What was asked for.
        days: f64,
    },
    /// Waiting for people to leave who never do.
    #[error("run `{world}` until everybody has left: nobody ever leaves this world")]
    Endless {
        /// The world.
        world: String,
    },
    /// A world made from data, without the data.
    #[error("build world `{world}`: it is made from data, and no data directory was given")]
    NoData {
        /// The world.
        world: String,
    },
    /// A data directory for a world that reads none.
    #[error("build world `{world}`: it reads no data, but {} was given", dir.display())]
    UnusedData {
        /// The world.
        world: String,
        /// What was given.
        dir: PathBuf,
    },
    /// Data that changed since a config was written.
    #[error("use the data in {}: the config was made with digest {expected}, these have {found}", dir.display())]
    OtherData {
        /// Where they are.
        dir: PathBuf,
        /// The digest in the config.
        expected: String,
        /// That of the directory.
        found: String,
    },
    /// Parts of a world that do not fit together.
    #[error(transparent)]
    World(#[from] BuildError),
    /// Data a world is made from cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A part that refuses its parameters.
    #[error("build {what}: {source}")]
    Part {
        /// The part.
        what: String,
        /// Its reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a run did not come to its end. Messages read after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration is not one.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A network could not be built, trained or kept.
    #[error(transparent)]
    Network(#[from] recloop_nn::NnError),
    /// The world refused a step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The recommender failed.
    #[error(transparent)]
    Recommend(#[from] RecommendError),
    /// A part could not be saved or restored.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The log could not be written or read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A log could not be evaluated.
    #[error(transparent)]
    Evaluate(#[from] OpeError),
    /// The output directory holds a run.
    #[error("write a run to {}: it already holds one", dir.display())]
    Occupied {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process runs in the output directory.
    #[error("use {}: another process is running there", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// A directory that keeps the runs of another comparison.
    #[error("use {}: it is of another run: {}", path.display(), .differences.join("; "))]
    OtherComparison {
        /// The run that was kept.
        path: PathBuf,
        /// What differs, each as one phrase.
        differences: Vec<String>,
    },
    /// A run that was begun under another configuration.
    #[error("resume {}: {}", dir.display(), .differences.join("; "))]
    Differs {
        /// Where it was begun.
        dir: PathBuf,
        /// What differs, each as one phrase.
        differences: Vec<String>,
    },
    /// A checkpoint that cannot be read back.
    #[error("resume from {}: {reason}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A recommender that cannot be evaluated from a log.
    #[error("evaluate `{text}`: {fault}")]
    Target {
        /// What was given.
        text: String,
        /// What stands against it.
        fault: TargetFault,
    },
    /// A run that cannot be executed again.
    #[error("replay {}: {reason}", dir.display())]
    Unreplayable {
        /// The run.
        dir: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The operating system refused.
    #[error("{action} {}: {cause}", path.display())]
    Io {
        /// What was to be done, such as `write`.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// No threads to run on.
    #[error("start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What went wrong.
        reason: String,
    },
}

/// Beyond as many names, one that was probably meant stands for the whole list (chosen by us).
const MANY: usize = 24;

fn instead(nearest: Option<&str>, known: &[String]) -> String {
    let all = format!("there are {}", known.join(", "));
    match nearest {
        Some(nearest) if known.len() > MANY => {
            format!("did you mean `{nearest}`? it is one of {}", known.len())
        }
        Some(nearest) => format!("did you mean `{nearest}`? {all}"),
        None => all,
    }
}

fn or_nothing(given: &[String]) -> String {
    given.first().map_or("nothing".into(), |first| format!("`{first}`"))
}

impl ConfigError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { what, .. } if what == "world" => "`recloop worlds` lists them all".into(),
            Self::Set { .. } => "write `--set KEY=VALUE`, with VALUE in TOML, such as `--set candidates=5`".into(),
            Self::Recommender { .. } => "write `NAME:KEY=VALUE,KEY=VALUE`, such as `mf:temperature=0.1`".into(),
            Self::NothingToCompare { .. } => {
                "name at least two recommenders; the same one twice shows what comes of nothing".into()
            }
            Self::TooFewSeeds { .. } => "use `--seeds 10`, or `recloop run` for a single run".into(),
            Self::Exclusive { .. } => "keep one of them".into(),
            Self::NoCalendar { .. } => "use `--steps N` or `--until-done`".into(),
            Self::Endless { .. } => "say how long to watch with `--steps N`".into(),
            Self::NoData { .. } => {
                "`recloop import movielens PATH --out DIR` (or `import lastfm`) makes such a directory; then give it as `--data DIR`".into()
            }
            Self::OtherData { .. } => "import the same data again, or leave out `data_digest` to use these".into(),
            Self::UnusedData { .. } => "leave out `--data`".into(),
            Self::OtherWorld { others, .. } => format!("name the world: `recloop run {}`", others.join("` or `")),
            Self::NoModel { .. } => {
                "give a server, `--llm URL --model NAME`, or recorded answers, `--replay DIR --model NAME`".into()
            }
            _ => return None,
        })
    }
}

impl RunError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Config(error) => return error.help(),
            Self::Recommend(RecommendError::Unfit { .. }) => {
                "choose another with `--recommender NAME`; `recloop worlds` lists them, and the keys of worlds".into()
            }
            Self::Data(DataError::Write { .. } | DataError::Encode { .. }) => {
                "what was finished is safe; make room, then go on with `--resume`".into()
            }
            Self::Occupied { .. } => {
                "go on with `--resume`, or write to another directory with `--out DIR`".into()
            }
            Self::Target { fault, .. } => return fault.help(),
            Self::OtherComparison { .. } => "write to another directory with `--out DIR`".into(),
            Self::Busy { .. } => "wait for it, or write to another directory with `--out DIR`".into(),
            Self::Checkpoint { .. } => {
                "the finished parts of the log stay readable; start again in another directory with `--out DIR`".into()
            }
            Self::Differs { .. } => {
                "resume with the same settings, or start another run without `--resume`".into()
            }
            _ => return None,
        })
    }
}
