use std::sync::Arc;

use recloop_env::testing::{ToyRecommender, check_recommender, toy_feed, toy_world};
use recloop_env::{
    Env, Event, History, HistorySpec, ItemId, Keep, Observation, ResetOptions, Streams, Transition, play,
};
use recloop_nn::blocks::Levels;
use recloop_nn::burn::tensor::Device;
use recloop_nn::training::{Learner, Measures};

use super::*;
use crate::tests::scene::{Scene, answered, scores};
use crate::{AgentError, PlackettLuce, Popularity, Scorer};

/// `n_items` items of no looks in front of people of no features; five clicks are remembered.
fn scene(n_items: u16, n_users: usize) -> Scene {
    let items: Vec<_> = (0..n_items).map(|_| (0, [0.0])).collect();
    let mut scene = Scene::new(&vec![[0.0]; n_users], &items, 1);
    scene.spec.history = HistorySpec { length: 5, keep: Keep::Clicks };
    scene
}

/// Each user clicks their items one tick after another.
fn clicked(scene: &Scene, people: &[Vec<u32>]) -> Sequences {
    let mut clicks = Sequences::new(&scene.spec).unwrap();
    for tick in 0..people.iter().map(Vec::len).max().unwrap_or(0) {
        let shown: Vec<[u32; 1]> =
            people.iter().map(|items| [items.get(tick).copied().unwrap_or(0)]).collect();
        let (slates, step) = answered(&shown, |row, _| tick < people[row].len());
        let seen = scene.at(tick as u32);
        clicks.push(&Transition { seen: &seen, slates: &slates, step: &step });
    }
    clicks
}

/// What is seen of people who clicked these.
fn after(scene: &Scene, pasts: &[Vec<u32>]) -> Observation {
    let mut seen = scene.at(99);
    let mut history = History { len: Vec::new(), ..History::default() };
    history.items.reset(pasts.len(), 5);
    history.clicked.reset(pasts.len(), 5);
    for (row, past) in pasts.iter().enumerate() {
        history.len.push(past.len() as u32);
        for (at, item) in past.iter().enumerate() {
            history.items.row_mut(row)[at] = ItemId(*item);
            history.clicked.row_mut(row)[at] = true;
        }
    }
    seen.history = history;
    seen
}

/// From two items to the next: half of it is in the one before the last.
fn next(a: u32, b: u32) -> u32 {
    (b + if a.is_multiple_of(2) { 1 } else { 3 }) % 7
}

fn lawful(start: u32, length: usize) -> Vec<u32> {
    let mut items = vec![start % 7, start / 7 % 7];
    while items.len() < length {
        items.push(next(items[items.len() - 2], items[items.len() - 1]));
    }
    items
}

fn sasrec() -> SasRec {
    SasRec { width: 32, length: 5, ..SasRec::new(Levels::Closed(7)) }
}

fn plan() -> TrainingPlan {
    TrainingPlan { seed: 5, learning_rate: 5e-3, batch: 16, ..TrainingPlan::default() }
}

fn train<D: Design>(design: D, plan: TrainingPlan, data: Sequences, rounds: usize) -> RetrievalTraining<D> {
    let mut training = RetrievalTraining::new(design, plan, data, &Device::flex()).unwrap();
    (0..rounds).for_each(|_| drop(training.round().unwrap()));
    training
}

fn best(scores: &[f32]) -> u32 {
    scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as u32
}

#[test]
fn attention_learns_a_law_of_the_last_two_where_popularity_cannot() {
    let people: Vec<_> = (0..40).map(|start| lawful(start, 12)).collect();
    let scene = scene(7, 40);
    let scorer = train(sasrec(), plan(), clicked(&scene, &people), 60).scorer();
    // The nine starts that nobody had; what follows two items is known from others.
    let pasts: Vec<_> = (40..49).map(|start| lawful(start, 4)).collect();
    let seen = after(&scene, &pasts);
    let truth = |past: &[u32]| next(past[past.len() - 2], past[past.len() - 1]);
    let hits = |scorer: &dyn Scorer| {
        pasts
            .iter()
            .enumerate()
            .filter(|(row, past)| best(&scores(scorer, &seen, *row)) == truth(past))
            .count()
    };
    assert_eq!(hits(&scorer), 9, "of 9");
    let mut popularity = Popularity::default();
    popularity.begin(&scene.spec).unwrap();
    for people in people.chunks(40) {
        for tick in 0..12 {
            let shown: Vec<[u32; 1]> = people.iter().map(|items| [items[tick]]).collect();
            let (slates, step) = answered(&shown, |_, _| true);
            popularity.learn(&scene.at(tick as u32), &slates, &step);
        }
    }
    assert!(hits(&popularity) <= 4, "it says the same for all");
}

