//! Every type that a column may have says the same.

use std::fs;

use arrow::array::{BooleanArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::super::columns::{hash, mix};
use super::*;

const WEIGHTS: [f64; 5] = [0.5, 1.0, 2.0, 0.0, 0.5];

#[test]
fn rows_become_weights_and_facts() {
    let (_dir, path) = file(five());
    let table = open(&path, "column:new", TableOptions::default()).unwrap();
    let (rows, _, told) = read(&table, &policy()).unwrap();
    assert_eq!(rows.weights[0], WEIGHTS);
    assert_eq!(rows.users, [7, 7, 8, 9, 9]);
    assert_eq!(rows.positions, [0, 1, 2, 0, 1]);
    assert_eq!(rows.rewards, [1.0, 0.0, 2.0, 0.0, 1.0]);
    assert_eq!(rows.levels, [0; 5]);
    assert_eq!((told.support.rows, told.support.certain, told.excluded.total()), (5, 1, 0));
    assert!(told.support.actions.is_empty() && table.weighed() && !table.predicts());
    assert_eq!((table.n_chunks(), table.rows_of(0), table.slate_size()), (1, Some(5), 0));
}

#[test]
fn every_type_of_number_says_the_same() {
    use DataType::*;
    let whole = [UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64];
    let cases = [
        ("propensity", vec![Float32]),
        ("new", vec![Float32]),
        ("reward", [Float32].into_iter().chain(whole.clone()).collect()),
        ("position", whole.to_vec()),
        ("user", whole.to_vec()),
        ("action", whole.to_vec()),
    ];
    for (name, kinds) in cases {
        for kind in kinds {
            let old = five().into_iter().find(|(own, _)| *own == name).unwrap().1;
            let (_dir, path) = file(with(name, cast(&old, &kind).unwrap()));
            let table = open(&path, "column:new", TableOptions::default()).unwrap();
            let (rows, ..) = read(&table, &policy()).unwrap();
            assert_eq!(rows.weights[0], WEIGHTS, "{name} {kind}");
            assert_eq!((rows.users[2], rows.positions[2], rows.rewards[2]), (8, 2, 2.0), "{name} {kind}");
        }
    }
}

#[test]
fn users_may_be_words_and_rewards_truth_values() {
    let people = words(&["ann", "ann", "bob", "cid", "cid"]);
    for kind in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View] {
        let mut columns = with("user", cast(&people, &kind).unwrap());
        columns.retain(|(name, _)| *name != "reward");
        let clicked: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, false, true]));
        columns.push(("reward", clicked));
        let (_dir, path) = file(columns);
        let table = open(&path, "column:new", TableOptions::default()).unwrap();
        let (rows, ..) = read(&table, &policy()).unwrap();
        assert_eq!(rows.users[2], hash(b"bob"), "{kind}");
        assert_eq!((rows.users[0], rows.users[4]), (rows.users[1], hash(b"cid")));
        assert_eq!(rows.rewards, [1.0, 0.0, 1.0, 0.0, 1.0]);
    }
    // Pinned: partial results of different machines are merged.
    assert_eq!((hash(b""), mix(1)), (mix(0xcbf2_9ce4_8422_2325), 0x5692_161d_100b_05e5));
}

#[test]
fn large_ids_stay_themselves() {
    let ids: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, 1, 2, 3, 4]));
    let (_dir, path) = file(with("user", ids));
    let (rows, ..) = read(&open(&path, "column:new", TableOptions::default()).unwrap(), &policy()).unwrap();
    assert_eq!(rows.users[0], u64::MAX);
}

