//! The card of a checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::CARD;
use crate::NnError;

/// What weights are and where they come from, in json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Form of the card and of what lies beside it.
    pub version: u32,
    /// What they were trained by.
    pub algorithm: String,
    /// Everything that decides the training.
    pub config: serde_json::Value,
    /// What the network reads and writes: another is refused.
    pub shape: serde_json::Value,
    /// Digest of the log they were trained on, if on one.
    pub data_digest: Option<String>,
    /// Seed of the training.
    pub seed: u64,
    /// Revision of the program.
    pub revision: String,
    /// Steps of experience so far.
    pub step: u64,
    /// The latest measures.
    pub metrics: BTreeMap<String, f64>,
}

impl Card {
    /// The form written now.
    pub const VERSION: u32 = 2;

    /// Writes it into `dir`.
    ///
    /// # Errors
    /// [`NnError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), NnError> {
        let path = dir.join(CARD);
        let text = serde_json::to_string_pretty(self).map_err(|error| refused(&path, &error))?;
        std::fs::write(&path, text + "\n").map_err(NnError::io("write", &path))
    }

    /// Reads it from `dir`.
    ///
    /// # Errors
    /// [`NnError::Io`] if there is none, [`NnError::Checkpoint`] if it is of another version or damaged.
    pub fn load(dir: &Path) -> Result<Self, NnError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let path = dir.join(CARD);
        let text = std::fs::read_to_string(&path).map_err(NnError::io("read", &path))?;
        let Version { version } = serde_json::from_str(&text).map_err(|error| refused(&path, &error))?;
        if version != Self::VERSION {
            let reason = format!("it is a card of version {version}; this program reads {}", Self::VERSION);
            return Err(NnError::Checkpoint { path, reason });
        }
        serde_json::from_str(&text).map_err(|error| refused(&path, &error))
    }

    /// Every key by which `other` is a card of another training, with both values; step, metrics and the revision of the
    /// program may differ within one.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let identity = |card: &Self| {
            let identity = json!({
                "algorithm": card.algorithm, "config": card.config, "shape": card.shape,
                "data_digest": card.data_digest, "seed": card.seed,
            });
            // Numbers of a card that was read went through text; so must those of one that was not.
            serde_json::from_str(&identity.to_string()).unwrap_or(identity)
        };
        let mut found = Vec::new();
        differ("", &identity(self), &identity(other), &mut found);
        found
    }
}

fn differ(key: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    let (Value::Object(ones), Value::Object(others)) = (one, other) else {
        if one != other {
            found.push(format!("`{key}` ({one} here, {other} there)"));
        }
        return;
    };
    let keys: BTreeSet<_> = ones.keys().chain(others.keys()).collect();
    for name in keys {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        let of = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        differ(&key, &of(ones), &of(others), found);
    }
}

fn refused(path: &Path, error: &serde_json::Error) -> NnError {
    NnError::Checkpoint { path: path.into(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(config: Value) -> Card {
        Card {
            version: Card::VERSION,
            algorithm: "ppo".into(),
            config,
            shape: Value::Null,
            data_digest: None,
            seed: 7,
            revision: "a".into(),
            step: 0,
            metrics: BTreeMap::new(),
        }
    }

    #[test]
    fn differences_are_named_down_to_the_key() {
        let one = card(json!({"rate": 0.1, "net": {"width": 64, "depth": 2}}));
        let mut other = card(json!({"rate": 0.1, "net": {"width": 32, "depth": 2}, "clip": 1}));
        (other.seed, other.step, other.revision) = (8, 9, "b".into());
        let expected = [
            "`config.clip` (null here, 1 there)",
            "`config.net.width` (64 here, 32 there)",
            "`seed` (7 here, 8 there)",
        ];
        assert_eq!(one.differences(&other), expected);
    }

    #[test]
    fn a_card_that_was_written_differs_in_nothing() {
        let here = tempfile::tempdir().unwrap();
        // Numbers of many digits, which a fast reader may round the other way.
        let numbers: Vec<f64> = (1..2_000).map(|i| f64::from(i).sqrt().ln() / 3.0).collect();
        let card = card(json!({ "numbers": numbers }));
        card.save(here.path()).unwrap();
        assert_eq!(card.differences(&Card::load(here.path()).unwrap()), Vec::<String>::new());
    }
}
