#![expect(missing_docs, unreachable_pub, dead_code)]
//! Stand-ins for parts that are being written.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use recloop_data::DataError;
use recloop_env::*;
use serde::{Deserialize, Serialize};

#[derive(Debug)]
struct Random(usize);
impl Recommender for Random {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.0 = spec.slate_size;
        Ok(())
    }
    fn recommend(
        &mut self,
        seen: &Observation,
        _rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        out.reset(seen.len(), self.0);
        for r in 0..seen.len() {
            out.items.row_mut(r).copy_from_slice(&seen.candidates.row(r)[..self.0]);
        }
        Ok(())
    }
    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }
    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}
pub fn random(_: &toml::Table) -> Result<crate::Player, crate::ConfigError> {
    Ok(crate::Player::Policy(Box::new(Random(0))))
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum RunState {
    Running,
    Finished,
    Failed,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct PartEntry {
    pub file: String,
    pub rows: u64,
}
pub type Parts = BTreeMap<String, Vec<PartEntry>>;
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema_version: String,
    pub spec: EnvSpec,
    pub world: String,
    pub recommender: String,
    pub seed: u64,
    pub state: RunState,
    pub ticks: u32,
    pub rows: u64,
    pub parts: Parts,
}
impl Manifest {
    pub fn load(dir: &Path) -> Result<Self, DataError> {
        let path = dir.join("manifest.json");
        let bytes = std::fs::read(&path).map_err(|cause| DataError::Read { path, cause })?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }
    pub fn store(&self, dir: &Path) -> Result<(), DataError> {
        let path = dir.join("manifest.json");
        let fresh = dir.join("manifest.json.new");
        let io = |cause| DataError::Read { path: path.clone(), cause };
        std::fs::write(&fresh, serde_json::to_vec(self).unwrap()).map_err(io)?;
        std::fs::rename(&fresh, &path).map_err(io)
    }
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct LogState {
    pub parts: Parts,
}
pub type LogReceipt = LogState;
#[derive(Debug, Clone, Default)]
pub struct LogOptions;
pub struct ParquetSink(PathBuf);
impl ParquetSink {
    pub fn create(dir: &Path, _: &EnvSpec, _: &LogOptions) -> Result<Self, DataError> {
        Ok(Self(dir.into()))
    }
    pub fn resume(dir: &Path, _: &EnvSpec, _: &LogOptions, _: &LogState) -> Result<Self, DataError> {
        Ok(Self(dir.into()))
    }
    pub fn checkpoint(&mut self) -> Result<LogState, DataError> {
        Ok(LogState::default())
    }
}
impl LogSink for ParquetSink {
    type Receipt = LogReceipt;
    type Error = DataError;
    fn write(&mut self, _: &Transition<'_>) -> Result<(), DataError> {
        Ok(())
    }
    fn finish(self) -> Result<LogReceipt, DataError> {
        Ok(LogState::default())
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub mean: f64,
    pub se: f64,
    pub n: u64,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
    pub estimate: Estimate,
}
pub struct Engagement;
impl Metric for Engagement {
    const KEY: Key = Key::User;
    type Partial = (f64, u64);
    type Value = Vec<Named>;
    fn start(&self) -> (f64, u64) {
        (0.0, 0)
    }
    fn fold(&self, into: &mut (f64, u64), _: &Facts<'_>, t: &Transition<'_>) {
        into.0 += t.step.reward.iter().map(|r| f64::from(*r)).sum::<f64>();
        into.1 += t.seen.len() as u64;
    }
    fn merge(&self, l: (f64, u64), r: (f64, u64)) -> (f64, u64) {
        (l.0 + r.0, l.1 + r.1)
    }
    fn value(&self, t: (f64, u64)) -> Vec<Named> {
        ["reward_per_user", "ctr"]
            .map(|name| Named {
                name: name.into(),
                estimate: Estimate { mean: t.0 / t.1 as f64, se: f64::NAN, n: t.1 },
            })
            .into()
    }
}
pub mod import {
    pub fn movielens(_: &std::path::Path, _: &std::path::Path) -> Result<String, crate::RunError> {
        Ok("nothing was imported".into())
    }
}
#[derive(Debug, Serialize)]
pub struct Measured {
    pub user_steps: u64,
    pub metrics: Vec<Named>,
}
pub fn measure(_: &Path) -> Result<Measured, crate::RunError> {
    Ok(Measured { user_steps: 0, metrics: vec![] })
}
