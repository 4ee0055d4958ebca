//! A small study, whole.

use std::num::NonZeroUsize;

use recloop_env::{CreatorId, ItemId};

use super::conditions::{KINDS, RERANKERS};
use super::*;

fn small() -> CreatorStudyConfig {
    let settings = ["users=60", "n_creators=8", "opening_items=60", "topics=5", "dim=8"];
    CreatorStudyConfig {
        n_seeds: 2,
        rounds: 14,
        focal: 3,
        recommenders: vec!["random".into(), "popularity".into()],
        bases: vec!["linucb:exploration=0.5".into()],
        dials: vec![0.0, 1.0],
        settings: settings.map(Into::into).to_vec(),
        ..CreatorStudyConfig::default()
    }
}

#[test]
fn a_study_tells_every_kind_and_every_reranker_and_keeps_every_run() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("study");
    let found = study_creators(&CreatorStudyConfig { out: Some(out.clone()), ..small() }, &mut ()).unwrap();
    let told = serde_json::to_value(&found).unwrap();
    for (kind, _) in KINDS {
        let kind = &told["creators"][kind];
        assert_eq!(kind["exploit_share_by_reward_quintile"].as_array().unwrap().len(), 5);
        for key in ["reward_vs_random", "reward_vs_full_information", "survival"] {
            assert!(kind[key]["mean"].as_f64().unwrap() > 0.0 && kind[key]["n"] == 2, "{kind}");
        }
    }
    assert_eq!(told["creators"]["random"]["reward_vs_random"]["mean"], 1.0);
    assert_eq!((found.nulls.len(), found.recommenders["popularity"].len()), (2, KINDS.len()));
    let reranked = &found.rerankers["linucb:exploration=0.5"];
    assert_eq!(reranked.len(), RERANKERS.len());
    let [plain, full] = &reranked["fairrec"][..] else { panic!("two dials") };
    assert!(plain.change["provider_gini"].mean == 0.0 && full.change["provider_gini"].mean < 0.0);
    let page = std::fs::read_to_string(out.join(PAGE)).unwrap();
    assert!(page.contains("full-information") && page.contains("<polyline") && !page.contains("NaN"));
    let rows = std::fs::File::open(out.join(RESULTS)).unwrap();
    let rows = parquet::file::reader::SerializedFileReader::new(rows).unwrap();
    let n = parquet::file::reader::FileReader::metadata(&rows).file_metadata().num_rows();
    // Nine kinds under two recommenders, seven by themselves, seven rerankers at dial 1 and none, on two seeds.
    assert_eq!(n, 2 * (9 * 2 + 7 + 8));
}

#[test]
fn jobs_change_nothing() {
    let jobs = |n| CreatorStudyConfig { jobs: NonZeroUsize::new(n), bases: Vec::new(), rounds: 6, ..small() };
    assert_eq!(study_creators(&jobs(1), &mut ()).unwrap(), study_creators(&jobs(3), &mut ()).unwrap());
}

#[test]
fn a_career_counts_what_creators_were_told() {
    let mut world =
        crate::worlds::make("creators-v0", &["users=40", "n_creators=3", "opening_items=30"]).unwrap();
    let careers = Careers::of(&world, 2);
    let mut policy = recloop_agents::RandomSlates::default();
    let mut seen = recloop_env::Observation::default();
    let options = recloop_env::ResetOptions { horizon: Some(recloop_env::Tick(9)), ..Default::default() };
    recloop_env::Env::reset(&mut world, 4, &options, &mut seen).unwrap();
    let (mut slates, mut step) = (recloop_env::Slates::default(), recloop_env::Step::default());
    recloop_env::Recommender::begin(&mut policy, recloop_env::Env::spec(&world)).unwrap();
    let (mut careers, mut clicks, mut n_items) = (careers, 0_usize, 0);
    while !seen.is_empty() {
        let rng = recloop_env::Env::streams(&world);
        recloop_env::Recommender::recommend(&mut policy, &seen, &rng, &mut slates).unwrap();
        recloop_env::Env::step(&mut world, &slates, &mut step).unwrap();
        let facts = world.facts();
        let catalogue = facts.catalogue.unwrap();
        for r in 0..seen.len() {
            let pairs = slates.items.row(r).iter().zip(step.responses.click.row(r));
            clicks += pairs.filter(|(item, hit)| **hit && catalogue.creator(**item).0 < 2).count();
        }
        n_items =
            (0..catalogue.len() as u32).filter(|id| catalogue.creator(ItemId(*id)) < CreatorId(2)).count();
        let t = recloop_env::Transition { seen: &seen, slates: &slates, step: &step };
        crate::Visitor::done(&mut careers, &world, &facts, &t).unwrap();
        std::mem::swap(&mut seen, &mut step.next);
    }
    let career = careers.end(&world);
    assert_eq!((career.reward, career.items), (clicks as f64 / 2.0, n_items as f64 / 2.0));
    // Two creators decide on one item in each of the turns between nine rounds.
    assert_eq!(career.decisions.len(), 2 * 8);
}

#[test]
fn refuses_what_is_no_study() {
    let refused = |config: CreatorStudyConfig| study_creators(&config, &mut ()).unwrap_err().to_string();
    let said = refused(CreatorStudyConfig { n_seeds: 1, ..small() });
    assert_eq!(said, "compare over 1 seed: an interval over seeds needs at least 2");
    assert!(refused(CreatorStudyConfig { focal: 0, ..small() }).contains("0 creators are nobody"));
    assert!(
        refused(CreatorStudyConfig { dials: vec![0.5, 1.0], ..small() }).contains("do not ascend from 0")
    );
    assert!(refused(CreatorStudyConfig { dials: vec![0.0, f32::NAN], ..small() }).contains("do not ascend"));
    assert!(refused(CreatorStudyConfig { rivals: "gamblers".into(), ..small() }).contains("gamblers"));
    assert!(refused(CreatorStudyConfig { recommenders: Vec::new(), ..small() }).contains("a recommender"));
}
