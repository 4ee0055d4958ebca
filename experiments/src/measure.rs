//! The metrics of a finished run, folded again from its log.

use std::path::Path;

use recloop_data::log::LogSource;
use recloop_data::metrics::{Everything, Named, Records, Section, flat};
use recloop_data::{Manifest, RunState};
use recloop_env::Metric;
use serde::{Serialize, Serializer};

use crate::RunError;
use crate::run::write_metrics;

/// The metrics one looks at first, in this order, as far as a world has them (chosen by us).
pub const HEADLINE: &[&str] = &[
    "reward_per_user",
    "steps_per_user",
    "click_rate",
    "ctr",
    "quality_per_click",
    "dwell_minutes_per_user",
    "minutes_per_slate",
    "sessions_per_user",
    "slates_per_session",
    "click_rate_d1",
    "minutes_per_slate_d1",
    "retention_d1",
    "retention_d7",
    "dau_mau",
    "churn_share",
    "return_gap_median_hours",
    "welfare_now",
    "welfare_initial",
    "provider_gini",
    "creator_survival",
    "intra_list_distance",
];

/// The headline metrics among `all`.
#[must_use]
pub fn headline(all: &[Named]) -> Vec<Named> {
    HEADLINE.iter().filter_map(|name| all.iter().find(|metric| metric.name == *name)).cloned().collect()
}

/// What a fold over a run came to, in sections.
pub(crate) fn sections(total: Records) -> Vec<Section> {
    Everything::default().value(total)
}

/// The same, one after another.
pub(crate) fn numbers(total: Records) -> Vec<Named> {
    flat(&sections(total))
}

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
    /// Each metric, in sections; as JSON one after another, as in [`RunSummary::metrics`](crate::RunSummary).
    #[serde(serialize_with = "write_sections")]
    pub metrics: Vec<Section>,
}

fn write_sections<S: Serializer>(sections: &[Section], to: S) -> Result<S::Ok, S::Error> {
    write_metrics(&flat(sections), to)
}

/// Folds the log in `dir` once more, with the fold a live run uses.
///
/// # Errors
/// A directory without a run, or a log that cannot be read to its end.
pub fn measure(dir: &Path) -> Result<Measured, RunError> {
    // Its owner's numbers: where the truth was kept, welfare is among them.
    let kept_truth = Manifest::load(dir)?.truth.is_some();
    let mut source = if kept_truth { LogSource::open_with_truth(dir)? } else { LogSource::open(dir)? };
    let (mut total, mut user_steps) = (Everything::default().start(), 0);
    while let Some(tick) = source.next()? {
        Everything::default().fold(&mut total, &tick.facts, &tick.transition);
        user_steps += tick.transition.seen.len() as u64;
    }
    let manifest = source.manifest();
    Ok(Measured {
        world: manifest.world.clone(),
        recommender: manifest.recommender.clone(),
        seed: manifest.seed,
        finished: manifest.state == RunState::Finished,
        user_steps,
        metrics: sections(total),
    })
}
