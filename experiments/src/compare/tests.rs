use std::collections::BTreeMap;

use recloop_env::Tick;

use super::*;
use crate::Counts;

fn config(recommenders: &[&str], n_seeds: u32) -> CompareConfig {
    let world = "world.name = \"interest-evolution-v0\"\nworld.users = 40\nrun.steps = 12".parse().unwrap();
    let recommenders: Vec<String> = recommenders.iter().map(|name| (*name).to_owned()).collect();
    CompareConfig::new(&[world], &recommenders, n_seeds).unwrap()
}

#[test]
fn a_recommender_differs_from_itself_by_exactly_nothing() {
    let comparison = compare(&config(&["random", "random", "dot:temperature=0.5"], 3), &mut ()).unwrap();
    assert_eq!(comparison.seeds, [7, 8, 9]);
    for metric in &comparison.metrics {
        let [same, _] = metric.differences[..] else { panic!("two differences to the first") };
        assert_eq!(same.verdict, Verdict::Identical, "{}", metric.name);
        assert_eq!(same.interval, Some(Interval { mean: 0.0, low: 0.0, high: 0.0, n: 3 }));
    }
    // How often somebody comes may be the same; what they click is not.
    let clicks = comparison.metric("ctr").expect("every world has clicks");
    assert_eq!(clicks.differences[1].verdict, Verdict::Higher);
}

#[test]
fn jobs_change_nothing() {
    let one = |jobs| {
        let config = CompareConfig { jobs: NonZeroUsize::new(jobs), ..config(&["random", "dot"], 3) };
        compare(&config, &mut ()).unwrap()
    };
    assert_eq!(one(1), one(3));
}

/// Counts what it is told of each run.
#[derive(Default)]
struct Told(BTreeMap<String, (u32, Vec<Option<String>>)>);

impl RunsObserver for Told {
    fn ticked(&mut self, run: &PlannedRun, _: &Counts, _: Tick) {
        self.0.entry(run.to_string()).or_default().0 += 1;
    }

    fn ended(&mut self, run: &PlannedRun, failure: Option<&str>) {
        self.0.entry(run.to_string()).or_default().1.push(failure.map(str::to_owned));
    }
}

#[test]
fn finished_runs_are_kept_and_more_seeds_add_to_them() {
    let here = tempfile::tempdir().unwrap();
    let kept =
        |n_seeds| CompareConfig { out: Some(here.path().into()), ..config(&["random", "dot"], n_seeds) };
    compare(&kept(2), &mut ()).unwrap();
    let mut told = Told::default();
    let comparison = compare(&kept(3), &mut told).unwrap();
    assert_eq!(comparison, compare(&config(&["random", "dot"], 3), &mut ()).unwrap());
    assert_eq!(told.0["random, seed 7"], (0, vec![None]), "kept, not run again");
    assert_eq!(told.0["dot, seed 9"], (12, vec![None]));
    let text = std::fs::read(here.path().join("comparison.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Comparison>(&text).unwrap(), comparison);
    // The same names with other settings are another comparison.
    let other = "world.name = \"interest-evolution-v0\"\nworld.users = 41\nrun.steps = 12".parse().unwrap();
    let other = CompareConfig::new(&[other], &["random".into(), "dot".into()], 2).unwrap();
    let error = compare(&CompareConfig { out: kept(2).out, ..other }, &mut ()).unwrap_err().to_string();
    assert!(error.contains("world.users is 40 there and 41 here"), "{error}");
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_played() {
    let refused = |config| {
        let mut told = Told::default();
        let error = compare(&config, &mut told).unwrap_err().to_string();
        assert!(told.0.is_empty());
        error
    };
    assert!(refused(config(&["random"], 3)).contains("`random`"));
    assert!(refused(config(&["random", "dot"], 1)).contains("1 seed"));
    let stray = CompareConfig { metrics: vec!["cttr".into()], ..config(&["random", "dot"], 2) };
    assert!(refused(stray).contains("did you mean `ctr`?"));
    assert!(refused(config(&["random", "popularity"], 2)).contains("use `popularity`"));
}
