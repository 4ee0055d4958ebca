//! What holds of every reranker.

use recloop_env::testing::{check_recommender, toy_feed, toy_world};
use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, Step, Streams, World};

use super::{ALL, FAIR};
use crate::tests::scene::{Scene, answered, scores};
use crate::{
    AgentError, DotProduct, FairRec, Greedy, PlackettLuce, Popularity, Recency, Rerank, Reranked, Scorer,
};

/// Plays two policies side by side, each learning from the slates of the first, and compares what they show.
fn play_alike(mut world: World, ticks: usize, policies: [&mut dyn Recommender; 2]) {
    let (mut seen, mut step) = (Observation::default(), Step::default());
    world.reset(3, &ResetOptions { renew: true, ..ResetOptions::default() }, &mut seen).unwrap();
    let spec = world.spec().clone();
    let [one, other] = policies;
    one.begin(&spec).unwrap();
    other.begin(&spec).unwrap();
    for _ in 0..ticks {
        let (mut shown, mut found) = (Slates::default(), Slates::default());
        one.recommend(&seen, &world.streams(), &mut shown).unwrap();
        other.recommend(&seen, &world.streams(), &mut found).unwrap();
        assert_eq!(shown, found, "at tick {}", seen.tick.0);
        world.step(&shown, &mut step).unwrap();
        one.learn(&seen, &shown, &step);
        other.learn(&seen, &shown, &step);
        std::mem::swap(&mut seen, &mut step.next);
    }
}

#[test]
fn a_dial_of_zero_changes_nothing() {
    let learner = Popularity::default;
    for by in ALL {
        let idle = || Reranked::new(learner(), by, 0.0, 3).unwrap();
        play_alike(toy_feed(40), 20, [&mut Greedy::new(learner()), &mut Greedy::new(idle())]);
        let drawn = &mut PlackettLuce::new(idle(), 0.5).unwrap();
        play_alike(toy_feed(40), 20, [&mut PlackettLuce::new(learner(), 0.5).unwrap(), drawn]);
    }
    let idle = || FairRec::new(learner(), 0.0).unwrap();
    play_alike(toy_feed(40), 20, [&mut Greedy::new(learner()), &mut Greedy::new(idle())]);
}

/// Scores of every kind: negative ones, both zeros, tiny ones, and one that was not retrieved.
#[derive(Debug, Clone)]
struct Odd;

impl Scorer for Odd {
    fn begin(&mut self, _spec: &recloop_env::EnvSpec) -> Result<(), recloop_env::RecommendError> {
        Ok(())
    }

    fn score(&self, _seen: &Observation, _row: usize, out: &mut [f32]) {
        let some = [-0.0, 0.0, 1e-42, -3.3, crate::scorer::NOT_RETRIEVED, 7.7];
        out.iter_mut().zip(some.into_iter().cycle()).for_each(|(out, score)| *out = score);
    }
}

