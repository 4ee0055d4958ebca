//! Hand-made campaigns, and the published one where it is at hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

const HEADER: &str = ",timestamp,item_id,position,click,propensity_score,user_feature_1,user_feature_0,user-item_affinity_0,user-item_affinity_1";

fn folder(rows: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("random/men");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("item_context.csv"), ",item_id,item_feature_0,kind\n0,0,-0.5,a\n1,1,2,b\n").unwrap();
    let log = home.join("men.csv");
    fs::write(&log, format!("{HEADER}\n{rows}")).unwrap();
    (dir, log)
}

fn rounds(path: &Path) -> Result<Vec<Round>, DataError> {
    let (mut log, mut round, mut all) = (Rounds::open(path)?, Round::default(), Vec::new());
    while log.read(&mut round)? {
        all.push(round.clone());
    }
    Ok(all)
}

const FIRST: &str = "0,2019-11-24 00:00:17.004101+00:00,1,3,1,0.25,b,a,0.0,2.5";

#[test]
fn rounds_come_back_as_they_are_written() {
    let (dir, log) = folder(&format!("{FIRST}\r\n1,2019-11-24 00:00:18+00:00,0,1,0,1,d,c,1,0\n"));
    let all = rounds(&log).unwrap();
    let first = Round {
        timestamp: "2019-11-24 00:00:17.004101+00:00".into(),
        item: 1,
        position: 2,
        click: true,
        propensity: 0.25,
        user_features: vec!["a".into(), "b".into()],
        affinities: vec![0.0, 2.5],
    };
    assert_eq!((all.len(), &all[0]), (2, &first));
    assert_eq!(Rounds::open(&log).unwrap().widths(), (2, 2));
    let found = campaigns(dir.path()).unwrap();
    assert_eq!((found.len(), found[0].policy.as_str(), found[0].name.as_str()), (1, "random", "men"));
    let items = ItemTable::load(&found[0].items).unwrap();
    assert_eq!(
        (items.ids, items.columns),
        (vec![0, 1], vec!["item_feature_0".to_owned(), "kind".to_owned()])
    );
    assert_eq!(items.values, [["-0.5", "2"], ["a", "b"]]);
}

#[test]
fn malformed_lines_are_told_by_number() {
    let told = |line: &str| {
        let (_dir, log) = folder(&format!("{FIRST}\n{line}\n"));
        let told = rounds(&log).unwrap_err().to_string();
        assert!(told.contains("men.csv, line 3: "), "{told}");
        told
    };
    assert!(told("1,t,0,1,0,0,b,a,0,0").contains("propensity_score is \"0\", not a probability in (0, 1]"));
    assert!(told("1,t,0,1,0,1.5,b,a,0,0").contains("(0, 1]"));
    assert!(told("1,t,0,1,0,NaN,b,a,0,0").contains("(0, 1]"));
    assert!(told("1,t,0,0,0,1,b,a,0,0").contains("position is \"0\", not a whole number from 1"));
    assert!(told("1,t,0,1,2,1,b,a,0,0").contains("click is \"2\", not 0 or 1"));
    assert!(told("1,t,-1,1,0,1,b,a,0,0").contains("item_id is \"-1\""));
    assert!(told("1,t,0,1,0,1,b,a,0,x").contains("user-item_affinity is \"x\", not a number"));
    assert!(told("1,t,0,1,0,1,b,a,0,inf").contains("not a finite number"));
    assert!(told("1,t,0,1,0,1,b,a,0").contains("expected 10 fields, found 9"));
    assert!(told("").contains("expected 10 fields, found 1"));
}

#[test]
fn what_is_not_the_data_set_is_told() {
    let (dir, log) = folder("");
    assert!(campaigns(&dir.path().join("random")).unwrap_err().to_string().contains("random/men/men.csv"));
    fs::write(&log, "timestamp,item,position,click,propensity_score\n").unwrap();
    let told = rounds(&log).unwrap_err().to_string();
    assert!(told.contains("line 1: header is \"timestamp,item,"), "{told}");
    fs::write(&log, "").unwrap();
    assert!(matches!(rounds(&log), Err(DataError::Empty { .. })));
    fs::write(&log, b"\xff\n").unwrap();
    assert!(rounds(&log).unwrap_err().to_string().contains("line 1: not valid UTF-8"));
    fs::write(&log, format!("{HEADER}\n")).unwrap();
    let items = log.with_file_name("item_context.csv");
    fs::write(&items, "item_id,a\n1,x\n1,y\n").unwrap();
    assert!(ItemTable::load(&items).unwrap_err().to_string().contains("line 3: item 1 is listed twice"));
    fs::remove_file(&items).unwrap();
    assert!(matches!(campaigns(dir.path()), Err(DataError::Missing { .. })));
}

#[test]
fn the_published_small_version_reads() {
    let root = std::env::var_os("RECLOOP_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let dir = root.join("obd");
    if !dir.is_dir() {
        // Straight to the stream: the test harness hides what a passing test prints.
        writeln!(std::io::stderr(), "skipped: no real data at {}", dir.display()).unwrap();
        return;
    }
    // Rows and clicks as counted by those who published them.
    let expected = [
        ("bts", "all", 42, 80),
        ("bts", "men", 69, 34),
        ("random", "all", 38, 80),
        ("random", "men", 46, 34),
    ];
    let found = campaigns(&dir).unwrap();
    for (campaign, (policy, name, clicks, n_items)) in found.iter().zip(expected) {
        let all = rounds(&campaign.log).unwrap();
        let clicked = all.iter().filter(|round| round.click).count();
        assert_eq!(
            (campaign.policy.as_str(), campaign.name.as_str(), all.len(), clicked),
            (policy, name, 10_000, clicks)
        );
        assert_eq!(
            (ItemTable::load(&campaign.items).unwrap().ids.len(), all[0].affinities.len()),
            (n_items, n_items)
        );
        let uniform = 1.0 / n_items as f64;
        assert!(policy != "random" || all.iter().all(|round| (round.propensity - uniform).abs() < 1e-12));
    }
    assert_eq!(found.len(), 4);
}
