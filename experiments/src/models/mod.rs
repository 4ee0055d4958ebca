//! The language models of a run: whom to ask, what is kept of it, and what it cost.
//!
//! Users, creators and the recommender of a run share one [`Models`]: one server, one budget, one recording.

mod config;
mod report;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use config::LlmConfig;
pub(crate) use config::{BUDGETS, NO_MATTER, SOURCES};
use recloop_llm::{ChatBackend, Http, LlmError, Recorder, Replay, Scripted, Spent, SystemClock};
pub use report::{Asked, LlmReport};

use crate::ConfigError;

/// The file of a recording in its folder.
const TAPE: &str = "answers.jsonl";

/// Whom a run asks, if it asks anybody. Nobody is asked before somebody wants to.
#[derive(Clone, Default)]
pub struct Models(Option<Arc<Source>>);

struct Source {
    config: LlmConfig,
    spent: Spent,
    line: OnceLock<Line>,
}

/// Somebody who answers.
struct Line {
    backend: Arc<dyn ChatBackend>,
    /// The server behind it, if there is one.
    http: Option<Arc<Http>>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Models").field(&self.0.as_ref().map(|source| &source.config)).finish()
    }
}

impl Models {
    /// Those of a run that has spent so much before.
    pub(crate) fn of(config: Option<&LlmConfig>, spent: Spent) -> Self {
        let source = |config: &LlmConfig| Source { config: config.clone(), spent, line: OnceLock::new() };
        Self(config.map(|config| Arc::new(source(config))))
    }

    /// Somebody else's, for tests and for backends of one's own.
    #[must_use]
    pub fn answering(backend: Arc<dyn ChatBackend>, model: &str) -> Self {
        let config = LlmConfig { model: model.into(), ..LlmConfig::default() };
        let line = OnceLock::from(Line { backend, http: None });
        Self(Some(Arc::new(Source { config, spent: Spent::default(), line })))
    }

    /// Nobody who answers: for what was learned before and is only questioned now.
    pub(crate) fn silent() -> Self {
        let message = || "nobody is asked any more".to_owned();
        Self::answering(
            Arc::new(Scripted::new(move |_| Err(LlmError::AsRecorded { message: message() }))),
            "none",
        )
    }

    /// Whether there is one that nobody asks.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.as_ref().is_some_and(|source| source.line.get().is_none())
    }

    /// Whoever answers; `wanted` says who asks, in errors.
    ///
    /// # Errors
    /// Nobody to ask; a server that cannot be asked; a recording that cannot be read.
    pub fn backend(&self, wanted: &str) -> Result<Arc<dyn ChatBackend>, ConfigError> {
        let Some(source) = &self.0 else { return Err(ConfigError::NoModel { wanted: wanted.into() }) };
        if source.line.get().is_none() {
            let line = source.open().map_err(refused)?;
            // Whoever came first is kept.
            let _ = source.line.set(line);
        }
        Ok(Arc::clone(&source.line.get().expect("set just now").backend))
    }

    /// What was asked, and what came of it; nothing if nobody was asked.
    #[must_use]
    pub fn report(&self) -> Option<LlmReport> {
        let source = self.0.as_ref()?;
        let line = source.line.get()?;
        Some(
            LlmReport {
                model: source.config.model.clone(),
                capabilities: line.http.as_ref().map(|http| http.capabilities().clone()),
                spent: line.http.as_ref().map_or(source.spent, |http| http.spent()),
                cost: None,
                asked: report::asked(&line.backend.accounts()),
            }
            .priced(source.config.price()),
        )
    }

    /// Makes sure that the recording survives a crash.
    pub(crate) fn flush(&self) -> Result<(), LlmError> {
        let line = self.0.as_ref().and_then(|source| source.line.get());
        line.map_or(Ok(()), |line| line.backend.flush())
    }
}

impl Source {
    fn open(&self) -> Result<Line, LlmError> {
        let config = &self.config;
        if let Some(dir) = &config.replay {
            let replay = Replay::open(&config.model, &tape(dir))?;
            return Ok(Line { backend: Arc::new(replay), http: None });
        }
        let http = Http::connect_by(config.http(), self.spent, Arc::new(SystemClock::default()))?;
        let http = Arc::new(http);
        let backend: Arc<dyn ChatBackend> = match &config.record {
            None => Arc::clone(&http) as _,
            Some(dir) => {
                let made = std::fs::create_dir_all(dir);
                made.map_err(|source| LlmError::Io { doing: "create", path: dir.clone(), source })?;
                Arc::new(Recorder::open(Arc::clone(&http), &config.model, &tape(dir))?)
            }
        };
        Ok(Line { backend, http: Some(http) })
    }
}

/// Where a folder's recording lies.
pub(crate) fn tape(dir: &Path) -> PathBuf {
    dir.join(TAPE)
}

pub(crate) fn refused(error: LlmError) -> ConfigError {
    ConfigError::Part { what: "a run that asks a language model".into(), source: Box::new(error) }
}