#[test]
fn without_users_every_row_is_one_wherever_the_file_lies() {
    let columns = || five().into_iter().filter(|(name, _)| *name != "user").collect::<Vec<_>>();
    let users = |(_dir, path): (TempDir, PathBuf)| {
        read(&open(&path, "column:new", TableOptions::default()).unwrap(), &policy()).unwrap().0.users
    };
    let (here, there) = (users(file(columns())), users(file(columns())));
    assert_eq!(here, there);
    let distinct: std::collections::BTreeSet<_> = here.iter().collect();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn a_directory_is_its_parts_by_name_with_the_mapping_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let part = |name: &str, reward: f64| {
        let columns = vec![
            ("item", i64s(&[3])),
            ("click", f64s(&[reward])),
            ("pscore", f64s(&[0.5])),
            ("pos", i64s(&[1])),
            ("p_new", f64s(&[0.25])),
        ];
        write(&dir.path().join(name), columns, 10);
    };
    part("part-00001.parquet", 2.0);
    part("part-00000.parquet", 1.0);
    part("items.parquet", 9.0);
    let mapping = "action = 'item'\nreward = 'click'\npropensity = 'pscore'\nposition = 'pos'\nfirst_position = 1\ntarget_propensity = 'p_new'\n";
    fs::write(dir.path().join("columns.toml"), format!("{mapping}items = 'items.parquet'\n")).unwrap();
    let table = open(dir.path(), "columns", TableOptions::default()).unwrap();
    let (rows, ..) = read(&table, &policy()).unwrap();
    assert_eq!((rows.rewards, rows.positions, table.n_chunks()), (vec![1.0, 2.0], vec![0, 0], 2));
    let one = open(&dir.path().join("part-00001.parquet"), "columns", TableOptions::default()).unwrap();
    assert_eq!(read(&one, &policy()).unwrap().0.rewards, [2.0]);
}

#[test]
fn chunks_end_with_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    let n = 700_000;
    let columns = vec![
        ("reward", f64s(&vec![1.0; n])),
        ("propensity", f64s(&vec![0.5; n])),
        ("new", f64s(&vec![0.5; n])),
    ];
    let path = write(&dir.path().join("log.parquet"), columns, 100_000);
    let table = open(&path, "column:new", TableOptions::default()).unwrap();
    let rows: Vec<_> = (0..table.n_chunks()).map(|chunk| table.rows_of(chunk).unwrap()).collect();
    assert_eq!(rows, [300_000, 300_000, 100_000]);
    assert_eq!(read(&table, &policy()).unwrap().2.support.rows, 700_000);
}

#[test]
fn rewards_may_be_another_column_or_arithmetic() {
    let mut columns = five();
    columns.push(("dwell", i64s(&[1, 2, 3, 4, 5])));
    columns.push(("a b", f64s(&[1.0; 5])));
    let (_dir, path) = file(columns);
    let with = |text: &str| {
        let options = TableOptions { reward: Some(text.into()), ..TableOptions::default() };
        open(&path, "column:new", options).map(|table| read(&table, &policy()).unwrap().0.rewards)
    };
    assert_eq!(with("dwell").unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(with("reward + 0.5 * dwell").unwrap(), [1.5, 1.0, 3.5, 2.0, 3.5]);
    assert_eq!(with("{a b} + dwell").unwrap(), [2.0, 3.0, 4.0, 5.0, 6.0]);
    let told = with("reward + dwel").unwrap_err().to_string();
    assert!(told.contains("no column `dwel`; there are user, action"), "{told}");
    assert!(with("reward +").unwrap_err().to_string().contains("neither a column"));
    assert!(with("3").unwrap_err().to_string().contains("names no column"));
}

#[test]
fn groups_are_levels_in_order() {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let ages = words(&["old", "young", "old", "mid", "young"]);
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, true, false]));
    let cases: [(ArrayRef, &[&str], [u16; 5]); 4] = [
        (ages.clone(), &["mid", "old", "young"], [1, 2, 1, 0, 2]),
        (cast(&ages, &dictionary).unwrap(), &["mid", "old", "young"], [1, 2, 1, 0, 2]),
        (i64s(&[10, -2, 9, 10, 9]), &["-2", "9", "10"], [2, 0, 1, 2, 1]),
        (flags, &["false", "true"], [1, 0, 1, 1, 0]),
    ];
    for (array, names, codes) in cases {
        let (_dir, path) = file(with("age", array));
        let options = TableOptions { by: Some("age".into()), ..TableOptions::default() };
        let table = open(&path, "column:new", options).unwrap();
        assert_eq!(table.levels(), names);
        assert_eq!(read(&table, &policy()).unwrap().0.levels, codes);
    }
    let (_dir, path) = file(five());
    let by = |name: &str| TableOptions { by: Some(name.into()), ..TableOptions::default() };
    let table = open(&path, "column:new", by("position")).unwrap();
    assert_eq!((table.levels().len(), read(&table, &policy()).unwrap().0.levels), (3, vec![0, 1, 2, 0, 1]));
    assert!(
        open(&path, "column:new", by("reward"))
            .unwrap_err()
            .to_string()
            .contains("should hold whole numbers")
    );
    let many = file(vec![
        ("reward", f64s(&[0.0; 300])),
        ("g", i64s(&(0..300).collect::<Vec<_>>())),
        ("new", f64s(&[1.0; 300])),
    ]);
    assert!(open(&many.1, "column:new", by("g")).unwrap_err().to_string().contains("more than 256 levels"));
}

