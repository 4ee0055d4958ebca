//! Evaluations of the Open Bandit data against the same formulas written out by hand, to 1e-9.
//!
//! Reads `../shared/data` or `RECLOOP_DATA`; says that it skips where there is none.

mod by_hand;

use std::path::{Path, PathBuf};

use by_hand::{Log, Table};
use recloop_data::ope::{Evaluation, Request};
use recloop_experiments::evaluate::{EvaluateConfig, Made, estimators, make};

/// Estimators that need weights alone.
const WEIGHED: &str = "ips,snips,clipped-ips(1.5),sg-ips(0.2)";
/// Estimators that need predictions too.
const MODELLED: &str = "dm,dr,sndr,switch-dr(1),dros(2),dr-shrink(0.8),sg-dr(0.4)";

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("RECLOOP_DATA").map_or_else(|| "../../shared/data".into(), PathBuf::from);
    let data = root.join("obd");
    if !data.is_dir() {
        eprintln!("skipped: no Open Bandit data in {}", data.display());
        return None;
    }
    Some(data)
}

fn evaluated(log: &Path, columns: Option<&Path>, target: String, names: &str) -> Evaluation {
    let request = Request { estimators: Some(estimators(names).unwrap()), ..Request::default() };
    let config = EvaluateConfig {
        log: Some(log.into()),
        targets: vec![target],
        columns: columns.map(Path::to_path_buf),
        request,
        ..EvaluateConfig::default()
    };
    match make(&config, &|_| ()).unwrap_or_else(|error| panic!("failed to {error}")) {
        Made::Evaluated(mut all) => all.remove(0).evaluation,
        Made::Partial { .. } => unreachable!("no partial was asked for"),
    }
}

fn agree(evaluation: &Evaluation, names: &str, by_hand: impl Fn(&str) -> f64) {
    for estimator in estimators(names).unwrap() {
        let (name, expected) = (estimator.name(), by_hand(estimator.name()));
        let value = evaluation.get(name).and_then(|estimate| estimate.value).unwrap();
        assert!((value - expected).abs() < 1e-9, "{name}: {value} is not {expected}");
    }
}

#[test]
fn estimators_agree_with_formulas_by_hand_both_ways() {
    let Some(data) = data() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let imported = scratch.path().join("obd");
    recloop_experiments::import::obd(&data, &imported, |_| ()).unwrap();
    for campaign in ["all", "men"] {
        let n_items = if campaign == "all" { 80 } else { 34 };
        let thompson = Table::read(&data.join("bts_action_dist.csv"), campaign);
        let uniform = Table::uniform(n_items);
        for (policy, target) in [("random", &thompson), ("bts", &uniform)] {
            let log = Log::read(&data.join(policy).join(campaign).join(format!("{campaign}.csv")));
            let file = scratch.path().join(format!("{policy}-{campaign}-target.csv"));
            target.write(&file);
            let folder = imported.join(policy).join(campaign);
            let evaluation = evaluated(&folder, None, format!("table:{}", file.display()), WEIGHED);
            agree(&evaluation, WEIGHED, |name| log.by_hand(target, name));
            let parquet = scratch.path().join(format!("{policy}-{campaign}.parquet"));
            let mapping = log.write(target, &parquet);
            let evaluation =
                evaluated(&parquet, Some(&mapping), "column:pi".into(), &format!("{WEIGHED},{MODELLED}"));
            agree(&evaluation, &format!("{WEIGHED},{MODELLED}"), |name| log.by_hand(target, name));
        }
    }
}
