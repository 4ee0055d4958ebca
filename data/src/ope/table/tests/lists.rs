//! Lists and tables over all actions.

use std::fs;

use arrow::array::{Array, FixedSizeListArray, Float32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use super::*;
use crate::ope::ModelSource;
use crate::ope::model::Sparse;

const TARGET: [&[f64]; 5] =
    [&[0.5, 0.25, 0.25], &[0.1, 0.9, 0.0], &[0.0, 0.5, 0.5], &[0.25, 0.25, 0.5], &[1.0, 0.0, 0.0]];
const PREDICTED: [&[f64]; 5] =
    [&[1.0, 2.0, 3.0], &[0.5, 0.5, 0.5], &[0.0, 1.0, 0.0], &[4.0, 0.0, 2.0], &[1.0, 9.0, 9.0]];

fn listed() -> Columns<'static> {
    let mut columns = five();
    columns.push(("all", rows_of(&TARGET)));
    columns.push(("reward_predictions", rows_of(&PREDICTED)));
    columns
}

fn modelled() -> Wanted {
    Wanted { models: vec![ModelSource::Outcome], ..policy() }
}

#[test]
fn lists_give_weights_models_and_support() {
    let (_dir, path) = file(listed());
    let table = open(&path, "column:all", TableOptions::default()).unwrap();
    assert!(table.predicts());
    let (rows, _, told) = read(&table, &modelled()).unwrap();
    assert_eq!(rows.weights[0], [0.5 / 0.5, 0.9 / 0.25, 0.5 / 0.25, 0.25 / 0.5, 0.0 + 1.0]);
    assert_eq!(rows.models[0].logged, [1.0, 0.5, 0.0, 0.0, 1.0]);
    assert_eq!(rows.models[0].expected, [0.5 + 0.5 + 0.75, 0.5, 0.5, 1.0 + 1.0, 1.0]);
    // Position 0 has rows 0 and 3, which logged actions 0 and 1; the target gives action 2 there .25 + .5.
    assert_eq!(told.support.actions[&(0, 2)], (0, 0.75));
    assert_eq!(told.support.actions[&(0, 0)], (1, 0.75));
    // Never logged: at position 0 action 2; at 1 none with mass (2 has none); at 2 action 1 with .5.
    assert!((told.support.share_outside() - (0.75 + 0.5) / 5.0).abs() < 1e-15);
    for allowed in ["ips", "dm", "dr", "mrdr", "balanced-ips", "seq-dr"] {
        assert_eq!(lacks(&table, allowed), None, "{allowed}");
    }
    assert!(lacks(&table, "mips(topic)").unwrap().contains("logging_probs"));
    assert!(lacks(&table, "sips").unwrap().contains("no slates"));
    assert!(lacks(&table, "multi-logger-weighted").unwrap().contains("`logger`s"));
}

