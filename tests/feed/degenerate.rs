//! Hardly a world: it runs, or it says why not; it never hangs, and no number is NaN.

use recloop_data::metrics::{Everything, flat};
use recloop_env::Metric;

use super::{configured, play};

/// What is a number in any run in which a slate was shown; others may have nothing to be a mean of.
const ALWAYS: &[&str] = &[
    "reward_per_user",
    "click_rate",
    "ctr",
    "sessions_per_user",
    "slates_per_session",
    "retention_d7",
    "dau_mau",
    "provider_gini",
    "creator_survival",
    "welfare_now",
    "welfare_initial",
];

/// Runs a few days under every recommender and checks every number it comes to.
fn runs(settings: &[&str]) {
    for recommender in ["random", "popularity", "recency", "mf", "linucb", "thompson", "oracle-utility"] {
        let config = configured("feed-v0", recommender, 3, &[&["run.days=9"], settings].concat());
        let mut total = Everything::default().start();
        play(&config, |_, facts, t| {
            let finite = |values: &[f32]| values.iter().all(|x| x.is_finite());
            assert!(finite(&t.step.reward) && finite(t.step.responses.dwell_secs.as_slice()));
            assert!(facts.hindsight.is_none_or(|truth| finite(truth.accounts.as_slice())));
            Everything::default().fold(&mut total, facts, t);
        })
        .unwrap_or_else(|error| panic!("{settings:?} with {recommender}: failed to {error}"));
        let metrics = flat(&Everything::default().value(total));
        for name in ALWAYS {
            let metric = metrics.iter().find(|metric| metric.name == *name);
            let mean = metric.unwrap_or_else(|| panic!("there is no {name}")).estimate.mean;
            assert!(mean.is_finite(), "{settings:?} with {recommender}: {name} is {mean}");
        }
    }
}

#[test]
fn one_user() {
    runs(&["users=1"]);
}

#[test]
fn one_item_for_good() {
    runs(&["users=5", "slate=1", "n_creators=1", "opening_items=1", "posts_per_day=0", "entries_per_day=0"]);
}

#[test]
fn one_creator() {
    runs(&["users=20", "n_creators=1", "opening_items=30", "entries_per_day=0"]);
}

#[test]
fn a_slate_that_is_the_whole_catalogue() {
    runs(&["users=20", "opening_items=10", "posts_per_day=0", "entries_per_day=0", "exit=never"]);
}

#[test]
fn nobody_ever_clicks() {
    runs(&["users=30", "click_threshold=100"]);
}

#[test]
fn everybody_clicks_everything() {
    runs(&["users=10", "click_threshold=-100", "examination=1"]);
}

#[test]
fn everybody_is_gone_after_one_session() {
    runs(&["users=30", "return_bias=-100"]);
}

#[test]
fn one_topic_in_one_dimension() {
    runs(&["users=20", "topics=1", "dim=1"]);
}

#[test]
fn what_cannot_run_is_refused_by_name() {
    let refused = |settings: &[&str]| {
        let config = configured("feed-v0", "random", 3, settings);
        play(&config, |_, _, _| {}).unwrap_err().to_string()
    };
    let told = [
        (&["users=0"][..], "users"),
        (&["opening_items=4"], "only 4 candidates are left"),
        (&["slate=200"], "at most 128 items"),
        (&["topics=0"], "world.topics"),
        (&["bait_weight=-1"], "set `bait_weight` to -1: allowed is [0.0, 100.0]"),
        (&["posts_per_day=1e9"], "set `posts_per_day` to 1000000000: allowed is [0, 1000]"),
        (&["keep_per_day=0"], "keep"),
        (&["tick_secs=0"], "tick"),
        (&["interference=maybe"], "on"),
        (&["exit=sometimes"], "under-share"),
    ];
    for (settings, expected) in told {
        let said = refused(settings);
        assert!(said.contains(expected), "{settings:?}: {said}");
    }
}
