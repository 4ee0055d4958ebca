//! The metrics of a finished run, folded again from its log.

use std::path::Path;

use recloop_data::RunState;
use recloop_data::log::LogSource;
use recloop_data::metrics::{Engagement, Named};
use recloop_env::{Facts, Metric, Population};
use serde::Serialize;

use crate::RunError;
use crate::run::write_metrics;

/// What is folded from every run, live or replayed.
pub(crate) type Measures = Engagement;
pub(crate) const MEASURES: Measures = Engagement;

/// A run's metrics, computed from its log alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The world.
    pub world: String,
    /// The recommender.
    pub recommender: String,
    /// The seed.
    pub seed: u64,
    /// Whether the run came to its end; otherwise these are the numbers of what was finished of its log.
    pub finished: bool,
    /// Slates read.
    pub user_steps: u64,
    /// Each metric, as in [`RunSummary::metrics`](crate::RunSummary).
    #[serde(serialize_with = "write_metrics")]
    pub metrics: Vec<Named>,
}

/// Folds the log in `dir` once more, with the fold a live run uses.
///
/// # Errors
/// A directory without a run, or a log that cannot be read to its end.
pub fn measure(dir: &Path) -> Result<Measured, RunError> {
    let mut source = LogSource::open(dir)?;
    let spec = source.manifest().spec.clone();
    let population = Population::new(spec.groups.clone(), spec.n_users);
    let (mut total, mut user_steps) = (MEASURES.start(), 0);
    while let Some(replayed) = source.next()? {
        let t = replayed.as_transition();
        let facts = Facts { catalogue: t.step.next.items.catalogue(), ..Facts::new(&spec, &population) };
        MEASURES.fold(&mut total, &facts, &t);
        user_steps += t.seen.len() as u64;
    }
    let manifest = source.manifest();
    Ok(Measured {
        world: manifest.world.clone(),
        recommender: manifest.recommender.clone(),
        seed: manifest.seed,
        finished: manifest.state == RunState::Finished,
        user_steps,
        metrics: MEASURES.value(total),
    })
}