#[test]
fn several_loggers_mix_by_their_shares() {
    let mut columns = five();
    columns.push(("logger", i64s(&[0, 1, 1, 1, 0])));
    columns.push(("each", rows_of(&[&[0.5, 0.1], &[0.2, 0.25], &[0.3, 0.25], &[0.1, 0.5], &[1.0, 0.5]])));
    let (_dir, path) = file(columns);
    let mapping =
        "reward = 'reward'\npropensity = 'propensity'\nlogger = 'logger'\nlogger_propensities = 'each'\n";
    let wanted = Wanted { weights: vec![WeightSource::Balanced], ..Wanted::default() };
    let weights = |mapping: &str| {
        let table = open_by(&path, mapping, "column:new").unwrap();
        assert_eq!(table.n_loggers(), 2);
        let rows = read(&table, &wanted).unwrap().0;
        assert_eq!(rows.loggers, [0, 1, 1, 1, 0]);
        rows.weights[0].clone()
    };
    // Two of five rows are of the first logger.
    let expected = [0.25 / 0.26, 0.25 / 0.23, 0.5 / 0.27, 0.0, 0.5 / 0.7];
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&weights(mapping), &expected));
    // Without their probabilities loggers are counted, which is enough to mix them.
    let plain =
        open_by(&path, "reward = 'reward'\npropensity = 'propensity'\nlogger = 'logger'", "column:new")
            .unwrap();
    assert_eq!((plain.n_loggers(), lacks(&plain, "multi-logger-weighted")), (2, None));
    assert!(lacks(&plain, "multi-logger-balanced").unwrap().contains("logger_propensities"));
    let declared = format!("{mapping}logger_shares = [0.5, 0.5]");
    assert!(close(&weights(&declared), &[0.25 / 0.3, 0.25 / 0.225, 0.5 / 0.275, 0.0, 0.5 / 0.75]));
}

#[test]
fn real_actions_are_weighed_by_a_kernel() {
    let columns = vec![
        ("a", f64s(&[0.1, 0.5])),
        ("to", f64s(&[0.2, 0.0])),
        ("r", f64s(&[1.0, 1.0])),
        ("density", f64s(&[2.0, 0.5])),
    ];
    let (_dir, path) = file(columns);
    let mapping = "action = 'a'\ntarget_action = 'to'\nreward = 'r'\npropensity = 'density'";
    let table = open_by(&path, mapping, "columns").unwrap();
    let estimator: Estimator = "kernel-ips(uniform,0.25)".parse().unwrap();
    let crate::ope::Form::Weighted { source, .. } = estimator.form() else {
        panic!("kernel-ips is weighted")
    };
    let wanted = Wanted { weights: vec![source.clone()], ..Wanted::default() };
    assert_eq!(read(&table, &wanted).unwrap().0.weights[0], [0.5 / 0.25 / 2.0, 0.0]);
    assert!(!table.weighed() && lacks(&table, "ips").unwrap().contains("kernel-ips"));
    assert_eq!(lacks(&table, "kernel-ips(uniform,1)"), None);
    assert!(lacks(&table, "kernel-dr(uniform,1)").unwrap().contains("reward_prediction_target"));
}