/// People of two tastes click items of their own kind, even or odd, in any order.
fn two_tastes(n_items: u32) -> Vec<Vec<u32>> {
    let any = |user: u32, i: u32| (user * 32 + i).wrapping_mul(2_654_435_761) >> 16;
    (0..40).map(|user| (0..32).map(|i| user % 2 + 2 * (any(user, i) % (n_items / 2))).collect()).collect()
}

#[test]
fn two_towers_tell_two_tastes_apart() {
    let scene = scene(20, 40);
    let design = TwoTower { width: 8, length: 5, ..TwoTower::new(Levels::Closed(20)) };
    let plan = TrainingPlan { hold_out: false, ..plan() };
    let training = train(design, plan, clicked(&scene, &two_tastes(20)), 40);
    let seen = after(&scene, &[vec![2, 8], vec![5, 11]]);
    for row in 0..2 {
        let scores = scores(&training.scorer(), &seen, row);
        let mean = |kind: usize| scores.iter().skip(kind).step_by(2).sum::<f32>() / 10.0;
        assert!(mean(row) > mean(1 - row) + 2.0, "{scores:?}");
        let mut ranked: Vec<_> = (0..20).collect();
        ranked.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        assert!(ranked[..5].iter().all(|item| item % 2 == row), "{scores:?}");
    }
}

#[test]
fn looks_speak_for_an_item_that_nobody_clicked() {
    let items: Vec<_> = (0..22).map(|item| (item % 2, [0.0, 0.0])).collect();
    let mut scene = Scene::new(&[[0.0, 0.0]; 40], &items, 1);
    scene.spec.history = HistorySpec { length: 5, keep: Keep::Clicks };
    let design = TwoTower { width: 8, length: 5, ..TwoTower::new(Levels::Closed(20)) };
    let plan = TrainingPlan { hold_out: false, ..plan() };
    let scorer = train(design, plan, clicked(&scene, &two_tastes(20)), 40).scorer();
    let seen = after(&scene, &[vec![2, 8], vec![5, 11]]);
    let [even, odd] = [0, 1].map(|row| scores(&scorer, &seen, row));
    assert!(even[20] > even[21] + 1.0 && odd[21] > odd[20] + 1.0, "{even:?} {odd:?}");
}

fn numbers(measures: &Measures) -> Vec<u64> {
    measures.values.iter().map(|(_, value)| value.to_bits()).collect()
}

#[test]
fn a_resumed_training_ends_as_one_that_was_not_stopped() {
    let people: Vec<_> = (0..20).map(|start| lawful(start, 9)).collect();
    let design = SasRec { width: 8, ..sasrec() };
    // A sample of the items, so that it is drawn alike, too.
    let plan = TrainingPlan { drawn: 3, batches: 2, ..plan() };
    let begin = || train(design.clone(), plan.clone(), clicked(&scene(7, 20), &people), 0);
    let mut whole = begin();
    let measures = [0, 1, 2].map(|_| whole.round().unwrap());
    assert!(measures[2].values[0].1 < measures[0].values[0].1);
    assert_eq!(measures[0].values.map_names(), ["loss", "hit_rate@10", "ndcg@10"]);
    let dir = tempfile::tempdir().unwrap();
    let mut first = begin();
    first.round().unwrap();
    first.save(dir.path()).unwrap();
    let mut second = begin();
    second.load(dir.path()).unwrap();
    for expected in &measures[1..] {
        assert_eq!(numbers(&second.round().unwrap()), numbers(expected));
    }
    assert!(second.scorer().save().unwrap() == whole.scorer().save().unwrap());
    let read =
        Retrieval::read(design, &scene(7, 20).spec, &dir.path().join("weights.safetensors"), &Device::flex());
    assert!(read.unwrap().save().unwrap() == first.scorer().save().unwrap());
}

trait Names {
    fn map_names(&self) -> Vec<&'static str>;
}

impl Names for Vec<(&'static str, f64)> {
    fn map_names(&self) -> Vec<&'static str> {
        self.iter().map(|(name, _)| *name).collect()
    }
}

#[test]
fn held_out_clicks_are_found_where_the_law_is_known() {
    let people: Vec<_> = (0..40).map(|start| lawful(start, 12)).collect();
    let mut training = train(sasrec(), plan(), clicked(&scene(7, 40), &people), 59);
    let values = training.round().unwrap().values;
    // Of seven items all are among the first ten; the gain of the first place is 1, of the second 0.63.
    assert_eq!(values[1], ("hit_rate@10", 1.0));
    assert!(values[2].1 > 0.95, "{values:?}");
}

