//! What a run came to.

use std::fs;
use std::path::PathBuf;

use recloop_data::Manifest;
use recloop_data::metrics::Named;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Counts;
use super::directory::{RunDir, failed, store};
use crate::{LlmReport, RunError};

/// What a run came to: `metrics.json`, and what `recloop run --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The world.
    pub world: String,
    /// The recommender.
    pub recommender: String,
    /// The seed.
    pub seed: u64,
    /// Slates answered.
    pub user_steps: u64,
    /// Seconds the loop took.
    pub wall_secs: f64,
    /// Each metric with its standard error, in the order a table shows them.
    #[serde(serialize_with = "write_metrics", deserialize_with = "read_metrics")]
    pub metrics: Vec<Named>,
    /// What was asked of language models, since the run was last taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmReport>,
    /// The run directory.
    #[serde(skip)]
    pub dir: PathBuf,
}

impl RunSummary {
    pub(super) fn new(manifest: &Manifest, counts: &Counts, metrics: Vec<Named>, dir: &RunDir) -> Self {
        Self {
            world: manifest.world.clone(),
            recommender: manifest.recommender.clone(),
            seed: manifest.seed,
            user_steps: counts.user_steps,
            wall_secs: counts.wall_secs,
            metrics,
            llm: None,
            dir: dir.path().into(),
        }
    }

    pub(super) fn write(&self, dir: &RunDir) -> Result<(), RunError> {
        let mut text = serde_json::to_vec_pretty(self).expect("a summary is plain data");
        text.push(b'\n');
        store(&dir.metrics(), &text)
    }

    pub(super) fn read(dir: &RunDir) -> Result<Self, RunError> {
        let path = dir.metrics();
        let text = fs::read(&path).map_err(failed("read", &path))?;
        let summary: Self = serde_json::from_slice(&text)
            .map_err(|error| failed("read", &path)(std::io::Error::from(error)))?;
        Ok(Self { dir: dir.path().into(), ..summary })
    }
}

/// As one object with a key for each: a table in the eyes of whoever reads it.
pub(crate) fn write_metrics<S: Serializer>(metrics: &[Named], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(metrics.iter().map(|metric| (&metric.name, metric.estimate)))
}

fn read_metrics<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Named>, D::Error> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<Named>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("metrics by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Named>, A::Error> {
            let mut metrics = Vec::new();
            while let Some((name, estimate)) = map.next_entry()? {
                metrics.push(Named { name, estimate });
            }
            Ok(metrics)
        }
    }
    from.deserialize_map(InOrder)
}
