//! Files and folders a world is made with, known again by what is in them.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::check::bad;
use crate::ConfigError;

/// Keys that may name a file or a folder, and those by which a run knows it again.
pub(super) const PINNED: [[&str; 2]; 2] =
    [["personas", "personas_digest"], ["surrogate", "surrogate_digest"]];

/// Writes digests into the keys, and refuses what is not as it was. What is not there is for the world to refuse.
pub(super) fn recognise(keys: &mut Table) -> Result<(), ConfigError> {
    for [key, pin] in PINNED {
        let path = keys.get(key).and_then(Value::as_str).map(str::to_owned);
        let found = path.as_deref().and_then(|path| digest(Path::new(path)).ok());
        let Some((path, found)) = path.zip(found) else {
            keys.remove(pin);
            continue;
        };
        match keys.insert(pin.into(), Value::String(found.clone())) {
            Some(Value::String(expected)) if expected != found => {
                let reason = format!("what is in {path} is not what it was: {found}, not {expected}");
                return Err(bad(&format!("world.{pin}"), reason));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Forgets digests of what a layer names anew.
pub(super) fn forget(below: &mut Table, above: &Table) {
    let renamed = PINNED.iter().filter(|[key, _]| above.contains_key(*key));
    renamed.for_each(|[_, pin]| drop(below.remove(*pin)));
}

/// SHA-256 of a file, or of the files of a folder by name; folders within it do not count.
fn digest(path: &Path) -> io::Result<String> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let all = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
        files = all.collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.is_file());
        files.sort();
    }
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(&file)?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
