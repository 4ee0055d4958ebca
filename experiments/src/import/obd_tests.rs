//! The Open Bandit Dataset as logs: a hand-made one, and the published small version where it is at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use recloop_data::ope::table::{Table, TableOptions};
use recloop_data::ope::{Decisions, Signals, Source, Wanted, WeightSource};

use super::tests::{content, real};
use super::{ImportError, obd};

/// Two items, two positions; `random` is uniform, `bts` is not.
fn small(dir: &Path) {
    let header = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1";
    let row = |n: usize, item: usize, position: usize, click: usize, p: f64| {
        format!("{n},2019-11-24 00:00:17.004101+00:00,{item},{position},{click},{p},ab,0.0,1.5\n")
    };
    let random = row(0, 0, 1, 1, 0.5) + &row(1, 1, 2, 0, 0.5) + &row(2, 1, 1, 1, 0.5);
    let bts = row(0, 0, 1, 1, 0.75) + &row(1, 1, 2, 0, 0.25);
    for (policy, rows) in [("random", random), ("bts", bts)] {
        let home = dir.join(policy).join("men");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("men.csv"), format!("{header}\n{rows}")).unwrap();
        fs::write(home.join("item_context.csv"), ",item_id,price,kind\n0,0,1.5,x\n1,1,2,y\n").unwrap();
    }
    let probs = "campaign,item_id,position0,prob\nmen,0,0,0.75\nmen,1,0,0.25\nmen,1,1,1\nall,7,0,1\n";
    fs::write(dir.join("bts_action_dist.csv"), probs).unwrap();
}

fn open(dir: &Path, target: &str) -> Table {
    Table::open(&[dir.to_owned()], None, &target.parse().unwrap(), TableOptions::default()).unwrap()
}

fn rows(table: &Table, source: WeightSource) -> Vec<Decisions> {
    let (mut all, wanted) = (Vec::new(), Wanted { weights: vec![source], ..Wanted::default() });
    for chunk in 0..table.n_chunks() {
        let keep = &mut |batch: Signals<'_>| {
            if let Signals::Decisions(rows) = batch {
                all.push(rows.clone());
            }
            Ok(())
        };
        table.signals(chunk, &wanted, None, keep).unwrap();
    }
    all
}

