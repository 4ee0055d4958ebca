use recloop_env::testing::{check_recommender, toy_feed, toy_world};
use recloop_env::{
    Candidates, Env, Goal, Grid, ItemId, Known, Observation, Oracle, RecommendError, Recommender,
    ResetOptions, SetId, Slates, Streams, TargetPolicy, World,
};

use super::scene::Scene;
use crate::factorise::ImplicitAls;
use crate::{
    AgentError, DotProduct, Greedy, MatrixFactorisation, OracleRanker, PlackettLuce, Popularity,
    RandomSlates, Recency, Refit, Scorer,
};

fn drawn<S: Scorer>(scorer: S, temperature: f32) -> PlackettLuce<S> {
    PlackettLuce::new(scorer, temperature).unwrap().with_marginals(true)
}

fn mf() -> MatrixFactorisation {
    let als = ImplicitAls { factors: 2, sweeps: 2, ..ImplicitAls::default() };
    MatrixFactorisation::new(als, Some(Refit::Ticks(3))).unwrap()
}

/// Slates of `seed` for one observation.
fn ask(policy: &mut impl Recommender, seen: &Observation, seed: u64) -> Slates {
    let mut slates = Slates::default();
    policy.recommend(seen, &Streams::new(seed), &mut slates).unwrap();
    slates
}

fn first_tick(world: &mut World) -> Observation {
    let mut seen = Observation::default();
    world.reset(11, &ResetOptions::default(), &mut seen).unwrap();
    seen
}

#[test]
fn recommenders_keep_the_contract_where_items_are_redrawn() {
    let world = || toy_world(9);
    check_recommender(|| RandomSlates::default().with_marginals(true), world).unwrap();
    check_recommender(|| Greedy::new(DotProduct::default()).with_marginals(true), world).unwrap();
    check_recommender(|| drawn(DotProduct::default(), 0.2), world).unwrap();
}

#[test]
fn recommenders_keep_the_contract_where_items_last() {
    let world = || toy_feed(9);
    check_recommender(RandomSlates::default, world).unwrap();
    check_recommender(|| Greedy::new(DotProduct::default()), world).unwrap();
    check_recommender(|| Greedy::new(Recency), world).unwrap();
    check_recommender(|| Greedy::new(Popularity::new(Some(4.0)).unwrap()), world).unwrap();
    check_recommender(|| Greedy::new(mf()), world).unwrap();
    check_recommender(|| drawn(Popularity::default(), 2.0), world).unwrap();
    check_recommender(|| drawn(mf(), 0.1), world).unwrap();
}

/// What a policy shows has the propensity and the marginal that the same policy, when questioned, gives it.
fn agrees_with_itself(mut policy: impl Recommender + TargetPolicy, world: &mut World) {
    let seen = first_tick(world);
    policy.begin(world.spec()).unwrap();
    let slates = ask(&mut policy, &seen, 3);
    let (mut at, mut along) = (Grid::default(), Grid::default());
    for row in 0..seen.len() {
        let shown = slates.items.row(row);
        policy.along(&seen, row, shown, &mut along).unwrap();
        let mut next = vec![0.0; seen.candidates.listed(row).len()];
        assert_eq!(policy.marginals(&seen, row, shown.len(), &mut at).unwrap(), Known::Exact);
        for (position, &item) in shown.iter().enumerate() {
            let place = seen.candidates.place(row, item).unwrap();
            policy.distribution(&seen, row, &shown[..position], &mut next).unwrap();
            assert_eq!(along.row(position), next);
            assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((next[place] - slates.propensity.row(row)[position]).abs() < 1e-12);
            for above in &shown[..position] {
                assert_eq!(next[seen.candidates.place(row, *above).unwrap()], 0.0);
            }
            let marginal = slates.marginal.as_ref().unwrap().row(row)[position];
            assert!((at.row(place)[position] - marginal).abs() < 1e-12);
        }
    }
}

#[test]
fn a_questioned_policy_confirms_what_it_logged() {
    for world in [&mut toy_world(40), &mut toy_feed(40)] {
        agrees_with_itself(RandomSlates::default().with_marginals(true), world);
        agrees_with_itself(Greedy::new(DotProduct::default()).with_marginals(true), world);
        agrees_with_itself(drawn(DotProduct::default(), 0.3), world);
    }
}

