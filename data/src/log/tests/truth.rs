use std::fs;

use super::*;
use crate::digest;

fn with_truth() -> LogOptions {
    LogOptions { block_rows: 7, part_rows: 20, truth: true }
}

/// What a log without its truth gives back.
fn blind(ticks: &[Kept]) -> Vec<Kept> {
    ticks.iter().map(|tick| Kept { hindsight: None, ..tick.clone() }).collect()
}

#[test]
fn the_truth_comes_back_only_to_who_asks() {
    for kind in 0..4 {
        let run = Run { truth: true, ..Run::new(worlds::any(kind, 9)) };
        let (spec, live) = Run { options: ResetOptions { renew: true, ..run.options.clone() }, ..run }.play();
        let dir = tempfile::tempdir().unwrap();
        let receipt = log(dir.path(), &spec, &live, &with_truth());
        assert_eq!(read(LogSource::open_with_truth(dir.path()).unwrap()).unwrap(), live);
        assert_eq!(replay(dir.path()).unwrap(), blind(&live));
        let rows = |table: &str| -> u64 {
            receipt.truth.as_ref().unwrap().parts[table].iter().map(|part| part.rows).sum()
        };
        assert_eq!(rows("accounts"), if spec.accounts.is_empty() { 0 } else { receipt.rows });
        let n_items = live.last().unwrap().catalogue.as_ref().map_or(0, Catalogue::len);
        assert_eq!(rows("items"), n_items as u64);
    }
}

#[test]
fn a_truth_that_is_not_there_is_refused_and_the_log_does_not_miss_it() {
    let (spec, live) = Run { truth: true, ..Run::new(village(5)) }.play();
    let (bare, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    log(bare.path(), &spec, &live, &LogOptions::default());
    assert!(matches!(LogSource::open_with_truth(bare.path()), Err(DataError::NoTruth { .. })));
    log(whole.path(), &spec, &live, &with_truth());
    assert_eq!(digest(whole.path()).unwrap(), digest(bare.path()).unwrap());
    fs::remove_dir_all(whole.path().join("truth")).unwrap();
    assert_eq!(replay(whole.path()).unwrap(), blind(&live));
    let error = read(LogSource::open_with_truth(whole.path()).unwrap()).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }), "{error}");
}

#[test]
fn a_truth_that_contradicts_its_log_is_refused() {
    let (spec, live) = Run { truth: true, ..Run::new(village(5)) }.play();
    for (table, says) in [("accounts", "0 of "), ("items", "latent")] {
        let dir = tempfile::tempdir().unwrap();
        log(dir.path(), &spec, &live, &with_truth());
        let mut manifest = Manifest::load(dir.path()).unwrap();
        manifest.truth.as_mut().unwrap().parts.get_mut(table).unwrap().clear();
        manifest.store(dir.path()).unwrap();
        let error = read(LogSource::open_with_truth(dir.path()).unwrap()).unwrap_err();
        assert!(matches!(&error, DataError::Inconsistent { tick: 0, .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_truth_nobody_tells_is_refused() {
    let (spec, live) = Run::new(village(5)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &with_truth()).unwrap();
    let error = sink.write(&live[0].facts(&spec), &live[0].transition()).unwrap_err();
    assert!(matches!(error, DataError::Shape { what: "hindsight (1 or 0)", .. }), "{error}");
}

#[test]
fn a_killed_truth_resumes_with_its_log() {
    let (spec, live) = Run { truth: true, ..Run::new(village(8)) }.play();
    for stop in [0, 1, 13] {
        let dir = tempfile::tempdir().unwrap();
        crash::killed_and_resumed(dir.path(), &spec, &live, &with_truth(), stop);
        assert_eq!(read(LogSource::open_with_truth(dir.path()).unwrap()).unwrap(), live);
    }
}
