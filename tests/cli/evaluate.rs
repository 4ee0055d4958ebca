//! Evaluating a log: its own run, a table of decisions, shards, and what is refused.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, UInt32Array};
use insta::assert_snapshot;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::{recloop, refusal, stdout};

/// Two actions, logged with 1/4 and 3/4, of which the target takes the first with 1/2; what each row of `pscore` is
/// made of can be bent.
fn table(dir: &Path, name: &str, rows: std::ops::Range<u32>, bend: impl Fn(u32, f64) -> f64) {
    let of = |value: &dyn Fn(u32) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.clone().map(value)))
    };
    let first = |row: u32| row.is_multiple_of(4);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(UInt32Array::from_iter_values(rows.clone().map(|row| row / 3)))),
        ("action", Arc::new(UInt32Array::from_iter_values(rows.clone().map(|row| u32::from(!first(row)))))),
        ("gain", of(&|row| f64::from(row % 5) / 4.0)),
        ("pscore", of(&|row| bend(row, if first(row) { 0.25 } else { 0.75 }))),
        ("pi", of(&|_| 0.5)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(100)).build();
    let file = File::create(dir.join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn mapped(dir: &Path) {
    let keys = "action = \"action\"\nreward = \"gain\"\npropensity = \"pscore\"\nuser = \"user\"\n";
    fs::write(dir.join("map.toml"), keys).unwrap();
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_table_is_evaluated_and_its_shards_come_to_the_same() {
    let here = tempfile::tempdir().unwrap();
    mapped(here.path());
    table(here.path(), "log.parquet", 0..600, |_, p| p);
    table(here.path(), "a.parquet", 0..250, |_, p| p);
    table(here.path(), "b.parquet", 250..600, |_, p| p);
    let of = "--columns map.toml --target column:pi --estimators ips,snips,clipped-ips(1)";
    let whole = json(&stdout(here.path(), &format!("evaluate log.parquet {of} --format json")));
    // Rows come in blocks of twenty that hold every pair of action and gain once.
    let ips = (0..20)
        .map(|row| (if row % 4 == 0 { 2.0 } else { 2.0 / 3.0 }) * f64::from(row % 5) / 4.0)
        .sum::<f64>()
        / 20.0;
    assert!((whole["estimators"]["ips"]["value"].as_f64().unwrap() - ips).abs() < 1e-12);
    assert_eq!(whole["verdict"], "reliable");
    for shard in ["a", "b"] {
        stdout(here.path(), &format!("evaluate {shard}.parquet {of} --partial {shard}.sums"));
    }
    let merged = json(&stdout(here.path(), "evaluate --merge b.sums a.sums --format json"));
    for name in ["ips", "snips", "clipped-ips(1)"] {
        let value = |of: &Value| of["estimators"][name]["value"].as_f64().unwrap();
        assert!((value(&merged) - value(&whole)).abs() < 1e-12, "{name}");
    }
    assert_eq!(merged["diagnostics"]["users"], whole["diagnostics"]["users"]);
    stdout(
        here.path(),
        "evaluate a.parquet --columns map.toml --target column:pi --estimators ips --partial c.sums",
    );
    assert_snapshot!("sums_of_another_evaluation", refusal(here.path(), "evaluate --merge a.sums c.sums"));
}

#[test]
fn a_run_is_evaluated_ranked_and_shown_on_a_page() {
    let here = tempfile::tempdir().unwrap();
    let world = "interest-evolution-v0 --set redraw=false --set candidates=12 --recommender dot --users 300 --steps 4";
    stdout(here.path(), &format!("run {world} --set recommender.temperature=1 --out logged"));
    let of = "evaluate logged --reward click --estimators sips,snsips";
    let both = format!("{of} --target random --target dot:temperature=1 --html page.html --format json");
    let ranked = json(&stdout(here.path(), &both));
    // Questioned about its own log, the logger has weights of one.
    let own = &ranked["targets"]["dot:temperature=1"];
    assert!((own["diagnostics"]["mean_weight"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert_eq!(ranked["ranking"][0]["target"], "dot:temperature=1");
    let page = fs::read_to_string(here.path().join("page.html")).unwrap();
    assert!(
        page.contains("<svg") && page.contains("snsips") && !page.contains("http"),
        "it needs nothing else"
    );
    assert!(here.path().join("page-2.html").exists(), "a page for every target");
    stdout(here.path(), &format!("run {world} --out certain"));
    assert_snapshot!(
        "deterministic_logger",
        refusal(here.path(), "evaluate certain --target random --estimators sips")
    );
    assert_snapshot!("oracle_as_target", refusal(here.path(), "evaluate logged --target oracle-click"));
    assert_snapshot!("target_without_experience", refusal(here.path(), "evaluate logged --target mf"));
}

#[test]
fn what_cannot_be_evaluated_is_said_by_row() {
    let here = tempfile::tempdir().unwrap();
    mapped(here.path());
    table(here.path(), "zero.parquet", 0..300, |row, p| if row == 250 { 0.0 } else { p });
    table(here.path(), "certain.parquet", 0..300, |_, _| 1.0);
    let bytes = fs::read(here.path().join("certain.parquet")).unwrap();
    fs::write(here.path().join("cut.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(here.path().join("none.toml"), "action = \"action\"\nreward = \"gain\"\n").unwrap();
    let of = "--columns map.toml --target column:pi --estimators ips";
    for (name, args) in [
        ("zero_propensity", format!("evaluate zero.parquet {of}")),
        ("reward_out_of_range", format!("evaluate zero.parquet {of} --reward-range 0,0.5")),
        ("deterministic_table", format!("evaluate certain.parquet {of}")),
        ("cut_short", format!("evaluate cut.parquet {of}")),
        (
            "no_propensities",
            "evaluate zero.parquet --columns none.toml --target column:pi --estimators ips".into(),
        ),
        ("missing_column", "evaluate zero.parquet --columns map.toml --target column:nobody".into()),
        (
            "unknown_estimator",
            "evaluate zero.parquet --columns map.toml --target column:pi --estimators ipw".into(),
        ),
        ("no_log", "evaluate".into()),
    ] {
        assert_snapshot!(name, refusal(here.path(), &args));
    }
    let skipped = recloop(here.path(), &format!("evaluate zero.parquet {of} --skip-invalid --format json"));
    let skipped = json(&String::from_utf8(skipped.stdout).unwrap());
    assert_eq!(skipped["excluded"].as_object().unwrap().values().next().unwrap(), 1);
    assert_eq!(skipped["diagnostics"]["n"], 299);
}
