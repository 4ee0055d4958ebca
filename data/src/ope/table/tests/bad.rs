//! What cannot be used, and how that is told.

use std::fs;

use arrow::array::Float32Array;

use super::*;

/// The error of reading a log with this column.
fn told(name: &str, array: ArrayRef) -> String {
    let (_dir, path) = file(with(name, array));
    let table = open(&path, "column:new", TableOptions::default()).unwrap();
    read(&table, &policy()).unwrap_err().to_string()
}

#[test]
fn values_that_no_evaluation_can_use_are_told_with_their_place() {
    let cases = [
        ("propensity", 0.0, "`propensity` is 0, not in (0, 1]"),
        ("propensity", -0.5, "`propensity` is -0.5, not in (0, 1]"),
        ("propensity", 1.5, "`propensity` is 1.5, not in (0, 1]"),
        ("propensity", f64::NAN, "`propensity` is NaN, not in (0, 1]"),
        ("reward", f64::NAN, "`reward` is NaN, not a finite number"),
        ("reward", f64::INFINITY, "`reward` is inf, not a finite number"),
        ("new", f64::NAN, "`new` is NaN, not in [0, 1]"),
        ("new", -0.1, "`new` is -0.1, not in [0, 1]"),
        ("new", 1.1, "`new` is 1.1, not in [0, 1]"),
    ];
    for (name, value, expected) in cases {
        let told = told(name, f64s(&[0.5, 0.5, 0.5, value, 0.5]));
        assert!(told.contains(expected), "{told}");
        // Row 3 is the second of the second row group.
        assert!(told.contains("log.parquet (row group 1)") && told.starts_with("use row 3 of "), "{told}");
    }
    let missing: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(1.0), None, Some(0.0)]));
    assert!(told("reward", missing).starts_with("use row 1 of"));
    assert!(told("position", i64s(&[0, 0, 0, 0, -1])).contains("`position` is -1, not a position from 0"));
}

#[test]
fn the_declared_range_is_kept() {
    let (_dir, path) = file(five());
    let options = |high| TableOptions { reward_range: Some((0.0, high)), ..TableOptions::default() };
    let within = |high| read(&open(&path, "column:new", options(high)).unwrap(), &policy());
    assert!(within(2.0).is_ok());
    let told = within(1.0).unwrap_err().to_string();
    assert!(told.contains("row 2 of") && told.contains("in the declared range [0, 1]"), "{told}");
}

#[test]
fn invalid_rows_are_left_out_and_counted_when_asked() {
    let (_dir, path) = file(with("propensity", f64s(&[0.5, 0.0, f64::NAN, 0.5, 1.0])));
    let options = TableOptions { skip_invalid: true, ..TableOptions::default() };
    let (rows, _, told) = read(&open(&path, "column:new", options).unwrap(), &policy()).unwrap();
    assert_eq!((rows.users, rows.weights[0].clone()), (vec![7, 9, 9], vec![0.5, 0.0, 0.5]));
    assert_eq!(
        told.excluded.rows.into_iter().collect::<Vec<_>>(),
        [("`propensity` is not in (0, 1]".to_owned(), 2)]
    );
    assert_eq!((told.support.rows, told.support.zero_propensity), (3, 1));
}

#[test]
fn columns_that_are_not_there_or_hold_something_else_are_told() {
    let (_dir, path) = file(with("reward", words(&["a", "b", "c", "d", "e"])));
    let error = |mapping: &str, target: &str| open_by(&path, mapping, target).unwrap_err().to_string();
    let missing = error("reward = 'propensity'\npropensity = 'pscore'", "column:new");
    assert!(
        missing.contains("no column `pscore`; it has user, action, position, propensity, new, reward"),
        "{missing}"
    );
    let mapping = "reward = 'propensity'";
    assert!(error(mapping, "column:old").contains("no column `old`"));
    assert!(
        error("reward = 'reward'", "column:new")
            .contains("`reward` should hold numbers or truth values, it holds Utf8")
    );
    assert!(error("reward = 'new'\nposition = 'new'", "column:new").contains("should hold whole numbers"));
    assert!(error("user = 'user'", "column:new").contains("nothing says what its reward is"));
    assert!(error(mapping, "columns").contains("names no column of the target"));
    assert!(error("slate = 'user'\nreward = 'new'", "columns").contains("`position`"));
    assert!(error("reward = 'new'\npropensity_cascade = 'new'", "column:new").contains("belong to slates"));
    assert!(error("reward = 'new'\nlogger_shares = [0.5, 0.6]", "column:new").contains("sum to 1"));
    assert!(Mapping::parse("rewards = 'x'").unwrap_err().to_string().contains("unknown field `rewards`"));
}