#[test]
fn logs_are_taken_over_with_all_that_an_evaluation_needs() {
    let (from, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small(from.path());
    let to = home.path().join("obd");
    let report = obd(from.path(), &to, |_| ()).unwrap();
    let facts: Vec<_> = report
        .logs
        .iter()
        .map(|log| (log.policy.as_str(), log.n_rounds, log.n_clicks, log.uniform))
        .collect();
    assert_eq!(facts, [("bts", 2, 1, false), ("random", 3, 2, true)]);
    assert_eq!(report.targets, ["bts_action_dist.csv", "random_action_dist.csv"]);
    let told = report.to_string();
    assert!(told.contains("random/men: 3 rounds of 2 items, 2 clicks (66.67 %)"), "{told}");
    let target = format!("table:{}/targets/bts_action_dist.csv?campaign=men", to.display());
    assert_eq!(report.next(), format!("recloop evaluate {}/random/men --target '{target}'", to.display()));

    let log = to.join("random/men");
    let table = open(&log, &target);
    let all = rows(&table, WeightSource::Policy);
    assert_eq!((&all[0].weights[0][..], &all[0].positions[..]), (&[1.5, 2.0, 0.5][..], &[0, 1, 0][..]));
    // The items are described, and the uniform logger is known as a whole.
    let kinds = rows(&table, WeightSource::Embedding("kind".into()));
    assert_eq!(kinds[0].weights[0], [1.5, 2.0, 0.5]);
    let back = format!("table:{}/targets/random_action_dist.csv?campaign=men", to.display());
    assert_eq!(
        rows(&open(&to.join("bts/men"), &back), WeightSource::Policy)[0].weights[0],
        [0.5 / 0.75, 2.0]
    );
}

#[test]
fn an_import_takes_the_place_of_one_of_the_same_files_only() {
    let (from, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small(from.path());
    let to = home.path().join("obd");
    obd(from.path(), &to, |_| ()).unwrap();
    let before = content(&to.join("random/men"));
    obd(from.path(), &to, |_| ()).unwrap();
    assert_eq!(content(&to.join("random/men")), before);
    let csv = from.path().join("bts/men/men.csv");
    let more = fs::read_to_string(&csv).unwrap() + "2,2019-11-24 00:00:18+00:00,1,2,0,0.5,ab,0,0\n";
    fs::write(&csv, &more).unwrap();
    assert!(matches!(obd(from.path(), &to, |_| ()), Err(ImportError::OtherImport { .. })));
    assert!(matches!(obd(from.path(), home.path(), |_| ()), Err(ImportError::Occupied { .. })));
}

#[test]
fn what_is_malformed_is_told_by_file_and_line_and_leaves_nothing() {
    let (from, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small(from.path());
    let csv = from.path().join("random/men/men.csv");
    let sound = fs::read_to_string(&csv).unwrap();
    let told = |line: &str| {
        fs::write(&csv, format!("{sound}{line}\n")).unwrap();
        let told = obd(from.path(), &home.path().join("obd"), |_| ()).unwrap_err().to_string();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        told
    };
    let unlisted = told("3,2019-11-24 00:00:18+00:00,2,1,0,0.5,ab,0,0");
    assert!(unlisted.contains("men.csv, line 5: item 2 is not listed in item_context.csv"), "{unlisted}");
    assert!(told("3,yesterday,1,1,0,0.5,ab,0,0").contains("line 5: timestamp is \"yesterday\""));
    assert!(told("3,2019-11-24 00:00:18+00:00,1,1,0,0,ab,0,0").contains("line 5: propensity_score"));
    let empty = tempfile::tempdir().unwrap();
    let told = obd(empty.path(), &home.path().join("obd"), |_| ()).unwrap_err().to_string();
    assert!(told.contains("looked for <policy>/<campaign>/<campaign>.csv"), "{told}");
}

/// Probabilities of a target by campaign, item and position.
fn probabilities(file: &Path) -> BTreeMap<(String, String, usize), f64> {
    let text = fs::read_to_string(file).unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        ((fields[0].to_owned(), fields[1].to_owned(), fields[2].parse().unwrap()), fields[3].parse().unwrap())
    };
    text.lines().skip(1).map(line).collect()
}

#[test]
fn the_published_small_version_evaluates_as_by_hand() {
    let Some(from) = real("obd") else { return };
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("obd");
    let report = obd(&from, &to, |_| ()).unwrap();
    assert_eq!(report.logs.iter().map(|log| log.n_clicks).collect::<Vec<_>>(), [42, 69, 38, 46]);
    for (logger, target) in [("random", "bts"), ("bts", "random")] {
        for campaign in ["all", "men"] {
            let file: PathBuf = to.join(format!("targets/{target}_action_dist.csv"));
            let probs = probabilities(&file);
            let csv = fs::read_to_string(from.join(format!("{logger}/{campaign}/{campaign}.csv"))).unwrap();
            let by_hand: f64 = csv
                .lines()
                .skip(1)
                .map(|line| {
                    let f: Vec<&str> = line.split(',').take(6).collect();
                    let place: usize = f[3].parse().unwrap();
                    let p = probs[&(campaign.to_owned(), f[2].to_owned(), place - 1)];
                    p / f[5].parse::<f64>().unwrap() * f[4].parse::<f64>().unwrap()
                })
                .sum();
            let log = to.join(logger).join(campaign);
            let table = open(&log, &format!("table:{}?campaign={campaign}", file.display()));
            let all = rows(&table, WeightSource::Policy);
            let sum: f64 = all
                .iter()
                .flat_map(|rows| rows.rewards.iter().zip(&rows.weights[0]))
                .map(|(r, w)| r * w)
                .sum();
            assert!((sum - by_hand).abs() <= 1e-9 * by_hand, "{logger} {campaign}: {sum} {by_hand}");
            assert!(by_hand > 0.0);
        }
    }
}
