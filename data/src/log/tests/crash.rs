use std::fs;

use super::*;
use crate::{LogState, digest};

/// Logs up to `stop`, takes a checkpoint, writes a little more, is killed, and resumes from what was saved.
pub(super) fn killed_and_resumed(
    dir: &Path,
    spec: &EnvSpec,
    ticks: &[Kept],
    options: &LogOptions,
    stop: usize,
) {
    let mut sink = ParquetSink::create(dir, spec, options).unwrap();
    write(&mut sink, spec, &ticks[..stop]);
    let saved = postcard::to_allocvec(&sink.checkpoint().unwrap()).unwrap();
    let after = (stop + 7).min(ticks.len());
    write(&mut sink, spec, &ticks[stop..after]);
    drop(sink);
    let state: LogState = postcard::from_bytes(&saved).unwrap();
    let mut sink = ParquetSink::resume(dir, spec, options, &state).unwrap();
    write(&mut sink, spec, &ticks[stop..]);
    finish(dir, spec, sink);
}

fn files(dir: &Path, table: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join("log").join(table)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn small_parts() -> LogOptions {
    LogOptions { block_rows: 10, part_rows: 30, ..LogOptions::default() }
}

#[test]
fn a_dropped_sink_leaves_whole_parts_and_nothing_else() {
    let (spec, live) = Run::new(toy_world(8)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &small_parts()).unwrap();
    write(&mut sink, &spec, &live[..5]);
    drop(sink);
    // Toy users take a break after four slates: 32 rows, shipped in blocks of 16, make one full part.
    assert_eq!(files(dir.path(), "slates"), ["part-00000.parquet"]);
}

#[test]
fn resuming_deletes_what_the_state_does_not_know() {
    let (spec, live) = Run::new(toy_world(8)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &small_parts()).unwrap();
    sink.write(&live[0].facts(&spec), &live[0].transition()).unwrap();
    let state = sink.checkpoint().unwrap();
    write(&mut sink, &spec, &live[1..]);
    sink.finish().unwrap();
    assert!(files(dir.path(), "slates").len() > 2);
    fs::write(dir.path().join("log/slates/part-00009.parquet.tmp"), "half a part").unwrap();
    drop(ParquetSink::resume(dir.path(), &spec, &small_parts(), &state).unwrap());
    assert_eq!(files(dir.path(), "slates"), ["part-00000.parquet"]);

    let other = toy_world(9);
    let error = ParquetSink::resume(dir.path(), other.spec(), &small_parts(), &state).unwrap_err();
    assert!(matches!(error, DataError::OtherState { expected: 9, found: 8, .. }));
    fs::remove_file(dir.path().join("log/slates/part-00000.parquet")).unwrap();
    let error = ParquetSink::resume(dir.path(), &spec, &small_parts(), &state).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }));
}

#[test]
fn a_log_is_not_begun_where_one_is() {
    let (spec, live) = Run::new(toy_world(3)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let before = digest(dir.path()).unwrap();
    let error = ParquetSink::create(dir.path(), &spec, &LogOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Occupied { .. }));
    assert_eq!(digest(dir.path()).unwrap(), before);
}

#[test]
fn a_directory_that_takes_no_files_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("log"), "in the way").unwrap();
    let error = ParquetSink::create(dir.path(), toy_world(3).spec(), &LogOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Write { .. }));
}

/// Fills the disk under the part that `slates` opens next.
#[cfg(target_os = "linux")]
fn fill_disk(dir: &Path, part: usize) {
    let path = dir.join(format!("log/slates/part-{part:05}.parquet.tmp"));
    std::os::unix::fs::symlink("/dev/full", path).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_finished_parts_stay_readable() {
    let (spec, live) = Run::new(toy_world(8)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &small_parts()).unwrap();
    write(&mut sink, &spec, &live[..4]);
    let state = sink.checkpoint().unwrap();
    let mut manifest = Manifest::new(&spec, "toy", 11);
    manifest.parts = state.parts;
    manifest.store(dir.path()).unwrap();

    fill_disk(dir.path(), manifest.parts["slates"].len());
    let error = live[4..].iter().find_map(|tick| sink.write(&tick.facts(&spec), &tick.transition()).err());
    let error = error.or_else(|| sink.checkpoint().err()).unwrap();
    let full = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::StorageFull;
    assert!(matches!(&error, DataError::Write { cause, .. } if full(cause)), "{error}");
    assert!(matches!(
        sink.write(&live[0].facts(&spec), &live[0].transition()),
        Err(DataError::SinkStopped { .. })
    ));
    assert!(matches!(sink.finish(), Err(DataError::SinkStopped { .. })));
    // Of a run cut off, the last outcome is held back: its next observation was not logged.
    assert_eq!(replay(dir.path()).unwrap(), live[..3]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_at_the_end_is_said_by_finish() {
    let (spec, live) = Run::new(toy_world(8)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &LogOptions::default()).unwrap();
    fill_disk(dir.path(), 0);
    write(&mut sink, &spec, &live);
    assert!(matches!(sink.finish(), Err(DataError::Write { .. })));
}

#[test]
fn a_tick_of_another_shape_is_refused_and_not_logged() {
    let (spec, live) = Run::new(toy_world(3)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &LogOptions::default()).unwrap();
    let mut bad = live[0].clone();
    bad.step.reward.pop();
    let error = sink.write(&bad.facts(&spec), &bad.transition()).unwrap_err();
    assert!(matches!(error, DataError::Shape { what: "rewards", expected: 3, found: 2, .. }), "{error}");
    bad = live[0].clone();
    bad.step.responses.replies.push(Message { row: 3, said: Said::Answer, text: String::new() });
    assert!(matches!(sink.write(&bad.facts(&spec), &bad.transition()), Err(DataError::Shape { .. })));
    sink.write(&live[0].facts(&spec), &live[0].transition()).unwrap();
    finish(dir.path(), &spec, sink);
    assert_eq!(replay(dir.path()).unwrap(), live[..1]);
}

#[test]
fn two_signals_of_one_name_are_refused() {
    let mut spec = toy_world(1).spec().clone();
    spec.signals.push(spec.signals[0].clone());
    let dir = tempfile::tempdir().unwrap();
    let error = ParquetSink::create(dir.path(), &spec, &LogOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::DuplicateColumn { table: "slates", .. }));
}
