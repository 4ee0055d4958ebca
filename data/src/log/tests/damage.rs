use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use super::*;

/// A log of a few ticks, and the part of its slates.
fn logged() -> (tempfile::TempDir, PathBuf) {
    let (spec, live) = Run::new(toy_world(6)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let part = dir.path().join("log/slates/part-00000.parquet");
    (dir, part)
}

fn edit(dir: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::load(dir).unwrap();
    change(&mut manifest);
    manifest.store(dir).unwrap();
}

#[test]
fn a_truncated_part_is_named() {
    let (dir, part) = logged();
    let size = fs::metadata(&part).unwrap().len();
    OpenOptions::new().write(true).open(&part).unwrap().set_len(size / 2).unwrap();
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Damaged { path, .. } if *path == part), "{error}");
    assert!(error.to_string().contains("part-00000.parquet"));
}

#[test]
fn bytes_that_do_not_decode_are_named() {
    let (dir, part) = logged();
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 3;
    bytes[4..middle].fill(0xff);
    fs::write(&part, bytes).unwrap();
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Damaged { path, .. } if *path == part), "{error}");
}

#[test]
fn a_part_of_another_table_or_run_is_foreign() {
    let (dir, part) = logged();
    fs::copy(dir.path().join("log/users/part-00000.parquet"), &part).unwrap();
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Foreign { reason, .. } if reason.contains("`users`")), "{error}");

    let (spec, live) = Run { ticks: 2, ..Run::new(toy_world(6)) }.play();
    let other = tempfile::tempdir().unwrap();
    log(other.path(), &spec, &live, &LogOptions::default());
    fs::copy(other.path().join("log/slates/part-00000.parquet"), &part).unwrap();
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Foreign { reason, .. } if reason.contains("rows")), "{error}");
}

#[test]
fn a_world_with_other_signals_cannot_read_the_log() {
    let (dir, _) = logged();
    edit(dir.path(), |manifest| manifest.spec.signals = vec!["sorrow".into()]);
    let error = replay(dir.path()).unwrap_err();
    assert!(
        matches!(&error, DataError::Foreign { reason, .. } if reason.contains("signal_sorrow")),
        "{error}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let (dir, part) = logged();
    fs::remove_file(&part).unwrap();
    assert!(matches!(replay(dir.path()), Err(DataError::Missing { path }) if path == part));
    edit(dir.path(), |manifest| drop(manifest.parts.remove("users")));
    assert!(matches!(replay(dir.path()), Err(DataError::MissingTable { table: "users", .. })));
}

#[test]
fn tables_that_contradict_each_other_are_refused() {
    for (table, says) in [("slates", "6 users"), ("items", "candidates"), ("candidate_sets", "candidate set")]
    {
        let (dir, _) = logged();
        edit(dir.path(), |manifest| manifest.parts.get_mut(table).unwrap().clear());
        let error = replay(dir.path()).unwrap_err();
        assert!(matches!(&error, DataError::Inconsistent { tick: 0, .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}