#[test]
fn files_that_are_no_parquet_or_cut_short_are_told() {
    let (dir, path) = file(five());
    let error = |path: &Path| open(path, "column:new", TableOptions::default()).unwrap_err().to_string();
    let bytes = fs::read(&path).unwrap();
    let other = dir.path().join("cut.parquet");
    fs::write(&other, &bytes[..bytes.len() - 20]).unwrap();
    assert!(error(&other).contains("cut.parquet: it is cut short or damaged"), "{}", error(&other));
    fs::write(&other, "action,reward\n").unwrap();
    assert!(error(&other).contains("it is not Parquet"), "{}", error(&other));
    // A hole in the pages, under a footer that is whole.
    let mut holed = bytes.clone();
    holed[4..200].fill(0xff);
    fs::write(&other, holed).unwrap();
    let table = open(&other, "column:new", TableOptions::default());
    let told = table.and_then(|table| read(&table, &policy())).unwrap_err().to_string();
    assert!(told.contains("cut.parquet: it is damaged"), "{told}");
    assert!(error(&dir.path().join("none.parquet")).contains("No such file"));
    assert!(error(&dir.path().join("all.csv")).contains("recloop import obd"));
    let empty = tempfile::tempdir().unwrap();
    assert!(error(empty.path()).contains("no Parquet file in it"));
}

#[test]
fn a_log_without_propensities_says_what_it_allows() {
    let columns = || five().into_iter().filter(|(name, _)| *name != "propensity").collect::<Vec<_>>();
    let (_dir, path) = file(columns());
    let table = open(&path, "column:new", TableOptions::default()).unwrap();
    assert!(!table.weighed() && lacks(&table, "replay").is_none());
    assert!(lacks(&table, "ips").unwrap().contains("balanced-ips"));
    assert!(lacks(&table, "balanced-ips").unwrap().contains("list column"));
    // What replay asks: where the target would have done the same.
    assert_eq!(read(&table, &policy()).unwrap().0.weights[0], [0.25, 0.25, 0.5, 0.0, 0.5]);
    let with_table = file(columns());
    let target = with_table.0.path().join("t.csv");
    fs::write(&target, "action,prob\n0,0.5\n1,0.5\n").unwrap();
    let table = open(&with_table.1, &format!("table:{}", target.display()), TableOptions::default()).unwrap();
    for allowed in ["replay", "dm", "balanced-ips"] {
        assert_eq!(lacks(&table, allowed), None, "{allowed}");
    }
    assert!(lacks(&table, "mrdr").unwrap().contains("no propensities"));
}

#[test]
fn single_precision_may_be_a_little_off() {
    let single = |values: [f32; 5]| -> ArrayRef { Arc::new(Float32Array::from(values.to_vec())) };
    let (_dir, path) = file(with("new", single([0.25, 0.25, 0.5, 0.0, 0.1])));
    let (rows, ..) = read(&open(&path, "column:new", TableOptions::default()).unwrap(), &policy()).unwrap();
    assert_eq!(rows.weights[0][4], f64::from(0.1_f32));
    assert!(target("table:x.csv") != target("columns"));
}

#[test]
fn loggers_that_could_not_have_done_it_are_told() {
    let mut columns = five();
    let logging: [&[f64]; 5] =
        [&[0.5, 0.3, 0.2], &[1.0, 0.0, 0.0], &[0.5, 0.25, 0.25], &[0.3, 0.5, 0.2], &[1.0, 0.0, 0.0]];
    columns.push(("logging_probs", rows_of(&logging)));
    columns.push(("each", rows_of(&[&[0.5], &[0.2], &[0.3], &[0.0], &[1.0]])));
    let (dir, path) = file(columns);
    fs::write(dir.path().join("t.csv"), "action,prob\n0,0.5\n1,0.5\n").unwrap();
    let target = format!("table:{}", dir.path().join("t.csv").display());
    let facts = "action = 'action'\nreward = 'reward'\npropensity = 'propensity'\n";
    let told = |mapping: &str, source| {
        let table = open_by(&path, &format!("{facts}{mapping}"), &target).unwrap();
        let wanted = Wanted { weights: vec![source], ..Wanted::default() };
        read(&table, &wanted).unwrap_err().to_string()
    };
    // Row 1 logged action 1, to which its logger says it gave nothing.
    let whole = told("logging_probs = 'logging_probs'", WeightSource::Policy);
    assert!(whole.starts_with("use row 1 of ") && whole.contains("leave none to the one logged"), "{whole}");
    let mixed = told("logger_propensities = 'each'\nlogger_shares = [1.0]", WeightSource::Balanced);
    assert!(mixed.starts_with("use row 3 of ") && mixed.contains("leaves no logger"), "{mixed}");
}