/// 60,000 people of one taste, all slates of 2 out of 4.
///
/// Hoeffding: P(|frequency − p| ≥ ε) ≤ 2 exp(−2Nε²); over 12 slates and with a false alarm on one seed in 1e9,
/// ε = √(ln(24e9) / 2N) = 0.0141.
fn shows_as_often_as_it_says(mut policy: impl Recommender + TargetPolicy) {
    const N: usize = 60_000;
    let items = [(0, [0.0; 3]), (1, [0.0; 3]), (2, [0.0; 3]), (0, [0.0; 3])];
    let scene = Scene::new(&vec![[0.0, 1.0, -0.5]; N], &items, 2);
    policy.begin(&scene.spec).unwrap();
    let slates = ask(&mut policy, &scene.seen, 17);
    let mut often = [[0_u32; 4]; 4];
    (0..N).for_each(|row| {
        let [top, below] = [0, 1].map(|position| slates.items.row(row)[position].index());
        often[top][below] += 1;
    });
    let bound = (24e9_f64.ln() / (2 * N) as f64).sqrt();
    let (mut first, mut second) = ([0.0; 4], [0.0; 4]);
    policy.distribution(&scene.seen, 0, &[], &mut first).unwrap();
    for top in 0..4 {
        policy.distribution(&scene.seen, 0, &[ItemId(top as u32)], &mut second).unwrap();
        for below in 0..4 {
            let frequency = f64::from(often[top][below]) / N as f64;
            let expected = first[top] * second[below];
            assert!((frequency - expected).abs() < bound, "{top}, {below}: {frequency} for {expected}");
        }
    }
}

#[test]
fn slates_come_as_often_as_their_propensities_say() {
    shows_as_often_as_it_says(RandomSlates::default());
    shows_as_often_as_it_says(drawn(DotProduct::default(), 0.7));
}

#[test]
fn propensities_of_the_ranker_are_those_worked_out_by_hand() {
    let weight = [1.0_f64, 2.0, 4.0];
    let interest = weight.map(|weight| weight.ln() as f32 * 0.5);
    let scene = Scene::new(&[interest], &[(0, [0.0; 3]), (1, [0.0; 3]), (2, [0.0; 3])], 3);
    let mut policy = drawn(DotProduct::default(), 0.5);
    policy.begin(&scene.spec).unwrap();
    let slates = ask(&mut policy, &scene.seen, 2);
    let mut left = 7.0;
    for (item, propensity) in slates.items.row(0).iter().zip(slates.propensity.row(0)) {
        assert!((propensity - weight[item.index()] / left).abs() < 1e-6);
        left -= weight[item.index()];
    }
}

#[test]
fn threads_change_nothing() {
    let mut world = toy_world(1500);
    let seen = first_tick(&mut world);
    let spec = world.spec().clone();
    let in_pool = |n_threads, mut policy: Box<dyn Recommender>| {
        policy.begin(&spec).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| ask(&mut policy, &seen, 3))
    };
    let makers: [fn() -> Box<dyn Recommender>; 3] = [
        || Box::new(RandomSlates::default()),
        || Box::new(Greedy::new(DotProduct::default())),
        || Box::new(drawn(DotProduct::default(), 0.4)),
    ];
    for make in makers {
        assert_eq!(in_pool(1, make()), in_pool(3, make()));
    }
}

#[test]
fn equal_scores_fall_to_one_order_per_seed() {
    let scene = Scene::new(&[[0.5]; 3], &[(0, [0.0]); 6], 6);
    let order = |policy: &mut Greedy<DotProduct>, seen: &Observation, seed| {
        let slates = ask(policy, seen, seed);
        assert_eq!(slates.items.row(0), slates.items.row(2));
        slates.items.row(0).to_vec()
    };
    let mut policy = Greedy::new(DotProduct::default());
    policy.begin(&scene.spec).unwrap();
    let seven = order(&mut policy, &scene.seen, 7);
    assert_ne!(seven, order(&mut policy, &scene.seen, 8));
    assert_eq!(seven, order(&mut policy, &scene.at(5), 7));

    // Without item 2 the others keep their order.
    let mut fewer = scene.seen.clone();
    let others = [0, 1, 3, 4, 5].map(ItemId).to_vec();
    fewer.candidates = Candidates::shared(SetId(1), others).into();
    let mut short = scene.spec.clone();
    short.slate_size = 5;
    policy.begin(&short).unwrap();
    let rest: Vec<ItemId> = seven.iter().copied().filter(|item| *item != ItemId(2)).collect();
    assert_eq!(order(&mut policy, &fewer, 7), rest);

    // A frozen copy that never ran has the order of its snapshot.
    let mut frozen = Greedy::new(DotProduct::default());
    frozen.begin(&scene.spec).unwrap();
    frozen.load(&policy.save().unwrap()).unwrap();
    let mut next = [0.0; 6];
    frozen.distribution(&scene.seen, 0, &seven[..3], &mut next).unwrap();
    assert_eq!(next[seven[3].index()], 1.0);
}