#[test]
fn every_type_of_list_says_the_same() {
    let element = |kind| Arc::new(Field::new_list_field(kind, true));
    let flat: Vec<f32> = TARGET.iter().flat_map(|row| row.iter().map(|p| *p as f32)).collect();
    let fixed =
        FixedSizeListArray::new(element(DataType::Float32), 3, Arc::new(Float32Array::from(flat)), None);
    let lists = rows_of(&TARGET);
    let cases: [ArrayRef; 4] = [
        cast(&lists, &DataType::LargeList(element(DataType::Float64))).unwrap(),
        cast(&lists, &DataType::List(element(DataType::Float32))).unwrap(),
        cast(&lists, &DataType::FixedSizeList(element(DataType::Float64), 3)).unwrap(),
        Arc::new(fixed),
    ];
    for array in cases {
        let kind = array.data_type().clone();
        let (_dir, path) = file(with("all", array));
        let (rows, ..) =
            read(&open(&path, "column:all", TableOptions::default()).unwrap(), &policy()).unwrap();
        let expected = [1.0, 3.6, 2.0, 0.5, 1.0];
        assert!(rows.weights[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{kind}");
    }
}

#[test]
fn lists_that_are_no_probabilities_are_told() {
    let told = |row: &[f64]| {
        let mut all = TARGET;
        all[2] = row;
        let (_dir, path) = file(with("all", rows_of(&all)));
        let table = open(&path, "column:all", TableOptions::default()).unwrap();
        read(&table, &policy()).unwrap_err().to_string()
    };
    let cases: [(&[f64], &str); 5] = [
        (&[0.0, 0.5, 0.4], "`all` sums to 0.9, not to 1 within 0.000001"),
        (&[-0.1, 0.6, 0.5], "value 0 of `all` is -0.1, not in [0, 1]"),
        (&[0.0, 0.0, 1.5], "value 2 of `all` is 1.5, not in [0, 1]"),
        (&[0.0, f64::NAN, 1.0], "value 1 of `all` is NaN"),
        (&[0.5, 0.5], "`all` has 2 values, others have 3"),
    ];
    for (row, expected) in cases {
        let told = told(row);
        assert!(
            told.contains(expected) && told.contains("row 2 of") && told.contains("(row group 1)"),
            "{told}"
        );
    }
    let mut columns = with("all", rows_of(&TARGET));
    columns.retain(|(name, _)| *name != "action");
    columns.push(("action", i64s(&[0, 1, 3, 0, 0])));
    let (_dir, path) = file(columns);
    let table = open(&path, "column:all", TableOptions::default()).unwrap();
    let told = read(&table, &policy()).unwrap_err().to_string();
    assert!(told.contains("row 2 of") && told.contains("`action` is not among the 3 actions"), "{told}");
}

fn with_table(text: &str) -> (TempDir, PathBuf, String) {
    let (dir, path) = file(five());
    let table = dir.path().join("target.csv");
    fs::write(&table, text).unwrap();
    let spec = format!("table:{}", table.display());
    (dir, path, spec)
}

const BY_POSITION: &str = "who,item_id,position0,prob\n\
    a,0,0,0.5\na,1,0,0.5\na,0,1,0.25\na,5,1,0.75\na,2,2,1\nb,0,0,1\n";

#[test]
fn a_table_gives_probabilities_by_action_and_position() {
    let (_dir, path, spec) = with_table(BY_POSITION);
    let table = open(&path, &format!("{spec}?who=a"), TableOptions::default()).unwrap();
    let (rows, _, told) = read(&table, &policy()).unwrap();
    assert_eq!(rows.weights[0], [1.0, 0.0, 4.0, 1.0, 0.25]);
    // Action 5 was never logged, and has three quarters of both rows at position 1.
    assert_eq!(told.support.actions[&(1, 5)], (0, 1.5));
    assert!((told.support.share_outside() - 1.5 / 5.0).abs() < 1e-15);
    let error = |spec: &str| open(&path, spec, TableOptions::default()).unwrap_err().to_string();
    assert!(error(&spec).contains("a second time at its position"));
    assert!(error(&format!("{spec}?who=c")).contains("no row has `c` for `who`"));
    // Target b says nothing of position 1, which row 1 has.
    let table = open(&path, &format!("{spec}?who=b"), TableOptions::default()).unwrap();
    let told = read(&table, &policy()).unwrap_err().to_string();
    assert!(told.contains("row 1 of") && told.contains("first_position"), "{told}");
}

#[test]
fn tables_that_are_none_are_told() {
    let error = |text: &str| {
        let (_dir, path, spec) = with_table(text);
        open(&path, &spec, TableOptions::default()).unwrap_err().to_string()
    };
    assert!(error("item_id,prob\n0,0.5\n1,0.4\n").contains("sum to 0.9, not to 1 within 0.000001"));
    assert!(error("item_id,prob\n0,1.5\n").contains("does not lie in [0, 1]"));
    assert!(error("item_id,prob\n0,NaN\n").contains("does not lie in [0, 1]"));
    assert!(error("item_id,prob\n0,half\n").contains("no number"));
    assert!(error("item,prob\n0,1\n").contains("no column `action` or `item_id`; it has item, prob"));
    assert!(error("item_id,prob\nzero,1\n").contains("no whole number, as in the log"));
}

#[test]
fn actions_may_be_words_in_the_order_of_the_items() {
    let names = words(&["ant", "bee", "cat", "bee", "ant"]);
    let (dir, path) = file(with("action", names.clone()));
    fs::write(dir.path().join("t.csv"), "action,probability\nant,0.5\ncat,0.5\n").unwrap();
    let spec = format!("table:{}", dir.path().join("t.csv").display());
    let (rows, ..) = read(&open(&path, &spec, TableOptions::default()).unwrap(), &policy()).unwrap();
    assert_eq!(rows.weights[0], [1.0, 0.0, 2.0, 0.0, 0.5]);

    let mut columns = with("action", names);
    columns.push(("all", rows_of(&TARGET)));
    let (dir, path) = file(columns);
    let told = open(&path, "column:all", TableOptions::default()).unwrap_err().to_string();
    assert!(told.contains("name a file of `items`"), "{told}");
    let items = dir.path().join("items.csv");
    fs::write(&items, "action,kind\ncat,x\nbee,y\nant,y\n").unwrap();
    let mapping = format!(
        "action = 'action'\nreward = 'reward'\npropensity = 'propensity'\nitems = '{}'",
        items.display()
    );
    let table = open_by(&path, &mapping, "column:all").unwrap();
    // Cat comes first: ant is the last of each list.
    assert_eq!(read(&table, &policy()).unwrap().0.weights[0], [0.5, 3.6, 0.0, 0.5, 0.0]);
}

#[test]
fn embeddings_weigh_levels_of_the_items() {
    let mut columns = listed();
    let logging: [&[f64]; 5] =
        [&[0.5, 0.3, 0.2], &[0.7, 0.25, 0.05], &[0.5, 0.25, 0.25], &[0.3, 0.5, 0.2], &[1.0, 0.0, 0.0]];
    columns.push(("logging_probs", rows_of(&logging)));
    let (dir, path) = file(columns);
    let items = dir.path().join("items.csv");
    fs::write(&items, ",item_id,price,kind\n0,2,1.5,x\n1,0,2,x\n2,1,0,y\n").unwrap();
    let mapping = format!(
        "action = 'action'\nreward = 'reward'\npropensity = 'propensity'\nlogging_probs = 'logging_probs'\nuser = 'user'\nitems = '{}'",
        items.display()
    );
    let table = open_by(&path, &mapping, "column:all").unwrap();
    let wanted = Wanted { weights: vec![WeightSource::Embedding("kind".into())], ..Wanted::default() };
    let (rows, _, told) = read(&table, &wanted).unwrap();
    // Items 0 and 2 are x, 1 is y.
    let expected = [0.75 / 0.7, 0.9 / 0.25, 0.5 / 0.75, 0.25 / 0.5, 1.0];
    assert!(rows.weights[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{:?}", rows.weights);
    // The logger itself says that it never left the target's way: nothing is outside.
    assert_eq!((told.support.outside, told.support.actions.len()), (0.0, 0));
    assert_eq!(lacks(&table, "mips(kind)"), None);
    assert!(lacks(&table, "mips(colour)").unwrap().contains("there are price, kind"));

    let mut offers = 0;
    table
        .offers(0, &mut |offer| {
            let mut features = Sparse::default();
            (offer.features)(2, &mut features);
            // Four places for actions, then the price, then x and y.
            assert_eq!(
                (features.at.as_slice(), features.values.as_slice()),
                (&[2, 4, 5][..], &[1.0, 1.5, 1.0][..])
            );
            assert_eq!((offer.width, offer.target.len(), (offer.name)(1)), (7, 3, 1));
            assert_eq!(offer.target, TARGET[offers]);
            offers += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(offers, 5);
}

#[test]
fn an_action_beyond_the_table_comes_last_with_probability_zero() {
    let (_dir, path, spec) = with_table("action,prob\n0,0.5\n1,0.5\n");
    let table = open(&path, &spec, TableOptions::default()).unwrap();
    let mut seen = Vec::new();
    table
        .offers(0, &mut |offer| {
            seen.push((offer.chosen, offer.target.to_vec(), (offer.name)(offer.chosen)));
            Ok(())
        })
        .unwrap();
    assert_eq!(seen[2], (2, vec![0.5, 0.5, 0.0], 2));
    assert_eq!(seen[1], (1, vec![0.5, 0.5], 1));
}

#[test]
fn users_rows_are_trajectories() {
    let mut columns = listed();
    columns.push(("x", f64s(&[1.0, 2.0, 3.0, 4.0, 5.0])));
    columns.push(("done", i64s(&[0, 1, 1, 0, 0])));
    let (_dir, path) = file(columns);
    let mapping = "user = 'user'\naction = 'action'\nreward = 'reward'\npropensity = 'propensity'\ncontext = ['x']\nterminated = 'done'";
    let table = open_by(&path, mapping, "column:all").unwrap();
    let lives = table.trajectories().unwrap();
    let facts: Vec<_> = lives.iter().map(|life| (life.user, life.steps.len(), life.terminated)).collect();
    assert_eq!(facts, [(7, 2, true), (8, 1, true), (9, 2, false)]);
    let second = &lives[0].steps[1];
    assert_eq!((second.reward, second.weight, &second.state[..]), (0.0, 3.6, &[1.0, 2.0][..]));
    assert_eq!(second.taken, [2.0, 0.0, 1.0, 0.0, 0.0]);
    assert!(second.expected.iter().zip([2.0, 0.1, 0.9, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-15));
    let scalar = open_by(&path, mapping, "column:new").unwrap();
    assert!(matches!(scalar.trajectories(), Err(OpeError::Lacks { .. })));
}

#[test]
fn predictions_may_be_two_numbers() {
    let mut columns = five();
    columns.push(("q", f64s(&[1.0, 2.0, 3.0, 4.0, 5.0])));
    columns.push(("v", f64s(&[0.1, 0.2, 0.3, 0.4, 0.5])));
    let (_dir, path) = file(columns);
    let mapping = "reward = 'reward'\npropensity = 'propensity'\nreward_predictions = 'q'\nreward_prediction_target = 'v'";
    let table = open_by(&path, mapping, "column:new").unwrap();
    let (rows, ..) = read(&table, &modelled()).unwrap();
    assert_eq!((rows.models[0].logged[4], rows.models[0].expected[4]), (5.0, 0.5));
    assert_eq!(lacks(&table, "dr"), None);
}