#[test]
fn at_zero_scores_are_the_same_to_the_bit() {
    let items: Vec<(u16, [f32; 2])> = (0..8).map(|i| (i % 2, [f32::from(i), 1.0])).collect();
    let scene = Scene::of_creators(&[[0.3, 0.1]; 3], &items, |i| i as u32 % 3, 2);
    let (shown, step) = answered(&[[0, 3], [0, 1], [3, 0]], |_, item| item == 0);
    let bits = |scorer: &dyn Scorer| {
        scores(scorer, &scene.seen, 1).into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    let mut all: Vec<Box<dyn Scorer>> = vec![Box::new(FairRec::new(Odd, 0.0).unwrap())];
    all.extend(ALL.map(|by| Box::new(Reranked::new(Odd, by, 0.0, 3).unwrap()) as Box<dyn Scorer>));
    for scorer in &mut all {
        scorer.begin(&scene.spec).unwrap();
        scorer.prepare(&scene.seen, &Streams::new(1)).unwrap();
        scorer.learn(&scene.seen, &shown, &step);
        assert_eq!(bits(scorer), bits(&Odd));
        assert!(!scorer.learns(), "what is not used need not be kept");
    }
}

#[test]
fn what_was_not_retrieved_stays_so() {
    let items: Vec<(u16, [f32; 2])> = (0..6).map(|i| (i % 2, [f32::from(i), 1.0])).collect();
    let scene = Scene::of_creators(&[[0.3, 0.1]; 3], &items, |i| i as u32, 2);
    let (shown, step) = answered(&[[5, 0], [5, 1], [5, 0]], |_, _| false);
    let mut all: Vec<Box<dyn Scorer>> = vec![Box::new(FairRec::new(Odd, 1.0).unwrap())];
    all.extend(ALL.map(|by| Box::new(Reranked::new(Odd, by, 1.0, 6).unwrap()) as Box<dyn Scorer>));
    for scorer in &mut all {
        scorer.begin(&scene.spec).unwrap();
        for tick in 0..200 {
            scorer.prepare(&scene.at(tick), &Streams::new(1)).unwrap();
            scorer.learn(&scene.at(tick), &shown, &step);
        }
        scorer.prepare(&scene.seen, &Streams::new(1)).unwrap();
        let scores = scores(scorer, &scene.seen, 0);
        assert_eq!(scores[4], crate::scorer::NOT_RETRIEVED);
        assert!(scores.iter().enumerate().all(|(i, score)| i == 4 || score.abs() < 1e6), "{scores:?}");
    }
}

#[test]
fn rerankers_keep_the_contract_and_are_as_random_as_what_they_rerank() {
    for by in ALL {
        let make = |dial| Reranked::new(DotProduct::default(), by, dial, 4).unwrap();
        if !FAIR.contains(&by) {
            check_recommender(|| Greedy::new(make(0.5)), || toy_world(9)).unwrap();
        }
        for dial in [0.3, 1.0] {
            check_recommender(|| Greedy::new(make(dial)), || toy_feed(9)).unwrap();
            check_recommender(|| PlackettLuce::new(make(dial), 0.3).unwrap(), || toy_feed(9)).unwrap();
        }
        let random = Reranked::new(crate::ThompsonSampling::default(), by, 0.5, 4).unwrap();
        assert!(random.is_random() && !make(0.5).is_random());
        assert_eq!(make(0.5).learns(), FAIR.contains(&by));
    }
}

/// Planned or asked for by themselves, scores are the same.
#[test]
fn a_tick_in_waves_is_planned_alike_by_anybody() {
    for by in FAIR {
        let (mut world, mut seen, mut step) = (toy_feed(30), Observation::default(), Step::default());
        world.reset(5, &ResetOptions::default(), &mut seen).unwrap();
        let mut policy = Reranked::new(Popularity::default(), by, 0.6, 4).unwrap().in_waves(4).unwrap();
        policy.begin(world.spec()).unwrap();
        for _ in 0..5 {
            policy.prepare(&seen, &world.streams()).unwrap();
            let planned: Vec<_> = (0..seen.len()).map(|row| scores(&policy, &seen, row)).collect();
            let copy = seen.clone();
            let beside = Observation { candidates: std::sync::Arc::new((*copy.candidates).clone()), ..copy };
            let asked: Vec<_> = (0..seen.len()).map(|row| scores(&policy, &beside, row)).collect();
            assert_eq!(asked, planned);
            let mut slates = Slates::default();
            let mut ranker = Greedy::new(Recency);
            ranker.begin(world.spec()).unwrap();
            ranker.recommend(&seen, &world.streams(), &mut slates).unwrap();
            world.step(&slates, &mut step).unwrap();
            policy.learn(&seen, &slates, &step);
            std::mem::swap(&mut seen, &mut step.next);
        }
    }
}

/// At every tick of a run, a fresh one with the snapshot shows the same, and keeps the same.
fn resumes<S: Scorer>(make: impl Fn() -> S) {
    let (mut world, mut seen, mut step) = (toy_feed(30), Observation::default(), Step::default());
    world.reset(5, &ResetOptions { renew: true, ..ResetOptions::default() }, &mut seen).unwrap();
    let mut policy = Greedy::new(make());
    policy.begin(world.spec()).unwrap();
    for _ in 0..20 {
        let (mut slates, mut found) = (Slates::default(), Slates::default());
        let mut again = Greedy::new(make());
        again.begin(world.spec()).unwrap();
        again.load(&policy.save().unwrap()).unwrap();
        policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
        again.recommend(&seen, &world.streams(), &mut found).unwrap();
        assert_eq!(found, slates);
        world.step(&slates, &mut step).unwrap();
        policy.learn(&seen, &slates, &step);
        again.learn(&seen, &slates, &step);
        assert_eq!(again.save().unwrap(), policy.save().unwrap());
        std::mem::swap(&mut seen, &mut step.next);
    }
}

#[test]
fn a_snapshot_is_all_there_is() {
    for by in ALL {
        resumes(|| Reranked::new(Popularity::default(), by, 0.6, 4).unwrap());
        resumes(|| Reranked::new(Popularity::default(), by, 0.6, 4).unwrap().in_waves(5).unwrap());
    }
    resumes(|| FairRec::new(Popularity::default(), 0.6).unwrap());
}

#[test]
fn where_there_is_no_choice_all_show_what_there_is() {
    // One creator, as many items as places, nobody clicks: every mean, share and gap is of something that is 0 or alone.
    let alone = Scene::new(&[[1.0, 0.0]; 3], &[(0, [1.0, 0.0]), (1, [1.0, 0.0])], 2);
    for by in ALL {
        let mut policy = Greedy::new(FairRec::new(Reranked::new(Recency, by, 1.0, 5).unwrap(), 1.0).unwrap());
        policy.begin(&alone.spec).unwrap();
        for tick in 2..9 {
            let (mut slates, seen) = (Slates::default(), alone.at(tick));
            policy.recommend(&seen, &Streams::new(2), &mut slates).unwrap();
            slates.check(&seen.users, &seen.candidates, 2).unwrap();
            let (_, step) = answered(&[[0, 1]; 3], |_, _| false);
            policy.learn(&seen, &slates, &step);
        }
    }
}

#[test]
fn refuses_settings_out_of_range_and_creators_of_items_that_do_not_last() {
    for dial in [-0.1, 1.1, f32::NAN] {
        for by in ALL {
            let error = Reranked::new(Recency, by, dial, 5).unwrap_err();
            assert!(matches!(error, AgentError::Share { name: "dial", .. }));
        }
        assert!(matches!(FairRec::new(Recency, dial), Err(AgentError::Share { name: "dial", .. })));
    }
    assert!(Reranked::new(Recency, Rerank::Dpp, 0.5, 0).is_err());
    assert!(Reranked::new(Recency, Rerank::FairCo, 0.5, 5).unwrap().in_waves(0).is_err());
    let (mut world, mut seen) = (toy_world(3), Observation::default());
    world.reset(7, &ResetOptions::default(), &mut seen).unwrap();
    let mut all: Vec<Box<dyn Scorer>> = vec![Box::new(FairRec::new(DotProduct::default(), 0.5).unwrap())];
    all.extend(
        FAIR.map(|by| Box::new(Reranked::new(DotProduct::default(), by, 0.5, 1).unwrap()) as Box<dyn Scorer>),
    );
    for scorer in &mut all {
        let error = scorer.begin(world.spec()).unwrap_err();
        assert!(error.to_string().contains("items that stay"), "{error}");
    }
}
