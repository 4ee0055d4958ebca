//! The manifest: what a run directory holds and which parts of its log count.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use recloop_env::{EnvSpec, Layout};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema::TableName;
use crate::DataError;

/// Version of the log's schema, major.minor: a minor adds columns that older logs may lack, a major changes meaning.
pub const SCHEMA_VERSION: &str = "1.3";

const FILE: &str = "manifest.json";

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Begun; parts closed at the last checkpoint count.
    Running,
    /// All of it is there.
    Finished,
    /// An error ended it; parts closed at the last checkpoint count.
    Failed,
}

/// One file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Its name in the table's folder.
    pub file: String,
    /// Rows it holds.
    pub rows: u64,
    /// SHA-256 of its bytes, in hex; schema 1.0 took none.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// The parts of every table, in order.
pub type Parts = BTreeMap<String, Vec<PartEntry>>;

/// What `truth/` holds: what only the world knew. No policy and no evaluation opens it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruthEntry {
    /// The features of items that nobody observes; empty where items do not last.
    pub item_features: Layout,
    /// The parts of every table.
    pub parts: Parts,
}

/// What a run directory holds, as kept in its `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the log's schema.
    pub schema_version: String,
    /// Version of the crate that wrote it.
    pub crate_version: String,
    /// Source revision, where known.
    pub revision: Option<String>,
    /// Where the run stands.
    pub state: RunState,
    /// Registered name of the world.
    pub world: String,
    /// Registered name of the recommender.
    pub recommender: String,
    /// The seed.
    pub seed: u64,
    /// The first tick that was not to be watched, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<u32>,
    /// Ticks played.
    pub ticks: u32,
    /// Slates shown.
    pub rows: u64,
    /// Names, shapes and bounds of the world.
    pub spec: EnvSpec,
    /// What was asked of language models, where any were asked: which one, what its server can do, tokens and failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<Value>,
    /// The parts that count; other files in the log are leftovers of a crash.
    pub parts: Parts,
    /// What is beside the log, if that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<TruthEntry>,
}

impl Manifest {
    /// The manifest of a run that is about to begin.
    #[must_use]
    pub fn new(spec: &EnvSpec, recommender: &str, seed: u64) -> Self {
        Self {
            schema_version: SCHEMA_VERSION.into(),
            crate_version: env!("CARGO_PKG_VERSION").into(),
            revision: None,
            state: RunState::Running,
            world: spec.id.clone(),
            recommender: recommender.into(),
            seed,
            horizon: None,
            ticks: 0,
            rows: 0,
            spec: spec.clone(),
            llm: None,
            parts: Parts::new(),
            truth: None,
        }
    }

    /// Reads the manifest of the run in `dir`; refuses a schema this version cannot read.
    pub fn load(dir: &Path) -> Result<Self, DataError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: String,
        }
        let path = dir.join(FILE);
        let bytes = match fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(DataError::NotARun { dir: dir.into() });
            }
            read => read.map_err(|cause| DataError::Read { path: path.clone(), cause })?,
        };
        let bad = |cause| DataError::Manifest { path: path.clone(), cause };
        let found = serde_json::from_slice::<Version>(&bytes).map_err(bad)?.schema_version;
        if !readable(&found, SCHEMA_VERSION) {
            return Err(DataError::SchemaVersion { path, found, ours: SCHEMA_VERSION });
        }
        match version(&found) {
            Some((_, 0)) => serde_json::from_slice(&bytes).map(upgrade).and_then(serde_json::from_value),
            _ => serde_json::from_slice(&bytes),
        }
        .map_err(bad)
    }

    /// The parts of a table that count, if the manifest knows the table.
    pub(super) fn parts_of(&self, table: TableName) -> Option<&[PartEntry]> {
        let parts = if TableName::TRUTH.contains(&table) { &self.truth.as_ref()?.parts } else { &self.parts };
        parts.get(table.as_str()).map(Vec::as_slice)
    }

    /// The minor of its schema.
    pub(super) fn minor(&self) -> u32 {
        version(&self.schema_version).map_or(0, |(_, minor)| minor)
    }

    /// Writes the manifest: the old one or the new one is there at any moment, whole.
    pub fn store(&self, dir: &Path) -> Result<(), DataError> {
        let (path, fresh) = (dir.join(FILE), dir.join("manifest.json.tmp"));
        let json = serde_json::to_vec_pretty(self)
            .map_err(|cause| DataError::Manifest { path: path.clone(), cause })?;
        let write = || {
            let mut file = File::create(&fresh)?;
            file.write_all(&json)?;
            file.sync_all()?;
            put(&fresh, &path)
        };
        write().map_err(|cause| DataError::Write { path: path.clone(), cause })
    }
}

/// What schema 1.0 did not say of a world, because it was the same in all of them.
fn upgrade(mut manifest: Value) -> Value {
    if let Some(spec) = manifest.get_mut("spec").and_then(Value::as_object_mut) {
        let slate_size = spec.get("slate_size").and_then(Value::as_u64).unwrap_or(0);
        spec.insert("groups".into(), json!([]));
        spec.insert("accounts".into(), json!([]));
        spec.insert("examination".into(), json!(vec![1.0; slate_size as usize]));
        spec.insert("no_repeat".into(), json!(false));
    }
    manifest
}

/// Major and minor of a schema version.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether a log of version `theirs` can be read by a reader of version `ours`: same major, minor not newer.
pub(super) fn readable(theirs: &str, ours: &str) -> bool {
    matches!((version(theirs), version(ours)), (Some(a), Some(b)) if a.0 == b.0 && a.1 <= b.1)
}

/// Gives a finished file its name, for good: a rename lasts once its folder is on disk.
pub(super) fn put(fresh: &Path, path: &Path) -> io::Result<()> {
    fs::rename(fresh, path)?;
    match path.parent() {
        // Only Unix lets a folder be synced.
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use recloop_env::Env;
    use recloop_env::testing::toy_world;

    use super::*;

    #[test]
    fn a_reader_takes_older_minors_and_refuses_other_majors() {
        assert!(readable("1.0", "1.2") && readable("1.2", "1.2"));
        for other in ["1.3", "2.0", "0.9", "1", "one.two", ""] {
            assert!(!readable(other, "1.2"), "{other}");
        }
    }

    #[test]
    fn a_manifest_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = toy_world(3).spec().clone();
        let unbounded = recloop_env::Block::dense("mood", 2, (f32::NEG_INFINITY, f32::INFINITY), "");
        spec.user_features = recloop_env::Layout::new(vec![unbounded]);
        let mut manifest = Manifest::new(&spec, "random", u64::MAX);
        manifest.parts.insert(
            "slates".into(),
            vec![PartEntry { file: "part-00000.parquet".into(), rows: 7, sha256: None }],
        );
        manifest.store(dir.path()).unwrap();
        assert_eq!(Manifest::load(dir.path()).unwrap(), manifest);
    }

    #[test]
    fn what_is_no_run_and_what_is_another_major_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Manifest::load(dir.path()), Err(DataError::NotARun { .. })));
        fs::write(dir.path().join(FILE), r#"{"schema_version": "2.0", "all": "else"}"#).unwrap();
        let error = Manifest::load(dir.path()).unwrap_err();
        assert!(matches!(&error, DataError::SchemaVersion { found, .. } if found == "2.0"), "{error}");
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(matches!(Manifest::load(dir.path()), Err(DataError::Manifest { .. })));
    }
}
