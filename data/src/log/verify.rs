//! Whether a log is the one that was written.

use std::fs::File;
use std::io;
use std::path::Path;

use super::manifest::{Manifest, PartEntry};
use super::parts::{Hashed, folder};
use super::reader::{TableReader, open};
use super::schema::Table;
use super::tables::{tables, truth_tables};
use crate::DataError;

/// Reads every part of the run in `dir`, its truth included; the first that is not, byte for byte, what was written is the
/// error. Parts of a log of schema 1.0, which kept no checksums, must at least decode.
pub fn verify(dir: &Path) -> Result<(), DataError> {
    let manifest = Manifest::load(dir)?;
    let mut known = tables(&manifest.spec)?;
    if let Some(truth) = &manifest.truth {
        known.extend(truth_tables(&manifest.spec, &truth.item_features)?);
    }
    for table in &known {
        let mut reader = TableReader::new(dir, &manifest, table)?;
        let parts = manifest.parts_of(table.name).unwrap_or_default();
        if parts.iter().all(|part| part.sha256.is_some()) {
            parts.iter().try_for_each(|part| same(dir, table, part))?;
        } else {
            while reader.next_batch()?.is_some() {}
        }
    }
    Ok(())
}

fn same(dir: &Path, table: &Table, part: &PartEntry) -> Result<(), DataError> {
    let path = folder(dir, table.name).join(&part.file);
    // What is no part at all is told apart from a part with another content.
    open(table, &path, part.rows)?;
    let mut found = Hashed::new(io::sink());
    File::open(&path)
        .and_then(|mut file| io::copy(&mut file, &mut found))
        .map_err(|cause| DataError::Read { path: path.clone(), cause })?;
    if part.sha256 == Some(found.sha256()) {
        return Ok(());
    }
    Err(DataError::Foreign { path, reason: "its bytes are not those that were written".into() })
}
