use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use serde_json::Value;

use super::worlds::village;
use super::*;
use crate::{digest, verify};
use recloop_env::ItemId;

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
fn a_single_bit_is_missed_wherever_it_is() {
    let (dir, part) = logged();
    verify(dir.path()).unwrap();
    let whole = fs::read(&part).unwrap();
    for at in (4..whole.len()).step_by(whole.len() / 9) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&part, bytes).unwrap();
        let error = verify(dir.path()).unwrap_err();
        assert!(error.to_string().contains("slates/part-00000.parquet"), "byte {at}: {error}");
    }
    // Without checksums, parts must at least decode.
    fs::write(&part, &whole[..whole.len() / 2]).unwrap();
    edit(dir.path(), |manifest| manifest.parts.values_mut().flatten().for_each(|part| part.sha256 = None));
    assert!(matches!(verify(dir.path()), Err(DataError::Damaged { .. })));
    fs::write(&part, &whole).unwrap();
    verify(dir.path()).unwrap();
}

#[test]
fn a_damaged_truth_is_found_by_who_looks_for_it() {
    let (spec, live) = Run { truth: true, ..Run::new(village(5)) }.play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions { truth: true, ..LogOptions::default() });
    verify(dir.path()).unwrap();
    let part = dir.path().join("truth/accounts/part-00000.parquet");
    fs::write(&part, "not a part").unwrap();
    assert!(matches!(verify(dir.path()), Err(DataError::Damaged { path, .. }) if path == part));
    assert_eq!(replay(dir.path()).unwrap().len(), live.len());
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

#[test]
fn people_without_groups_in_a_world_that_has_them_are_refused() {
    let (spec, live) = Run::new(village(5)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    edit(dir.path(), |manifest| manifest.parts.get_mut("groups").unwrap().clear());
    let mut source = LogSource::open(dir.path()).unwrap();
    let error = source.next().unwrap_err();
    assert!(error.to_string().contains("0 of 5 users have groups"), "{error}");
    assert!(source.next().unwrap().is_none());
}

/// Writes a part anew without some of its columns, saying `about` of itself.
fn rewrite(part: &Path, without: &[&str], about: &[(&str, &str)]) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(part).unwrap()).unwrap();
    let all = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let kept: Vec<_> =
        (0..all.fields().len()).filter(|c| !without.contains(&all.field(*c).name().as_str())).collect();
    let about = about.iter().map(|(key, value)| KeyValue::new((*key).into(), (*value).to_owned())).collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(about)).build();
    let schema = Arc::new(all.project(&kept).unwrap());
    let mut writer = ArrowWriter::try_new(File::create(part).unwrap(), schema, Some(properties)).unwrap();
    batches.iter().for_each(|batch| writer.write(&batch.project(&kept).unwrap()).unwrap());
    writer.close().unwrap();
}

#[test]
fn a_column_that_an_older_minor_lacks_is_absent_in_every_row() {
    let (dir, part) = logged();
    let before = replay(dir.path()).unwrap();
    let about = [("schema_version", "1.0"), ("table", "slates")];
    rewrite(&part, &["choice_probs"], &about);
    assert_eq!(replay(dir.path()).unwrap(), before);
    rewrite(&part, &["reward"], &about);
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Foreign { reason, .. } if reason.contains("`reward`")), "{error}");
}

#[test]
fn a_part_without_a_version_or_of_another_major_is_refused() {
    let (dir, part) = logged();
    rewrite(&part, &[], &[("schema_version", "2.0"), ("table", "slates")]);
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::SchemaVersion { found, .. } if found == "2.0"), "{error}");
    rewrite(&part, &[], &[]);
    let error = replay(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::Foreign { path, .. } if *path == part), "{error}");
}

/// What schema 1.1 added to tables that 1.0 had.
const ADDED: [(&str, &[&str]); 4] = [
    ("slates", &["time_secs"]),
    ("waiting", &["time_secs"]),
    ("sessions", &["start_secs", "end_secs"]),
    ("items", &["until", "text"]),
];

#[test]
fn a_log_of_schema_1_0_comes_back_without_what_came_later() {
    let (spec, mut live) = Run::new(toy_feed(6)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    for (table, added) in ADDED {
        let part = dir.path().join(format!("log/{table}/part-00000.parquet"));
        rewrite(&part, added, &[("schema_version", "1.0"), ("table", table)]);
    }
    let path = dir.path().join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["schema_version"] = "1.0".into();
    for (place, names) in [
        ("parts", &["groups", "creators"][..]),
        ("spec", &["groups", "accounts", "examination", "no_repeat"]),
    ] {
        let place = manifest[place].as_object_mut().unwrap();
        names.iter().for_each(|name| assert!(place.remove(*name).is_some(), "{name}"));
    }
    fs::write(&path, manifest.to_string()).unwrap();
    assert!(live.iter().any(|tick| tick.seen.time_secs.iter().any(|secs| secs.fract() > 0.0)));
    for tick in &mut live {
        // A toy tick is a second long.
        for seen in [&mut tick.seen, &mut tick.step.next] {
            seen.time_secs.fill(f64::from(seen.tick.0));
        }
        tick.creators.clear();
    }
    assert_eq!(replay(dir.path()).unwrap(), live);
}

#[test]
fn a_log_of_schema_1_2_comes_back_without_texts_and_under_its_old_name() {
    let (spec, live) = Run::new(toy_feed(6)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let name = digest(dir.path()).unwrap();
    let part = dir.path().join("log/items/part-00000.parquet");
    rewrite(&part, &["text"], &[("schema_version", "1.2"), ("table", "items")]);
    let path = dir.path().join("manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("\"schema_version\": \"1.3\"", "\"schema_version\": \"1.2\"")).unwrap();
    assert_eq!(Manifest::load(dir.path()).unwrap().schema_version, "1.2");
    assert_eq!((replay(dir.path()).unwrap(), digest(dir.path()).unwrap()), (live, name));
}

#[test]
fn a_text_is_part_of_what_a_log_says() {
    let (spec, live) = Run::new(village(8)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let said =
        |catalogue: &Catalogue| (0..catalogue.len() as u32).any(|id| !catalogue.text(ItemId(id)).is_empty());
    assert!(said(live.last().unwrap().catalogue.as_ref().unwrap()));
    let name = digest(dir.path()).unwrap();
    assert_eq!(replay(dir.path()).unwrap(), live);
    rewrite(
        &dir.path().join("log/items/part-00000.parquet"),
        &["text"],
        &[("schema_version", "1.2"), ("table", "items")],
    );
    assert_ne!(digest(dir.path()).unwrap(), name);
}