#[test]
fn an_oracle_of_what_is_observable_is_greedy() {
    for mut world in [toy_world(300), toy_feed(300)] {
        let seen = first_tick(&mut world);
        let mut oracle = OracleRanker::new(Goal::Click);
        let mut slates = Slates::default();
        oracle.begin(world.spec()).unwrap();
        oracle.recommend(&seen, &world.truth(), &Streams::new(4), &mut slates).unwrap();
        let mut greedy = Greedy::new(DotProduct::default());
        greedy.begin(world.spec()).unwrap();
        assert_eq!(slates, ask(&mut greedy, &seen, 4));
    }
}

#[test]
fn refuses_scores_that_are_no_numbers_and_rows_too_short() {
    let mut interest = vec![[0.1, 0.2]; 600];
    interest[599][1] = f32::INFINITY;
    interest[400][1] = f32::NAN;
    let scene = Scene::new(&interest, &[(0, [0.0; 2]), (1, [0.0; 2])], 2);
    let refused = |mut policy: Box<dyn Recommender>, k: Option<usize>| {
        let mut spec = scene.spec.clone();
        if let Some(k) = k {
            spec.slate_size = k;
            policy.begin(&spec).unwrap();
        }
        policy.recommend(&scene.seen, &Streams::new(1), &mut Slates::default()).unwrap_err()
    };
    let makers: [fn() -> Box<dyn Recommender>; 3] = [
        || Box::new(Greedy::new(DotProduct::default())),
        || Box::new(drawn(DotProduct::default(), 1.0)),
        || Box::new(RandomSlates::default()),
    ];
    for make in &makers[..2] {
        let error = refused(make(), Some(2));
        assert!(
            matches!(error, RecommendError::Score { row: 400, item: ItemId(1), score } if score.is_nan()),
            "{error}"
        );
    }
    for make in makers {
        let error = refused(make(), Some(3));
        assert!(matches!(error, RecommendError::TooFew { row: 0, slate: 3, candidates: 2 }), "{error}");
        assert!(matches!(refused(make(), None), RecommendError::Failed { .. }));
    }
    let error = PlackettLuce::new(DotProduct::default(), 0.0).unwrap_err();
    assert_eq!(error, AgentError::Temperature { temperature: 0.0 });
}

#[test]
fn a_slate_of_nothing_has_marginals_of_nothing() {
    let scene = Scene::new(&[[0.1]], &[(0, [0.0]); 3], 2);
    let policies: [Box<dyn TargetPolicy>; 3] =
        [Box::new(RandomSlates::default()), Box::new(Greedy::new(Recency)), Box::new(drawn(Recency, 1.0))];
    for policy in policies {
        let mut at = Grid::default();
        assert_eq!(policy.marginals(&scene.seen, 0, 0, &mut at).unwrap(), Known::Exact);
        assert_eq!((at.rows(), at.width()), (3, 0));
    }
}

#[test]
fn refuses_questions_without_an_answer() {
    let scene = Scene::new(&[[0.1]], &[(0, [0.0]); 3], 2);
    let policies: [Box<dyn TargetPolicy>; 3] =
        [Box::new(RandomSlates::default()), Box::new(Greedy::new(Recency)), Box::new(drawn(Recency, 1.0))];
    for policy in policies {
        let ask = |above: &[u32]| {
            let above: Vec<ItemId> = above.iter().copied().map(ItemId).collect();
            policy.distribution(&scene.seen, 0, &above, &mut [0.0; 3])
        };
        assert!(ask(&[2, 0]).is_ok());
        for above in [&[3][..], &[1, 1]] {
            assert!(matches!(ask(above), Err(RecommendError::Failed { .. })));
        }
        assert!(matches!(ask(&[0, 1, 2]), Err(RecommendError::TooFew { slate: 4, .. })));
        let marginals = policy.marginals(&scene.seen, 0, 4, &mut Grid::default());
        assert!(matches!(marginals, Err(RecommendError::TooFew { slate: 4, candidates: 3, .. })));
    }
}