/// A scorer that has learned something in the toy feed.
fn of_the_feed<D: Design>(design: D) -> Retrieval<D> {
    let mut world = toy_feed(20);
    let mut clicks = Sequences::new(world.spec()).unwrap();
    play(&mut world, &mut ToyRecommender::default(), 7, &ResetOptions::default(), |t| clicks.push(t))
        .unwrap();
    train(design, plan(), clicks, 2).scorer()
}

#[test]
fn they_keep_the_contract_behind_a_lottery() {
    let sasrec = of_the_feed(SasRec { levels: Some(Levels::Open { buckets: 50 }), ..sasrec() });
    check_recommender(|| PlackettLuce::new(sasrec.clone(), 0.5).unwrap(), || toy_feed(30)).unwrap();
    let towers = of_the_feed(TwoTower { length: 3, ..TwoTower::new(Levels::Closed(8)) });
    check_recommender(|| PlackettLuce::new(towers.clone(), 0.5).unwrap(), || toy_feed(30)).unwrap();
}

#[test]
fn a_score_is_the_same_prepared_or_not_and_in_any_company() {
    let people: Vec<_> = (0..20).map(|start| lawful(start, 9)).collect();
    let scene = scene(7, 20);
    let mut scorer = train(sasrec(), plan(), clicked(&scene, &people), 1).scorer();
    scorer.begin(&scene.spec).unwrap();
    let seen = after(
        &scene,
        &(0..20)
            .map(|user| lawful(user, user as usize % 6)[..user as usize % 6].to_vec())
            .collect::<Vec<_>>(),
    );
    let bits = |scorer: &Retrieval<SasRec>, seen: &Observation, row| {
        scores(scorer, seen, row).iter().map(|s| s.to_bits()).collect::<Vec<_>>()
    };
    let unprepared: Vec<_> = (0..20).map(|row| bits(&scorer, &seen, row)).collect();
    scorer.prepare(&seen, &Streams::new(1)).unwrap();
    for (row, unprepared) in unprepared.iter().enumerate() {
        assert_eq!(bits(&scorer, &seen, row), *unprepared, "row {row}");
        let alone = seen.with_rows(&[row]);
        assert_eq!(bits(&scorer, &alone, 0), *unprepared, "row {row} alone");
    }
    let listed = Observation { candidates: Arc::clone(&scene.per_row().candidates), ..seen };
    assert_eq!(bits(&scorer, &listed, 3), unprepared[3]);
}

#[test]
fn a_place_that_is_taken_over_starts_a_sequence_of_its_own() {
    let scene = scene(7, 2);
    let mut clicks = clicked(&scene, &[vec![1, 2], vec![3]]);
    let (slates, mut step) = answered(&[[4], [5]], |_, _| true);
    step.events.push(Event::Renew { user: recloop_env::UserId(0) });
    let seen = scene.at(2);
    clicks.push(&Transition { seen: &seen, slates: &slates, step: &step });
    clicks.push(&Transition { seen: &seen, slates: &slates, step: &step });
    let found: Vec<_> = clicks.people().map(|clicks| clicks.items.clone()).collect();
    assert_eq!(found, [vec![1, 2, 4], vec![4], vec![3, 5, 5]]);
    assert_eq!((clicks.n_people(), clicks.n_clicks(), clicks.n_items()), (3, 7, 7));
    assert_eq!(clicks.counts, [0, 1, 1, 1, 2, 2, 0]);
    assert!(clicks.people().all(|clicks| clicks.seen == vec![0.0; clicks.items.len()]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let spec = toy_world(1).spec().clone();
    assert!(Sequences::new(&spec).unwrap_err().to_string().contains("items that stay"));
    let scene = scene(7, 2);
    let none = RetrievalTraining::new(sasrec(), plan(), clicked(&scene, &[vec![1], vec![]]), &Device::flex());
    assert_eq!(none.err(), Some(AgentError::NoClicks));
    let data = || clicked(&scene, &[vec![1, 2], vec![]]);
    let nothing = TrainingPlan { batch: 0, ..plan() };
    let refused = RetrievalTraining::new(sasrec(), nothing, data(), &Device::flex());
    assert!(matches!(refused.err(), Some(AgentError::Setting { name: "batch", .. })));
    let mut scorer = train(sasrec(), plan(), data(), 0).scorer();
    let mut other = scene.spec.clone();
    other.history.length = 0;
    assert!(scorer.begin(&other).unwrap_err().to_string().contains("shows no history"));
    other = Scene::new(&[[0.0; 2]], &[(0, [0.0; 2])], 1).spec;
    other.history.length = 5;
    assert!(scorer.begin(&other).unwrap_err().to_string().contains("not those it was trained with"));
    assert!(scorer.load(&recloop_env::Snapshot::default()).is_err());
}
