//! Policies that were trained: named by their folder, known again by their weights.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::ranking::Ranking;
use super::{NAME, refused};
use crate::config::{bad, parse};
use crate::train::{digest, policy_dir, trained};
use crate::{ConfigError, Models, Player};

/// The folder of the policy, and what tells its weights from others.
pub(super) const KEYS: &[&str] = &[POLICY, DIGEST];
const POLICY: &str = "policy";
const DIGEST: &str = "policy_digest";

/// What `name` is called in the registry: a folder with a policy in it becomes a key of `trained`.
pub(crate) fn by_folder(name: String, keys: &mut Table) -> String {
    match policy_dir(Path::new(&name)) {
        None => name,
        Some(_) => {
            keys.insert(POLICY.into(), Value::String(name));
            NAME.into()
        }
    }
}

/// Writes the digest of the weights into the keys, and refuses other weights than the keys were made with.
pub(crate) fn recognise(keys: &mut Table) -> Result<(), ConfigError> {
    let Some(dir) = keys.get(POLICY).and_then(Value::as_str).map(PathBuf::from) else { return Ok(()) };
    let Some(found) = policy_dir(&dir).and_then(|dir| digest(&dir).ok()) else { return Ok(()) };
    match keys.insert(DIGEST.into(), Value::String(found.clone())) {
        Some(Value::String(expected)) if expected != found => {
            let reason =
                format!("the weights in {} are others by now: {found}, not {expected}", dir.display());
            Err(bad("recommender.policy_digest", reason))
        }
        _ => Ok(()),
    }
}

pub(super) fn build(keys: &Table, _: &Models) -> Result<Player, ConfigError> {
    #[derive(Deserialize)]
    struct Keys {
        policy: PathBuf,
    }
    let mut keys = keys.clone();
    keys.remove(DIGEST);
    let ranking = Ranking::take(&mut keys)?;
    let Keys { policy } = parse("recommender", keys)?;
    let lacking = || {
        let reason = format!("{} holds no policy: `recloop train` makes one", policy.display());
        bad("recommender.policy", reason)
    };
    let (scorer, shape) = trained(&policy_dir(&policy).ok_or_else(lacking)?).map_err(refused)?;
    match shape.retrieval.filter(|_| !ranking.retrieves()) {
        None => ranking.of(scorer),
        // It ranks what it was trained to rank.
        Some(retrieved) => ranking.of(retrieved.before(scorer).map_err(refused)?),
    }
}
